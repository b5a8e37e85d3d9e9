"""A deed applied at once is the same as its events applied one by one."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import rig
from hypothesis import given
from hypothesis import strategies as st

from sim.deeds import CALLED, PREEMPTED, RETURNED, SWITCHED, Deed
from sim.events import ContextSwitch, Event, Process, Run, Thread
from sim.image import differences
from sim.kernel.schedulers import names
from sim.world import World

HARTS = 3
MOST = 6


def world_of(states: list[str], leaves: tuple[int, str] = (0, "")) -> World:
    """Threads 1, 2, ... that are ready, blocked or exited, or run, as many as there are harts. A thread may
    have left its hart for another state."""
    world, free = World(), list(range(HARTS))
    made: list[Event] = [
        Run("started", f'{{"harts": {HARTS}, "ram": 65536}}'),
        Process(1, "created"),
    ]
    for tid, state in enumerate(states, 1):
        made += [Thread(tid, 1, "created", registers=bytes(33 * 8)), Thread(tid, 1, "ready")]
        if state == "running" and free:
            hart = free.pop(0)
            made += [ContextSwitch(hart, 0, tid, "woken", 0, 0), Thread(tid, 1, "running", hart)]
        elif state == "blocked":
            made.append(Thread(tid, 1, "blocked", on="sleep", until=5))
        elif state == "exited":
            made.append(Thread(tid, 1, "exited"))
    if leaves[0]:
        made.append(Thread(leaves[0], 1, leaves[1]))
    for event in made:
        apply(world, event)
    return world


def apply(world: World, event: Event) -> None:
    event.seq = world.seq + 1
    world.apply(event)


def told(world: World) -> tuple[Any, ...]:
    """What `differences` leaves out: the order in the run queue and when each came, the count of moves."""
    return list(world.run_queue.items()), world.moves, world.seq


def compare(one: World, other: World, deed: Deed, arguments: Callable[[World], tuple[Any, ...]]) -> None:
    """Two equal worlds must be so afterwards."""
    for event in deed.events(*arguments(one)):
        apply(one, event)
    given = inspect.signature(deed.events).bind(*arguments(other)).arguments
    given |= {"world": other, "seq": other.seq + 1}
    deed.fold(**{name: given[name] for name in inspect.signature(deed.fold).parameters})
    other.seq = one.seq
    assert differences(one, other) == []
    assert told(one) == told(other)


STATES = st.lists(st.sampled_from(["ready", "running", "blocked", "exited"]), min_size=2, max_size=MOST)


@given(STATES, st.data())
def test_a_switch_is_its_events(states: list[str], data: st.DataObject) -> None:
    world = world_of(states)
    if world.run_queue:
        chosen = data.draw(st.sampled_from(list(world.run_queue)))
        hart = data.draw(st.integers(0, HARTS - 1))
        reason = data.draw(st.sampled_from(["blocked", "yielded", "exited", "woken"]))
        prev = world.harts[hart].tid
        leaves = prev, data.draw(st.sampled_from(["ready", "blocked", "exited"]))
        worlds = world_of(states, leaves), world_of(states, leaves)
        compare(*worlds, SWITCHED, lambda world: (hart, prev, world.threads[chosen], reason, 2, 20))


@given(STATES, st.data())
def test_a_preemption_is_its_events(states: list[str], data: st.DataObject) -> None:
    world = world_of(states)
    running = [hart.tid for hart in world.harts if hart.tid]
    if running and world.run_queue:
        thread = data.draw(st.sampled_from(running))
        chosen = data.draw(st.sampled_from(list(world.run_queue)))
        hart = world.threads[thread].hart
        worlds = world, world_of(states)
        compare(*worlds, PREEMPTED, lambda w: (hart, w.threads[thread], w.threads[chosen], 3, 20))


@given(st.lists(st.booleans(), min_size=1, max_size=4), st.integers(-(1 << 63), (1 << 63) - 1))
def test_a_system_call_is_its_events(returns: list[bool], result: int) -> None:
    """Whatever the thread had been doing before."""
    worlds = world_of(["running"]), world_of(["running"])
    for world in worlds:
        world.threads[1].moved = 7
    for each in returns:
        deed, given_ = (RETURNED, (result,)) if each else (CALLED, (1, 2, 3, 4, 5, 6))
        compare(
            *worlds, deed, lambda world, given_=given_: (0, world.threads[1], 0x100, 98, "futex", *given_)
        )


@pytest.mark.parametrize("scheduler", [name for name in names() if name != "fifo"])
def test_runs_are_the_same_with_their_events_one_by_one(scheduler: str) -> None:
    """The same rows in the same order, and the same end, whether or not there is anyone to record them."""
    options = {"scheduler": scheduler, "quantum": 60, "max_events": 5000}
    ended: list[tuple[World, list[Event]]] = []
    for recording, one_by_one in ((True, True), (True, False), (False, False)):
        sink = rig.Keep()
        sink.recording = recording
        kernel, _ = rig.kernel_for(rig.EXAMPLES / "counter_mutex.asm", sink=sink, **options)
        if one_by_one:
            rig.watch(kernel, lambda event: None)
        kernel.run()
        ended.append((kernel.world, sink.kept))
    world, kept = ended[0]
    assert kept == ended[1][1] and not ended[2][1]
    for other, _ in ended[1:]:
        assert differences(world, other) == [] and told(world) == told(other)
    assert {"preempted", "woken"} <= {getattr(event, "reason", "") for event in kept}
