"""The SQLite store: one database `<run>/log.db` with a table per kind, `seq` its primary key.

A segment is one transaction, ingested from Arrow through ADBC. Rows of a segment that the catalog never
got (killed in between) are left in the tables and lie behind the last committed seq: nobody reads them.
"""

import sqlite3
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from functools import cached_property
from pathlib import Path

import adbc_driver_sqlite.dbapi as adbc
import numpy as np
import pyarrow as pa

from recorder.errors import LeadsOutside, NeedsDirectory
from recorder.parts import AnyPart, merged
from recorder.place import Place, looked_at
from recorder.run import Piece, SegmentRow
from recorder.schema import CODE, INSTRUCTION, sql_table
from recorder.store import Want
from recorder.upcast import recorded_columns
from sim.events import KINDS, VERSION

FILE = "log.db"
BATCH_ROWS = 1 << 16
HEADER_BYTES = 32
#: Rows that one statement inserts: a seventh less time than one by one.
AT_ONCE = 64
#: Views, triggers, virtual tables.
FOREIGN = "SELECT name FROM sqlite_master WHERE type NOT IN ('table', 'index') OR rootpage = 0"


class SqliteWriter:
    """See `recorder.store.StoreWriter`."""

    workers = 1
    indexes = False

    def __init__(self, place: Place, version: int = VERSION) -> None:
        self.path = _database(place)
        self._size = 0
        self._grown: deque[int] = deque()
        with closing(sqlite3.connect(self.path)) as made:
            # A write-ahead log, so that readers never wait. Larger pages are faster (than 8 KiB: by 8 %),
            # but every table takes one, also in a tiny run.
            made.execute("PRAGMA page_size = 16384")
            made.execute("PRAGMA journal_mode = WAL")
            for kind in (*KINDS, CODE):
                made.execute(sql_table(kind, recorded_columns(kind, version)))
            made.commit()
        self._connection = _connect(
            self.path, "synchronous = FULL", "wal_autocheckpoint = 4096", writing=True
        )

    def encode(self, number: int, parts: Sequence[AnyPart]) -> list[Piece]:
        """Ingest and commit: rows that the catalog doesn't know are as good as not there."""
        with self._connection.cursor() as cursor:
            instructions = [part for part in parts if part.kind == INSTRUCTION]
            if instructions:
                _insert_many(cursor, INSTRUCTION, merged(instructions))
            for part in parts:
                if part.kind != INSTRUCTION:
                    cursor.adbc_ingest(part.kind, _plain(part.rows), mode="append")
        self._connection.commit()
        before = self._size
        self._size = sum(path.stat().st_size for path in self.path.parent.glob(FILE + "*"))
        self._grown.append(self._size - before)
        return [Piece(part.kind, part.hart, part.count, FILE) for part in parts]

    def publish(self, pieces: list[Piece]) -> int:
        """It is in its place."""
        return self._grown.popleft()

    def close(self) -> list[str]:
        """Leave one file, which from then on nobody writes."""
        self._connection.rollback()
        self._connection.close()
        # A reader, or a full disk, may be in the way: then the log stays beside the file, and is read there.
        with closing(sqlite3.connect(self.path)) as last, suppress(sqlite3.OperationalError):
            if last.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",):
                return [FILE]
        return []


def trim(place: Place, events: int, code_rows: int) -> int:
    """Take away what a recorder that died left behind its last commit, and leave one file; the rows deleted.
    Raises sqlite3.Error if the database can't be used."""
    deleted = 0
    with closing(sqlite3.connect(f"{_database(place).as_uri()}?mode=rw", uri=True)) as database:
        if database.execute(FOREIGN).fetchone():
            raise sqlite3.DatabaseError(f"{FILE} holds what no recorder makes")
        for kind in KINDS:
            if database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (kind,)).fetchone():
                deleted += database.execute(f'DELETE FROM "{kind}" WHERE seq >= {events:d}').rowcount
        first = f"SELECT rowid FROM {CODE} ORDER BY rowid LIMIT {code_rows:d}"
        deleted += database.execute(f"DELETE FROM {CODE} WHERE rowid NOT IN ({first})").rowcount
        database.commit()
        database.execute("PRAGMA journal_mode = DELETE")
    return deleted


class SqliteReader:
    """See `recorder.store.StoreReader`."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.path = _database(place)
        self._open: adbc.Connection | None = None

    def damage(self, segment: SegmentRow) -> tuple[str, str] | None:
        """By the database's size, and whether it goes as far as the segment."""
        if self._broken or self._foreign:
            return FILE, self._broken or self._foreign
        whole = sum(segment.rows.values()) == segment.end_seq - segment.first_seq
        if whole and self._last_seq < segment.end_seq - 1:
            return FILE, f"ends at event {self._last_seq}: was its {FILE}-wal lost?"
        return None

    @cached_property
    def _broken(self) -> str:
        """What is wrong with the file as a whole: every page that its header counts must be there."""
        try:
            self.place.size(FILE)  # Which looks for links on the way, before anything is read.
            with open(self.path, "rb") as file:
                header = file.read(HEADER_BYTES)
            wal = self.path.with_name(f"{FILE}-wal")
            # Pages may stand there only, also after the header was copied from it.
            in_wal = wal.exists() and wal.stat().st_size > 0
            # Only now, as the file grows when a recorder that ends takes those pages into it.
            size = self.place.size(FILE)
        except (OSError, LeadsOutside) as error:
            return looked_at(error)
        if not header.startswith(b"SQLite format 3\0"):
            return "is not a SQLite database"
        page, pages = int.from_bytes(header[16:18], "big"), int.from_bytes(header[28:32], "big")
        expected = (65536 if page == 1 else page) * pages
        return f"has {size} bytes instead of {expected}" if size < expected and not in_wal else ""

    @cached_property
    def _foreign(self) -> str:
        """What no recorder makes: the SQL of a view, or of a virtual table, would run in our queries."""
        try:
            names = [name for table in self._query(FOREIGN) for name in table["name"].to_pylist()]
        except adbc.Error:
            return ""
        return f"holds {names[0]!r:.40}, which no recorder makes" if names else ""

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

    def dataset_files(self, segments: list[SegmentRow], kind: str) -> list[str] | None:
        """None: not Parquet."""
        return None

    def close(self) -> None:
        """Close the database."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _query(self, sql: str) -> Iterator[pa.Table]:
        if self._open is None:
            self.place.size(FILE)  # Raises: else asking would make an empty one.
            self._open = _connect(self.path)
        with self._open.cursor() as cursor:
            cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(BATCH_ROWS)})
            cursor.execute(sql)
            for batch in cursor.fetch_record_batch():
                if batch.num_rows:
                    yield pa.Table.from_batches([batch])


def strange(place: Place) -> str:
    """What a database holds that no writer puts there, and that would do something when it is read; "" if
    nothing."""
    try:
        with closing(sqlite3.connect(f"{_database(place).as_uri()}?mode=ro", uri=True)) as database:
            for form, name, sql in database.execute("SELECT type, name, sql FROM sqlite_master"):
                if form != "table" or name not in (*KINDS, CODE) or not sql.startswith("CREATE TABLE "):
                    return f"holds the {form} {name!a}, which is no table of events"
                if any(hidden for *_, hidden in database.execute(f'PRAGMA table_xinfo("{name}")')):
                    return f"holds computed columns in the table {name}"
    except sqlite3.Error as error:
        return f"can't be read ({error})"
    return ""


def _database(place: Place) -> Path:
    if place.local is None:
        raise NeedsDirectory(place.shown())
    return place.local / FILE


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


def _insert_many(cursor: "adbc.Cursor", table: str, rows: pa.RecordBatch) -> None:
    """Insert rows of integers: AT_ONCE in each statement, whose parameters are the columns of every so many
    rows, and what is left over by itself."""
    whole = len(rows) // AT_ONCE * AT_ONCE
    if whole:
        values = [column.to_numpy() for column in rows.columns]
        arrays = [pa.array(np.ascontiguousarray(v[n:whole:AT_ONCE])) for n in range(AT_ONCE) for v in values]
        batch = pa.RecordBatch.from_arrays(arrays, names=[str(n) for n in range(len(arrays))])
        row = f"({', '.join('?' * len(values))})"
        cursor.executemany(f'INSERT INTO "{table}" VALUES {", ".join([row] * AT_ONCE)}', batch)
    if whole < len(rows):
        cursor.adbc_ingest(table, rows.slice(whole), mode="append")


def _plain(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Names as text: SQLite has no dictionaries."""
    arrays = [a.dictionary_decode() if pa.types.is_dictionary(a.type) else a for a in rows.columns]
    return pa.RecordBatch.from_arrays(arrays, names=rows.schema.names)
