"""The log of a run as readers see it: committed events in order of seq, and what explains them.

Data flows from the store through the upcasters to the declared types (`recorder.conform`). Only the
segments, row groups and columns that are asked for are touched.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from recorder.catalog import Catalog
from recorder.errors import RunDamaged
from recorder.program import Key, image_file, read_sources, sources_file
from recorder.run import RunRow, SegmentRow, chained
from recorder.schema import CODE, INSTRUCTION, columns
from recorder.store import Want, open_reader
from recorder.upcast import upcaster
from sim.code import CodeRow
from sim.events import KINDS

if TYPE_CHECKING:
    import pyarrow as pa

    from recorder.snapshots import SnapshotReader
    from sim.image import Image


class Log:
    """One run's log. ``damage`` is what `open` found wrong with its files, None if nothing; reading events
    before it works, reading beyond it raises it."""

    def __init__(self, catalog: Catalog, run: RunRow) -> None:
        self.run = run
        self.segments = catalog.segments(run.id)
        self._ends = [segment.end_seq for segment in self.segments]
        self._counts, self._counted = dict.fromkeys(KINDS, 0), 0
        self._store = open_reader(run.store, run.path)
        self._upcaster = upcaster(run.id, run.event_version)
        self._snapshot_rows = catalog.snapshots(run.id)
        self.damage = self._damage()

    @classmethod
    def open(cls, catalog: Catalog, ref: str = "latest") -> "Log":
        """The log of a run (see `Catalog.find`). Raises NoSuchRun, AmbiguousRun, NewerLog; RunDamaged if
        nothing of it can be read."""
        log = cls(catalog, catalog.find(ref))
        if log.damage is not None and log.damage.good == 0:
            raise log.damage
        return log

    def close(self) -> None:
        """Let go of files."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    # What the run is.

    @property
    def end_seq(self) -> int:
        """Events committed: seq runs from 0 to ``end_seq - 1``."""
        return self._ends[-1] if self._ends else 0

    @property
    def last_tick(self) -> int:
        """Simulated time behind the last committed event."""
        return self.segments[-1].end_tick if self.segments else 0

    def number_of(self, seq: int) -> int:
        """The segment that holds an event."""
        return bisect_right(self._ends, seq)

    @property
    def options(self) -> dict[str, Any]:
        """Every option that shaped the run."""
        return self.run.options

    def image(self, pid: int) -> bytes:
        """The ELF of a program that the run began with. Raises RunDamaged."""
        file = image_file(self.run.path, pid)
        try:
            return file.read_bytes()
        except OSError as error:
            raise self._damaged(file, "is missing", self.end_seq) from error

    def sources(self, key: Key) -> dict[str, str]:
        """A program's source texts by file name. Raises RunDamaged."""
        try:
            return read_sources(self.run.path, key)
        except (OSError, ValueError) as error:
            file = sources_file(self.run.path, key)
            raise self._damaged(file, "can't be read", self.end_seq) from error

    def kinds(self) -> dict[str, int]:
        """Rows by kind, of the kinds that have any, in the vocabulary's order."""
        for segment in self.segments[self._counted :]:
            for kind, rows in segment.rows.items():
                self._counts[kind] = self._counts.get(kind, 0) + rows
        self._counted = len(self.segments)
        return {kind: rows for kind, rows in self._counts.items() if rows}

    # Events.

    def batches(
        self,
        kind: str,
        first: int = 0,
        last: int | None = None,
        columns: Sequence[str] | None = None,
        hart: int | None = None,
        tid: int | None = None,
        address: tuple[int, int] | None = None,
        ordered: bool = True,
    ) -> "Iterator[pa.RecordBatch]":
        """The rows of ``kind`` with first <= seq <= last, of one hart or thread and with an address of [low,
        high) if given, in order of seq (if not ``ordered``, then within a batch only, which is less work); at
        most a segment of them is in memory. Raises RunDamaged; ValueError for a column that ``kind`` doesn't
        have."""
        for table in self._tables(kind, first, last, columns, hart, tid, address, ordered):
            yield from table.to_batches()

    def table(
        self,
        kind: str,
        first: int = 0,
        last: int | None = None,
        columns: Sequence[str] | None = None,
        hart: int | None = None,
        tid: int | None = None,
        address: tuple[int, int] | None = None,
    ) -> "pa.Table":
        """The same as one table."""
        import pyarrow as pa

        from recorder.conform import empty

        tables = list(self._tables(kind, first, last, columns, hart, tid, address))
        return pa.concat_tables([empty(kind, None if columns is None else tuple(columns)), *tables])

    def _tables(
        self,
        kind: str,
        first: int,
        last: int | None,
        columns: Sequence[str] | None,
        hart: int | None,
        tid: int | None,
        address: tuple[int, int] | None = None,
        ordered: bool = True,
        as_recorded: bool = False,
    ) -> "Iterator[pa.Table]":
        """``as_recorded``: not upcast, which only columns that were recorded can be."""
        from recorder.conform import conform

        last = self.end_seq - 1 if last is None else min(last, self.end_seq - 1)
        chosen = None if columns is None else tuple(columns)
        _check_columns(kind, chosen, hart, tid, address)
        upcast = kind in self._upcaster.kinds and not as_recorded
        # What an upcaster makes of columns can be known only from all of them.
        want = Want(kind, first, last, None if upcast else chosen, hart, tid, address, ordered)
        for segment in self.segments_of(first, last):
            if not segment.rows.get(kind):
                continue
            tables = self._store.read(segment, want)
            if upcast:
                tables = (self._upcaster.rows(kind, table) for table in tables)
            yield from self._guarded(kind, [segment], (conform(kind, table, chosen) for table in tables))

    def segments_of(self, first: int, last: int) -> list[SegmentRow]:
        """The segments that hold seqs from first to last. Raises RunDamaged if one of them is damaged."""
        if first > last:
            return []
        if self.damage is not None and last >= self.damage.good:
            raise self.damage
        start, end = bisect_right(self._ends, first), bisect_left(self._ends, last + 1)
        return self.segments[start : end + 1]

    # What explains them.

    def code_table(self) -> "pa.Table":
        """The code table, ordered by seq. Raises RunDamaged."""
        import pyarrow as pa

        from recorder.conform import conform, empty

        tables = list(self._guarded(CODE, self._good, self._store.code(self._good)))
        if not tables:
            return empty(CODE)
        return conform(CODE, self._upcaster.rows(CODE, pa.concat_tables(tables)))

    @cached_property
    def code(self) -> dict[tuple[int, int], list[CodeRow]]:
        """(pid, pc) -> what stood there, ordered by the seq from which on it did. Raises RunDamaged."""
        found: dict[tuple[int, int], list[CodeRow]] = {}
        values = (column.to_pylist() for column in self.code_table().columns)
        for row in map(CodeRow, *values):
            found.setdefault((row.pid, row.pc), []).append(row)
        return found

    def dataset_files(self, kind: str) -> list[Path] | None:
        """The committed Parquet files with the rows of ``kind`` as they are today, in order; those of
        instructions have their hart only in the path, ``hart=K``. None if there are none such: the store is
        not Parquet, or its rows have to be upcast."""
        return None if kind in self._upcaster.kinds else self._store.dataset_files(self._good, kind)

    def writes(self, number: int, kind: str, low: int, high: int) -> "pa.Table | None":
        """What the write index says of segment ``number`` (`recorder.writeindex`; ``kind``: one of its two
        tables): the rows with low <= address < high, in order of address, and perhaps others around
        them. None if it says nothing: the run has no such table, or it can't be read."""
        import pyarrow as pa

        try:
            return self._store.index(self.segments[number], kind, low, high)
        except (OSError, ValueError, KeyError, pa.ArrowException):
            return None

    def image_before(self, seq: int, with_pages: bool = True) -> "Image | None":
        """The newest usable snapshot with ``image.seq <= seq``, with all of its pages or none; None if there
        is none."""
        return self._snapshots.image_before(seq, with_pages)

    @cached_property
    def _snapshots(self) -> "SnapshotReader":
        from recorder.snapshots import SnapshotReader

        return SnapshotReader(self.run.path, self._snapshot_rows)

    # Whether it is whole.

    def verify_files(self) -> list[RunDamaged]:
        """Everything wrong with the files and the segments' rows by their checksums and the hash chain; in
        a store without checksums, by the digests of the events. Reads all of the log."""
        found = []
        before = ""
        for segment in self.segments:
            damage = self._store.verify(segment)
            if damage:
                found.append(self._damaged(*damage, segment.first_seq))
            seqs = segment.first_seq, segment.end_seq
            if chained(before, *seqs, segment.pieces, segment.digest) != segment.chain:
                what = f"breaks the hash chain in segment {segment.number}: its catalog row was changed"
                found.append(self._damaged(self.run.path, what, segment.first_seq))
            before = segment.chain
        if not found and any(not piece.sha256 for segment in self.segments for piece in segment.pieces):
            for segment, digest in self.digests():
                if digest != segment.digest:
                    path = self.run.path / segment.pieces[0].path
                    what = f"holds other events in segment {segment.number} than were written"
                    return [self._damaged(path, what, segment.first_seq)]
        return found

    def digests(self) -> Iterator[tuple[SegmentRow, str]]:
        """The run's digest at the end of each segment, computed from the stored events: from the columns
        that were recorded, as they were."""
        from recorder.digest import Digest
        from recorder.parts import Part

        digest = Digest()
        for segment in self.segments:
            for kind, hart in {(p.kind, p.hart): None for p in segment.pieces if p.kind != CODE}:
                seqs = segment.first_seq, segment.end_seq - 1
                only = hart if hart >= 0 else None
                for table in self._tables(kind, *seqs, self._recorded(kind), only, None, as_recorded=True):
                    digest.update([Part(kind, hart, batch) for batch in table.to_batches()])
            yield segment, digest.hexdigest()

    def _recorded(self, kind: str) -> list[str]:
        """The columns of a kind that its digest stands for: an instruction's hart is the stream's."""
        absent = self._upcaster.gained(kind) | ({"hart"} if kind == INSTRUCTION else set())
        return [column.name for column in columns(kind) if column.name not in absent]

    @property
    def _good(self) -> list[SegmentRow]:
        return [s for s in self.segments if self.damage is None or s.end_seq <= self.damage.good]

    def _damage(self) -> RunDamaged | None:
        for segment in self.segments:
            found = self._store.damage(segment)
            if found:
                return self._damaged(*found, segment.first_seq)
        return None

    def _damaged(self, file: Path, what: str, good: int) -> RunDamaged:
        return RunDamaged(self.run.id, file, what, good)

    def _guarded(
        self, kind: str, segments: list[SegmentRow], tables: "Iterator[pa.Table]"
    ) -> "Iterator[pa.Table]":
        """Turn what a broken file raises into RunDamaged."""
        import pyarrow as pa
        from adbc_driver_manager import dbapi

        try:
            yield from tables
        except (OSError, ValueError, KeyError, pa.ArrowException, dbapi.Error) as error:
            pieces = [piece for segment in segments for piece in segment.pieces if piece.kind == kind]
            good = segments[0].first_seq if segments else 0
            what = f"can't be read ({' '.join(str(error).split())})"
            raise self._damaged(self.run.path / (pieces[0].path if pieces else kind), what, good) from error


def _check_columns(kind: str, wanted: tuple[str, ...] | None, hart: Any, tid: Any, address: Any) -> None:
    declared = {column.name for column in columns(kind)}
    chosen = (("hart", hart), ("tid", tid), ("address", address))
    filters = [name for name, value in chosen if value is not None]
    unknown = [name for name in [*(wanted or ()), *filters] if name not in declared]
    if unknown:
        raise ValueError(f"{kind} events have no {', '.join(unknown)}")
