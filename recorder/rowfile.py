"""A Parquet file of the loop's rows, written by our own encoder: ten times PyArrow's speed on such columns.

PyArrow spends 5 to 10 ns on a value before it is compressed, whatever it is. Here a column is encoded by one
compiled pass (`recorder.kernels`), compressed by Arrow's codec, and framed as the format's specification has
it (parquet.thrift, Encodings.md of Apache Parquet): any reader reads it. One page a column and row group.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recorder import kernels
from recorder.parts import LoopPart
from recorder.schema import ROW_GROUP, STATISTICS, encoding_of
from recorder.thrift import I8, I32, I64, Value, struct, varint, zigzag
from sim.events import Column

IntArray = NDArray[np.int64]

MAGIC = b"PAR1"
#: Distinct values up to which a column of a row group has a dictionary: one of those that always should, and
#: one that compresses as well without. A counter has more of them soon, and is then split.
MOST_DISTINCT = 1 << 16
FEW_DISTINCT = 1 << 13

# Numbers of parquet.thrift.
_TYPES = {"bool": 0, "int16": 1, "int32": 1, "int64": 2, "names": 6}
_PLAIN, _RLE, _DELTA, _RLE_DICTIONARY, _SPLIT = 0, 3, 5, 8, 9
_CODECS = {"none": 0, "zstd": 6, "lz4": 7}
_UTF8, _INT_16 = 0, 16
_DATA_PAGE, _DICTIONARY_PAGE = 0, 2


@dataclass
class Scratch:
    """What the encoder works in, kept from one file to the next; for one thread at a time."""

    bytes: NDArray[np.uint8] = field(default_factory=lambda: np.empty(0, np.uint8))
    keys: IntArray = field(default_factory=lambda: np.empty(2 * MOST_DISTINCT, np.int64))
    places: NDArray[np.int32] = field(default_factory=lambda: np.empty(2 * MOST_DISTINCT, np.int32))
    found: IntArray = field(default_factory=lambda: np.empty(MOST_DISTINCT, np.int64))
    indices: NDArray[np.uint16] = field(default_factory=lambda: np.empty(ROW_GROUP, np.uint16))

    def room(self, size: int) -> NDArray[np.uint8]:
        """At least so many bytes."""
        if len(self.bytes) < size:
            self.bytes = np.empty(size, np.uint8)
        return self.bytes


def row_file(part: LoopPart, compression: str, scratch: Scratch) -> bytes:
    """A file with these rows. ``compression``: zstd, lz4 or none."""
    file = _File(compression, scratch)
    for start in range(0, part.count, ROW_GROUP):
        file.begin_group(min(ROW_GROUP, part.count - start))
        for column in part.declared:
            file.add(column, part.columns[column.name][start : start + ROW_GROUP])
    file.end(part.declared, part.count)
    return b"".join(file.parts)


@dataclass
class _Page:
    """The values of a column in a row group, encoded; ``dictionary`` are its distinct ones, if it has one."""

    encoding: int
    data: Any
    dictionary: bytes | None = None
    distinct: int = 0


class _File:
    """A file as it grows."""

    def __init__(self, compression: str, scratch: Scratch) -> None:
        self.parts: list[bytes | pa.Buffer] = [MAGIC]
        self.size = len(MAGIC)
        self._compression = compression
        options = {"compression_level": 1} if compression == "zstd" else {}
        name = {"lz4": "lz4_raw"}.get(compression, compression)
        self._codec = None if compression == "none" else pa.Codec(name, **options)
        self._scratch = scratch
        self._groups: list[Value] = []
        self._chunks: list[Value] = []
        self._rows = self._start = self._raw = 0

    def begin_group(self, rows: int) -> None:
        """The next row group."""
        self._close_group()
        self._rows, self._start, self._raw = rows, self.size, 0

    def add(self, column: Column, values: IntArray) -> None:
        """The row group's next column."""
        page = _encoded(column, values, self._scratch)
        start, raw = self.size, self._raw
        dictionary_at = None
        if page.dictionary is not None:
            dictionary_at = self.size
            header: Value = {1: I32(page.distinct), 2: I32(_PLAIN)}
            self._page(_DICTIONARY_PAGE, page.dictionary, {7: header})
        data_at = self.size
        header = {1: I32(len(values)), 2: I32(page.encoding), 3: I32(_RLE), 4: I32(_RLE)}
        self._page(_DATA_PAGE, page.data, {5: header})
        used = [page.encoding] if page.dictionary is None else [_PLAIN, page.encoding]
        facts: dict[int, Value] = {
            1: I32(_TYPES["names" if column.names else column.type]),
            2: [I32(encoding) for encoding in used],
            3: [column.name.encode()],
            4: I32(_CODECS[self._compression]),
            5: I64(len(values)),
            6: I64(self._raw - raw),
            7: I64(self.size - start),
            9: I64(data_at),
        }
        if dictionary_at is not None:
            facts[11] = I64(dictionary_at)
        if column.name in STATISTICS:
            facts[12] = {3: I64(0), 5: _bytes(values.max()), 6: _bytes(values.min()), 7: True, 8: True}
        self._chunks.append({2: I64(start), 3: facts})

    def end(self, declared: list[Column], rows: int) -> None:
        """The footer."""
        self._close_group()
        root: Value = {4: b"schema", 5: I32(len(declared))}
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
        self._write(footer, len(footer).to_bytes(4, "little"), MAGIC)

    def _close_group(self) -> None:
        if self._chunks:
            place = {5: I64(self._start), 6: I64(self.size - self._start)}
            facts: dict[int, Value] = {1: self._chunks, 2: I64(self._raw), 3: I64(self._rows), **place}
            self._groups.append(facts)
            self._chunks = []

    def _page(self, kind: int, data: Any, header: dict[int, Value]) -> None:
        raw = memoryview(data).nbytes
        # The codec's buffer, not bytes: those would be another copy.
        packed = data if self._codec is None else self._codec.compress(data)
        size = memoryview(packed).nbytes
        head = struct({1: I32(kind), 2: I32(raw), 3: I32(size)} | header)
        # Without a codec, the page may stand in the scratch.
        self._write(head, bytes(packed) if self._codec is None else packed)
        self._raw += len(head) + raw

    def _write(self, *parts: bytes | pa.Buffer) -> None:
        self.parts += parts
        self.size += sum(memoryview(part).nbytes for part in parts)


def _element(column: Column) -> Value:
    element: dict[int, Value] = {
        1: I32(_TYPES["names" if column.names else column.type]),
        3: I32(0),
        4: column.name.encode(),
    }
    if column.names:
        element |= {6: I32(_UTF8), 10: {1: {}}}
    elif column.type == "int16":
        element |= {6: I32(_INT_16), 10: {10: {1: I8(16), 2: True}}}
    return element


def _encoded(column: Column, values: IntArray, scratch: Scratch) -> _Page:
    if column.type == "bool":
        return _Page(_PLAIN, np.packbits(values.astype(np.bool_), bitorder="little"))
    if column.names:
        texts = [name.encode() for name in column.names]
        plain = b"".join(len(text).to_bytes(4, "little") + text for text in texts)
        return _Page(_RLE_DICTIONARY, _indices(values, len(texts), scratch), plain, len(texts))
    width = "<i8" if column.type == "int64" else "<i4"
    encoding = encoding_of(column)
    if encoding == "DELTA_BINARY_PACKED":
        return _Page(_DELTA, _delta(values, scratch))
    most = MOST_DISTINCT if encoding == "DICTIONARY" else FEW_DISTINCT
    keys, places, found = scratch.keys[: 2 * most], scratch.places[: 2 * most], scratch.found[:most]
    places.fill(-1)
    distinct = kernels.dictionary(values, keys, places, found, scratch.indices)
    if distinct > 0:
        plain = found[:distinct].astype(width).tobytes()
        data = _indices(scratch.indices[: len(values)], distinct, scratch)
        return _Page(_RLE_DICTIONARY, data, plain, distinct)
    if width == "<i4":
        return _Page(_PLAIN, values.astype(width))
    out = scratch.room(values.nbytes)[: values.nbytes]
    kernels.split(values.view(np.uint8), out)
    return _Page(_SPLIT, out)


def _delta(values: IntArray, scratch: Scratch) -> NDArray[np.uint8]:
    count = len(values)
    out = scratch.room((count // kernels.BLOCK + 2) * kernels.BLOCK_BYTES)
    blocks = kernels.BLOCK // kernels.MINIBLOCK
    head = varint(kernels.BLOCK) + varint(blocks) + varint(count) + zigzag(int(values[0]))
    out[: len(head)] = np.frombuffer(head, np.uint8)
    if count == 1:
        return out[: len(head)]
    low = kernels.smallest_step(values)
    prefix = np.frombuffer(zigzag(int(low)), np.uint8)
    return out[: len(head) + kernels.differences(values, low, prefix, out[len(head) :])]


def _indices(values: NDArray[Any], distinct: int, scratch: Scratch) -> bytes | NDArray[np.uint8]:
    """Places in a dictionary, in whole bytes: one run, or groups of eight (RLE of Encodings.md)."""
    count = len(values)
    if distinct == 1:
        return b"\x01" + varint(count << 1) + b"\x00"
    octets = 1 if distinct <= 256 else 2
    groups = -(-count // 8)
    head = bytes([8 * octets]) + varint(groups << 1 | 1)
    size = len(head) + 8 * groups * octets
    out = scratch.room(size)[:size]
    out[: len(head)] = np.frombuffer(head, np.uint8)
    places = out[len(head) :]
    if octets == 1:
        places[:count] = values
    else:
        places[: 2 * count] = values.astype("<u2", copy=False).view(np.uint8)
    places[count * octets :] = 0
    return out


def _bytes(value: np.int64) -> bytes:
    return int(value).to_bytes(8, "little", signed=True)
