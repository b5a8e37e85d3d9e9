"""The Parquet store: `<run>/<kind>/NNNNNN.parquet` per segment, `<run>/instruction/hart=K/NNNNNN.parquet`.

Files are encoded in memory, hashed, staged, and renamed when the segment's turn comes. Reading touches
only the files, row groups and columns that are asked for.
"""

import hashlib
import os
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from recorder import files
from recorder.parts import Part
from recorder.run import Piece, SegmentRow
from recorder.schema import CODE, INDEXES, INSTRUCTION, columns, parquet_options, row_group, schema
from recorder.store import Want

#: Files of which the metadata is kept: some thousand bytes each.
KEPT_METADATA = 1 << 10
#: Row groups of the write index that are kept: less than a MiB each.
KEPT_GROUPS = 1 << 6
#: Events among which a hart, or a kind, may well have none: its other columns are read only if it has.
NARROW = 1 << 8
DAMAGED = "is not the file that was written"


class ParquetWriter:
    """See `recorder.store.StoreWriter`."""

    workers = 2
    indexes = True

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def encode(self, number: int, parts: list[Part]) -> list[Piece]:
        """Stage a file per part."""
        pieces = []
        for part in parts:
            data = _encoded(part)
            folder = f"{part.kind}/hart={part.hart}" if part.hart >= 0 else part.kind
            path = f"{folder}/{number:06}.parquet"
            files.stage(self.directory / path, data)
            sha256 = hashlib.sha256(data).hexdigest()
            pieces.append(Piece(part.kind, part.hart, part.rows.num_rows, path, len(data), sha256))
        return pieces

    def publish(self, pieces: list[Piece]) -> int:
        """Rename the staged files."""
        files.publish(self.directory / piece.path for piece in pieces)
        return sum(piece.bytes for piece in pieces)

    def close(self) -> None:
        """Nothing is held open."""


class ParquetReader:
    """See `recorder.store.StoreReader`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._metadata: OrderedDict[str, pq.FileMetaData] = OrderedDict()
        self._index_groups: OrderedDict[tuple[str, int], pa.Table] = OrderedDict()

    def damage(self, segment: SegmentRow) -> tuple[Path, str] | None:
        """By the sizes of files; the write index can be lost, the segments then tell the same."""
        return self._sizes([piece for piece in segment.pieces if piece.kind not in INDEXES])

    def _sizes(self, pieces: Iterable[Piece]) -> tuple[Path, str] | None:
        # Strings: there are thousands of pieces in a long run, and a path takes as long as asking for a size.
        folder = f"{self.directory}{os.sep}"
        for piece in pieces:
            try:
                size = os.stat(folder + piece.path).st_size
            except OSError:
                return self.directory / piece.path, "is missing"
            if size != piece.bytes:
                return self.directory / piece.path, f"has {size} bytes instead of {piece.bytes}"
        return None

    def verify(self, segment: SegmentRow) -> tuple[Path, str] | None:
        """By the files' sha256."""
        found = self._sizes(segment.pieces)
        if found:
            return found
        for piece in segment.pieces:
            path = self.directory / piece.path
            with open(path, "rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != piece.sha256:
                    return path, DAMAGED
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
                yield from self._piece(piece, want)
            return
        tables = [table for piece in chosen for table in self._piece(piece, want)]
        if tables:
            merged = pa.concat_tables(tables, promote_options="permissive")
            order = np.argsort(merged["seq"].to_numpy(), kind="stable")
            yield merged.take(order)

    def code(self, segments: list[SegmentRow]) -> Iterator[pa.Table]:
        """From the segments that brought new code."""
        for segment in segments:
            for piece in segment.pieces:
                if piece.kind == CODE:
                    yield pq.read_table(self.directory / piece.path, partitioning=None)

    def dataset_files(self, segments: list[SegmentRow], kind: str) -> list[Path] | None:
        """In order."""
        pieces = [piece for segment in segments for piece in segment.pieces if piece.kind == kind]
        return [self.directory / piece.path for piece in pieces]

    def close(self) -> None:
        """Nothing is held open."""

    def index(self, segment: SegmentRow, kind: str, low: int, high: int) -> pa.Table | None:
        """Whole row groups, of which the last few are kept."""
        for piece in segment.pieces:
            if piece.kind == kind:
                metadata = self._metadata_of(piece)
                near = [g for g in range(metadata.num_row_groups) if _near(metadata.row_group(g), low, high)]
                tables = [self._index_group(piece, group) for group in near]
                return pa.concat_tables(tables) if tables else schema(kind).empty_table()
        return None

    def _index_group(self, piece: Piece, group: int) -> pa.Table:
        table = self._index_groups.pop((piece.path, group), None)
        if table is None:
            with self._opened(piece) as file:
                table = file.read_row_group(group, use_threads=False)
            if len(self._index_groups) >= KEPT_GROUPS:
                self._index_groups.popitem(last=False)
        self._index_groups[piece.path, group] = table
        return table

    def _opened(self, piece: Piece, names: Sequence[str] = ()) -> pq.ParquetFile:
        """Its file, for reading the columns ``names`` as dictionaries."""
        metadata = self._metadata_of(piece)
        # A run that is older than a column has none.
        held = [name for name in names if name in metadata.schema.names]
        return pq.ParquetFile(self.directory / piece.path, metadata=metadata, read_dictionary=held)

    def _metadata_of(self, piece: Piece) -> "pq.FileMetaData":
        """What stands at the end of its file; kept, for the files that were opened last."""
        metadata = self._metadata.pop(piece.path, None)
        if metadata is None:
            metadata = pq.read_metadata(self.directory / piece.path)
            if len(self._metadata) >= KEPT_METADATA:
                self._metadata.popitem(last=False)
        self._metadata[piece.path] = metadata
        return metadata

    def _piece(self, piece: Piece, want: Want) -> Iterator[pa.Table]:
        in_path = piece.hart >= 0
        with self._opened(piece, [c.name for c in columns(want.kind) if c.names]) as file:
            groups = [g for g in range(file.num_row_groups) if _overlaps(file.metadata.row_group(g), want)]
            for group in groups:
                if want.last - want.first < NARROW and not _any_of(file.read_row_group(group, ["seq"]), want):
                    continue
                table = file.read_row_group(group, columns=_stored(want, in_path))
                table = _cut(table, want)
                if in_path and (want.columns is None or "hart" in want.columns):
                    hart = pa.array(np.full(len(table), piece.hart, np.int16))
                    table = table.add_column(2, pa.field("hart", hart.type, nullable=False), hart)
                if len(table):
                    yield table


def _near(group: "pq.RowGroupMetaData", low: int, high: int) -> bool:
    """Whether a row group of the write index may hold addresses of [low, high)."""
    address = group.column(0).statistics
    return address is None or (address.min < high and address.max >= low)


def _any_of(table: pa.Table, want: Want) -> bool:
    low, high = np.searchsorted(table["seq"].to_numpy(), (want.first, want.last + 1))
    return bool(high > low)


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
            table = table.filter(pc.equal(table[name], value))
    return table


def _stored(want: Want, hart_in_path: bool) -> list[str] | None:
    names = want.reads
    return None if names is None else [name for name in names if not (hart_in_path and name == "hart")]


def _overlaps(group: "pq.RowGroupMetaData", want: Want) -> bool:
    """Whether a row group may hold wanted rows, by its statistics: columns begin with seq."""
    seq = group.column(0).statistics
    return seq is None or (seq.min <= want.last and seq.max >= want.first)


def _encoded(part: Part) -> pa.Buffer:
    stream = pa.BufferOutputStream()
    options = parquet_options(part.kind)
    with pq.ParquetWriter(stream, part.rows.schema, **options) as writer:
        writer.write_batch(part.rows, row_group_size=row_group(part.kind))
    return stream.getvalue()
