"""What a scheduler is: an oracle that says which ready thread a hart runs next, for how long, and whether
one that has become ready takes the hart of another.

The schedulers themselves are in `sim.kernel.schedulers`, one file each. They see threads and change nothing:
the dispatcher records what they chose, and performs the events that they answer with. What a scheduler
remembers is no state of the run.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, ClassVar

from sim.events import Scheduling
from sim.kernel.ready import InOrder, InTurn, Ready
from sim.machine import layout as at
from sim.thread import Thread

#: A slice without an end.
FOREVER = at.NEVER >> 2


@dataclass(frozen=True)
class Parameter:
    """A whole number that ``--scheduler NAME:parameter=NUMBER`` sets, at least ``least``. The ``default``
    counts quanta where ``quanta`` says so; what is set never does."""

    default: int
    meaning: str
    least: int = 1
    quanta: bool = False


@dataclass(frozen=True)
class Setting:
    """What a scheduler is made for. ``quantum``: ticks of a slice; ``random`` is its own, and ``seeded`` says
    whether the user asked for chance (a seed other than 0); ``parameters``: a value for each that it has."""

    quantum: int
    harts: int
    random: Random
    seeded: bool
    parameters: Mapping[str, int] = field(default_factory=dict)


class Scheduler:
    """Threads in the order of their `key`, for slices of `slice` ticks. A scheduler overrides what it does
    otherwise; ``drawn`` says whether the lengths of slices are chance, and so are recorded.

    ``preemptive``: it is asked whether a thread that has become ready takes another's hart (`preempts`).
    ``punctual``: slices end in time also when nobody waits for the hart.

    `joins`, `yields` and `ran` may answer with ``scheduling`` events that put threads on other levels.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {}
    preemptive: ClassVar[bool] = False
    punctual: ClassVar[bool] = False

    def __init__(self, setting: Setting) -> None:
        self.quantum, self.harts = setting.quantum, setting.harts
        self.random, self.drawn = setting.random, setting.seeded
        equals = type(self).key is Scheduler.key
        self.ready: Ready = InTurn() if equals else InOrder(self.key)

    def key(self, thread: Thread) -> Any:
        """The least goes first; of equal ones, who has waited longest."""
        return 0

    def slice(self, thread: Thread, start: int) -> int:
        """Ticks that the thread, which gets a hart at tick ``start``, may run before another gets it; at
        least 1."""
        return self.about(self.quantum) if self.drawn else self.quantum

    def limit(self, running: Thread) -> int:
        """What its present slice may be in all, now that others have become ready. Asked of preemptive
        schedulers."""
        return FOREVER

    def preempts(self, ready: Thread, running: Thread) -> bool:
        """True if ``ready`` takes the hart of ``running`` before its slice has ended; its key is less."""
        return False

    def joins(self, thread: Thread, now: int) -> Iterable[Scheduling]:
        """A thread, new or woken, has become ready."""
        return ()

    def yields(self, thread: Thread) -> Iterable[Scheduling]:
        """A thread has given up its hart and is ready."""
        return ()

    def ran(self, thread: Thread, ticks: int, now: int) -> Iterable[Scheduling]:
        """A thread had a hart for ``ticks`` more ticks, the last one before ``now``. It is told when the
        thread leaves its hart, at the end of a slice, and before `preempts` is asked."""
        return ()

    def leaves(self, thread: Thread) -> None:
        """A thread waits for something, or has exited."""

    def about(self, ticks: int) -> int:
        """``ticks``; with a seed any number within a quarter of it, as a real timer interrupt never comes at
        quite the same instruction twice."""
        if not self.drawn:
            return ticks
        spread = ticks // 4
        return max(1, ticks + self.random.randint(-spread, spread))


class Slices:
    """What is left of threads' slices, for schedulers that let a thread go on with the rest of its slice when
    it was preempted before the end."""

    def __init__(self) -> None:
        self._left: dict[int, int] = {}

    def left(self, tid: int) -> int:
        """Ticks; 0 if it is to have a new slice."""
        return max(0, self._left.get(tid, 0))

    def begin(self, tid: int, ticks: int) -> None:
        """A new slice."""
        self._left[tid] = ticks

    def spend(self, tid: int, ticks: int) -> None:
        """The thread ran."""
        if tid in self._left:
            self._left[tid] -= ticks

    def forget(self, tid: int) -> None:
        """What is left is lost."""
        self._left.pop(tid, None)
