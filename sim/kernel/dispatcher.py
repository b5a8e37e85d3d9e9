"""The dispatcher: which hart runs which thread until when.

It tells the scheduler what happens to threads, asks it whom to run, records what it chose, and turns timers
into wake-ups and preemptions. The world says who runs and who is ready; what the dispatcher holds itself is
the end of each hart's time slice, and how far the scheduler has been told.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from sim.deeds import PREEMPTED, SWITCHED
from sim.events import Choice, ContextSwitch, Event, Futex, Scheduling, Thread
from sim.isa.registers import A0
from sim.kernel import errno
from sim.kernel.scheduler import FOREVER, Scheduler
from sim.kernel.syscalls.waiting import attempt_again
from sim.machine import layout as at
from sim.thread import EVERY_HART
from sim.thread import Thread as ThreadState

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

#: What a thread has become that leaves its hart -> why the hart switches.
_REASONS = {"blocked": "blocked", "ready": "yielded", "exited": "exited"}


#: Timers from this tick on never end: the clock would run into `at.NEVER`.
END_OF_TIME = at.NEVER >> 1


class Dispatcher:
    """By hart, in ticks: when its slice ``_began``, and ends. Rule for ``_deadline``: NEVER exactly when the
    hart is idle; an end that has passed counts as soon as another thread that may run there is ready, or at
    once for a punctual scheduler.

    ``_told`` (ticks, by hart): the scheduler, if it ``_listens``, knows what the hart's thread ran before.
    ``_seen``: the seq up to which it knows who has become ready; ``_moves``: how many of the world's moves it
    has followed; ``_changed``: threads whose attributes have changed since; ``_news``: there may be someone
    who preempts others. ``_born`` (tick, by tid): when a thread that hasn't run yet is complete.
    """

    def __init__(self, kernel: "Kernel", scheduler: Scheduler) -> None:
        self._kernel, self._world, self._machine = kernel, kernel.world, kernel.machine
        self._threads, self._timers, self._devices = kernel.world.threads, kernel.world.timers, kernel.devices
        self._scheduler, self._ready = scheduler, scheduler.ready
        self._members, self._counts = scheduler.ready.members, scheduler.ready.counts
        self._listens = type(scheduler).ran is not Scheduler.ran
        self._hears_yields = type(scheduler).yields is not Scheduler.yields
        self._several = kernel.options.harts > 1
        self._switch_cost = kernel.costs["context_switch"]
        self._space_cost = kernel.costs["address_space_switch"]
        self._emitters = kernel.emitters
        # Filled in for each choice, as nothing keeps an event that was emitted: a third of the time of making
        # one.
        self._choice = Choice(0, "schedule", 0, 0)
        self._began = [0] * kernel.options.harts
        self._deadline = [at.NEVER] * kernel.options.harts
        self._told = [0] * kernel.options.harts
        self._seen = -1
        self._moves = 0
        self._born: dict[int, int] = {}
        self._changed: list[int] = []
        self._news = False

    # Timers.

    def next_stop(self) -> int:
        """The tick of the next timer: a sleeper's, a device's, or the end of a slice that counts."""
        stop = at.NEVER
        if self._scheduler.punctual or EVERY_HART in self._counts:
            stop = min(self._deadline)
        elif self._counts:
            ends = [end for hart, end in enumerate(self._deadline) if self._waits(hart)]
            stop = min(ends, default=stop)
        if self._timers.first < stop and self._timers.first < END_OF_TIME:
            stop = self._timers.first
        if self._devices.opened:
            stop = min(stop, self._devices.due)
        return stop

    def expects(self) -> bool:
        """True if a timer will wake someone."""
        return self._timers.first < END_OF_TIME or self._devices.expects()

    def _waits(self, hart: int) -> bool:
        """True if a ready thread may run on the hart."""
        return EVERY_HART in self._counts or any([group >> hart & 1 for group in self._counts])

    def timer(self) -> None:
        """Let devices do what is due; wake who has slept enough; preempt who has run enough."""
        now = self._machine.tick
        if self._devices.opened and self._devices.due <= now:
            self._kernel.perform(self._devices.advance())
        if self._timers.first <= now:
            for tid in self._timers.due(now):
                if tid in self._timers:
                    self._kernel.perform(self._expire(self._threads[tid]))
        if self._world.moves != self._moves:
            self._admit()
        for hart, end in enumerate(self._deadline):
            if end <= now and (self._scheduler.punctual or self._waits(hart)):
                thread = self._running(hart)
                if thread.state == "running":
                    self._end_slice(hart, thread)

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

    def _end_slice(self, hart: int, thread: ThreadState) -> None:
        """The slice is over; the scheduler may still prefer the present thread."""
        if self._listens:
            self._account(hart)
        self._ready.put(thread)
        chosen = self._pick(hart)
        if chosen == thread.tid:
            self._begin_slice(hart, thread, self._machine.tick)
            return
        following = self._threads[chosen]
        cost = self._cost(hart, following)
        self._seen = self._machine.seq  # The thread's being ready is no news,
        self._moves += 2  # and neither are the two moves.
        self._emitters[PREEMPTED](hart, thread, following, len(self._world.run_queue), cost)
        self._assign(hart, following, cost)
        if self._several and (self._scheduler.preemptive or at.NEVER in self._deadline):
            self._news = True  # There may be a lesser one on another hart, or none.

    # After a trap.

    def born(self, tid: int, tick: int) -> None:
        """A new thread that is complete at ``tick`` only; a hart that is given it before waits for it."""
        self._born[tid] = tick

    def changed(self, tid: int) -> None:
        """What the scheduler goes by for the thread has changed; that counts when the trap has been
        handled."""
        self._changed.append(tid)

    def reschedule(self) -> None:
        """Take threads that no longer run off their harts, give idle harts something to do, and let those
        that have become ready take harts from lesser ones."""
        world = self._world
        if world.moves == self._moves and not (self._changed or self._news):
            return  # As after most system calls.
        threads = world.threads
        left, idle = [], False
        for hart, state in enumerate(world.harts):
            if not state.tid:
                idle = True
            elif threads[state.tid].state != "running":
                left.append((hart, threads[state.tid]))
        for hart, thread in left:
            self._leave(hart, thread)
        if world.run_queue or self._members:
            self._admit()
        moved = self._reconsider() if self._changed else []
        for hart, thread in left:
            chosen = self._pick(hart)
            if chosen == thread.tid:
                self._go_on(hart, thread)
            else:
                self._switch(hart, _REASONS[thread.state], chosen)
                idle = idle or not chosen
        for hart in moved:
            chosen = self._pick(hart)
            self._switch(hart, "preempted", chosen)
            idle = idle or not chosen
        if self._members:
            if idle:
                self._fill()
            if self._scheduler.preemptive and self._news:
                self._challenge()
        self._news = False
        self._moves = world.moves

    def dispatch(self) -> None:
        """Give idle harts something to do."""
        self._admit()
        self._fill()

    def _leave(self, hart: int, thread: ThreadState) -> None:
        """Tell the scheduler of the thread that no longer runs on the hart."""
        if self._listens:
            self._account(hart)
        if thread.state == "ready":
            if self._hears_yields:
                self._perform(self._scheduler.yields(thread))
            self._ready.put(thread)
            self._news |= self._several
        else:
            self._scheduler.leaves(thread)

    def _admit(self) -> None:
        """Tell the scheduler who has become ready, and who was ready and has ended."""
        world, members = self._world, self._members
        queue = world.run_queue
        came = []
        for tid, seq in reversed(queue.items()):
            if seq <= self._seen:
                break
            if tid not in members:
                came.append(world.threads[tid])
        self._seen = world.seq
        if came:
            self._news = True
            if self._scheduler.preemptive:
                self._account_all()
            for thread in reversed(came):
                self._perform(self._scheduler.joins(thread, self._machine.tick))
                self._ready.put(thread)
        if len(members) > len(queue):
            for thread in [world.threads[tid] for tid in members if tid not in queue]:
                self._ready.drop(thread.tid)
                self._scheduler.leaves(thread)

    def _reconsider(self) -> list[int]:
        """Let changed attributes count; returns the harts whose threads may no longer run there."""
        moved = []
        for tid in self._changed:
            thread = self._threads[tid]
            self._put_anew(thread)
            hart = thread.hart
            if hart >= 0 and not thread.affinity >> hart & 1:
                self._account(hart)
                self._give_up(hart, thread)
                moved.append(hart)
        self._changed.clear()
        self._news = True
        return moved

    def _put_anew(self, thread: ThreadState) -> None:
        """A ready thread stands elsewhere now."""
        if thread.tid in self._members:
            self._ready.drop(thread.tid)
            self._ready.put(thread)

    def _give_up(self, hart: int, thread: ThreadState) -> None:
        """The thread is ready from now on, ahead of its equals; the hart is to be switched."""
        self._ready.put(thread, ahead=True)
        self._kernel.emit(Thread(tid=thread.tid, pid=thread.pid, action="ready", hart=hart))

    def _fill(self) -> None:
        """Give idle harts something to do; if nobody who is ready may run there, a thread that runs elsewhere
        and leaves that hart to one who may."""
        for hart, state in enumerate(self._world.harts):
            if state.tid:
                continue
            if self._waits(hart):
                self._switch(hart, "woken", self._pick(hart))
            elif self._members:
                self._make_room(hart)

    def _make_room(self, idle: int) -> None:
        for hart, state in enumerate(self._world.harts):
            if state.tid and self._waits(hart):
                thread = self._running(hart)
                if thread.affinity >> idle & 1:
                    self._account(hart)
                    chosen = self._pick(hart)
                    self._give_up(hart, thread)
                    self._switch(hart, "preempted", chosen)
                    self._switch(idle, "woken", self._pick(idle))
                    return

    def _challenge(self) -> None:
        """Cut slices short that are too long now; let ready threads take the harts of those that they
        preempt, of the least ones first, until nobody preempts anybody."""
        threads, scheduler = self._threads, self._scheduler
        for hart, end in enumerate(self._deadline):
            if end != at.NEVER:
                self._deadline[hart] = min(end, self._began[hart] + scheduler.limit(self._running(hart)))
        preempted = True
        while preempted and self._members:
            preempted = False
            self._account_all()
            harts = [hart for hart, state in enumerate(self._world.harts) if state.tid]
            harts.sort(key=lambda hart: scheduler.key(self._running(hart)), reverse=True)
            for hart in harts:
                first, thread = self._ready.first(hart), self._running(hart)
                if first and scheduler.preempts(threads[first], thread):
                    chosen = self._pick(hart, beside=1)
                    self._give_up(hart, thread)
                    self._switch(hart, "preempted", chosen)
                    preempted = True

    # What the scheduler is asked and told.

    def _running(self, hart: int) -> ThreadState:
        """The thread that the hart was given."""
        return self._threads[self._world.harts[hart].tid]

    def _account(self, hart: int) -> None:
        """Tell the scheduler what the hart's thread has run since it was last told."""
        if not self._listens:
            return
        now = self._machine.free_at(hart)
        ticks = now - self._told[hart]
        if ticks > 0:
            self._told[hart] = now
            self._perform(self._scheduler.ran(self._running(hart), ticks, now))

    def _account_all(self) -> None:
        for hart, state in enumerate(self._world.harts):
            if state.tid:
                self._account(hart)

    def _perform(self, answer: Iterable[Scheduling]) -> None:
        """What the scheduler answered, but for threads that have ended."""
        for event in answer:
            thread = self._threads[event.tid]
            if thread.state != "exited":
                self._kernel.emit(event)
                self._put_anew(thread)
                self._news = True

    def _pick(self, hart: int, beside: int = 0) -> int:
        """Whom the hart is to run, 0 for none, out of those who are ready and ``beside`` so many others."""
        if not self._counts:
            return 0
        options = beside
        for group, count in self._counts.items():
            if group >> hart & 1:
                options += count
        chosen = self._ready.take(hart)
        if options > 1:
            choice = self._choice
            choice.hart, choice.options, choice.chosen = hart, options, chosen
            self._emitters[Choice](choice)
        return chosen

    def _begin_slice(self, hart: int, thread: ThreadState, start: int) -> None:
        ticks = self._scheduler.slice(thread, start)
        if ticks > FOREVER:
            ticks = FOREVER
        if self._scheduler.drawn:
            self._emitters[Choice](Choice(hart, "slice", 0, ticks))
        self._began[hart], self._deadline[hart] = start, start + ticks

    def _go_on(self, hart: int, thread: ThreadState) -> None:
        """The thread that gave up its hart gets it again: nothing is switched."""
        self._kernel.emit(Thread(tid=thread.tid, pid=thread.pid, action="running", hart=hart))
        self._begin_slice(hart, thread, self._machine.free_at(hart))

    def _switch(self, hart: int, reason: str, chosen: int) -> None:
        """Give the hart to a ready thread, or leave it idle (0)."""
        world, machine = self._world, self._machine
        prev, runnable = world.harts[hart].tid, len(world.run_queue)
        if not chosen:
            self._emitters[ContextSwitch](ContextSwitch(hart, prev, 0, reason, runnable, 0))
            machine.idle(hart)
            self._deadline[hart] = at.NEVER
            return
        thread = self._threads[chosen]
        cost = self._cost(hart, thread)
        self._emitters[SWITCHED](hart, prev, thread, reason, runnable - 1, cost)
        self._assign(hart, thread, cost)

    def _cost(self, hart: int, thread: ThreadState) -> int:
        """Ticks of a switch to the thread."""
        if self._machine.changes_space(hart, thread.pid):
            return self._switch_cost + self._space_cost
        return self._switch_cost

    def _assign(self, hart: int, thread: ThreadState, cost: int) -> None:
        """A thread runs on the hart when that is free and the switch has been paid."""
        born = self._born.pop(thread.tid, 0) if self._born else 0
        start = self._machine.assign(hart, thread.tid, thread.row, thread.pid, cost or 1, born)
        self._told[hart] = start
        self._begin_slice(hart, thread, start)
