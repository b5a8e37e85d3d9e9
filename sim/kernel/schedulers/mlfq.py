"""Multi-level feedback queue, by the rules of Operating Systems: Three Easy Pieces, chapter 8.

Rule 1, a thread on a higher level runs, at once, before those below; rule 2, threads of a level take turns by
its quantum; rule 3, a new thread begins on the topmost level; rule 4, who has used up its allotment on a
level, in however many pieces, goes down one; rule 5, from time to time all go back to the top.
"""

from collections.abc import Iterable, Iterator

from sim.events import Scheduling
from sim.kernel.scheduler import FOREVER, Parameter, Scheduler, Setting, Slices
from sim.thread import Thread


class Mlfq(Scheduler):
    """``levels`` queues, 0 the topmost (3). ``allotment``: ticks that a thread may use on the topmost level
    before it goes down (one quantum); ``growth``: how many times longer quantum and allotment are on each
    level than on the one above (1). ``boost``: every so many ticks all threads go to the top (50 quanta; 0:
    never). A thread that one from a higher level preempts stays ahead of its level and goes on with the rest
    of its slice. A ``scheduling`` event tells each change of a thread's ``level``."""

    parameters = {
        "levels": Parameter(3, "queues"),
        "allotment": Parameter(1, "ticks on the topmost level before a thread goes down", quanta=True),
        "growth": Parameter(1, "quantum and allotment of a level, in those of the level above"),
        "boost": Parameter(50, "ticks after which all go to the top; 0: never", least=0, quanta=True),
    }
    preemptive = True
    punctual = True

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._lowest = setting.parameters["levels"] - 1
        self._allotment = setting.parameters["allotment"]
        self._growth = setting.parameters["growth"]
        self._period = setting.parameters["boost"]
        self._boosted = 0
        self._slices = Slices()
        #: Ticks used on its level, by tid; and the threads below the topmost level, by tid.
        self._used: dict[int, int] = {}
        self._below: dict[int, Thread] = {}

    def key(self, thread: Thread) -> int:
        """Its level."""
        return thread.level

    def preempts(self, ready: Thread, running: Thread) -> bool:
        """Rule 1."""
        return ready.level < running.level

    def slice(self, thread: Thread, start: int) -> int:
        """What is left of its slice, its allotment, and the time to the next boost: the least of them."""
        tid, level = thread.tid, thread.level
        if not self._slices.left(tid):
            self._slices.begin(tid, self.about(self.quantum * self._growth**level))
        left = [self._slices.left(tid), FOREVER]
        if level < self._lowest:
            left.append(self._allotment_on(level) - self._used.get(tid, 0))
        if self._period:
            left.append(self._boosted + self._period - start)
        return max(1, min(left))

    def ran(self, thread: Thread, ticks: int, now: int) -> Iterator[Scheduling]:
        """Rules 4 and 5."""
        if self._period and now >= self._boosted + self._period:
            yield from self._boost(now)
        # What it ran before the boost is forgotten, like what the others did.
        ticks = min(ticks, now - self._boosted)
        self._slices.spend(thread.tid, ticks)
        used, level = self._used.get(thread.tid, 0) + ticks, thread.level
        while level < self._lowest and used >= self._allotment_on(level):
            used -= self._allotment_on(level)
            level += 1
        self._used[thread.tid] = used
        if level != thread.level:
            self._slices.forget(thread.tid)
            self._below[thread.tid] = thread
            yield Scheduling(tid=thread.tid, pid=thread.pid, action="level", value=level)

    def leaves(self, thread: Thread) -> None:
        """When it comes back it has a new slice, but no new allotment."""
        self._slices.forget(thread.tid)
        if thread.state == "exited":
            self._used.pop(thread.tid, None)
            self._below.pop(thread.tid, None)

    def _allotment_on(self, level: int) -> int:
        ticks: int = self._allotment * self._growth**level
        return ticks

    def _boost(self, now: int) -> Iterable[Scheduling]:
        """All to the top, those of higher levels first."""
        self._boosted = now - now % self._period
        self._used.clear()
        below = sorted(self._below.values(), key=lambda thread: thread.level)
        self._below.clear()
        for thread in below:
            if thread.state != "exited":
                self._slices.forget(thread.tid)
                yield Scheduling(tid=thread.tid, pid=thread.pid, action="level", value=0)
