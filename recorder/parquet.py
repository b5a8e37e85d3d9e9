"""The Parquet store: `<run>/<kind>/NNNNNN.parquet` per segment, `<run>/instruction/hart=K/NNNNNN.parquet`.

Files are encoded in memory, hashed, staged, and published when the segment's turn comes. Reading touches
only the files, row groups and columns that are asked for.
"""

import hashlib
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from recorder.errors import LeadsOutside
from recorder.objectplace import ObjectPlace
from recorder.parts import AnyPart, LoopPart, compiled_kernels
from recorder.place import Place, looked_at
from recorder.run import Piece, SegmentRow
from recorder.schema import CODE, INSTRUCTION, ROW_GROUP, arrow_type, columns, parquet_options
from recorder.store import Want


class ParquetWriter:
    """See `recorder.store.StoreWriter`."""

    workers = 2

    def __init__(self, place: Place, compression: str) -> None:
        self.place = place
        self.compression = compression
        self._of_thread = threading.local()

    def encode(self, number: int, parts: Sequence[AnyPart]) -> list[Piece]:
        """Stage a file per part."""
        pieces = []
        for part in parts:
            data = self._encoded(part)
            path = piece_file(part.kind, part.hart, number)
            self.place.stage(path, data)
            sha256 = hashlib.sha256(data).hexdigest()
            pieces.append(Piece(part.kind, part.hart, part.count, path, len(data), sha256))
        return pieces

    def publish(self, segments: list[list[Piece]]) -> list[int]:
        """Publish the staged files."""
        self.place.publish(piece.path for pieces in segments for piece in pieces)
        return [sum(piece.bytes for piece in pieces) for pieces in segments]

    def close(self) -> list[str]:
        """Nothing is held open, and every file belongs to a segment."""
        return []

    def _encoded(self, part: AnyPart) -> bytes | pa.Buffer:
        if isinstance(part, LoopPart) and compiled_kernels(part.count):
            from recorder.rowfile import Scratch, row_file

            if not hasattr(self._of_thread, "scratch"):
                self._of_thread.scratch = Scratch()
            return row_file(part, self.compression, self._of_thread.scratch)
        stream = pa.BufferOutputStream()
        options = parquet_options(part.kind, self.compression)
        with pq.ParquetWriter(stream, part.rows.schema, **options) as writer:
            writer.write_batch(part.rows, row_group_size=ROW_GROUP)
        return stream.getvalue()


def piece_file(kind: str, hart: int, segment: int) -> str:
    """The name of the file with a piece of a segment."""
    folder = f"{kind}/hart={hart}" if hart >= 0 else kind
    return f"{folder}/{segment:06}.parquet"


class ParquetReader:
    """See `recorder.store.StoreReader`."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def damage(self, segment: SegmentRow) -> tuple[str, str] | None:
        """By the sizes of files."""
        for piece in segment.pieces:
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
        if len(chosen) == 1:
            yield from self._piece(chosen[0], want)
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
                    with self.place.open(piece.path) as file, pq.ParquetFile(file) as opened:
                        yield opened.read()

    def dataset_files(self, segments: list[SegmentRow], kind: str) -> list[str] | None:
        """In order."""
        return [piece.path for segment in segments for piece in segment.pieces if piece.kind == kind]

    def close(self) -> None:
        """Nothing is held open."""

    def _piece(self, piece: Piece, want: Want) -> Iterator[pa.Table]:
        in_path = piece.hart >= 0
        with self.place.open(piece.path) as opened:
            metadata = pq.read_metadata(opened)
            # A run that is older than a column has none.
            held = set(metadata.schema.names)
            names = [c.name for c in columns(want.kind) if c.names and c.name in held]
            # A distant file is read in few requests.
            ahead = self.place.local is None
            file = pq.ParquetFile(opened, metadata=metadata, read_dictionary=names, pre_buffer=ahead)
            groups = [g for g in range(file.num_row_groups) if _overlaps(file.metadata.row_group(g), want)]
            for group in groups:
                table = file.read_row_group(group, columns=_stored(want, in_path))
                table = _cut(table, want)
                if in_path and (want.columns is None or "hart" in want.columns):
                    hart = pa.array(np.full(len(table), piece.hart, np.int16))
                    table = table.add_column(2, pa.field("hart", hart.type, nullable=False), hart)
                if len(table):
                    yield table


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
    for name, value in (("tid", want.tid), ("hart", want.hart)):
        if value is not None and name in table.column_names:
            table = table.filter(pc.equal(table[name], value))
    return table


def _stored(want: Want, hart_in_path: bool) -> list[str] | None:
    names = want.reads
    return None if names is None else [name for name in names if not (hart_in_path and name == "hart")]


def _overlaps(group: "pq.RowGroupMetaData", want: Want) -> bool:
    seq = group.column(0).statistics
    return seq is None or (seq.min <= want.last and seq.max >= want.first)
