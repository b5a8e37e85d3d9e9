"""The Parquet store: `<run>/<kind>/NNNNNN.parquet` per segment, `<run>/instruction/hart=K/NNNNNN.parquet`.

Files are encoded in memory, hashed, staged, and published when the segment's turn comes. Reading touches
only the files, row groups and columns that are asked for.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recorder.compiling import is_worth_it
from recorder.errors import LeadsOutside
from recorder.footer import Footer
from recorder.objectplace import ObjectPlace
from recorder.parts import AnyPart, NumberPart
from recorder.place import Place, looked_at
from recorder.run import Piece, SegmentRow
from recorder.schema import (
    CODE,
    INDEXES,
    INSTRUCTION,
    arrow_type,
    columns,
    parquet_options,
    row_group,
    schema,
)
from recorder.store import Want

#: Files of which the footer is kept: some thousand bytes each.
KEPT_FOOTERS = 1 << 10
#: Row groups of the write index that are kept: less than a MiB each.
KEPT_GROUPS = 1 << 6
#: Events among which a hart, or a kind, may well have none: its other columns are read only if it has.
NARROW = 1 << 8


class ParquetWriter:
    """See `recorder.store.StoreWriter`."""

    workers = 2
    indexes = True

    def __init__(self, place: Place, compression: str) -> None:
        self.place = place
        self.compression = compression
        self._of_thread = threading.local()

    def encode(self, number: int, parts: Sequence[AnyPart]) -> list[Piece]:
        """Stage a file per part."""
        pieces = []
        compiled = is_worth_it(max((part.count for part in parts), default=0))
        for part in parts:
            data = self._encoded(part, compiled)
            path = piece_file(part.kind, part.hart, number)
            self.place.stage(path, data)
            sha256 = hashlib.sha256(data).hexdigest()
            pieces.append(Piece(part.kind, part.hart, part.count, path, len(data), sha256))
        return pieces

    def publish(self, pieces: list[Piece]) -> int:
        """Give the staged files their names."""
        self.place.name(piece.path for piece in pieces)
        return sum(piece.bytes for piece in pieces)

    def close(self) -> list[str]:
        """Nothing is held open, and every file belongs to a segment."""
        return []

    def _encoded(self, part: AnyPart, compiled: bool) -> bytes | pa.Buffer:
        """By our own encoder if a segment is worth loading that."""
        if compiled and isinstance(part, NumberPart) and part.count:
            from recorder.rowfile import Scratch, row_file

            if not hasattr(self._of_thread, "scratch"):
                self._of_thread.scratch = Scratch()
            return row_file(part, self.compression, self._of_thread.scratch)
        stream = pa.BufferOutputStream()
        options = parquet_options(part.kind, self.compression)
        with pq.ParquetWriter(stream, part.rows.schema, **options) as writer:
            writer.write_batch(part.rows, row_group_size=row_group(part.kind))
        return stream.getvalue()


def piece_file(kind: str, hart: int, segment: int) -> str:
    """The name of the file with a piece of a segment."""
    folder = f"{kind}/hart={hart}" if hart >= 0 else kind
    return f"{folder}/{segment:06}.parquet"


class ParquetReader:
    """See `recorder.store.StoreReader`."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._footers: OrderedDict[str, Footer] = OrderedDict()
        self._index_groups: OrderedDict[tuple[str, int], pa.Table] = OrderedDict()

    def damage(self, segment: SegmentRow) -> tuple[str, str] | None:
        """By the sizes of files; the write index can be lost, as the events tell the same."""
        for piece in segment.pieces:
            if piece.kind in INDEXES:
                continue
            try:
                size = self.place.size(piece.path)
            except (OSError, LeadsOutside) as error:
                return piece.path, looked_at(error)
            if size != piece.bytes:
                return piece.path, f"has {size} bytes instead of {piece.bytes}"
        return None

    def read(self, segment: SegmentRow, want: Want) -> Iterator[pa.Table]:
        """Per row group; the instructions of several harts merged, a segment at a time."""
        pieces = [piece for piece in segment.pieces if piece.kind == want.kind]
        if want.kind != INSTRUCTION or want.hart is None:
            chosen = pieces
        else:
            chosen = [piece for piece in pieces if piece.hart == want.hart]
        if len(chosen) == 1 or not want.ordered:
            for piece in chosen:
                yield from self._piece(segment, piece, want)
            return
        tables = [table for piece in chosen for table in self._piece(segment, piece, want)]
        if tables:
            merged = pa.concat_tables(tables, promote_options="permissive")
            order = np.argsort(merged["seq"].to_numpy(), kind="stable")
            yield merged.take(order)

    def code(self, segments: list[SegmentRow]) -> Iterator[pa.Table]:
        """From the segments that brought new code."""
        for segment in segments:
            for piece in segment.pieces:
                if piece.kind == CODE:
                    with self._opened(piece) as (file, _):
                        yield file.read()

    def dataset_files(self, segments: list[SegmentRow], kind: str) -> list[str] | None:
        """In order."""
        return [piece.path for segment in segments for piece in segment.pieces if piece.kind == kind]

    def close(self) -> None:
        """Nothing is held open."""

    def index(self, segment: SegmentRow, kind: str, low: int, high: int) -> pa.Table | None:
        """Whole row groups, of which the last few are kept."""
        for piece in segment.pieces:
            if piece.kind == kind:
                footer = self._footers.get(piece.path)
                if footer is None:
                    footer = Footer(self._whole(piece))
                    self._keep(piece, footer)
                # The first column is the address, by which rows are in order.
                near = [n for n, group in enumerate(footer.groups) if group[0].meets(low, high - 1)]
                tables = [self._index_group(piece, group) for group in near]
                return pa.concat_tables(tables) if tables else schema(kind).empty_table()
        return None

    def _index_group(self, piece: Piece, group: int) -> pa.Table:
        table = self._index_groups.pop((piece.path, group), None)
        if table is None:
            table = pq.ParquetFile(self._whole(piece)).read_row_group(group, use_threads=False)
            if len(self._index_groups) >= KEPT_GROUPS:
                self._index_groups.popitem(last=False)
        self._index_groups[piece.path, group] = table
        return table

    def _whole(self, piece: Piece) -> pa.BufferReader:
        """A file of the index, which is small: read at once, and used only if it is the one that was
        written. Raises ValueError if it isn't."""
        data = self.place.read(piece.path)
        if hashlib.sha256(data).hexdigest() != piece.sha256:
            raise ValueError(f"{piece.path} is not the file that was written")
        return pa.BufferReader(data)

    def _keep(self, piece: Piece, footer: Footer) -> None:
        """For the next time."""
        if len(self._footers) >= KEPT_FOOTERS:
            self._footers.popitem(last=False)
        self._footers[piece.path] = footer

    @contextmanager
    def _opened(self, piece: Piece, names: Sequence[str] = ()) -> Iterator[tuple[pq.ParquetFile, Footer]]:
        """Its file, for reading the columns ``names`` as dictionaries. The footers are kept of the files that
        were opened last."""
        with self.place.open(piece.path) as opened:
            footer = self._footers.pop(piece.path, None) or Footer(opened)
            self._keep(piece, footer)
            # A run that is older than a column has none.
            held = [name for name in names if name in footer.metadata.schema.names]
            # A distant file is read in few requests.
            ahead = self.place.local is None
            file = pq.ParquetFile(opened, metadata=footer.metadata, read_dictionary=held, pre_buffer=ahead)
            yield file, footer

    def _piece(self, segment: SegmentRow, piece: Piece, want: Want) -> Iterator[pa.Table]:
        in_path = piece.hart >= 0
        with self._opened(piece, [c.name for c in columns(want.kind) if c.names]) as (file, footer):
            near: Iterable[int] = range(file.num_row_groups)
            if not want.covers(segment):
                # The first column is seq.
                near = [n for n in near if footer.groups[n][0].meets(want.first, want.last)]
            for group in near:
                if want.last - want.first < NARROW and not _any_of(file.read_row_group(group, ["seq"]), want):
                    continue
                table = file.read_row_group(group, columns=_stored(want, in_path))
                table = _cut(table, want)
                if in_path and (want.columns is None or "hart" in want.columns):
                    hart = pa.array(np.full(len(table), piece.hart, np.int16))
                    table = table.add_column(2, pa.field("hart", hart.type, nullable=False), hart)
                if len(table):
                    yield table


def _any_of(table: pa.Table, want: Want) -> bool:
    low, high = np.searchsorted(table["seq"].to_numpy(), (want.first, want.last + 1))
    return bool(high > low)


def dataset(place: ObjectPlace, kind: str, names: list[str]) -> Any:
    """A kind's rows in some of a distant place's files, names as text, for engines that scan Arrow."""
    import pyarrow.dataset as ds

    text = [pa.field(c.name, pa.string() if c.names else arrow_type(c)) for c in columns(kind)]
    hart = ds.partitioning(pa.schema([("hart", pa.int16())]), flavor="hive") if kind == INSTRUCTION else None
    keys = [place.key(name) for name in names]
    return ds.dataset(keys, pa.schema(text), "parquet", place.filesystem, hart)


def _cut(table: pa.Table, want: Want) -> pa.Table:
    """The rows, which are in order of seq, that lie in the wanted range and belong to the wanted thread."""
    seq = table["seq"].to_numpy()
    low, high = np.searchsorted(seq, want.first, "left"), np.searchsorted(seq, want.last, "right")
    table = table.slice(low, high - low)
    if want.address is not None:
        address = table["address"].to_numpy()
        table = table.take(np.flatnonzero((address >= want.address[0]) & (address < want.address[1])))
    for name, value in (("tid", want.tid), ("hart", want.hart)):
        if value is not None and name in table.column_names:
            table = table.take(np.flatnonzero(table[name].to_numpy() == value))
    return table


def _stored(want: Want, hart_in_path: bool) -> list[str] | None:
    names = want.reads
    return None if names is None else [name for name in names if not (hart_in_path and name == "hart")]
