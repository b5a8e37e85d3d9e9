"""The digest of a run: what happened, whatever the segments, the store or the executor.

Every column of every kind (and hart, for instructions) is a stream of decoded values, hashed on its own:
int64 little-endian, names by their index, bool as 0 or 1, text and bytes as a stream of lengths and one
of contents. The run's digest is the sha256 over all of these hashes in a fixed order. Kinds without rows
leave no trace, so that a new kind changes no older run's digest.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash

from recorder.parts import AnyPart, NumberPart, Part, in_numbers
from sim.events import KINDS

BYTES = (pa.types.is_string, pa.types.is_binary)


class Stream:
    """The running hashes of one kind (of one hart)."""

    def __init__(self) -> None:
        self.rows = 0
        self.hashes: dict[str, Any] = {}

    def update(self, part: AnyPart) -> None:
        """Take more rows, in order."""
        self.rows += part.count
        for label, values in streams(part):
            self.hashes.setdefault(label, xxhash.xxh3_128()).update(values)

    def digest(self) -> bytes:
        """The number of rows and each hash, in order of their labels."""
        hashes = b"".join(label.encode() + b"=" + h.digest() for label, h in sorted(self.hashes.items()))
        return self.rows.to_bytes(8, "little") + hashes


class Digest:
    """The running digest of a run."""

    def __init__(self) -> None:
        self.streams: dict[tuple[str, int], Stream] = {}

    def update(self, parts: Sequence[AnyPart]) -> None:
        """Take the next segment's parts, or some of them; each kind's rows must come in order."""
        for part in parts:
            self.streams.setdefault((part.kind, part.hart), Stream()).update(part)

    def hexdigest(self) -> str:
        """32 hex digits for everything taken so far."""
        whole = hashlib.sha256()
        order = {kind: place for place, kind in enumerate(KINDS)}
        for kind, hart in sorted(self.streams, key=lambda key: (order[key[0]], key[1])):
            whole.update(f"{kind}/{hart}:".encode() + self.streams[kind, hart].digest())
        return whole.hexdigest()[:32]


def streams(part: AnyPart) -> Iterator[tuple[str, Any]]:
    """(label, bytes-like) of each stream that a part goes on."""
    if isinstance(part, NumberPart):
        yield from part.columns.items()
        return
    for name, column in zip(part.rows.schema.names, part.rows.columns, strict=True):
        yield from _values(name, column)


def in_columns(part: Part) -> AnyPart:
    """A part such as the recorder gives to a store: in numbers if it can be, which are written faster."""
    return NumberPart(part.kind, part.hart, dict(streams(part))) if in_numbers(part.kind) else part


def _values(name: str, column: pa.Array) -> list[tuple[str, Any]]:
    """(label, bytes-like) of the one or two streams of a column."""
    if any(test(column.type) for test in BYTES):
        offsets = np.frombuffer(column.buffers()[1], np.int32)[
            column.offset : column.offset + len(column) + 1
        ]
        data = column.buffers()[2]
        contents = memoryview(data)[offsets[0] : offsets[-1]] if data else b""
        return [(f"{name}.length", np.diff(offsets).astype(np.int64)), (name, contents)]
    if pa.types.is_dictionary(column.type):
        column = column.indices
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    values = np.frombuffer(column.buffers()[1], column.type.to_pandas_dtype())
    return [(name, values[column.offset : column.offset + len(column)].astype(np.int64, copy=False))]
