"""Emitters: what happens to an event that the kernel has decided, one generated function for each kind.

Code that events of all kinds went through would take half as long again: the interpreter learns, place by
place, which class it meets there, and in such code it meets all of them.
"""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from sim.events import KINDS, Event, MemoryMap, columns
from sim.machine.buffers import LOOP_KINDS, Buffers
from sim.machine.packed import packing

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

Emitter = Callable[[Any], None]


class Emitters(dict[type[Event], Emitter]):
    """By class of event. An event is numbered, packed and, as by `World.apply`, applied; nothing keeps it."""

    def __init__(self, kernel: "Kernel") -> None:
        super().__init__()
        self._use: dict[str, Callable[..., None]] = {}
        for kind, cls in KINDS.items():
            if kind not in LOOP_KINDS:
                make = _maker(kind, kernel.sink.recording)
                self[cls], self._use[kind] = make(kernel.machine, kernel.world, kernel.follow)
        self.use(kernel.machine.buffers)

    def use(self, buffers: Buffers) -> None:
        """Pack into these from now on."""
        for kind, packed in buffers.kernel.items():
            self._use[kind](packed.rows.extend, packed.texts, *packed.blobs.values())


@cache
def _maker(kind: str, recording: bool) -> Callable[..., tuple[Emitter, Callable[..., None]]]:
    """``make(machine, world, follow) -> emit, use``."""
    statements, constants = packing(kind) if recording else ([], {})
    blobs = [column.name for column in columns(kind) if column.type == "blob"]
    fold = KINDS[kind].fold
    filled = ["extend", "texts", *blobs]
    # Variables of the function around are quicker to get at than global ones.
    lines = [
        f"def make(machine, world, follow, {', '.join(f'{name}={name}' for name in ['fold', *constants])}):",
        f"    {' = '.join(filled)} = None",
        "    def emit(event):",
        "        event.seq = seq = machine.seq",
        "        machine.seq = seq + 1",
        "        event.tick = tick = machine.tick",
        *(f"        {statement}" for statement in statements),
        *(["        fold(event, world)"] if fold is not Event.fold else []),
        "        world.seq, world.tick = seq, tick",
        *(["        follow(event)"] if "data" in blobs or kind == MemoryMap.kind else []),
        f"    def use({', '.join(f'to_{name}' for name in filled)}):",
        f"        nonlocal {', '.join(filled)}",
        f"        {', '.join(filled)} = {', '.join(f'to_{name}' for name in filled)}",
        "    return emit, use",
    ]
    space: dict[str, Any] = constants | {"fold": fold}
    exec("\n".join(lines), space)
    make: Callable[..., Any] = space["make"]
    return make
