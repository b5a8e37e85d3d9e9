"""The dispatcher: which hart runs which thread until when.

It asks the scheduler, records what it chose, and turns timers into wake-ups and preemptions. The world says
who runs and who is ready; what the dispatcher holds itself is the end of each hart's time slice.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sim.events import Choice, ContextSwitch, Event, Futex, Thread
from sim.isa.registers import A0
from sim.kernel import errno
from sim.kernel.schedulers import Scheduler
from sim.kernel.syscalls.waiting import attempt_again
from sim.machine import layout as at
from sim.thread import Thread as ThreadState

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

#: What a thread has become that leaves its hart -> why the hart switches.
_REASONS = {"blocked": "blocked", "ready": "yielded", "exited": "exited"}


#: Timers from this tick on never end: the clock would run into `at.NEVER`.
END_OF_TIME = at.NEVER >> 1


class Dispatcher:
    """Rule for ``_deadline`` (ticks, by hart): NEVER exactly when the hart is idle; an end that has passed
    counts as soon as another thread is ready.
    """

    def __init__(self, kernel: "Kernel", scheduler: Scheduler) -> None:
        self._kernel = kernel
        self._scheduler = scheduler
        self._deadline = [at.NEVER] * kernel.options.harts

    def next_stop(self) -> int:
        """The tick of the next timer: a sleeper's, or the end of a slice that others wait for."""
        world = self._kernel.world
        stop = at.NEVER
        if world.timers and (first := world.timers.first(stop)) < END_OF_TIME:
            stop = first
        if world.run_queue:
            for deadline in self._deadline:
                if deadline < stop:
                    stop = deadline
        return stop

    def expects(self) -> bool:
        """True if a timer will wake someone."""
        return self._kernel.world.timers.first(at.NEVER) < END_OF_TIME

    def timer(self) -> None:
        """Wake who has slept enough; preempt who has run enough."""
        now = self._kernel.machine.tick
        for tid in self._kernel.world.timers.due(now):
            self._kernel.perform(self._expire(self._kernel.world.threads[tid]))
        for hart in range(len(self._deadline)):
            if self._deadline[hart] <= now and self._kernel.world.run_queue:
                self._preempt(hart)

    def _expire(self, thread: ThreadState) -> Iterator[Event]:
        if thread.on == "poll":
            yield from attempt_again(self._kernel, thread, by=0)
            return
        result = thread.registers[A0] if self._kernel.abi.keeps else 0
        if thread.on == "futex":
            yield Futex(tid=thread.tid, pid=thread.pid, action="timeout", address=thread.address)
            result = errno.ETIMEDOUT
        elif thread.on == "signal":
            result = errno.EAGAIN
        yield from self._kernel.resume(thread, result, by=0)

    def _preempt(self, hart: int) -> None:
        """The slice is over and others are ready; the scheduler may still prefer the present thread."""
        tid = self._kernel.world.harts[hart].tid
        chosen = self._pick(hart, [*self._kernel.world.run_queue, tid])
        if chosen == tid:
            self._deadline[hart] = self._kernel.machine.tick + self._slice(hart, tid)
            return
        thread = self._kernel.world.threads[tid]
        self._kernel.emit(Thread(tid=tid, pid=thread.pid, action="ready", hart=hart))
        self._switch(hart, "preempted", chosen)

    def reschedule(self) -> None:
        """Take threads that no longer run off their harts, then give idle harts something to do."""
        world = self._kernel.world
        idle = False
        for hart, state in enumerate(world.harts):
            if state.tid:
                thread = world.threads[state.tid]
                if thread.state != "running":
                    queue = list(world.run_queue)
                    self._switch(hart, _REASONS[thread.state], self._pick(hart, queue) if queue else 0)
            idle = idle or not state.tid
        if idle and world.run_queue:
            self.dispatch()

    def dispatch(self) -> None:
        """Give idle harts something to do."""
        for hart, state in enumerate(self._kernel.world.harts):
            if not state.tid and self._kernel.world.run_queue:
                self._switch(hart, "woken", self._pick(hart, list(self._kernel.world.run_queue)))

    def _pick(self, hart: int, ready: list[int]) -> int:
        chosen = self._scheduler.pick(self._kernel.world, hart, ready)
        if len(ready) > 1:
            self._kernel.emit(Choice(hart, "schedule", len(ready), chosen))
        return chosen

    def _slice(self, hart: int, tid: int) -> int:
        ticks = self._scheduler.slice(self._kernel.world, tid)
        if self._scheduler.jittered:
            self._kernel.emit(Choice(hart, "slice", 0, chosen=ticks))
        return ticks

    def _switch(self, hart: int, reason: str, chosen: int) -> None:
        """Give the hart to a ready thread, or leave it idle (0)."""
        kernel, world, machine = self._kernel, self._kernel.world, self._kernel.machine
        runnable = len(world.run_queue) - (chosen != 0)
        cost = kernel.costs["context_switch"] if chosen else 0
        kernel.emit(ContextSwitch(hart, world.harts[hart].tid, chosen, reason, runnable, cost))
        if not chosen:
            machine.idle(hart)
            self._deadline[hart] = at.NEVER
            return
        thread = world.threads[chosen]
        kernel.emit(Thread(chosen, thread.pid, "running", hart))
        start = machine.free_at(hart) + (cost or 1)
        machine.assign(hart, chosen, thread.row, start)
        self._deadline[hart] = start + self._slice(hart, chosen)
