"""What an event class is: how `sim.events` declares the columns and the effect of each kind.

``@event("probe", 3)`` makes a dataclass a kind of event, the one with number 3. From its annotated fields
come the columns of its table (`columns`), from its `fold` its effect on the state.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import cache
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    TypeVar,
    dataclass_transform,
    get_args,
    get_type_hints,
)

if TYPE_CHECKING:
    from sim.world import World


class Names:
    """Marks a text column with a small fixed set of values; rows of integers hold the index."""

    def __init__(self, *values: str) -> None:
        self.values = values


I64 = Annotated[int, "int64"]
I32 = Annotated[int, "int32"]
I16 = Annotated[int, "int16"]
Bool = Annotated[bool, "bool"]
Text = Annotated[str, "text"]
Blob = Annotated[bytes, "blob"]


@dataclass(slots=True)
class Event:
    """What every event has: ``seq``, its place in the one total order (0, 1, 2, ..., gapless over all
    kinds), and ``tick``, the simulated time. The kernel stamps both when the event happens."""

    kind: ClassVar[str]
    seq: I64 = field(init=False, default=-1)
    tick: I64 = field(init=False, default=-1)

    def fold(self, world: "World") -> None:
        """Apply this event to the state. Facts that change nothing leave it be."""


@dataclass(frozen=True)
class Column:
    """One column of an event's table. ``type``: int64, int32, int16, bool, text or blob."""

    name: str
    type: str
    names: tuple[str, ...] = ()


#: All kinds of events by name, in order of their numbers, wherever they are declared: digests go by it.
KINDS: dict[str, type[Event]] = {}
_NUMBERS: dict[str, int] = {}

E = TypeVar("E", bound=Event)


@dataclass_transform(field_specifiers=(field,))
def event(kind: str, number: int) -> Callable[[type[E]], type[E]]:
    """Class decorator: declare an event of this kind; the dataclass gets slots. ``number`` is the next free
    one, and never changes. An event that is made all the time is given its first columns in their order:
    Python takes half as long as by their names."""

    def declare(cls: type[E]) -> type[E]:
        cls.kind = kind
        made = dataclass(slots=True)(cls)
        KINDS[kind], _NUMBERS[kind] = made, number
        for each in sorted(KINDS, key=_NUMBERS.__getitem__):
            KINDS[each] = KINDS.pop(each)
        return made

    return declare


@cache
def columns(kind: str) -> tuple[Column, ...]:
    """The columns of an event kind, in order: seq, tick, then its own."""
    hints = get_type_hints(KINDS[kind], include_extras=True)
    made = []
    for item in fields(KINDS[kind]):
        mark = get_args(hints[item.name])[1]
        if isinstance(mark, Names):
            made.append(Column(item.name, "text", mark.values))
        else:
            made.append(Column(item.name, mark))
    return tuple(made)


def from_row(kind: str, row: tuple[Any, ...]) -> Event:
    """The event with these values of its columns, in their order."""
    cls = KINDS[kind]
    made = cls.__new__(cls)
    for column, value in zip(columns(kind), row, strict=True):
        setattr(made, column.name, value)
    return made
