"""Events of the kernel are packed as they happen, and come out as they went in."""

from typing import Any

import pytest
import rig
from hypothesis import given
from hypothesis import strategies as st

from sim.events import KINDS, Event, columns, from_row
from sim.machine.buffers import LOOP_KINDS
from sim.machine.packed import Packed

BITS = {"int64": 63, "int32": 31, "int16": 15}
PACKED = [kind for kind in KINDS if kind not in LOOP_KINDS]
PROGRAMS = ("hello", "producer_consumer", "generator", "deadlock", "stack_overflow")


def values(event: Event) -> tuple[Any, ...]:
    return (event.kind, *(getattr(event, column.name) for column in columns(event.kind)))


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    """Some of one kind, with values up to the bounds of their columns."""
    kind = draw(st.sampled_from(PACKED))
    fields: list[st.SearchStrategy[Any]] = []
    for column in columns(kind):
        if column.names:
            fields.append(st.sampled_from(column.names))
        elif column.type in BITS:
            fields.append(st.integers(-(1 << BITS[column.type]), (1 << BITS[column.type]) - 1))
        else:
            fields.append(
                {"bool": st.booleans(), "text": st.text(max_size=4), "blob": st.binary(max_size=9)}[
                    column.type
                ]
            )
    rows = draw(st.lists(st.tuples(*fields), min_size=1, max_size=12))
    return [from_row(kind, row) for row in rows]


@given(events())
def test_any_event_comes_out_as_it_went_in(made: list[Event]) -> None:
    packed = Packed(made[0].kind)
    for event in made:
        packed.append(event)
    assert len(packed) == len(made)
    assert [values(event) for event in packed] == [values(event) for event in made]


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_packed_is_what_happened(name: str) -> None:
    """Also of events that the kernel fills in anew each time."""
    sink, seen = rig.Keep(), list[tuple[Any, ...]]()
    kernel, _ = rig.kernel_for(rig.EXAMPLES / f"{name}.asm", sink=sink, seed=3, quantum=40)
    rig.watch(kernel, lambda event: seen.append(values(event)))
    kernel.run()
    assert [values(event) for event in sink.kept if event.kind in PACKED] == seen


def test_what_a_column_cannot_hold_is_refused() -> None:
    packed = Packed("choice")
    row = (0, 0, 1 << 15, "schedule", 2, 1)
    with pytest.raises(Exception, match="format requires"):
        packed.append(from_row("choice", row))
    assert len(packed) == 0
