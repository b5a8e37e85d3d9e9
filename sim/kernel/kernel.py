"""The kernel: runs the machine from trap to trap until the run has ended.

What a trap leads to is decided in `sim.kernel.traps` and the system calls, who runs where in
`sim.kernel.dispatcher`. Every decision is an event; `emit` numbers it, applies it to the world (nothing else
changes kernel state) and buffers it for the log.
"""

import gc
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any

from sim.events import (
    Event,
    Futex,
    KernelWrite,
    MemoryMap,
    Process,
    Run,
    Syscall,
    Thread,
)
from sim.kernel import bare, loader, paging, robust
from sim.kernel.console import Console
from sim.kernel.devices import Devices
from sim.kernel.dispatcher import Dispatcher
from sim.kernel.emitters import Emitters
from sim.kernel.hostfiles import HostFiles
from sim.kernel.javanumbers import JavaRandom
from sim.kernel.options import Options
from sim.kernel.schedulers import scheduler
from sim.kernel.signals import Kill
from sim.kernel.stack import STACK_TOP
from sim.kernel.syscalls import ABIS, children
from sim.kernel.syscalls.waiting import settle
from sim.kernel.traps import Death, Traps
from sim.kernel.tree import Tree
from sim.machine import layout as at
from sim.machine.buffers import DATA_SHIFT, SEGMENT_EVENTS, SEGMENT_KERNEL_EVENTS
from sim.machine.executor import Executor
from sim.machine.machine import Machine
from sim.program import BadProgram, Program
from sim.sink import Sink
from sim.space import PAGE, PAGE_SHIFT
from sim.thread import Thread as ThreadState
from sim.world import ANY, World
from sim.world import Process as ProcessState


class Kernel:
    """One run of one or several ``programs``: processes 1, 2, ... in their order. `run` returns when all have
    ended; the verdict is ``world.ended``."""

    def __init__(
        self,
        programs: Sequence[Program],
        options: Options,
        sink: Sink,
        console: Console,
        executor: Executor,
        progress: Callable[[int, int], None] = lambda events, ticks: None,
    ) -> None:
        self.programs, self.options = tuple(programs), options
        self._programs: dict[int, Program] = dict(enumerate(self.programs, 1))
        self.sink, self.console = sink, console
        self.progress = progress
        self.random = Random(f"bytes {options.seed}")
        #: RARS's numbered streams of random numbers.
        self.streams: dict[int, JavaRandom] = {}
        self.abi = ABIS[options.abi]
        self.costs = options.costs.kernel
        self.limits = options.limits
        self.world = World()
        self.machine = Machine(self.world, options.harts, options.costs, executor, sink.recording)
        self.emitters = Emitters(self)
        self._leave = Syscall(hart=-1, tid=0, pc=0, action="exit", number=0, name="")
        self.devices = Devices(self)
        places = tuple("/" + program.name for program in self.programs)
        self.tree = Tree(options.mounts, places, self.devices.paths)
        self.host = HostFiles(options.limits.files)
        self.mmap_top = STACK_TOP - options.stack - 16 * PAGE
        self.refused: set[str] = set()
        self.kills: list[Kill] = []
        self.interrupted = False
        #: (seq, tick) at which the recorded run was interrupted that is run again (`sim.kernel.answers`).
        self.until = (-1, -1)
        #: (reason, status) once a machine without an operating system has halted.
        self.halted: tuple[str, int] | None = None
        self._dispatcher = Dispatcher(self, scheduler(options))
        self._traps = bare.BareTraps(self) if options.bare else Traps(self)
        self._begin_segment()

    @property
    def deaths(self) -> list[Death]:
        """The faults that ended processes."""
        return self._traps.deaths

    def program_of(self, pid: int) -> Program:
        """What a process runs: the program that it began with, or what it has put into its place (execve)."""
        return self._programs[pid]

    def replace_program(self, pid: int, program: Program) -> None:
        """The process runs another program from now on."""
        self._programs[pid] = program
        self._traps.forget_code(pid)
        self.sink.program(program)

    def inherit_program(self, parent: int, child: int) -> None:
        """A forked process runs what its parent does, and has its coroutines."""
        self._programs[child] = self.program_of(parent)
        self._traps.inherit_coroutines(parent, child)

    # Events.

    def emit(self, event: Event) -> None:
        """Number an event, have it packed for the log and apply it. Nothing keeps the event."""
        self.emitters[type(event)](event)

    def follow(self, event: Any) -> None:
        """What an event that has ``data`` means besides, or a change of memory."""
        if isinstance(event, MemoryMap):
            if event.action == "copied":
                self.machine.forget_page(event.address >> PAGE_SHIFT)
            return
        self._kernel_events += len(event.data) >> DATA_SHIFT
        if isinstance(event, KernelWrite):
            for _, offset, count in self._pieces(event):
                self.machine.lose_reservations(offset, count)

    def _pieces(self, event: KernelWrite) -> list[tuple[int, int, int]]:
        return self.world.processes[event.pid].space.pieces(event.address, len(event.data))

    def perform(self, deed: Iterator[Event] | Generator[Event, None, int | None]) -> int | None:
        """Emit the events of a deed, each before the next is decided; returns the deed's result."""
        emitters = self.emitters
        while True:
            try:
                event = next(deed)
            except StopIteration as stop:
                result: int | None = stop.value
                return result
            emitters[type(event)](event)

    # The run.

    def run(self) -> None:
        """From the first event to the last. Raises BadProgram before anything has run, and what the sink
        raises."""
        try:
            with _rare_collections():
                self._run()
        finally:
            self.host.close()

    def _boot(self) -> None:
        """Load the program and give it a hart. Raises BadProgram."""
        self.emit(Run(action="started", options=self.options.as_json()))
        self.machine.arrays_changed()
        if self.options.bare:
            self.perform(bare.load(self))
        else:
            for pid, program in self._programs.items():
                self._load(pid, program)
        self._dispatcher.dispatch()
        self._kernel_events += self.machine.seq

    def _run(self) -> None:
        self._boot()
        while self.world.ended is None:
            verdict = self._verdict()
            if verdict is None:
                self._step()
            else:
                self.emit(Run(action="ended", reason=verdict[0], status=verdict[1]))
            if self.machine.seq >= self._segment_end or self._kernel_events >= SEGMENT_KERNEL_EVENTS:
                self._close_segment()
        self._sync()
        self.machine.buffers.end_seq = self.machine.seq
        self.sink.finish(self.machine.buffers, self.world)

    def _load(self, pid: int, program: Program) -> None:
        try:
            self.perform(loader.load(self.world, pid, program, self.options))
        except paging.OutOfMemory:
            beside = "" if pid == 1 else " what the others left of"
            room = f"{beside} {self.options.ram} bytes of memory"
            raise BadProgram(f"{program.name} doesn't fit into{room}; try --ram") from None

    def _verdict(self) -> tuple[str, int] | None:
        """(reason, exit status) if the run is over."""
        world = self.world
        if self.halted:
            return self.halted
        idle = True
        for hart in world.harts:
            if hart.tid:
                idle = False
                break
        if idle and not any(process.threads for process in world.processes.values()):
            return self._ending()
        if self.interrupted or (self.machine.seq == self.until[0] and self.machine.tick == self.until[1]):
            return ("interrupted", 130)
        if self.options.max_events and self.machine.seq >= self.options.max_events:
            return ("max_events", 4)
        if idle and not world.run_queue and not self._dispatcher.expects():
            return ("deadlock", 3)
        return None

    def _ending(self) -> tuple[str, int]:
        """That of the first program that didn't end with status 0, if there is one."""
        first = [self.world.processes[pid] for pid in range(1, len(self.programs) + 1)]
        told = next((process for process in first if process.status), first[0])
        return (told.state, told.status if told.state == "exited" else 128 + told.status)

    def _step(self) -> None:
        """Run to the next trap and handle it."""
        machine, dispatcher = self.machine, self._dispatcher
        cause, hart, address = machine.run(dispatcher.next_stop(), self._stop_seq)
        first = machine.seq
        if cause == at.CAUSE_EVENTS:
            return
        if cause == at.CAUSE_TICK:
            dispatcher.timer()
        else:
            self._traps.handle(cause, hart, address)
        dispatcher.reschedule()
        self._kernel_events += machine.seq - first

    def _begin_segment(self) -> None:
        self._segment_end = self.machine.seq + SEGMENT_EVENTS
        self._stop_seq = min(self._segment_end, self.options.max_events or self._segment_end)
        self._kernel_events = 0

    def _close_segment(self) -> None:
        """Hand the filled buffers to the sink."""
        self._sync()
        buffers = self.machine.buffers
        buffers.end_seq, buffers.end_tick = self.machine.seq, self.machine.tick
        self.machine.use(self.sink.segment(buffers, self.world))
        self.emitters.use(self.machine.buffers)
        self._begin_segment()
        self.progress(self.machine.seq, self.machine.tick)

    def _sync(self) -> None:
        """Bring into the world what the loop counted."""
        for hart, retired in zip(self.world.harts, self.machine.retired, strict=True):
            hart.retired = int(retired)
        self.world.seq = self.machine.seq - 1
        self.world.tick = max(self.world.tick, self.machine.buffers.last_tick())

    # What handlers of system calls ask for.

    def returned(self, thread: ThreadState, result: int) -> Syscall:
        """A blocked thread's system call returns. The event is the same one each time, filled in anew."""
        leave, number = self._leave, thread.syscall
        leave.tid, leave.pc, leave.number, leave.name = (
            thread.tid,
            thread.pc - 4,
            number,
            self.abi.name(number),
        )
        leave.result = result
        return leave

    def resume(self, thread: ThreadState, result: int, by: int) -> Iterator[Event]:
        """A blocked thread's system call returns and it is ready."""
        yield self.returned(thread, result)
        yield Thread(thread.tid, thread.pid, "ready", -1, "", 0, -1, by)

    def refuse(self, what: str) -> None:
        """Remember what the guest asked for and didn't get, for the summary."""
        self.refused.add(what)

    def scheduling_changed(self, tid: int) -> None:
        """What the scheduler goes by for a thread has changed."""
        self._dispatcher.changed(tid)

    def pay_for(self, tid: int, hart: int, ticks: int) -> None:
        """A hart makes a thread, which takes ``ticks`` and is over before the thread begins."""
        self.machine.charge(hart, ticks)
        self._dispatcher.born(tid, self.machine.free_at(hart))

    def next_tid(self) -> int:
        """Thread ids count up and are never used twice in a run."""
        return len(self.world.threads) + 1

    def wake(
        self, process: ProcessState, address: int, count: int, by: int, bitset: int = ANY
    ) -> Generator[Event, None, int]:
        """Wake the first ``count`` waiters of a futex whose bits meet ``bitset``; returns how many there
        were."""
        tids = self.world.waiters(process.pid, address, bitset, count)
        yield Futex(by, process.pid, "wake", address, 0, len(tids), bitset)
        for tid in tids:
            yield from self.resume(self.world.threads[tid], 0, by)
        return len(tids)

    # Endings.

    def end_thread(self, thread: ThreadState, status: int) -> Iterator[Event]:
        """A thread exits; the last one takes the process with it."""
        process = self.world.processes[thread.pid]
        if thread.robust_list:
            yield from robust.give_up(self, process, thread)
        if thread.clear_tid and len(process.threads) > 1:
            try:
                yield from paging.copy_out(self.world, process, thread.tid, thread.clear_tid, bytes(4))
                yield from self.wake(process, thread.clear_tid, 1, thread.tid)
            except (paging.BadAddress, paging.OutOfMemory):
                pass  # As Linux: this is nobody's error any more.
        yield Thread(tid=thread.tid, pid=thread.pid, action="exited", hart=thread.hart, status=status)
        if not process.threads:
            yield from self._end(process, "exited", status, thread.tid)

    def end_process(self, process: ProcessState, action: str, status: int) -> Iterator[Event]:
        """All threads exit, then the process: ``exited`` with a status or ``signalled`` by a number."""
        for tid in list(process.threads):
            hart = self.world.threads[tid].hart
            yield Thread(tid=tid, pid=process.pid, action="exited", hart=hart, status=status)
        yield from self._end(process, action, status, 0)

    def _end(self, process: ProcessState, action: str, status: int, by: int) -> Iterator[Event]:
        """The process is gone, and with it its ends of pipes; its parent is told."""
        changed = {self.world.files.opened[entry.file].pipe for entry in process.files.values()}
        yield Process(pid=process.pid, action=action, status=status)
        self._programs.pop(process.pid, None)
        self._traps.forget_code(process.pid)
        self.machine.flush()
        self.host.forget(self.world.files)
        yield from settle(self, changed, by)
        yield from children.ended(self, process, by)


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Buffered events are many, live long and form no cycles; looking through them for cycles at Python's
    usual thresholds costs a third of the time of a trap."""
    before = gc.get_threshold()
    gc.set_threshold(1_000_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
