"""Stack frames over time: every call that a thread was in, and where its stack pointer was.

``stack`` events in, a batch at a time, with the ``thread``, ``process`` and ``coroutine`` events between
them; arrays out. A call and its return make a frame; pushes and pops within it say how many bytes it took.
The rules are those of `sim.thread.CallStack` (a return leaves every function that was entered below its
stack pointer, and one that was entered there), so that the frames open at an event are the calls of the state
there.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from replay.listing import read_events
from replay.recording import Recording
from sim import events
from sim.isa.registers import PC, SP
from sim.thread import unpack

IntArray = NDArray[np.int64]

#: The event of a beginning before those that were looked at, and of an end behind them.
OUTSIDE = -1
_COLUMNS = ("seq", "tick", "tid", "action", "sp", "target", "link", "a0")


@dataclass(frozen=True)
class Frames:
    """Frames in order of their beginnings: int64 arrays of equal length.

    ``depth``: 0 for the function that the thread began in, whose ``function`` is any address in it; else
    ``function`` is where it was entered. ``link``: where it returns to, 0 at depth 0. ``enter_seq`` and
    ``leave_seq`` may be OUTSIDE. ``sp``: the stack pointer at entry, ``low``: the lowest while it was
    innermost. ``a0``: the first argument, ``result``: what a return gave if ``returned`` is 1. ``carried``:
    1 for a call that a resumed coroutine or a forked process brought along, and for one from before the
    events that were looked at; its ``a0`` isn't known.
    """

    tid: IntArray
    depth: IntArray
    function: IntArray
    link: IntArray
    enter_seq: IntArray
    enter_tick: IntArray
    leave_seq: IntArray
    leave_tick: IntArray
    sp: IntArray
    low: IntArray
    a0: IntArray
    result: IntArray
    returned: IntArray
    carried: IntArray

    def __len__(self) -> int:
        return len(self.tid)


@dataclass(frozen=True)
class Moves:
    """A thread's stack pointer over time: int64 arrays, from ``tick`` on it is at ``sp``. ``first`` is where
    it began."""

    first: int
    tick: IntArray
    sp: IntArray


@dataclass
class _Thread:
    """A thread's open frames (their numbers, oldest first), and how many calls inside of them the state that
    it began with hadn't kept. ``ticks`` and ``sps``: where its stack pointer went."""

    tid: int
    open: list[int] = field(default_factory=list)
    unknown: int = 0
    ticks: "array[int]" = field(default_factory=lambda: array("q"))
    sps: "array[int]" = field(default_factory=lambda: array("q"))

    def moved(self, tick: int, sp: int) -> None:
        """Its stack pointer is elsewhere."""
        self.ticks.append(tick)
        self.sps.append(sp)


class _Table:
    """`Frames` under construction: a growing array for each column."""

    def __init__(self) -> None:
        self.tid, self.depth, self.function, self.link = (array("q") for _ in range(4))
        self.enter_seq, self.enter_tick, self.leave_seq, self.leave_tick = (array("q") for _ in range(4))
        self.sp, self.low, self.a0, self.result = (array("q") for _ in range(4))
        self.returned, self.carried = array("q"), array("q")

    def add(self, thread: _Thread, when: tuple[int, int], call: tuple[int, int, int], a0: int) -> None:
        """A thread enters (function, return address, sp) at (event, tick)."""
        thread.open.append(len(self.tid))
        self.tid.append(thread.tid)
        self.depth.append(len(thread.open) - 1)
        self.function.append(call[0])
        self.link.append(call[1])
        self.enter_seq.append(when[0])
        self.enter_tick.append(when[1])
        self.leave_seq.append(OUTSIDE)
        self.leave_tick.append(OUTSIDE)
        self.sp.append(call[2])
        self.low.append(call[2])
        self.a0.append(a0)
        self.result.append(0)
        self.returned.append(0)
        self.carried.append(0)

    def carry(self, thread: _Thread, when: tuple[int, int], call: tuple[int, int, int]) -> None:
        """A thread is in a call that another context, or the time before, made."""
        self.add(thread, when, call, 0)
        self.carried[-1] = 1

    def call(self, number: int) -> tuple[int, int, int]:
        """(function, return address, sp) of a frame."""
        return self.function[number], self.link[number], self.sp[number]

    def done(self) -> Frames:
        """What it has become."""
        return Frames(*(np.array(getattr(self, each.name), np.int64) for each in fields(Frames)))


class FrameWalk:
    """Follows the calls from event ``first`` to event ``last``. Those that were there before count as entered
    at ``tick``. Raises NoSuchEvent, RunDamaged."""

    def __init__(self, recording: Recording, first: int, last: int, tick: int = 0) -> None:
        self._recording = recording
        self._table = _Table()
        self._threads: dict[int, _Thread] = {}
        #: Numbers of frames at depth 0 whose function the thread's first call will tell.
        self._unnamed: set[int] = set()
        #: (pid, frame) of a coroutine -> its calls as saved, sp relative; how many frames its resumer had.
        self._saved: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
        self._bases: dict[tuple[int, int], int] = {}
        if first:
            self._begin(first, tick)
        self._walk(first, last)

    def frames(self) -> Frames:
        """All frames; those still open are left OUTSIDE."""
        return self._table.done()

    def moves(self) -> dict[int, Moves]:
        """Where each thread's stack pointer went."""
        first = self._recording.spaces.first_sp
        return {
            thread.tid: Moves(first[thread.tid], np.array(thread.ticks), np.array(thread.sps))
            for thread in self._threads.values()
        }

    def calls(self, tid: int) -> list[tuple[int, int, int]]:
        """(function, return address, sp) of the calls that a thread is in at the end, oldest first; the
        function that it began in is none of them."""
        return [self._table.call(number) for number in self._threads[tid].open[1:]]

    # The state that it begins with.

    def _begin(self, first: int, tick: int) -> None:
        table, world = self._table, self._recording.state(first - 1)
        for state in (state for state in world.threads.values() if state.state != "exited"):
            calls = state.calls.kept()
            thread = self._threads[state.tid] = _Thread(state.tid, unknown=len(state.calls) - len(calls))
            base = (calls[0][1] - 1 if calls else state.pc, 0, self._recording.spaces.first_sp[state.tid])
            for call in (base, *calls):
                table.carry(thread, (OUTSIDE, tick), call)
            sp = state.registers[SP]
            for number, inner in zip(thread.open, [*(call[2] for call in calls), sp], strict=True):
                table.low[number] = min(inner, table.sp[number])
            thread.moved(tick, sp)
        for key, coroutine in world.coroutines.items():
            if not coroutine.function:
                self._bases[key], self._saved[key] = coroutine.base + 1, list(coroutine.calls)

    # Events.

    def _walk(self, first: int, last: int) -> None:
        others = read_events(self._recording, first, last, ("thread", "process", "coroutine"))
        following = next(others, None)
        for row in self._stack_rows(first, last):
            while following is not None and following.seq < row[0]:
                self._apply(following)
                following = next(others, None)
            self._step(*row)
        while following is not None:
            self._apply(following)
            following = next(others, None)

    def _stack_rows(self, first: int, last: int) -> Iterator[tuple[int, int, int, str, int, int, int, int]]:
        for batch in self._recording.log.batches("stack", first, last, columns=_COLUMNS):
            columns = [batch.column(name).to_pylist() for name in _COLUMNS]
            yield from zip(*columns, strict=True)

    def _step(
        self, seq: int, tick: int, tid: int, action: str, sp: int, target: int, link: int, a0: int
    ) -> None:
        """A ``stack`` event."""
        thread, table = self._threads[tid], self._table
        if action == "call":
            if thread.open[-1] in self._unnamed:
                self._unnamed.remove(thread.open[-1])
                table.function[thread.open[-1]] = link - 1
            table.add(thread, (seq, tick), (target, link, sp), a0)
        elif action == "return":
            self._return(thread, seq, tick, sp, a0)
        else:
            number = thread.open[-1]
            table.low[number] = min(table.low[number], sp)
            thread.moved(tick, sp)

    def _return(self, thread: _Thread, seq: int, tick: int, sp: int, a0: int) -> None:
        if thread.unknown:
            thread.unknown -= 1
            return
        table, depth = self._table, len(thread.open)
        while depth > 1 and table.sp[thread.open[depth - 1]] < sp:
            depth -= 1
        if depth > 1 and table.sp[thread.open[depth - 1]] == sp:
            depth -= 1
        if depth < len(thread.open):
            table.result[thread.open[depth]], table.returned[thread.open[depth]] = a0, 1
        self._close(thread, depth, seq, tick)

    def _close(self, thread: _Thread, depth: int, seq: int, tick: int) -> None:
        """Leave all frames from ``depth`` on."""
        for number in thread.open[depth:]:
            self._table.leave_seq[number], self._table.leave_tick[number] = seq, tick
        del thread.open[depth:]

    def _apply(self, event: events.Event) -> None:
        if isinstance(event, events.Thread):
            if event.action in ("created", "loaded"):
                self._enter_program(event)
            elif event.action == "exited":
                self._close(self._threads[event.tid], 0, event.seq, event.tick)
        elif isinstance(event, events.Process):
            if event.action == "forked":
                for pid, frame in [key for key in self._bases if key[0] == event.parent]:
                    self._bases[event.pid, frame] = self._bases[pid, frame]
                    self._saved[event.pid, frame] = list(self._saved.get((pid, frame), ()))
        elif isinstance(event, events.Coroutine) and not event.function:
            self._follow_coroutine(event)

    def _enter_program(self, event: events.Thread) -> None:
        """A thread begins; the first one of a forked process is in its creator's calls."""
        table, when = self._table, (event.seq, event.tick)
        registers = unpack(event.registers)
        thread = self._threads.setdefault(event.tid, _Thread(event.tid))
        self._close(thread, 0, *when)
        creator = self._threads.get(event.by) if event.action == "created" else None
        if creator is not None and self._recording.pids[creator.tid] != event.pid:
            thread.unknown = creator.unknown
            for number in creator.open:
                table.carry(thread, when, table.call(number))
                table.low[-1] = table.low[number]
        else:
            table.add(thread, when, (int(registers[PC]), 0, int(registers[SP])), 0)
            self._unnamed.add(thread.open[-1])
        thread.moved(event.tick, int(registers[SP]))

    def _follow_coroutine(self, event: events.Coroutine) -> None:
        """A coroutine of the runtime library takes its calls along (`World.coroutine_event`)."""
        key, when = (event.pid, event.frame), (event.seq, event.tick)
        thread, table = self._threads[event.tid], self._table
        if event.action in ("created", "destroyed"):
            self._saved.pop(key, None)
            self._bases.pop(key, None)
        elif event.action == "resumed":
            self._bases[key] = len(thread.open)
            sp = table.sp[thread.open[-1]] if len(thread.open) > 1 else 0
            for target, link, below in self._saved.pop(key, []):
                table.carry(thread, when, (target, link, sp - below))
        elif event.action == "saved":
            base = self._bases.get(key, 1)
            sp = table.sp[thread.open[base - 1]] if 1 < base <= len(thread.open) else 0
            taken = [table.call(number) for number in thread.open[base:]]
            self._close(thread, base, *when)
            if taken and taken[-1][1] == event.pc:
                taken.pop()  # The call of yield itself.
            self._saved[key] = [(target, link, sp - at) for target, link, at in taken]
