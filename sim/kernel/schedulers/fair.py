"""Fair: each thread's share of the time is as its weight, by virtual runtimes, like Linux's CFS.

A thread's virtual runtime grows with the ticks that it runs, the slower the more it weighs; the thread with
the least goes next. As of Linux 2.6.23 to 6.5 (kernel/sched/fair.c); there is one queue for all harts.
"""

from collections.abc import Iterable

from sim.events import Scheduling
from sim.kernel.ready import InOrder
from sim.kernel.scheduler import Parameter, Scheduler, Setting
from sim.kernel.weights import NICE_0, weight
from sim.thread import Thread

#: Virtual runtimes are whole numbers, in this fraction of a tick.
SCALE = 1 << 20


class Fair(Scheduler):
    """Weights by ``nice`` (``--nice``, setpriority): Linux's table. Within ``latency`` ticks (4 quanta) every
    thread that wants a hart is to get one, for a part as its weight, but at least for ``granularity`` ticks
    (one quantum). A thread that wakes begins at most half a ``latency`` behind those that ran on meanwhile,
    and preempts one that is more than ``wakeup`` ticks (one quantum) ahead of it; a new one begins level with
    them."""

    parameters = {
        "latency": Parameter(4, "ticks in which every thread is to run once", quanta=True),
        "granularity": Parameter(1, "ticks of a slice, at least", quanta=True),
        "wakeup": Parameter(1, "ticks that a thread must be behind to preempt", least=0, quanta=True),
    }
    preemptive = True

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._latency = setting.parameters["latency"]
        self._granularity = setting.parameters["granularity"]
        self._wakeup = setting.parameters["wakeup"]
        self._queue = InOrder(self.key)
        self.ready = self._queue
        self._vruntime: dict[int, int] = {}
        #: The weights of threads that are ready or run, and their sum.
        self._weights: dict[int, int] = {}
        self._total = 0
        #: Linux's min_vruntime: no less than that of any thread that wants a hart had to be; never falls.
        self._floor = 0

    def key(self, thread: Thread) -> int:
        """Its virtual runtime."""
        return self._vruntime[thread.tid]

    def preempts(self, ready: Thread, running: Thread) -> bool:
        """If it is far enough behind."""
        behind = self._vruntime[running.tid] - self._vruntime[ready.tid]
        return behind > _virtual(self._wakeup, weight(ready.nice))

    def slice(self, thread: Thread, start: int) -> int:
        """Its part of the latency."""
        return self.about(self.limit(thread))

    def limit(self, running: Thread) -> int:
        """The same: the part is the less the more threads want a hart."""
        self._weigh(running)
        part = self._latency * self.harts * self._weights[running.tid] // self._total
        return max(self._granularity, min(part, self._latency))

    def joins(self, thread: Thread, now: int) -> Iterable[Scheduling]:
        """It has no claim to the time that it slept through, but for half a latency."""
        rest = _virtual(self._latency, NICE_0) // 2 if thread.tid in self._vruntime else 0
        self._vruntime[thread.tid] = max(self._vruntime.get(thread.tid, 0), self._floor - rest)
        self._weigh(thread)
        return ()

    def yields(self, thread: Thread) -> Iterable[Scheduling]:
        """Behind the one that would be next."""
        least = self._queue.least()
        if least is not None:
            self._vruntime[thread.tid] = max(self._vruntime[thread.tid], least)
        return ()

    def ran(self, thread: Thread, ticks: int, now: int) -> Iterable[Scheduling]:
        """Its virtual runtime grows, and the floor with the least one."""
        self._weigh(thread)
        self._vruntime[thread.tid] += _virtual(ticks, self._weights[thread.tid])
        least = self._queue.least()
        own = self._vruntime[thread.tid]
        self._floor = max(self._floor, own if least is None else min(own, least))
        return ()

    def leaves(self, thread: Thread) -> None:
        """It weighs nothing while it doesn't want a hart."""
        self._total -= self._weights.pop(thread.tid, 0)
        if thread.state == "exited":
            self._vruntime.pop(thread.tid, None)

    def _weigh(self, thread: Thread) -> None:
        """Its weight, which its nice value may have changed, counts."""
        now = weight(thread.nice)
        self._total += now - self._weights.get(thread.tid, 0)
        self._weights[thread.tid] = now


def _virtual(ticks: int, weight: int) -> int:
    """What ``ticks`` are to a thread of that weight."""
    return ticks * SCALE * NICE_0 // weight
