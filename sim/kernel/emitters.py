"""Emitters: what happens to an event that the kernel has decided, one generated function for each kind, and
one for each deed (`sim.deeds`).

Code that events of all kinds went through would take half as long again: the interpreter learns, place by
place, which class it meets there, and in such code it meets all of them.
"""

import inspect
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from sim.deeds import DEEDS, Deed
from sim.events import KINDS, Event, MemoryMap, columns, from_row
from sim.machine.buffers import LOOP_KINDS, Buffers
from sim.machine.packed import Packed, Term, filled, packing

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

Emitter = Callable[..., None]
#: Has an emitter pack into these, by kind, from now on.
Use = Callable[[dict[str, Packed]], None]
#: Is given the machine, the world, and `Kernel.follow`.
Maker = Callable[..., tuple[Emitter, Use]]


class Emitters(dict["type[Event] | Deed", Emitter]):
    """By class of event, or by deed. Events are numbered, packed and, as by `World.apply`, applied; nothing
    keeps them. An emitter of a class takes an event, that of a deed what it is done with."""

    def __init__(self, kernel: "Kernel") -> None:
        super().__init__()
        self._uses: list[Use] = []
        recording = kernel.sink.recording
        makers: dict[type[Event] | Deed, Maker] = {
            KINDS[kind]: _one(kind, recording) for kind in KINDS if kind not in LOOP_KINDS
        }
        makers |= {deed: _several(deed, recording) for deed in DEEDS}
        for emitted, make in makers.items():
            self[emitted], use = make(kernel.machine, kernel.world, kernel.follow)
            self._uses.append(use)
        self.use(kernel.machine.buffers)

    def use(self, buffers: Buffers) -> None:
        """Pack into these from now on."""
        for use in self._uses:
            use(buffers.kernel)


@cache
def _one(kind: str, recording: bool) -> Maker:
    """For an event of a kind."""
    names, fold = [column.name for column in columns(kind)], KINDS[kind].fold
    event = from_row(kind, (Term("seq"), Term("tick"), *(Term(f"event.{name}") for name in names[2:])))
    before = ["event.seq = seq = machine.seq", "machine.seq = seq + 1", "event.tick = tick = machine.tick"]
    after = ["fold(event, world)"] if fold is not Event.fold else []
    after += ["world.seq, world.tick = seq, tick"]
    after += ["follow(event)"] if "data" in names or kind == MemoryMap.kind else []
    return _maker("event", before, [event] if recording else [], after, fold)


@cache
def _several(deed: Deed, recording: bool) -> Maker:
    """For the events of a deed."""
    parameters = list(inspect.signature(deed.events).parameters)
    events = deed.events(*map(Term, parameters))
    for place, event in enumerate(events):
        event.seq, event.tick = Term(f"seq + {place}"), Term("tick")  # type: ignore[assignment]
    given, folded = ", ".join(parameters), ", ".join(inspect.signature(deed.fold).parameters)
    before = ["seq, tick = machine.seq, machine.tick", f"machine.seq = seq + {len(events)}"]
    after = [f"fold({folded})", f"world.seq, world.tick = seq + {len(events) - 1}, tick"]
    return _maker(given, before, events if recording else [], after, deed.fold)


def _maker(
    parameters: str, before: list[str], events: Iterable[Event], after: list[str], fold: Callable[..., None]
) -> Maker:
    """The function that makes ``emit``, which packs ``events``, and its ``use``."""
    statements: list[str] = []
    constants: dict[str, Any] = {"fold": fold}
    places: dict[str, str] = {}
    for place, event in enumerate(events):
        packs, needs = packing(event, str(place))
        statements += packs
        constants |= needs
        places |= filled(event.kind)
    # Variables of the function around are quicker to get at than global ones.
    lines = [
        f"def make(machine, world, follow, {', '.join(f'{name}={name}' for name in constants)}):",
        *(f"    {name} = None" for name in places),
        f"    def emit({parameters}):",
        *(f"        {statement}" for statement in (*before, *statements, *after)),
        "    def use(kinds):",
        *(f"        nonlocal {name}" for name in places),
        *(f"        {name} = kinds{place}" for name, place in places.items()),
        "        pass",
        "    return emit, use",
    ]
    space = dict(constants)
    exec("\n".join(lines), space)
    make: Maker = space["make"]
    return make
