"""The kernel: runs the machine from trap to trap and decides what each trap leads to.

Every decision is an event; `emit` numbers it, applies it to the world (nothing else changes kernel
state) and buffers it for the log. What the kernel itself holds is no state of the run: options, oracles,
and the deadlines of the harts' time slices.
"""

import gc
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

from sim.code import CodeRow
from sim.events import (
    Choice,
    ContextSwitch,
    Coroutine,
    Event,
    Fault,
    Futex,
    KernelWrite,
    Process,
    Run,
    Syscall,
    Thread,
)
from sim.kernel import errno, loader, paging
from sim.kernel.codetable import code_rows
from sim.kernel.console import Console
from sim.kernel.options import Options
from sim.kernel.schedulers import scheduler
from sim.kernel.syscalls import NAMES, SYSCALLS, Call
from sim.machine import layout as at
from sim.machine.buffers import SEGMENT_EVENTS, SEGMENT_KERNEL_EVENTS
from sim.machine.executor import Executor
from sim.machine.machine import Machine
from sim.program import BadProgram, Place, Program
from sim.sink import Sink
from sim.space import PAGE, PAGE_SHIFT, AddressSpace
from sim.thread import Thread as ThreadState
from sim.world import Process as ProcessState
from sim.world import World

SIGILL, SIGTRAP, SIGBUS, SIGKILL, SIGSEGV = 4, 5, 7, 9, 11

#: Coroutine marks of the runtime library (probe numbers) -> action.
MARKS = {-1: "created", -2: "saved", -3: "resumed", -4: "finished", -5: "destroyed"}
_ACCESS = {at.CAUSE_FETCH: ("x", "fetch"), at.CAUSE_LOAD: ("r", "load"), at.CAUSE_STORE: ("w", "store")}


@dataclass(frozen=True)
class Death:
    """A fault that ended a process, for the message to the user."""

    fault: Fault
    place: Place


class Kernel:
    """One run of one program. `run` returns when it has ended; the verdict is ``world.ended``."""

    def __init__(
        self,
        program: Program,
        options: Options,
        sink: Sink,
        console: Console,
        executor: Executor,
        progress: Callable[[int, int], None] = lambda events, ticks: None,
    ) -> None:
        self.program, self.options = program, options
        self.sink, self.console = sink, console
        self.progress = progress
        self.random = Random(f"bytes {options.seed}")
        self.costs = options.costs.kernel
        self.world = World()
        self.machine = Machine(self.world, options.harts, options.costs, executor, sink.recording)
        self.mmap_top = loader.STACK_TOP - options.stack - 16 * PAGE
        self.deaths: list[Death] = []
        self.refused: set[str] = set()
        self.interrupted = False
        self._scheduler = scheduler(options.scheduler, options.quantum, options.seed)
        self._deadline = [at.NEVER] * options.harts
        self._described: set[tuple[int, int]] = set()
        self._segment_end = SEGMENT_EVENTS
        self._kernel_events = 0

    # Events.

    def emit(self, event: Event) -> None:
        """Number an event, apply it and buffer it."""
        machine = self.machine
        event.seq, event.tick = machine.take_seq(), machine.tick
        self.world.apply(event)
        if isinstance(event, KernelWrite):
            for _, offset, count in self._pieces(event):
                machine.lose_reservations(offset, count)
        machine.buffers.kernel[event.kind].append(event)
        self._kernel_events += 1

    def _pieces(self, event: KernelWrite) -> list[tuple[int, int, int]]:
        return self.world.processes[event.pid].space.pieces(event.address, len(event.data))

    def perform(self, deed: Iterator[Event] | Generator[Event, None, int | None]) -> int | None:
        """Emit the events of a deed, each before the next is decided; returns the deed's result."""
        while True:
            try:
                event = next(deed)
            except StopIteration as stop:
                result: int | None = stop.value
                return result
            self.emit(event)

    # The run.

    def run(self) -> None:
        """From the first event to the last. Raises BadProgram before anything has run, and what the sink
        raises."""
        with _rare_collections():
            self._run()

    def _run(self) -> None:
        self.emit(Run(action="started", options=self.options.as_json()))
        self.machine.arrays_changed()
        try:
            self.perform(loader.load(self.world, self.program, self.options))
        except paging.OutOfMemory:
            ram = self.options.ram
            raise BadProgram(
                f"{self.program.name} doesn't fit into {ram} bytes of memory; try --ram"
            ) from None
        self._dispatch()
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

    def _verdict(self) -> tuple[str, int] | None:
        """(reason, exit status) if the run is over."""
        world = self.world
        idle = not any([hart.tid for hart in world.harts])
        if idle and not any(process.threads for process in world.processes.values()):
            main = world.processes[1]
            return (main.state, main.status if main.state == "exited" else 128 + main.status)
        if self.interrupted:
            return ("interrupted", 130)
        if self.options.max_events and self.machine.seq >= self.options.max_events:
            return ("max_events", 4)
        if idle and not world.run_queue and not world.timers:
            return ("deadlock", 3)
        return None

    def _step(self) -> None:
        """Run to the next trap and handle it."""
        stop_seq = min(self._segment_end, self.options.max_events or self._segment_end)
        cause, hart, address = self.machine.run(self._next_stop(), stop_seq)
        if cause == at.CAUSE_ECALL:
            self._system_call(hart - 1, address)
        elif cause == at.CAUSE_TICK:
            self._timer()
        elif cause == at.CAUSE_EVENTS:
            return
        elif cause in _ACCESS:
            self._access(hart, cause, address)
        elif cause == at.CAUSE_PROBE:
            self._mark(hart - 1, address)
        elif cause == at.CAUSE_FENCE_I:
            self.machine.forget_written_code()
        else:
            self._bad_instruction(hart, cause, address)
        self._reschedule()

    def _close_segment(self) -> None:
        """Hand the filled buffers to the sink."""
        self._sync()
        buffers = self.machine.buffers
        buffers.end_seq, buffers.end_tick = self.machine.seq, self.machine.tick
        self.machine.use(self.sink.segment(buffers, self.world))
        self._segment_end = self.machine.seq + SEGMENT_EVENTS
        self._kernel_events = 0
        self.progress(self.machine.seq, self.machine.tick)

    def _sync(self) -> None:
        """Bring into the world what the loop counted."""
        for hart, retired in zip(self.world.harts, self.machine.retired, strict=True):
            hart.retired = int(retired)
        self.world.seq = self.machine.seq - 1
        self.world.tick = max(self.world.tick, self.machine.buffers.last_tick())

    # Time and scheduling.

    def _next_stop(self) -> int:
        """The tick of the next timer: a sleeper's, or the end of a slice that others wait for."""
        world = self.world
        stop = min(world.timers.values()) if world.timers else at.NEVER
        return min(stop, *self._deadline) if world.run_queue else stop

    def _timer(self) -> None:
        """Wake who has slept enough; preempt who has run enough."""
        now = self.machine.tick
        due = sorted((until, tid) for tid, until in self.world.timers.items() if until <= now)
        for _, tid in due:
            self.perform(self._expire(self.world.threads[tid]))
        for hart in range(self.options.harts):
            if self._deadline[hart] <= now and self.world.run_queue:
                self._preempt(hart)

    def _expire(self, thread: ThreadState) -> Iterator[Event]:
        result = 0
        if thread.on == "futex":
            yield Futex(tid=thread.tid, pid=thread.pid, action="timeout", address=thread.address)
            result = errno.ETIMEDOUT
        yield from self._resume(thread, result, by=0)

    def _resume(self, thread: ThreadState, result: int, by: int) -> Iterator[Event]:
        """A blocked thread's system call returns and it is ready."""
        number = thread.syscall
        yield Syscall(
            hart=-1,
            tid=thread.tid,
            pc=thread.pc - 4,
            action="exit",
            number=number,
            name=NAMES[number],
            result=result,
        )
        yield Thread(tid=thread.tid, pid=thread.pid, action="ready", by=by)

    def _preempt(self, hart: int) -> None:
        """The slice is over and others are ready; the scheduler may still prefer the present thread."""
        tid = self.world.harts[hart].tid
        chosen = self._pick(hart, [*self.world.run_queue, tid])
        if chosen == tid:
            self._deadline[hart] = self.machine.tick + self._slice(hart, tid)
            return
        thread = self.world.threads[tid]
        self.emit(Thread(tid=tid, pid=thread.pid, action="ready", hart=hart))
        self._switch(hart, "preempted", chosen)

    def _reschedule(self) -> None:
        """Take threads that no longer run off their harts, then give idle harts something to do."""
        threads = self.world.threads
        for hart, state in enumerate(self.world.harts):
            if state.tid and threads[state.tid].state != "running":
                queue = list(self.world.run_queue)
                chosen = self._pick(hart, queue) if queue else 0
                self._switch(hart, _REASONS[threads[state.tid].state], chosen)
        if self.world.run_queue:
            self._dispatch()

    def _dispatch(self) -> None:
        for hart, state in enumerate(self.world.harts):
            if not state.tid and self.world.run_queue:
                self._switch(hart, "woken", self._pick(hart, list(self.world.run_queue)))

    def _pick(self, hart: int, ready: list[int]) -> int:
        chosen = self._scheduler.pick(self.world, hart, ready)
        if len(ready) > 1:
            self.emit(Choice(hart=hart, oracle="schedule", options=len(ready), chosen=chosen))
        return chosen

    def _slice(self, hart: int, tid: int) -> int:
        ticks = self._scheduler.slice(self.world, tid)
        if self._scheduler.jittered:
            self.emit(Choice(hart=hart, oracle="slice", options=0, chosen=ticks))
        return ticks

    def _switch(self, hart: int, reason: str, chosen: int) -> None:
        """Give the hart to a ready thread, or leave it idle (0)."""
        world, machine = self.world, self.machine
        prev = world.harts[hart].tid
        runnable = len(world.run_queue) - (chosen != 0)
        cost = self.costs["context_switch"] if chosen else 0
        self.emit(
            ContextSwitch(hart=hart, prev=prev, next=chosen, reason=reason, runnable=runnable, cost=cost)
        )
        if not chosen:
            machine.idle(hart)
            self._deadline[hart] = at.NEVER
            return
        thread = world.threads[chosen]
        self.emit(Thread(tid=chosen, pid=thread.pid, action="running", hart=hart))
        start = machine.tick + max(cost, 1)
        machine.assign(hart, chosen, thread.row, start)
        self._deadline[hart] = start + self._slice(hart, chosen)

    # System calls.

    def _system_call(self, hart: int, pc: int) -> None:
        thread, process = self._running(hart)
        values = self.world.bank.registers[thread.row, 10:18].tolist()
        number, arguments = values[7], values[:6]
        name = NAMES.get(number, f"call_{number}")
        a0, a1, a2, a3, a4, a5 = arguments
        self.emit(
            Syscall(
                hart=hart,
                tid=thread.tid,
                pc=pc,
                action="enter",
                number=_int32(number),
                name=name,
                a0=a0,
                a1=a1,
                a2=a2,
                a3=a3,
                a4=a4,
                a5=a5,
            )  # fmt: skip
        )
        self.machine.charge(hart, self.costs["syscall"])
        result = self._handle(number, name, Call(hart, thread, process, arguments))
        if result is not None:
            self.emit(
                Syscall(
                    hart=hart,
                    tid=thread.tid,
                    pc=pc,
                    action="exit",
                    number=_int32(number),
                    name=name,
                    result=result,
                )
            )

    def _handle(self, number: int, name: str, call: Call) -> int | None:
        handler = SYSCALLS.get(number)
        if handler is None:
            self.refuse(name)
            return errno.ENOSYS
        try:
            result = handler(self, call)
            return result if isinstance(result, int) or result is None else self.perform(result)
        except paging.BadAddress:
            return errno.EFAULT
        except paging.OutOfMemory:
            return errno.ENOMEM

    def refuse(self, what: str) -> None:
        """Remember what the guest asked for and didn't get, for the summary."""
        self.refused.add(what)

    def next_tid(self) -> int:
        """Thread ids count up and are never used twice in a run."""
        return len(self.world.threads) + 1

    def wake(self, process: ProcessState, address: int, count: int, by: int) -> Generator[Event, None, int]:
        """Wake the first ``count`` waiters of a futex; returns how many there were."""
        tids = self.world.futexes.get((process.pid, address), [])[:count]
        yield Futex(tid=by, pid=process.pid, action="wake", address=address, count=len(tids))
        for tid in tids:
            yield from self._resume(self.world.threads[tid], 0, by)
        return len(tids)

    # Endings.

    def end_thread(self, thread: ThreadState, status: int) -> Iterator[Event]:
        """A thread exits; the last one takes the process with it."""
        process = self.world.processes[thread.pid]
        if thread.clear_tid and len(process.threads) > 1:
            try:
                yield from paging.copy_out(self.world, process, thread.tid, thread.clear_tid, bytes(4))
                yield from self.wake(process, thread.clear_tid, 1, thread.tid)
            except (paging.BadAddress, paging.OutOfMemory):
                pass  # As Linux: this is nobody's error any more.
        yield Thread(tid=thread.tid, pid=thread.pid, action="exited", hart=thread.hart, status=status)
        if not process.threads:
            yield Process(pid=process.pid, action="exited", status=status)
            self.machine.flush()

    def end_process(self, process: ProcessState, action: str, status: int) -> Iterator[Event]:
        """All threads exit, then the process: ``exited`` with a status or ``signalled`` by a number."""
        for tid in list(process.threads):
            hart = self.world.threads[tid].hart
            yield Thread(tid=tid, pid=process.pid, action="exited", hart=hart, status=status)
        yield Process(pid=process.pid, action=action, status=status)
        self.machine.flush()

    # Faults and pages.

    def _running(self, hart: int) -> tuple[ThreadState, ProcessState]:
        thread = self.world.threads[self.world.harts[hart].tid]
        return thread, self.world.processes[thread.pid]

    def _access(self, hart: int, cause: int, address: int) -> None:
        """A translation is missing: fill it in, bringing the page in first, or fault."""
        thread, process = self._running(hart)
        letter, name = _ACCESS[cause]
        region = process.space.region_at(address)
        if region is None or letter not in region.permissions:
            self._fault(
                hart, "stack_overflow" if _is_overflow(process.space, thread, address) else name, address
            )
            return
        page = address >> PAGE_SHIFT
        if page not in process.space.pages:
            try:
                self.perform(paging.page_in(self.world, process, page))
            except paging.OutOfMemory:
                self._fault(hart, "out_of_memory", address)
                return
            self.machine.charge(hart, self.costs["page_fault"])
        if letter == "x":
            self._prepare_code(process, page)
        self.machine.charge(hart, self.costs["tlb_miss"])
        self.machine.fill(hart, page, process.space.pages[page], region.permissions)

    def _prepare_code(self, process: ProcessState, page: int) -> None:
        """Decode a page, and tell the log what stands in it."""
        frame = process.space.pages[page]
        if not self.machine.is_decoded(frame):
            self.machine.decode(frame)
            self._described.discard((process.pid, page))
        if (process.pid, page) not in self._described:
            self._described.add((process.pid, page))
            data = process.space.read(self.world, page << PAGE_SHIFT, PAGE)
            rows: list[CodeRow] = code_rows(
                self.program, self.machine.seq, process.pid, page << PAGE_SHIFT, data
            )
            self.sink.code(rows)

    def _bad_instruction(self, hart: int, cause: int, address: int) -> None:
        if cause == at.CAUSE_EBREAK:
            self._fault(hart - 1, "breakpoint", address)
        elif cause == at.CAUSE_MISALIGNED:
            self._fault(hart, "misaligned_atomic", address)
        elif cause == at.CAUSE_MISALIGNED_FETCH:
            self._fault(hart, "misaligned_fetch", address)
        else:
            self._fault(hart, "illegal_instruction", address)

    def _fault(self, hart: int, cause: str, address: int) -> None:
        """Stop the process with the signal that Linux would send."""
        thread, process = self._running(hart)
        pc = address if cause == "breakpoint" else thread.pc
        signal = _SIGNALS.get(cause, SIGSEGV)
        fault = Fault(
            hart=hart, tid=thread.tid, pid=process.pid, pc=pc, cause=cause, address=address, signal=signal
        )
        self.emit(fault)
        self.deaths.append(Death(fault, self.program.locate(pc)))
        self.perform(self.end_process(process, "signalled", signal))

    # Marks of the runtime library.

    def _mark(self, hart: int, number: int) -> None:
        """A coroutine's frame changed hands: its header says the rest (sim/runtime/coroutine.s)."""
        action = MARKS.get(number)
        if action is None:
            return
        thread, process = self._running(hart)
        frame = self.machine.marked_value(thread.row)
        try:
            header = paging.copy_in(self.world, process, frame, 16)
        except paging.BadAddress:
            return  # Not a frame: a program's own use of a reserved number.
        pc, size = (int.from_bytes(header[i : i + 8], "little", signed=True) for i in (0, 8))
        self.emit(
            Coroutine(
                hart=hart, tid=thread.tid, pid=process.pid, action=action, frame=frame, size=size, pc=pc
            )
        )


#: What a thread has become that leaves its hart -> why the hart switches.
_REASONS = {"blocked": "blocked", "ready": "yielded", "exited": "exited"}
_SIGNALS = {
    "illegal_instruction": SIGILL,
    "breakpoint": SIGTRAP,
    "misaligned_atomic": SIGBUS,
    "misaligned_fetch": SIGBUS,
    "out_of_memory": SIGKILL,
}


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


def _int32(number: int) -> int:
    """A call number as the log's 32-bit column holds it."""
    return (number + (1 << 31)) % (1 << 32) - (1 << 31)


def _is_overflow(space: AddressSpace, thread: ThreadState, address: int) -> bool:
    """True for an access to the guard below the region that the stack pointer is in, or has just left."""
    guard = space.region_at(address)
    if guard is None or guard.permissions != "---":
        return False
    above = space.region_at(guard.end)
    return above is not None and guard.start - PAGE <= thread.registers[2] <= above.end
