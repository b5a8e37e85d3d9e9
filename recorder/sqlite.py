"""The SQLite store: one database `<run>/log.db` with a table per kind, `seq` its primary key.

A segment is one transaction, ingested from Arrow through ADBC. Rows of a segment that the catalog never
got (killed in between) are left in the tables and lie behind the last committed seq: nobody reads them.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import adbc_driver_sqlite.dbapi as adbc
import numpy as np
import pyarrow as pa

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
    indexes = False

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE
        self._size = 0
        with closing(sqlite3.connect(self.path)) as made:
            # A write-ahead log, so that readers never wait. Larger pages are faster (64 KiB: by 20 %), but
            # every table takes one, also in a tiny run.
            made.execute("PRAGMA page_size = 8192")
            made.execute("PRAGMA journal_mode = WAL")
            for kind in (*KINDS, CODE):
                made.execute(sql_table(kind))
            made.commit()
        self._connection = _connect(
            self.path, "synchronous = FULL", "wal_autocheckpoint = 4096", writing=True
        )

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
        before = self._size
        self._size = sum(path.stat().st_size for path in self.path.parent.glob(FILE + "*"))
        return self._size - before

    def close(self) -> None:
        """Leave one file."""
        self._connection.rollback()
        self._connection.close()
        # A reader, or a full disk, may be in the way: then the log stays beside the file, and is read there.
        with closing(sqlite3.connect(self.path)) as last, suppress(sqlite3.OperationalError):
            last.execute("PRAGMA journal_mode = DELETE")


class SqliteReader:
    """See `recorder.store.StoreReader`."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE
        self._open: adbc.Connection | None = None

    def damage(self, segment: SegmentRow) -> tuple[Path, str] | None:
        """By the database's size, and whether it goes as far as the segment."""
        if self._broken:
            return self.path, self._broken
        if self._last_seq < segment.end_seq - 1:
            return self.path, f"ends at event {self._last_seq}: was its {FILE}-wal lost?"
        return None

    @cached_property
    def _broken(self) -> str:
        """What is wrong with the file as a whole: every page that its header counts must be there."""
        try:
            size = self.path.stat().st_size
            with open(self.path, "rb") as file:
                header = file.read(HEADER_BYTES)
        except OSError:
            return "is missing"
        if not header.startswith(b"SQLite format 3\0"):
            return "is not a SQLite database"
        wal = self.path.with_name(f"{FILE}-wal")
        if wal.exists() and wal.stat().st_size:
            # Pages may stand there only, also after the header was copied from it.
            return ""
        page, pages = int.from_bytes(header[16:18], "big"), int.from_bytes(header[28:32], "big")
        expected = (65536 if page == 1 else page) * pages
        return f"has {size} bytes instead of {expected}" if size < expected else ""

    @cached_property
    def _last_seq(self) -> int:
        """The last event in any table, -1 for none or if the tables can't be read."""
        last = -1
        try:
            for kind in self._kinds():
                for table in self._query(f'SELECT seq FROM "{kind}" ORDER BY seq DESC LIMIT 1'):
                    last = max(last, table["seq"][0].as_py())
        except adbc.Error:
            return -1
        return last

    def _kinds(self) -> list[str]:
        """The kinds that have a table: the run may be older than others."""
        tables = self._query("SELECT name FROM sqlite_master WHERE type = 'table'")
        found = {name for table in tables for name in table["name"].to_pylist()}
        return [kind for kind in KINDS if kind in found]

    def verify(self, segment: SegmentRow) -> tuple[Path, str] | None:
        """SQLite keeps no checksums; the digests of the events say more (`recorder.reader`)."""
        return self.damage(segment)

    def read(self, segment: SegmentRow, want: Want) -> Iterator[pa.Table]:
        """By the primary key."""
        names = want.reads
        what = "*" if names is None else ", ".join(f'"{name}"' for name in names)
        low, high = max(want.first, segment.first_seq), min(want.last, segment.end_seq - 1)
        where = [f"seq BETWEEN {low:d} AND {high:d}"]
        where += [f"{n} = {v:d}" for n, v in (("hart", want.hart), ("tid", want.tid)) if v is not None]
        if want.address:
            where.append(f"address BETWEEN {want.address[0]:d} AND {want.address[1] - 1:d}")
        yield from self._query(f'SELECT {what} FROM "{want.kind}" WHERE {" AND ".join(where)} ORDER BY seq')

    def code(self, segments: list[SegmentRow]) -> Iterator[pa.Table]:
        """As many rows as the segments brought."""
        count = sum(piece.rows for segment in segments for piece in segment.pieces if piece.kind == CODE)
        yield from self._query(f"SELECT * FROM {CODE} ORDER BY rowid LIMIT {count:d}")

    def index(self, segment: SegmentRow, kind: str, low: int, high: int) -> pa.Table | None:
        """None: there is no write index."""
        return None

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


def _connect(path: Path, *pragmas: str, writing: bool = False) -> "adbc.Connection":
    # Pragmas don't work inside of the transaction that a connection without autocommit is in.
    connection = adbc.connect(str(path), autocommit=False)
    connection.adbc_connection.set_autocommit(True)
    with connection.cursor() as cursor:
        for pragma in ("busy_timeout = 30000", *pragmas):
            cursor.execute(f"PRAGMA {pragma}")
            cursor.fetchall()
    connection.adbc_connection.set_autocommit(not writing)
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
        arrays = [pa.array(by_name[name][0]) for name in stored.names]
        return pa.RecordBatch.from_arrays(arrays, schema=stored)
    order = np.argsort(np.concatenate(by_name["seq"]), kind="stable")
    arrays = [pa.array(np.concatenate(by_name[name])[order]) for name in stored.names]
    return pa.RecordBatch.from_arrays(arrays, schema=stored)
