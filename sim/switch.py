"""A context switch: the events that it consists of, which always follow one another, and their fold.

What happens a thousand times in a million events is worth a fold of its own. Rule: it leaves a world as
`World.apply` of the events one by one does, whoever the threads are (`tests/test_switch.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass

from sim import events
from sim.events import ContextSwitch, Event
from sim.thread import Thread
from sim.world import World


@dataclass(frozen=True)
class Together:
    """``events`` gives them, from arguments of its own; ``fold`` is given the world, the seq of the first of
    them, and these arguments."""

    events: Callable[..., tuple[Event, ...]]
    fold: Callable[..., None]


def _switched(
    hart: int, prev: int, chosen: Thread, reason: str, runnable: int, cost: int
) -> tuple[Event, ...]:
    return (
        ContextSwitch(hart, prev, chosen.tid, reason, runnable, cost),
        events.Thread(chosen.tid, chosen.pid, "running", hart),
    )


def _fold_switched(
    world: World, seq: int, hart: int, prev: int, chosen: Thread, reason: str, runnable: int, cost: int
) -> None:
    world.harts[hart].tid = tid = chosen.tid
    del world.run_queue[tid]
    chosen.state, chosen.hart = "running", hart
    world.moves += 1


def _preempted(hart: int, thread: Thread, chosen: Thread, runnable: int, cost: int) -> tuple[Event, ...]:
    ready = events.Thread(thread.tid, thread.pid, "ready", hart)
    return (ready, *_switched(hart, thread.tid, chosen, "preempted", runnable, cost))


def _fold_preempted(
    world: World, seq: int, hart: int, thread: Thread, chosen: Thread, runnable: int, cost: int
) -> None:
    queue = world.run_queue
    queue[thread.tid] = seq
    thread.state, thread.hart = "ready", -1
    world.harts[hart].tid = tid = chosen.tid
    del queue[tid]
    chosen.state, chosen.hart = "running", hart
    world.moves += 2


#: (hart, prev, chosen, reason, runnable, cost): a hart goes from the thread with tid ``prev``, which has left
#: it already (0: it was idle), to ``chosen``, which is ready.
SWITCHED = Together(_switched, _fold_switched)
#: (hart, thread, chosen, runnable, cost): a hart goes from ``thread``, which runs there and is ready from now
#: on, to ``chosen``, which is ready.
PREEMPTED = Together(_preempted, _fold_preempted)
