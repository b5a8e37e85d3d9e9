"""What a store is: the one protocol behind Parquet and SQLite. `open_writer` and `open_reader` pick one.

A writer takes segments as parts and gives back pieces; the catalog keeps the pieces, and a reader finds
the rows by them. A segment exists when the catalog has it, whatever the store holds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from recorder.place import Place
from recorder.run import Piece, SegmentRow
from sim.events import VERSION

if TYPE_CHECKING:
    import pyarrow as pa

    from recorder.parts import AnyPart

STORES = ("parquet", "sqlite")


@dataclass(frozen=True)
class Want:
    """Which rows and columns of a kind to read: first <= seq <= last, those of ``hart`` and ``tid`` (None:
    of all), and those with an ``address`` of [low, high). ``columns`` None: all of them.
    Not ``ordered``: in order of seq within each table only."""

    kind: str
    first: int
    last: int
    columns: tuple[str, ...] | None = None
    hart: int | None = None
    tid: int | None = None
    address: tuple[int, int] | None = None
    ordered: bool = True

    @property
    def reads(self) -> list[str] | None:
        """The columns to read: those wanted, and what the filters look at."""
        if self.columns is None:
            return None
        chosen = (("tid", self.tid), ("hart", self.hart), ("address", self.address))
        filters = [name for name, value in chosen if value is not None]
        return list(dict.fromkeys(["seq", *filters, *self.columns]))

    def covers(self, segment: SegmentRow) -> bool:
        """Whether all seqs of a segment are wanted."""
        return self.first <= segment.first_seq and self.last >= segment.end_seq - 1


class StoreWriter(Protocol):
    """Writes one run. ``workers`` threads may be in `encode` at once; `publish` is called in order.
    ``indexes``: it takes the write index (`recorder.writeindex`), too."""

    workers: int
    indexes: bool

    def encode(self, number: int, parts: "Sequence[AnyPart]") -> list[Piece]:
        """Write segment ``number`` out of sight. The parts may not be kept."""

    def publish(self, pieces: list[Piece]) -> int:
        """Put an encoded segment in its place, durably once its files' names are settled (`recorder.place`);
        the bytes that it takes."""

    def close(self) -> list[str]:
        """No more segments. The files that are complete only now, relative to the run's directory."""


class StoreReader(Protocol):
    """Reads one run's committed segments."""

    def damage(self, segment: SegmentRow) -> tuple[str, str] | None:
        """The name of a file of the segment that is missing or has the wrong size, and what is wrong with
        it. Raises OSError if the place can't be looked at."""

    def read(self, segment: SegmentRow, want: Want) -> "Iterator[pa.Table]":
        """The wanted rows in order of seq, as stored: names may be text, integers wider than declared."""

    def code(self, segments: list[SegmentRow]) -> "Iterator[pa.Table]":
        """The code table's rows of these segments, in order of seq."""

    def index(self, segment: SegmentRow, kind: str, low: int, high: int) -> "pa.Table | None":
        """The rows of a table of the write index with low <= address < high, and perhaps others around
        them, in order of address; None if the segment has no such table."""

    def dataset_files(self, segments: list[SegmentRow], kind: str) -> list[str] | None:
        """The names of the Parquet files with a kind's rows; None if they are in none."""

    def close(self) -> None:
        """Let go of files."""


def open_writer(store: str, place: Place, compression: str, version: int = VERSION) -> StoreWriter:
    """A writer for a new run's files, in Parquet ones with a `recorder.schema.COMPRESSIONS`, whose events are
    of a ``version``. Raises NeedsDirectory."""
    if store == "parquet":
        from recorder.parquet import ParquetWriter

        return ParquetWriter(place, compression)
    from recorder.sqlite import SqliteWriter

    return SqliteWriter(place, version)


def open_reader(store: str, place: Place) -> StoreReader:
    """A reader for a run's files. Raises NeedsDirectory."""
    if store == "parquet":
        from recorder.parquet import ParquetReader

        return ParquetReader(place)
    from recorder.sqlite import SqliteReader

    return SqliteReader(place)
