"""PCT: random priorities that change at a few random points, which finds bugs with a known probability.

S. Burckhardt, P. Kothari, M. Musuvathi, S. Nagarakatte: A Randomized Scheduler with Probabilistic Guarantees
of Finding Bugs (ASPLOS 2010). A bug that needs ``depth`` orderings is found by a run of n threads and k steps
with a probability of at least 1 / (n * k ** (depth - 1)): try seeds.
"""

from collections.abc import Iterable, Iterator

from sim.events import Scheduling
from sim.kernel.scheduler import FOREVER, Parameter, Scheduler, Setting
from sim.thread import Thread

#: Random priorities are below.
HIGHEST = 1 << 30


class Pct(Scheduler):
    """Each thread gets a random priority when it is first ready, and the highest runs, at once. At a few
    points, one fewer than ``depth`` (3), spread at random over the first ``steps`` steps (10000), the
    priority of the thread that runs falls below all of those. A step is a tick of a thread on a hart; on more
    than one hart (``--harts 1`` is the paper's machine) the threads' steps add up. A thread that yields falls
    to the bottom, or a loop that waits for another thread with sched_yield would never end. ``--seed`` draws
    all of it, seed 0 like any other. Priorities are told as ``level`` in ``scheduling`` events."""

    parameters = {
        "depth": Parameter(3, "orderings that the bug needs; one more than points of change"),
        "steps": Parameter(10_000, "steps over which those points are spread"),
    }
    preemptive = True
    punctual = True

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.drawn = False
        depth, steps = setting.parameters["depth"], setting.parameters["steps"]
        places = self.random.sample(range(1, steps + 1), min(depth - 1, steps))
        #: (step, the priority that the thread gets there), the last one first.
        self._changes = sorted(((step, 1 + i) for i, step in enumerate(places)), reverse=True)
        self._depth = depth
        self._steps = 0
        self._lowest = 0
        self._met: set[int] = set()

    def key(self, thread: Thread) -> int:
        """The highest priority first."""
        return -thread.level

    def preempts(self, ready: Thread, running: Thread) -> bool:
        """Any higher one."""
        return ready.level > running.level

    def slice(self, thread: Thread, start: int) -> int:
        """To the next point of change."""
        return max(1, self._changes[-1][0] - self._steps) if self._changes else FOREVER

    def joins(self, thread: Thread, now: int) -> Iterator[Scheduling]:
        """A new thread draws."""
        if thread.tid not in self._met:
            self._met.add(thread.tid)
            yield _on(thread, self.random.randrange(self._depth, HIGHEST))

    def yields(self, thread: Thread) -> Iterable[Scheduling]:
        """Below all others."""
        self._lowest -= 1
        return (_on(thread, self._lowest),)

    def ran(self, thread: Thread, ticks: int, now: int) -> Iterator[Scheduling]:
        """Towards the next point, and past it."""
        self._steps += ticks
        while self._changes and self._steps >= self._changes[-1][0]:
            yield _on(thread, min(thread.level, self._changes.pop()[1]))


def _on(thread: Thread, level: int) -> Scheduling:
    return Scheduling(tid=thread.tid, pid=thread.pid, action="level", value=level)
