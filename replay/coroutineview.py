"""A coroutine in words: what it does, and its frame on the heap, field by field."""

import struct
from collections.abc import Iterator

from replay.names import Names
from replay.threadview import STACK_WORDS, call_lines
from sim.frametypes import Field
from sim.world import Coroutine, World

#: 64-bit fields of the runtime library's frame (sim/runtime/coroutine.s): offset -> name.
_FIELDS = {
    0: "pc",
    8: "bytes",
    16: "state",
    24: "slice bytes",
    32: "resumer",
    40: "value",
    144: "slice",
    152: "capacity",
    160: "entry",
    168: "argument",
}
_STATES = {0: "new", 1: "suspended", 2: "running", 3: "finished"}
_SAVED, _SAVED_COUNT = 48, 12
_SLICE_BYTES, _SLICE = 24, 144

#: Fields of a compiled coroutine's frame that say nothing about the program.
_UNTOLD = (
    *("__resume_fn", "__destroy_fn", "resume_fn", "destroy_fn", "self_handle._M_fr_ptr"),
    *("frame_needs_free", "initial_await_resume_called"),
)
_BYTES_SHOWN = 16

_TOLD = {
    "created": "created by thread {tid}, not yet resumed",
    "saved": "suspended, saved by thread {tid}",
    "resumed": "running on thread {tid}",
    "finished": "finished on thread {tid}",
}


def coroutine_lines(names: Names, world: World, coroutine: Coroutine) -> Iterator[str]:
    """The coroutine; while it is suspended, also its frame and the calls it is in."""
    told = _TOLD[coroutine.state].format(tid=coroutine.tid)
    if coroutine.function:
        yield from _compiled(names, world, coroutine, told)
        return
    yield f"coroutine {coroutine.frame:#x}: {told}, {coroutine.size} bytes on the heap"
    if coroutine.state not in ("created", "saved"):
        return
    place = names.place(coroutine.pc)
    source = f"{place.file}:{place.line}" if place.line else ""
    yield f"  resumes at {place}{names.quoted(source)}"
    yield from _frame(names, world, coroutine)
    # The calls were saved with sp relative to the resumer's; nothing here depends on it.
    yield from call_lines(names, coroutine.calls, coroutine.pc, len(coroutine.calls))


def _compiled(names: Names, world: World, coroutine: Coroutine, told: str) -> Iterator[str]:
    """A coroutine of C++: where it resumes, and the fields of its frame that debug information names."""
    function = names.coroutines.get(coroutine.function)
    name = names.coroutine_name(coroutine.function)
    size = f"{coroutine.size} bytes" if coroutine.size else "of unknown size"
    where = names.data_name(coroutine.frame).partition(" ")[2].strip("()")
    yield f"coroutine {coroutine.frame:#x} {name}: {told}, {size}{f' on the {where}' if where else ''}"
    if coroutine.state != "saved" or world.processes[coroutine.pid].state != "running":
        return
    source = ":".join(map(str, names.resumption(coroutine.function, coroutine.pc)))
    place = names.place(coroutine.pc)
    yield f"  resumes at {source} <{name}+{place.offset}>{names.quoted(source)}"
    if function is None or function.frame is None:
        return
    yield "  frame"
    space = world.processes[coroutine.pid].space
    for field in function.frame.fields:
        if field.name not in _UNTOLD:
            data = space.read(world, coroutine.frame + field.offset, field.size)
            yield f"    +{field.offset:<4} {field.name:<20} {_value(names, field, data)}"


def _value(names: Names, field: Field, data: bytes) -> str:
    if field.kind == "float" and field.size in (4, 8):
        return repr(struct.unpack("<f" if field.size == 4 else "<d", data)[0])
    if field.kind == "bool":
        return "true" if any(data) else "false"
    if field.kind == "pointer":
        return names.pointer(int.from_bytes(data, "little"))
    if field.kind in ("int", "unsigned"):
        return str(int.from_bytes(data, "little", signed=field.kind == "int"))
    shown = data[:_BYTES_SHOWN].hex(" ")
    return f"{shown} ..." if len(data) > _BYTES_SHOWN else shown


def _frame(names: Names, world: World, coroutine: Coroutine) -> Iterator[str]:
    """Header, saved registers, and the slice of stack."""
    space = world.processes[coroutine.pid].space

    def word(address: int) -> int:
        return int.from_bytes(space.read(world, address, 8), "little", signed=True)

    frame = coroutine.frame
    yield "  frame"
    for offset, name in _FIELDS.items():
        value = word(frame + offset)
        text = f"{value} ({_STATES[value]})" if name == "state" and value in _STATES else ""
        yield f"    +{offset:<4} {name:<12} {text or names.pointer(value)}"
        if offset + 8 == _SAVED:
            yield from _saved(names, [word(frame + _SAVED + 8 * i) for i in range(_SAVED_COUNT)])
    pointer, count = word(frame + _SLICE), word(frame + _SLICE_BYTES) // 8
    if count:
        yield f"  stack slice, {8 * count} bytes at {pointer:#x}"
    for index in range(min(count, STACK_WORDS)):
        yield f"    +{8 * index:<4} {names.pointer(word(pointer + 8 * index))}"
    if count > STACK_WORDS:
        yield f"    ... {count - STACK_WORDS} more words"


def _saved(names: Names, values: list[int]) -> Iterator[str]:
    """The callee-saved registers, six to a line."""
    cells = [f"s{i} {names.number(value)}" for i, value in enumerate(values)]
    for start in range(0, len(cells), 6):
        yield f"    +{_SAVED + 8 * start:<4} {', '.join(cells[start : start + 6])}"
