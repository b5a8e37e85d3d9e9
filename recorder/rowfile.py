"""A Parquet file of the loop's rows, written by our own encoder: ten times PyArrow's speed on such columns.

PyArrow spends 5 to 10 ns on a value before it is compressed, whatever it is. Here a column is encoded by one
compiled pass (`recorder.encoding`), a row group's pages are compressed in one call, and framed as the
format's specification has it (parquet.thrift of Apache Parquet): any reader reads it. One page a column and
row group. Calls are few, as each lets go of the interpreter's lock, which the machine's thread wants, too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import zstandard
from numpy.typing import NDArray

from recorder import encoding, parquetformat
from recorder.parts import NumberPart
from recorder.schema import DELTA, STATISTICS, encoding_of, row_group
from recorder.thrift import I8, I32, I64, Struct, Value, struct
from sim.events import Column

IntArray = NDArray[np.int64]

#: Distinct values up to which a column of a row group has a dictionary: one of those that always should, and
#: one that compresses as well without. A counter has more of them soon, and is then split.
MOST_DISTINCT = 1 << 16
FEW_DISTINCT = 1 << 13
#: Bytes that a column needs at most besides those of its values: its dictionary, heads, what fills up blocks.
MARGIN = 8 * MOST_DISTINCT + encoding.BLOCK_BYTES + 64

# Numbers of parquet.thrift.
_TYPES = {
    "bool": parquetformat.BOOLEAN,
    "int16": parquetformat.INT32,
    "int32": parquetformat.INT32,
    "int64": parquetformat.INT64,
    "names": parquetformat.BYTE_ARRAY,
}
_CODECS = {"none": 0, "zstd": 6, "lz4": 7}
_UTF8, _INT_16 = 0, 16


@dataclass
class Scratch:
    """What the encoder works in, kept from one file to the next; for one thread at a time."""

    bytes: NDArray[np.uint8] = field(default_factory=lambda: np.empty(0, np.uint8))
    keys: IntArray = field(default_factory=lambda: np.empty(2 * MOST_DISTINCT, np.int64))
    slots: NDArray[np.int32] = field(default_factory=lambda: np.empty(2 * MOST_DISTINCT, np.int32))
    found: IntArray = field(default_factory=lambda: np.empty(MOST_DISTINCT, np.int64))
    places: NDArray[np.uint16] = field(default_factory=lambda: np.empty(0, np.uint16))
    told: IntArray = field(default_factory=lambda: np.empty(encoding.TOLD, np.int64))

    def begin(self, rows: int, width: int) -> None:
        """Have room for a row group of so many columns; what isn't used of it takes no memory."""
        # A difference takes no more than its value and a block's head.
        size = width * (rows * 9 + MARGIN)
        if len(self.bytes) < size:
            self.bytes = np.empty(size, np.uint8)
        if len(self.places) < rows:
            self.places = np.empty(rows, np.uint16)


def row_file(part: NumberPart, compression: str, scratch: Scratch) -> bytes:
    """A file with these rows. ``compression``: zstd, lz4 or none."""
    file, declared, rows = _File(compression), part.declared, row_group(part.kind)
    for start in range(0, part.count, rows):
        taken = {name: values[start : start + rows] for name, values in part.columns.items()}
        file.add(declared, _encoded(declared, taken, scratch))
    file.end(declared, part.count)
    return b"".join(file.parts)


@dataclass
class _Chunk:
    """The values of a column in a row group, encoded; ``dictionary`` are its ``distinct`` ones, if it has
    one. ``low`` and ``high``: the smallest and the largest value."""

    count: int
    encoding: int
    data: Any
    dictionary: Any = None
    distinct: int = 0
    low: int = 0
    high: int = 0

    @property
    def pages(self) -> list[Any]:
        """The dictionary, if there is one, then the values."""
        return [self.data] if self.dictionary is None else [self.dictionary, self.data]


class _File:
    """A file as it grows."""

    def __init__(self, compression: str) -> None:
        self.parts: list[Any] = [parquetformat.MAGIC]
        self.size = len(parquetformat.MAGIC)
        self._codec = _CODECS[compression]
        self._compressed = _compressor(compression)
        self._groups: list[Value] = []

    def add(self, declared: Sequence[Column], chunks: Sequence[_Chunk]) -> None:
        """The next row group."""
        start, raw = self.size, 0
        packed = iter(self._compressed([page for chunk in chunks for page in chunk.pages]))
        written: list[Value] = []
        for column, chunk in zip(declared, chunks, strict=True):
            at, size = self.size, 0
            if chunk.dictionary is not None:
                header: Value = {1: I32(chunk.distinct), 2: I32(parquetformat.PLAIN)}
                size += self._page(parquetformat.DICTIONARY_PAGE, chunk.dictionary, next(packed), {7: header})
            data_at = self.size
            header = {
                1: I32(chunk.count),
                2: I32(chunk.encoding),
                3: I32(parquetformat.RLE),
                4: I32(parquetformat.RLE),
            }
            size += self._page(parquetformat.DATA_PAGE, chunk.data, next(packed), {5: header})
            written.append({2: I64(at), 3: self._facts(column, chunk, at, data_at, size)})
            raw += size
        place = {5: I64(start), 6: I64(self.size - start)}
        self._groups.append({1: written, 2: I64(raw), 3: I64(chunks[0].count), **place})

    def end(self, declared: Sequence[Column], rows: int) -> None:
        """The footer."""
        root = struct({4: b"schema", 5: I32(len(declared))})
        footer = struct(
            {
                1: I32(2),
                2: [root, *map(_element, declared)],
                3: I64(rows),
                4: self._groups,
                6: b"simrec",
                7: [{1: {}} for _ in declared],
            }
        )
        self._write(footer, len(footer).to_bytes(4, "little"), parquetformat.MAGIC)

    def _facts(self, column: Column, chunk: _Chunk, start: int, data_at: int, raw: int) -> Value:
        """A column's metadata: where it stands, and what ``raw`` bytes its pages are before compression."""
        used = [chunk.encoding] if chunk.dictionary is None else [parquetformat.PLAIN, chunk.encoding]
        facts: dict[int, Value] = {
            1: I32(_TYPES["names" if column.names else column.type]),
            2: [I32(each) for each in used],
            3: [column.name.encode()],
            4: I32(self._codec),
            5: I64(chunk.count),
            6: I64(raw),
            7: I64(self.size - start),
            9: I64(data_at),
        }
        if chunk.dictionary is not None:
            facts[11] = I64(start)
        if column.name in STATISTICS:
            facts[12] = {3: I64(0), 5: _octets(chunk.high), 6: _octets(chunk.low), 7: True, 8: True}
        return facts

    def _page(self, kind: int, data: Any, packed: Any, header: dict[int, Value]) -> int:
        """Write a page; its bytes before compression."""
        raw = memoryview(data).nbytes
        head = struct({1: I32(kind), 2: I32(raw), 3: I32(memoryview(packed).nbytes)} | header)
        self._write(head, packed)
        return len(head) + raw

    def _write(self, *parts: Any) -> None:
        self.parts += parts
        self.size += sum(memoryview(part).nbytes for part in parts)


def _compressor(compression: str) -> Callable[[list[Any]], Any]:
    """What compresses the pages of a row group."""
    if compression == "zstd":
        # All in one call: Arrow's codec would let go of the lock, and want it back, for each.
        return zstandard.ZstdCompressor(level=1).multi_compress_to_buffer
    if compression == "lz4":
        codec = pa.Codec("lz4_raw")
        return lambda pages: [codec.compress(page) for page in pages]
    # The pages stand in the scratch, where the next row group's will.
    return lambda pages: [bytes(page) for page in pages]


@cache
def _element(column: Column) -> Struct:
    element: dict[int, Value] = {
        1: I32(_TYPES["names" if column.names else column.type]),
        3: I32(0),
        4: column.name.encode(),
    }
    if column.names:
        element |= {6: I32(_UTF8), 10: {1: {}}}
    elif column.type == "int16":
        element |= {6: I32(_INT_16), 10: {10: {1: I8(16), 2: True}}}
    return struct(element)


def _encoded(declared: Sequence[Column], columns: dict[str, IntArray], scratch: Scratch) -> list[_Chunk]:
    """The chunks of a row group, whose pages stand in the scratch."""
    rows = len(next(iter(columns.values())))
    scratch.begin(rows, len(declared))
    chunks, used = [], 0
    for column in declared:
        values = columns[column.name]
        if column.type == "bool":
            bits = np.packbits(values.astype(np.bool_), bitorder="little")
            chunks.append(_Chunk(rows, parquetformat.PLAIN, bits))
            continue
        chunk, size = _chunk(column, values, scratch, scratch.bytes[used:])
        chunks.append(chunk)
        used += size
    return chunks


def _chunk(column: Column, values: IntArray, scratch: Scratch, out: NDArray[np.uint8]) -> tuple[_Chunk, int]:
    """A column's chunk, and the bytes of ``out`` that it stands in."""
    how, width, most = parquetformat.DICTIONARY, 8 if column.type == "int64" else 4, MOST_DISTINCT
    if column.names:
        how, width = encoding.NAMES, len(column.names)
    elif column.name in DELTA:
        how = parquetformat.DELTA
    elif encoding_of(column) != "DICTIONARY":
        most = FEW_DISTINCT
    room = scratch.keys[: 2 * most], scratch.slots[: 2 * most], scratch.found[:most], scratch.places
    encoding.encode(values, how, width, *room, out, scratch.told)
    used, distinct, first, size, low, high = scratch.told.tolist()
    dictionary: Any = out[:first] if first else None
    if column.names:
        dictionary = _texts(column.names)
    return _Chunk(len(values), used, out[first : first + size], dictionary, distinct, low, high), first + size


@cache
def _texts(names: tuple[str, ...]) -> bytes:
    """A dictionary of names, plain: each behind its length."""
    texts = [name.encode() for name in names]
    return b"".join(len(text).to_bytes(4, "little") + text for text in texts)


def _octets(value: int) -> bytes:
    return value.to_bytes(8, "little", signed=True)
