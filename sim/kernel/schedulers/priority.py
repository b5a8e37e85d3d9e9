"""Priority: the most urgent ready thread runs, at once; equally urgent ones take turns."""

from collections.abc import Iterable

from sim.events import Scheduling
from sim.kernel.policies import SCHED_FIFO
from sim.kernel.scheduler import FOREVER, Scheduler, Setting, Slices
from sim.thread import Thread


class Priority(Scheduler):
    """Static priorities, preemptive: the more of ``priority`` (``--priority``, sched_setscheduler,
    sched_setparam: 0 to 99) the sooner; of equal ones, the less of ``nice`` (``--nice``, setpriority); those
    that are equal in both, round-robin by the quantum. Who was preempted by a more urgent one stays ahead of
    its equals and goes on with the rest of its slice, as POSIX wants it of SCHED_RR; threads of SCHED_FIFO
    have no slices. Less urgent threads may starve."""

    preemptive = True

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._slices = Slices()

    def key(self, thread: Thread) -> tuple[int, int]:
        """The most urgent first."""
        return -thread.priority, thread.nice

    def preempts(self, ready: Thread, running: Thread) -> bool:
        """Any more urgent one."""
        return self.key(ready) < self.key(running)

    def slice(self, thread: Thread, start: int) -> int:
        """The rest of its slice, else a quantum; no end for SCHED_FIFO."""
        if thread.policy == SCHED_FIFO:
            return FOREVER
        if not self._slices.left(thread.tid):
            self._slices.begin(thread.tid, self.about(self.quantum))
        return self._slices.left(thread.tid)

    def ran(self, thread: Thread, ticks: int, now: int) -> Iterable[Scheduling]:
        """That much less is left."""
        self._slices.spend(thread.tid, ticks)
        return ()

    def leaves(self, thread: Thread) -> None:
        """When it comes back it has a new slice."""
        self._slices.forget(thread.tid)
