"""The SQLite store: one database `<run>/log.db` with a table per kind, `seq` its primary key.

A segment is one transaction, ingested from Arrow through ADBC. Rows of a segment that the catalog never
got (killed in between) are left in the tables and lie behind the last committed seq: nobody reads them.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import adbc_driver_sqlite.dbapi as adbc
import numpy as np
import pyarrow as pa

from recorder.parquet import needed
from recorder.parts import Part
from recorder.run import Piece, SegmentRow
from recorder.schema import CODE, INSTRUCTION, columns, schema, sql_table
from recorder.store import Want
from sim.events import KINDS

FILE = "log.db"
BATCH_ROWS = 1 << 16
HEADER_BYTES = 32


class SqliteWriter:
    """See `recorder.store.StoreWriter`."""

    workers = 1

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE
        self._size = 0
        with closing(sqlite3.connect(self.path)) as made:
            # Pages as large as can be, and a log, so that readers never wait; the catalog's commit comes
            # after this database's, so that FULL is needed for the promise "committed is durable".
            made.execute("PRAGMA page_size = 65536")
            made.execute("PRAGMA journal_mode = WAL")
            for kind in (*KINDS, CODE):
                made.execute(sql_table(kind))
            made.commit()
        self._connection = _connect(self.path, "synchronous = FULL", "wal_autocheckpoint = 4096")

    def encode(self, number: int, parts: list[Part]) -> list[Piece]:
        """Ingest without committing."""
        with self._connection.cursor() as cursor:
            instructions = [part for part in parts if part.kind == INSTRUCTION]
            if instructions:
                cursor.adbc_ingest(INSTRUCTION, _merged(instructions), mode="append")
            for part in parts:
                if part.kind != INSTRUCTION:
                    cursor.adbc_ingest(part.kind, _plain(part.rows), mode="append")
        return [Piece(part.kind, part.hart, part.rows.num_rows, FILE) for part in parts]

    def publish(self, pieces: list[Piece]) -> int:
        """Commit."""
        self._connection.commit()
        wal = self.path.with_name(FILE + "-wal")
        before, self._size = self._size, self.path.stat().st_size + (wal.stat().st_size if wal.exists() else 0)
        return self._size - before

    def close(self) -> None:
        """Leave one file."""
        self._connection.rollback()
        self._connection.close()
        with closing(sqlite3.connect(self.path)) as last:
            last.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            last.execute("PRAGMA journal_mode = DELETE")


class SqliteReader:
    """See `recorder.store.StoreReader`."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE
        self._open: adbc.Connection | None = None

    def damage(self, segment: SegmentRow) -> tuple[Path, str] | None:
        """By the file's own header: every page that it counts must be there."""
        try:
            size = self.path.stat().st_size
            with open(self.path, "rb") as file:
                header = file.read(HEADER_BYTES)
        except OSError:
            return self.path, "is missing"
        if not header.startswith(b"SQLite format 3\0"):
            return self.path, "is not a SQLite database"
        page, pages = int.from_bytes(header[16:18], "big"), int.from_bytes(header[28:32], "big")
        expected = (65536 if page == 1 else page) * pages
        return (self.path, f"has {size} bytes instead of {expected}") if size < expected else None

    def verify(self, segment: SegmentRow) -> tuple[Path, str] | None:
        """SQLite keeps no checksums; the digests of the events say more (`recorder.reader`)."""
        return self.damage(segment)

    def read(self, segment: SegmentRow, want: Want) -> Iterator[pa.Table]:
        """By the primary key."""
        names = needed(want)
        what = "*" if names is None else ", ".join(f'"{name}"' for name in names)
        low, high = max(want.first, segment.first_seq), min(want.last, segment.end_seq - 1)
        where = [f"seq BETWEEN {low:d} AND {high:d}"]
        where += [f"{n} = {v:d}" for n, v in (("hart", want.hart), ("tid", want.tid)) if v is not None]
        yield from self._query(f'SELECT {what} FROM "{want.kind}" WHERE {" AND ".join(where)} ORDER BY seq')

    def code(self, segments: list[SegmentRow]) -> Iterator[pa.Table]:
        """As many rows as the segments brought."""
        count = sum(piece.rows for segment in segments for piece in segment.pieces if piece.kind == CODE)
        yield from self._query(f"SELECT * FROM {CODE} ORDER BY rowid LIMIT {count:d}")

    def dataset_files(self, segments: list[SegmentRow], kind: str) -> list[Path] | None:
        """None: not Parquet."""
        return None

    def close(self) -> None:
        """Close the database."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _query(self, sql: str) -> Iterator[pa.Table]:
        if self._open is None:
            self._open = _connect(self.path)
        with self._open.cursor() as cursor:
            cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(BATCH_ROWS)})
            cursor.execute(sql)
            for batch in cursor.fetch_record_batch():
                if batch.num_rows:
                    yield pa.Table.from_batches([batch])


def _connect(path: Path, *pragmas: str) -> "adbc.Connection":
    # Pragmas don't work inside of the transaction that a connection without autocommit begins.
    connection = adbc.connect(str(path), autocommit=True)
    with connection.cursor() as cursor:
        for pragma in ("busy_timeout = 30000", *pragmas):
            cursor.execute(f"PRAGMA {pragma}")
            cursor.fetchall()
    connection.adbc_connection.set_autocommit(False)
    return connection


def _plain(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Names as text: SQLite has no dictionaries."""
    arrays = [a.dictionary_decode() if pa.types.is_dictionary(a.type) else a for a in rows.columns]
    return pa.RecordBatch.from_arrays(arrays, names=rows.schema.names)


def _merged(parts: list[Part]) -> pa.RecordBatch:
    """The instructions of all harts in order of seq, with the hart."""
    stored = schema(INSTRUCTION)
    by_name: dict[str, list[Any]] = {column.name: [] for column in columns(INSTRUCTION)}
    for part in parts:
        for name in part.rows.schema.names:
            by_name[name].append(part.rows.column(name).to_numpy())
        by_name["hart"].append(np.full(part.rows.num_rows, part.hart, np.int16))
    if len(parts) == 1:
        return pa.RecordBatch.from_arrays([pa.array(by_name[name][0]) for name in stored.names], schema=stored)
    order = np.argsort(np.concatenate(by_name["seq"]), kind="stable")
    arrays = [pa.array(np.concatenate(by_name[name])[order]) for name in stored.names]
    return pa.RecordBatch.from_arrays(arrays, schema=stored)
