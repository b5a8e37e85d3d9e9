"""The log of a run as readers see it: committed events in order of seq, and what explains them.

Data flows from the store through the upcasters to the declared types (`recorder.conform`). Only the
segments, row groups and columns that are asked for are touched.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self
from weakref import WeakSet

from recorder.catalog import Catalog
from recorder.detail import lacks_values, told
from recorder.errors import CHANGED, BadRow, LeadsOutside, PlaceUnavailable, RunDamaged
from recorder.place import looked_at
from recorder.program import Key, image_file, read_sources, sha_of, sources_file
from recorder.rows import RowSource
from recorder.run import DAMAGED, Piece, RunRow, SegmentRow, SnapshotRow, broken_row
from recorder.schema import CODE, INDEXES, INSTRUCTION, columns
from recorder.store import STORES, Want, open_reader
from recorder.upcast import upcaster
from sim.code import CodeRow
from sim.events import KINDS

if TYPE_CHECKING:
    import pyarrow as pa

    from recorder.parts import Part
    from recorder.snapshots import SnapshotReader
    from sim.image import Image


#: The logs that somebody holds, for who has to explain an error (`simrec.damage`).
OPEN: "WeakSet[Log]" = WeakSet()


class Log:
    """One run's log. ``damage`` is what `open` found wrong with its files, None if nothing; reading events
    before it works, reading beyond it raises it. ``snapshot_rows`` are those of all versions of the fold."""

    def __init__(self, catalog: RowSource, run: RunRow) -> None:
        if run.status == DAMAGED:
            raise BadRow(run.id, "the run", run.reason)
        if run.store not in STORES:
            raise BadRow(run.id, "the run", f"its store is {run.store!r:.40}")
        self.run = run
        self.rows = catalog
        self.segments = catalog.segments(run.id)
        self._ends = [segment.end_seq for segment in self.segments]
        self._counts, self._counted = dict.fromkeys(KINDS, 0), 0
        self._store = open_reader(run.store, run.place)
        self._upcaster = upcaster(run.id, run.event_version)
        self.snapshot_rows = catalog.snapshots(run.id)
        self.damage = self._damage()
        OPEN.add(self)

    @classmethod
    def open(cls, catalog: Catalog, ref: str = "latest") -> "Log":
        """The log of a run (see `Catalog.find`). Raises NoSuchRun, AmbiguousRun, NewerLog; RunDamaged if
        nothing of it can be read."""
        log = cls(catalog, catalog.find(ref))
        if log.damage is not None and log.damage.good == 0:
            raise log.damage
        return log

    def refresh(self) -> bool:
        """Take up what has been committed since; True if that is anything. If ``run`` has ended by then, that
        is all of it. Raises NoSuchRun if the run was removed."""
        # In this order: segments are committed before the run ends.
        self.run = self.rows.of_id(self.run.id)
        first = len(self.segments)
        new = self.rows.segments(self.run.id, first)
        if not new:
            return False
        self.segments += new
        self._ends += [segment.end_seq for segment in new]
        known = max((row.number for row in self.snapshot_rows), default=-1)
        self.snapshot_rows += self.rows.snapshots(self.run.id, known + 1)
        self._store.close()
        self._store = open_reader(self.run.store, self.run.place)
        for made in ("code", "_recorded_code", "snapshots"):
            self.__dict__.pop(made, None)
        self.damage = self.damage or self._damage(first)
        return True

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
        file = image_file(pid)
        try:
            image = self.run.place.read(file)
        except (OSError, LeadsOutside) as error:
            raise self._damaged(file, looked_at(error), self.end_seq) from error
        if sha_of(image) != self.run.programs[pid - 1].sha:
            raise self._damaged(file, CHANGED, self.end_seq)
        return image

    def sources(self, key: Key) -> dict[str, str]:
        """A program's source texts by file name. Raises RunDamaged."""
        try:
            return read_sources(self.run.place, key)
        except (OSError, ValueError) as error:
            raise self._damaged(sources_file(key), "can't be read", self.end_seq) from error

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
        chosen = None if columns is None else tuple(columns)
        # Values that aren't stored are null.
        nulls: Literal["default", "none"] = "default" if self._lacks_values(kind, chosen) else "none"
        return pa.concat_tables([empty(kind, chosen), *tables], promote_options=nulls)

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
        lacking = self._lacks_values(kind, columns) and not as_recorded
        reads = (*chosen, "address") if lacking and chosen and "address" not in chosen else chosen
        # What an upcaster makes of columns can be known only from all of them.
        want = Want(kind, first, last, None if upcast else reads, hart, tid, address, ordered)
        for segment in self.segments_of(first, last):
            if not segment.rows.get(kind):
                continue
            tables = self._store.read(segment, want)
            if upcast:
                tables = (self._upcaster.rows(kind, table) for table in tables)
            tables = (conform(kind, table, reads) for table in tables)
            if lacking:
                tables = (told(table).select(chosen or table.column_names) for table in tables)
            yield from self._guarded(kind, [segment], tables)

    def _lacks_values(self, kind: str, wanted: Sequence[str] | None) -> bool:
        return lacks_values(self.run.detail, kind) and (wanted is None or "value" in wanted)

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
        from recorder.conform import conform

        return conform(CODE, self._upcaster.rows(CODE, self._recorded_code))

    @cached_property
    def code(self) -> dict[tuple[int, int], list[CodeRow]]:
        """(pid, pc) -> what stood there, ordered by the seq from which on it did. Raises RunDamaged."""
        found: dict[tuple[int, int], list[CodeRow]] = {}
        values = (column.to_pylist() for column in self.code_table().columns)
        for row in map(CodeRow, *values):
            found.setdefault((row.pid, row.pc), []).append(row)
        return found

    def dataset_files(self, kind: str) -> list[str] | None:
        """The names of the committed Parquet files with the rows of ``kind`` as they are today, in order;
        those of instructions have their hart only in the name, ``hart=K``. None if there are none such: the
        store is not Parquet, or its rows have to be upcast."""
        return None if kind in self._upcaster.kinds else self._store.dataset_files(self._good, kind)

    def writes(self, number: int, kind: str, low: int, high: int) -> "pa.Table | None":
        """What the write index says of segment ``number`` (`recorder.writeindex`; ``kind``: one of its two
        tables): the rows with low <= address < high, in order of address, and perhaps others around
        them. None if it says nothing: the run has no such table, or it can't be read."""
        import pyarrow as pa

        try:
            return self._store.index(self.segments[number], kind, low, high)
        except (OSError, ValueError, KeyError, LeadsOutside, pa.ArrowException):
            return None

    def image_before(self, seq: int, with_pages: bool = True) -> "Image | None":
        """The newest usable snapshot with ``image.seq <= seq``, with all of its pages or none; None if there
        is none."""
        return self.snapshots.image_before(seq, with_pages)

    @cached_property
    def snapshots(self) -> "SnapshotReader":
        """Cached folds of this version; they may be lost, and then are of no use."""
        from recorder.snapshots import SnapshotReader

        return SnapshotReader(self.run.place, self.snapshot_rows)

    # Whether it is whole: see `recorder.audit`.

    def snapshot_faults(self) -> "Iterator[tuple[SnapshotRow, str]]":
        """The snapshots that aren't as they were written, and what is wrong with each."""
        for row in self.snapshot_rows:
            fault = self.snapshots.fault(row)
            if fault:
                yield row, fault

    # As it was recorded: not upcast.

    def digests(self) -> Iterator[tuple[SegmentRow, str]]:
        """The run's digest at the end of each segment, computed from the stored events."""
        from recorder.digest import Digest

        digest = Digest()
        for segment in self.segments:
            for piece in segment.pieces:
                if piece.kind in KINDS:
                    digest.update([self._part(segment, piece)])
            yield segment, digest.hexdigest()

    def parts(self, segment: SegmentRow) -> "Iterator[tuple[Piece, Part]]":
        """What a segment's pieces hold, one in memory at a time; also the code table's rows that came with
        it, but not the write index. Raises RunDamaged."""
        for piece in segment.pieces:
            if piece.kind not in INDEXES:
                yield piece, self._part(segment, piece)

    def _part(self, segment: SegmentRow, piece: Piece) -> "Part":
        import pyarrow as pa

        from recorder.conform import empty
        from recorder.parts import Part

        names = self._recorded(piece.kind)
        if piece.kind == CODE:
            table = self._code_of(segment, piece)
        else:
            seqs, hart = (segment.first_seq, segment.end_seq - 1), piece.hart if piece.hart >= 0 else None
            tables = self._tables(piece.kind, *seqs, names, hart, None, as_recorded=True)
            table = pa.concat_tables([empty(piece.kind, names), *tables])
        arrays = [column.combine_chunks() for column in table.columns]
        return Part(piece.kind, piece.hart, pa.RecordBatch.from_arrays(arrays, schema=table.schema))

    def _code_of(self, segment: SegmentRow, piece: Piece) -> "pa.Table":
        earlier = (each for before in self.segments[: segment.number] for each in before.pieces)
        return self._recorded_code.slice(sum(e.rows for e in earlier if e.kind == CODE), piece.rows)

    @cached_property
    def _recorded_code(self) -> "pa.Table":
        """The code table, with the columns that were recorded. Raises RunDamaged."""
        import pyarrow as pa

        from recorder.conform import conform, empty

        names = self._recorded(CODE)
        tables = (conform(CODE, table, names) for table in self._store.code(self._good))
        return pa.concat_tables([empty(CODE, names), *self._guarded(CODE, self._good, tables)])

    def _recorded(self, kind: str) -> tuple[str, ...]:
        """The columns of a kind that its digest stands for: an instruction's hart is the stream's."""
        absent = self._upcaster.gained(kind) | ({"hart"} if kind == INSTRUCTION else set())
        return tuple(column.name for column in columns(kind) if column.name not in absent)

    @property
    def _good(self) -> list[SegmentRow]:
        return [s for s in self.segments if self.damage is None or s.end_seq <= self.damage.good]

    def _damage(self, first: int = 0) -> RunDamaged | None:
        """What is wrong with rows, or with files of the segments from number ``first`` on."""
        broken = broken_row(self.run, self.segments)
        good = self.end_seq if broken is None else broken[0]
        for segment in (segment for segment in self.segments[first:] if segment.end_seq <= good):
            found = self._store.damage(segment)
            if found:
                return self._damaged(*found, segment.first_seq)
        return self._damaged("", broken[1], good) if broken else None

    def _damaged(self, file: str, what: str, good: int) -> RunDamaged:
        """``file`` is a name in the run's place, "" for the place itself."""
        return RunDamaged(self.run.id, self.run.place.shown(file), what, good)

    def _guarded(
        self, kind: str, segments: list[SegmentRow], tables: "Iterator[pa.Table]"
    ) -> "Iterator[pa.Table]":
        """Turn what a broken file raises into RunDamaged."""
        import pyarrow as pa
        from adbc_driver_manager import dbapi

        try:
            yield from tables
        except (OSError, ValueError, KeyError, pa.ArrowException, dbapi.Error) as error:
            if self.run.place.unreachable(error):
                raise PlaceUnavailable(self.run.place.explain(error)) from error
            pieces = [piece for segment in segments for piece in segment.pieces if piece.kind == kind]
            good = segments[0].first_seq if segments else 0
            what = f"can't be read ({' '.join(str(error).split())})"
            raise self._damaged(pieces[0].path if pieces else kind, what, good) from error


def _check_columns(kind: str, wanted: tuple[str, ...] | None, hart: Any, tid: Any, address: Any) -> None:
    declared = {column.name for column in columns(kind)}
    chosen = (("hart", hart), ("tid", tid), ("address", address))
    filters = [name for name, value in chosen if value is not None]
    unknown = [name for name in [*(wanted or ()), *filters] if name not in declared]
    if unknown:
        raise ValueError(f"{kind} events have no {', '.join(unknown)}")
