"""A recording as questions see it: the log, the state at any event, and what its addresses are called."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from recorder.errors import RunDamaged
from recorder.reader import Log
from replay.codeindex import REGISTER, CodeIndex
from replay.fold import fold
from replay.names import Names
from replay.processes import IntArray, Processes
from replay.spaces import Spaces
from sim import events
from sim.code import CodeRow
from sim.errors import UserError
from sim.isa.registers import A0
from sim.world import World


class NoSuchEvent(UserError):
    """A seq that the log doesn't have."""

    exit_status = 2


class Recording:
    """``log`` with its programs' names. Everything is read when it is first asked for."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self._names: dict[int, Names] = {}
        #: What analyses keep for the next question, each by a key of its own.
        self.kept: dict[Any, Any] = {}

    @property
    def bare(self) -> bool:
        """True if the run had no operating system."""
        return bool(self.log.run.options.get("bare"))

    def losses(self) -> Iterator[str]:
        """What of the run can't be read any more, a line each. Events before the damage, and all events
        where only names are missing, can be shown."""
        if self.log.damage is not None:
            yield str(self.log.damage)
        for pid, _ in enumerate(self.log.run.programs, 1):
            for read, names in (
                (self.log.image, "functions and variables"),
                (self.log.sources, "source lines"),
            ):
                try:
                    read(pid)
                except RunDamaged as damage:
                    yield f"run {damage.run}: {damage.file} can't be read; {names} go without their names"

    @property
    def last_seq(self) -> int:
        """The last event that can be read."""
        damage = self.log.damage
        return (self.log.end_seq if damage is None else damage.good) - 1

    def check_seq(self, seq: int) -> None:
        """Raises NoSuchEvent."""
        run, last = self.log.run.id, self.last_seq
        if last < 0:
            raise NoSuchEvent(f"run {run} has no events: remove it with `simrec rm {run}`")
        if not 0 <= seq <= last:
            nearest = last if seq > 0 else 0
            raise NoSuchEvent(
                f"run {run} has events 0 to {last}, not {seq}: try `simrec replay --at {nearest} {run}`"
            )

    # The state.

    def state(self, seq: int) -> World:
        """The world just after event ``seq``: the nearest image before it, and the events since. Raises
        NoSuchEvent."""
        self.check_seq(seq)
        image = self.log.image_before(seq)
        world = image.restore() if image is not None else World()
        self.advance(world, seq)
        return world

    def advance(self, world: World, seq: int) -> None:
        """Take a world that `state` gave on to just after event ``seq``."""
        fold(world, self.log, seq, self._code)

    def step(self, world: World, event: events.Event) -> None:
        """Take a world on by its next event."""
        if isinstance(event, events.Instruction):
            row = self.code_of(event.tid, event.pc, event.seq)
            assert row is not None
            world.code[row.pid, row.pc] = row
        world.apply(event)

    @cached_property
    def _code(self) -> CodeIndex:
        """What instructions do."""
        return CodeIndex(self.log)

    def results(self, first: int, last: int, slots: IntArray) -> dict[str, IntArray]:
        """What instructions and system calls put into some slots of threads' registers, from event ``first``
        to event ``last``: columns seq, tid, slot and value, in no order."""
        names = ("seq", "tid", "pc", "value")
        found = []
        for batch in self.log.batches("instruction", first, last, columns=names, ordered=False):
            seq, tid, pc, value = (batch.column(name).to_numpy() for name in names)
            pids = np.zeros(int(tid.max(initial=0)) + 1, np.int64)
            for each in np.unique(tid).tolist():
                pids[each] = self.pids.get(each, 0)
            row = self._code.rows(pids[tid], pc, seq)
            slot = np.where(self._code.effect == REGISTER, self._code.rd, 0)[row]
            at = np.flatnonzero(np.isin(slot, slots))
            found.append(np.stack([seq[at], tid[at], slot[at], value[at]]))
        if A0 in slots:
            table = self.log.table("syscall", first, last, columns=["seq", "tid", "action", "result"])
            ended = table.filter(pa.compute.equal(table["action"], "exit"))
            seq, tid, value = (ended[name].to_numpy() for name in ("seq", "tid", "result"))
            found.append(np.stack([seq, tid, np.full(len(seq), A0), value]))
        rows = np.concatenate([np.zeros((4, 0), np.int64), *found], axis=1)
        return dict(zip(("seq", "tid", "slot", "value"), rows, strict=True))

    def call_to(self, tid: int, link: int, seq: int) -> int:
        """The address of a thread's call that returns to ``link``; ``link`` itself if there is none."""
        for length in (4, 2):
            row = self.code_of(tid, link - length, seq)
            if row is not None and row.length == length:
                return row.pc
        return link

    # Names.

    @cached_property
    def processes(self) -> Processes:
        """Which process runs which program, from which event on."""
        return Processes(self.log, self.last_seq)

    @cached_property
    def pids(self) -> dict[int, int]:
        """The process of every thread of the run: a snapshot lists all that there were until then."""
        image = self.log.image_before(self.last_seq, with_pages=False)
        known, first = (image.owners(), image.seq + 1) if image is not None else ({}, 0)
        table = self.log.table("thread", first, self.last_seq, columns=["tid", "pid"])
        later = zip(table.column("tid").to_pylist(), table.column("pid").to_pylist(), strict=True)
        return known | dict(later)

    def use_of(self, tid: int, seq: int) -> int:
        """What a thread ran at an event: its process and program (`Processes.uses`, by index)."""
        return self.processes.use_at(self.pids.get(tid, 0), seq)

    def uses_of(self, tid: IntArray, seq: IntArray) -> IntArray:
        """The same for many."""
        threads, place = np.unique(tid, return_inverse=True)
        pid = np.array([self.pids.get(each, 0) for each in threads.tolist()], np.int64)
        return self.processes.uses_at(pid[place], seq)

    def names(self, pid: int, seq: int) -> Names:
        """What a process's addresses are called at event ``seq``."""
        return self.names_in(self.processes.use_at(pid, seq))

    def names_in(self, use: int) -> Names:
        """What addresses are called while a process runs a program: `replay.processes.Processes.uses`, by
        index."""
        if use not in self._names:
            pid, loaded = self.processes.uses[use].pid, self.processes.loaded(use)
            owners = self.pids if self.processes.several else {}
            self._names[use] = Names(self.log, self.spaces, pid, loaded, owners)
        return self._names[use]

    def names_of(self, event: events.Event) -> Names:
        """What the addresses in an event are called."""
        return self.names(self.pid_of(event) or 0, event.seq)

    def pid_of(self, event: events.Event) -> int | None:
        """The process that an event is about, or its thread is of; None if there is no such."""
        pid: int | None = getattr(event, "pid", None)
        return self.pids.get(getattr(event, "tid", 0)) if pid is None else pid

    def code_of(self, tid: int, pc: int, seq: int) -> CodeRow | None:
        """What stood at ``pc``, for a thread, at event ``seq``."""
        return self.names(self.pids.get(tid, 0), seq).code_at(pc, seq)

    @cached_property
    def spaces(self) -> Spaces:
        """Where processes had memory."""
        return Spaces(self.log, self.last_seq, self.processes.forks)
