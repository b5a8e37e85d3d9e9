"""Deeds that the kernel does all the time: the events that each always consists of, and one fold for them.

A context switch is two or three events that follow one another. What happens a thousand times in a million
events is worth being numbered, packed and folded at once, from what the kernel has at hand, and without an
object for each event. Rule: ``fold`` leaves a world as `World.apply` of the events one by one does
(`tests/test_deeds.py`); a replay knows nothing of deeds.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sim import events
from sim.events import ContextSwitch, Event, Syscall
from sim.isa.registers import A0
from sim.thread import Thread
from sim.world import World


@dataclass(frozen=True, eq=False)
class Deed:
    """``events`` gives the events of a deed from what it is done with. ``fold`` is given what it names of
    that, of ``world``, and of ``seq``, the number of the first event."""

    events: Callable[..., tuple[Event, ...]]
    fold: Callable[..., None]


def _switched(
    hart: int, prev: int, chosen: Thread, reason: str, runnable: int, cost: int
) -> tuple[Event, ...]:
    return (
        ContextSwitch(hart, prev, chosen.tid, reason, runnable, cost),
        events.Thread(chosen.tid, chosen.pid, "running", hart),
    )


def _fold_switched(world: World, hart: int, chosen: Thread) -> None:
    world.harts[hart].tid = tid = chosen.tid
    del world.run_queue[tid]
    chosen.state, chosen.hart = "running", hart
    world.moves += 1


def _preempted(hart: int, thread: Thread, chosen: Thread, runnable: int, cost: int) -> tuple[Event, ...]:
    ready = events.Thread(thread.tid, thread.pid, "ready", hart)
    return (ready, *_switched(hart, thread.tid, chosen, "preempted", runnable, cost))


def _fold_preempted(world: World, seq: int, hart: int, thread: Thread, chosen: Thread) -> None:
    queue = world.run_queue
    queue[thread.tid] = seq
    thread.state, thread.hart = "ready", -1
    world.harts[hart].tid = tid = chosen.tid
    del queue[tid]
    chosen.state, chosen.hart = "running", hart
    world.moves += 2


def _called(
    hart: int, thread: Thread, pc: int, number: int, name: str,
    a0: int, a1: int, a2: int, a3: int, a4: int, a5: int,
) -> tuple[Event, ...]:  # fmt: skip
    return (Syscall(hart, thread.tid, pc, "enter", number, name, a0, a1, a2, a3, a4, a5),)


def _fold_called(thread: Thread, number: int) -> None:
    thread.syscall = number


def _returned(hart: int, thread: Thread, pc: int, number: int, name: str, result: int) -> tuple[Event, ...]:
    return (Syscall(hart, thread.tid, pc, "exit", number, name, result=result),)


def _fold_returned(thread: Thread, result: int) -> None:
    thread.syscall, thread.moved = -1, 0
    thread.set_register(A0, result)


#: (hart, prev, chosen, reason, runnable, cost): a hart goes from the thread with tid ``prev``, which has left
#: it already (0: it was idle), to ``chosen``, which is ready.
SWITCHED = Deed(_switched, _fold_switched)
#: (hart, thread, chosen, runnable, cost): a hart goes from ``thread``, which runs there and is ready from now
#: on, to ``chosen``, which is ready.
PREEMPTED = Deed(_preempted, _fold_preempted)
#: (hart, thread, pc, number, name, a0, ..., a5): ``thread`` makes a system call.
CALLED = Deed(_called, _fold_called)
#: (hart, thread, pc, number, name, result): ``thread`` returns from the call that it is in.
RETURNED = Deed(_returned, _fold_returned)
DEEDS = (SWITCHED, PREEMPTED, CALLED, RETURNED)
