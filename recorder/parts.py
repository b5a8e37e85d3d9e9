"""From the machine's buffers to columns: one part per kind of event, and per hart for instructions.

Everything is copied on the way, out of rows into columns, so that the machine can have its buffers again
before they are encoded.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from operator import attrgetter
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recorder.compiling import is_worth_it
from recorder.schema import CODE, INSTRUCTION, arrow_type, columns, schema
from sim.code import COLUMNS, CodeRow
from sim.events import Column
from sim.machine.buffers import ROW_KINDS, Buffers, IntArray
from sim.machine.packed import Packed

#: Values between two columns: columns a multiple of 4 KiB apart would get into each other's way in caches.
APART = 520


@dataclass(frozen=True)
class Part:
    """Rows of one kind in order of seq; all harts' (``hart`` -1), or one hart's instructions, which then
    have no hart column."""

    kind: str
    hart: int
    rows: pa.RecordBatch

    @property
    def count(self) -> int:
        """How many rows."""
        return int(self.rows.num_rows)

    @property
    def seqs(self) -> IntArray:
        """The numbers of its events."""
        numbers: IntArray = self.rows.column("seq").to_numpy()
        return numbers

    def between(self, start: int, stop: int) -> "Part":
        """Some of the rows, from one to before another; a view."""
        return Part(self.kind, self.hart, self.rows.slice(start, stop - start))


@dataclass(frozen=True)
class NumberPart:
    """The same of a kind without texts and bytes, as `in_numbers` tells: int64 throughout, names as their
    indices, bool as 0 or 1."""

    kind: str
    hart: int
    columns: Mapping[str, IntArray]

    @property
    def count(self) -> int:
        """How many rows."""
        return len(next(iter(self.columns.values())))

    @property
    def seqs(self) -> IntArray:
        """The numbers of its events."""
        return self.columns["seq"]

    def between(self, start: int, stop: int) -> "NumberPart":
        """Some of the rows, from one to before another; a view."""
        cut = {name: values[start:stop] for name, values in self.columns.items()}
        return NumberPart(self.kind, self.hart, cut)

    def copy(self) -> "NumberPart":
        """On its own, when the arena is used again."""
        return NumberPart(
            self.kind, self.hart, {name: values.copy() for name, values in self.columns.items()}
        )

    @property
    def declared(self) -> list[Column]:
        """The columns that it has, in order."""
        return [column for column in columns(self.kind) if column.name in self.columns]

    @cached_property
    def rows(self) -> pa.RecordBatch:
        """As Arrow has it; int64 without a copy."""
        arrays = [_narrowed(column, self.columns[column.name]) for column in self.declared]
        return pa.RecordBatch.from_arrays(arrays, schema=schema(self.kind, "hart" if self.hart >= 0 else ""))


AnyPart = Part | NumberPart


class Arena:
    """Room for a segment's columns, used again for the next segment: the host takes longer to hand out so
    much fresh memory than it takes to fill it."""

    def __init__(self) -> None:
        self._room: IntArray = np.empty(0, np.int64)
        self._used = 0

    def begin(self, values: int) -> None:
        """Forget what was there, and have room for so many."""
        if len(self._room) < values:
            self._room = np.empty(values + values // 4, np.int64)
        self._used = 0

    def columns(self, width: int, count: int) -> IntArray:
        """[width, count], not filled."""
        start, stride = self._used, count + APART
        self._used += width * stride
        return self._room[start : self._used].reshape(width, stride)[:, :count]


def parts_of(buffers: Buffers, arena: Arena | None = None) -> list[AnyPart]:
    """What a segment holds, instructions first. Those of the loop stand in the arena. Raises ValueError if
    that is not an event for every seq in it."""
    tables: list[tuple[str, int, IntArray]] = [
        (INSTRUCTION, hart, buffers.instruction_rows(hart)) for hart in range(buffers.harts)
    ]
    tables += [(kind, -1, buffers.kind_rows(kind)) for kind in ROW_KINDS]
    tables = [table for table in tables if len(table[2])]
    arena = arena or Arena()
    arena.begin(sum(rows.shape[1] * (len(rows) + APART) for _, _, rows in tables))
    parts: list[AnyPart] = [_spread_part(*table, arena) for table in tables]
    parts += [_packed_part(packed) for packed in buffers.kernel.values() if len(packed)]
    count = sum(part.count for part in parts)
    if count != buffers.end_seq - buffers.first_seq:
        raise ValueError(f"{count} events in a segment from seq {buffers.first_seq} to {buffers.end_seq}")
    return parts


@cache
def in_numbers(kind: str) -> bool:
    """Whether all of a kind's columns are numbers, names or truth values."""
    return all(column.names or column.type not in ("text", "blob") for column in columns(kind))


def compiled_kernels(rows: int) -> ModuleType | None:
    """`recorder.kernels`, if it is worth loading for so many rows and the environment doesn't forbid it."""
    if not is_worth_it(rows):
        return None
    from recorder import kernels

    return kernels


def code_part(rows: list[CodeRow]) -> Part:
    """Rows of the code table."""
    values = zip(*map(attrgetter(*COLUMNS), rows), strict=True)
    arrays = [pa.array(v, arrow_type(c)) for c, v in zip(columns(CODE), values, strict=True)]
    return Part(CODE, -1, _batch(CODE, arrays))


def code_rows(parts: Iterable[AnyPart]) -> list[CodeRow]:
    """The rows that `code_part` made a part of, if it is among these."""
    return [CodeRow(*row.values()) for part in parts if part.kind == CODE for row in part.rows.to_pylist()]


def merged(parts: Sequence[AnyPart]) -> pa.RecordBatch:
    """The instructions of all harts in order of seq, with the hart."""
    stored = schema(INSTRUCTION)
    by_name: dict[str, list[Any]] = {column.name: [] for column in columns(INSTRUCTION)}
    for part in parts:
        for name in part.rows.schema.names:
            by_name[name].append(part.rows.column(name).to_numpy())
        by_name["hart"].append(np.full(part.count, part.hart, np.int16))
    if len(parts) == 1:
        arrays = [pa.array(by_name[name][0]) for name in stored.names]
        return pa.RecordBatch.from_arrays(arrays, schema=stored)
    order = np.argsort(np.concatenate(by_name["seq"]), kind="stable")
    arrays = [pa.array(np.concatenate(by_name[name])[order]) for name in stored.names]
    return pa.RecordBatch.from_arrays(arrays, schema=stored)


def names_array(indices: pa.Array, names: tuple[str, ...]) -> pa.DictionaryArray:
    """A column of names from its indices, int8."""
    return pa.DictionaryArray.from_arrays(indices, _dictionary(names), safe=False)


@cache
def _dictionary(names: tuple[str, ...]) -> pa.Array:
    return pa.array(names, pa.string())


def _numbers(values: NDArray[Any]) -> pa.Array:
    """Integers in one piece, without a copy. pa.array lets go of the interpreter's lock three times for that,
    and getting it back while the machine runs takes longer than the work."""
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)], null_count=0)


def _spread_part(kind: str, hart: int, rows: IntArray, arena: Arena) -> NumberPart:
    names = [column.name for column in columns(kind) if hart < 0 or column.name != "hart"]
    made = arena.columns(len(names), len(rows))
    kernels = compiled_kernels(len(rows))
    if kernels is None:
        made[:] = rows.T
    elif len(names) == kernels.WIDTH:
        kernels.spread_instructions(rows.reshape(-1), *made)
    else:
        kernels.spread(rows.reshape(-1), made)
    return NumberPart(kind, hart, dict(zip(names, made, strict=True)))


def _packed_part(packed: Packed) -> AnyPart:
    """The kernel's events of one kind."""
    values = packed.columns()
    if in_numbers(packed.kind):
        return NumberPart(packed.kind, -1, {name: each.astype(np.int64) for name, each in values.items()})
    arrays = [_unpacked(packed, column, values[column.name]) for column in columns(packed.kind)]
    return Part(packed.kind, -1, _batch(packed.kind, arrays))


def _unpacked(packed: Packed, column: Column, values: NDArray[Any]) -> pa.Array:
    if column.names:
        return names_array(_numbers(values), column.names)
    if column.type == "text":
        texts = pa.array(packed.texts, pa.string())
        return pa.DictionaryArray.from_arrays(_numbers(values), texts).dictionary_decode()
    if column.type == "blob":
        offsets = np.zeros(len(values) + 1, np.int32)
        np.cumsum(values, dtype=np.int32, out=offsets[1:])
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(packed.blobs[column.name])]
        return pa.BinaryArray.from_buffers(pa.binary(), len(values), buffers)
    return pa.array(values) if column.type == "bool" else _numbers(values)


def _batch(kind: str, arrays: list[pa.Array]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(arrays, schema=schema(kind))


def _narrowed(column: Column, values: IntArray) -> pa.Array:
    """A column of the loop's integers in its own type; int64 without a copy."""
    if column.names:
        return names_array(_numbers(values.astype(np.int8)), column.names)
    if column.type == "bool":
        return pa.array(values.astype(np.bool_))
    return _numbers(values.astype(column.type, copy=False))
