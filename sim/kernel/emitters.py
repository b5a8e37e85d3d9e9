"""Emitters: what happens to an event that the kernel has decided, one generated function for each kind.

Code that events of all kinds went through would take half as long again: the interpreter learns, place by
place, which class it meets there, and in such code it meets all of them.
"""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from sim.events import MemoryMap
from sim.machine.packed import packing
from sim.vocabulary import KINDS, Event, columns

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

Emitter = Callable[[Any], None]


def emitters(kernel: "Kernel") -> dict[type[Event], Emitter]:
    """By class of event, for as long as the machine fills its present buffers."""
    return {
        KINDS[kind]: _maker(kind, kernel.sink.recording)(
            machine=kernel.machine,
            world=kernel.world,
            follow=kernel.follow,
            extend=packed.rows.extend,
            texts=packed.texts,
            **packed.blobs,
        )
        for kind, packed in kernel.machine.buffers.kernel.items()
    }


@cache
def _maker(kind: str, recording: bool) -> Callable[..., Emitter]:
    """What makes the emitter from what it works on. An event is numbered, packed and, as by `World.apply`,
    applied."""
    statements, constants = packing(kind) if recording else ([], {})
    blobs = [column.name for column in columns(kind) if column.type == "blob"]
    fold = KINDS[kind].fold
    # Variables of the function around are quicker to get at than global ones.
    variables = ["machine", "world", "follow", "extend", "texts", *blobs]
    lines = [
        f"def make({', '.join([*variables, 'fold=fold', *(f'{name}={name}' for name in constants)])}):",
        "    def emit(event):",
        "        event.seq = seq = machine.seq",
        "        machine.seq = seq + 1",
        "        event.tick = tick = machine.tick",
        *(f"        {statement}" for statement in statements),
        *(["        fold(event, world)"] if fold is not Event.fold else []),
        "        world.seq, world.tick = seq, tick",
        *(["        follow(event)"] if "data" in blobs or kind == MemoryMap.kind else []),
        "    return emit",
    ]
    space: dict[str, Any] = constants | {"fold": fold}
    exec("\n".join(lines), space)
    make: Callable[..., Emitter] = space["make"]
    return make
