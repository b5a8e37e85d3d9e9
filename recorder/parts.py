"""From the machine's buffers to Arrow: one part per kind of event, and per hart for instructions.

Columns that are int64 on both sides are views of the buffers, not copies: a part must be dropped before
its buffers are used again.
"""

from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recorder.schema import CODE, INSTRUCTION, arrow_type, columns, schema
from sim.code import COLUMNS, CodeRow
from sim.events import Column
from sim.machine.buffers import ROW_KINDS, Buffers, IntArray
from sim.machine.packed import Packed


@dataclass(frozen=True)
class Part:
    """Rows of one kind in order of seq; all harts' (``hart`` -1), or one hart's instructions, which then
    have no hart column."""

    kind: str
    hart: int
    rows: pa.RecordBatch


def parts_of(buffers: Buffers) -> list[Part]:
    """What a segment holds, instructions first. Raises ValueError if that is not an event for every seq
    in it."""
    harts = [hart for hart in range(buffers.harts) if buffers.counts[hart]]
    loop = [(kind, rows) for kind in ROW_KINDS if (rows := buffers.kind_rows(kind)).size]
    parts = [_instructions(buffers, hart) for hart in harts]
    parts += [_loop_rows(kind, rows) for kind, rows in loop]
    parts += [_kernel_rows(packed) for packed in buffers.kernel.values() if len(packed)]
    count = sum(part.rows.num_rows for part in parts)
    if count != buffers.end_seq - buffers.first_seq:
        raise ValueError(f"{count} events in a segment from seq {buffers.first_seq} to {buffers.end_seq}")
    return parts


def code_part(rows: list[CodeRow]) -> Part:
    """Rows of the code table."""
    values = zip(*map(attrgetter(*COLUMNS), rows), strict=True)
    arrays = [pa.array(v, arrow_type(c)) for c, v in zip(columns(CODE), values, strict=True)]
    return Part(CODE, -1, _batch(CODE, arrays))


def merged(parts: list[Part]) -> pa.RecordBatch:
    """The instructions of all harts in order of seq, with the hart."""
    stored = schema(INSTRUCTION)
    by_name: dict[str, list[Any]] = {column.name: [] for column in columns(INSTRUCTION)}
    for part in parts:
        for name in part.rows.schema.names:
            by_name[name].append(part.rows.column(name).to_numpy())
        by_name["hart"].append(np.full(part.rows.num_rows, part.hart, np.int16))
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


def _instructions(buffers: Buffers, hart: int) -> Part:
    rows = buffers.instruction_rows(hart)
    arrays = [_narrowed(c, v) for c, v in zip(columns(INSTRUCTION), rows, strict=True) if c.name != "hart"]
    return Part(INSTRUCTION, hart, pa.RecordBatch.from_arrays(arrays, schema=schema(INSTRUCTION, "hart")))


def _loop_rows(kind: str, rows: IntArray) -> Part:
    return Part(kind, -1, _batch(kind, [_narrowed(c, v) for c, v in zip(columns(kind), rows, strict=True)]))


def _kernel_rows(packed: Packed) -> Part:
    arrays = [_unpacked(packed, column) for column in columns(packed.kind)]
    return Part(packed.kind, -1, _batch(packed.kind, arrays))


def _unpacked(packed: Packed, column: Column) -> pa.Array:
    """A column of the kernel's events."""
    values = packed.column(column.name)
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
