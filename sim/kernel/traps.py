"""Traps: what made the machine leave its loop, and what the kernel does about it.

System calls go to their handlers (`sim.kernel.syscalls`); missing translations are filled in, or are faults;
faults end their process with the signal that Linux would send; marks of the runtime library become
coroutine events.
"""

from dataclasses import dataclass
from struct import Struct
from typing import TYPE_CHECKING

from sim.deeds import CALLED, RETURNED
from sim.events import Coroutine, Fault, Tlb
from sim.isa.decoder import length_of
from sim.isa.registers import PC
from sim.kernel import errno, paging, signals
from sim.kernel.codetable import CodeTable
from sim.kernel.coroutines import Coroutines
from sim.kernel.sigframe import BUS_ADRALN, ILL_ILLOPC, SEGV_ACCERR, SEGV_MAPERR, TRAP_BRKPT
from sim.kernel.syscalls import Call
from sim.kernel.syscalls.table import Handler, int32
from sim.machine import layout as at
from sim.program import Place
from sim.signals import SIGBUS, SIGILL, SIGKILL, SIGSEGV, SIGTRAP
from sim.space import PAGE, PAGE_SHIFT, AddressSpace, Region
from sim.thread import Thread as ThreadState
from sim.world import Process as ProcessState

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

#: Coroutine marks of the runtime library (probe numbers) -> action.
MARKS = {-1: "created", -2: "saved", -3: "resumed", -4: "finished", -5: "destroyed"}
#: A frame's first words: where it resumes, the bytes in use.
_HEADER = Struct("<qq")
_ACCESS = {at.CAUSE_FETCH: ("x", "fetch"), at.CAUSE_LOAD: ("r", "load"), at.CAUSE_STORE: ("w", "store")}
#: cause of a fault -> signal and si_code; the others are bad accesses.
_SIGNALS = {
    "illegal_instruction": (SIGILL, ILL_ILLOPC),
    "breakpoint": (SIGTRAP, TRAP_BRKPT),
    "misaligned_atomic": (SIGBUS, BUS_ADRALN),
    "out_of_memory": (SIGKILL, 0),
}


@dataclass(frozen=True)
class Death:
    """A fault that ended a process, for the message to the user."""

    fault: Fault
    place: Place


class Traps:
    """Handles the traps of one run. ``deaths`` are the faults so far."""

    def __init__(self, kernel: "Kernel") -> None:
        self._kernel = kernel
        self.deaths: list[Death] = []
        self._coroutines = Coroutines(kernel)
        self._code = CodeTable(kernel, self._coroutines.watched)
        self._emitters, self._charge = kernel.emitters, kernel.machine.charge
        self._cost = kernel.costs["syscall"]
        self._calls = {number: self._call(number) for number in {*kernel.abi.names, *kernel.abi.handlers}}

    def handle(self, cause: int, hart: int, address: int) -> None:
        """One trap, but for the timer's. ``hart`` is where the machine goes on: behind the one that trapped
        if its instruction has retired."""
        if cause == at.CAUSE_ECALL:
            self._system_call(hart - 1, address)
        elif cause in _ACCESS:
            self._access(hart, cause, address)
        elif cause == at.CAUSE_UNDECODED:
            self._reach(hart, address)
        elif cause == at.CAUSE_PROBE:
            self._mark(hart - 1, address)
        elif cause == at.CAUSE_WATCH:
            self._watched(hart, address)
        elif cause == at.CAUSE_FENCE_I:
            self._kernel.machine.forget_written_code()
        else:
            self._bad_instruction(hart, cause, address)

    def forget_code(self, pid: int) -> None:
        """A process has another program, or none any more: code of its number is to be told anew."""
        self._code.forget(pid)
        self._coroutines.forget(pid)

    def inherit_coroutines(self, parent: int, child: int) -> None:
        """A forked process has copies of its parent's coroutines."""
        self._coroutines.inherit(parent, child)

    # System calls.

    def _system_call(self, hart: int, pc: int) -> None:
        kernel, world = self._kernel, self._kernel.world
        thread = world.threads[world.harts[hart].tid]
        process = world.processes[thread.pid]
        a0, a1, a2, a3, a4, a5, _, number = thread.arguments()
        low, name, handler = self._calls.get(number) or self._call(number)
        self._emitters[CALLED](hart, thread, pc, low, name, a0, a1, a2, a3, a4, a5)
        self._charge(hart, self._cost)
        if handler is None:
            kernel.refuse(name)
            result: int | None = errno.ENOSYS
        else:
            result = self._handle(handler, Call(hart, thread, process, [a0, a1, a2, a3, a4, a5]))
        if result is not None and thread.state != "exited":
            self._emitters[RETURNED](hart, thread, pc, low, name, result)
        if thread.signals.pending or process.signals.pending:
            kernel.perform(signals.take(kernel, thread))

    def _call(self, number: int) -> tuple[int, str, Handler | None]:
        """What a call's number means: as a C int, its name, its handler if it has one."""
        abi = self._kernel.abi
        return int32(number), abi.name(number), abi.handlers.get(number, abi.unknown)

    def _handle(self, handler: Handler, call: Call) -> int | None:
        kernel = self._kernel
        try:
            result = handler(kernel, call)
            return result if isinstance(result, int) or result is None else kernel.perform(result)
        except errno.Failure as failure:
            return failure.number
        except paging.BadAddress:
            return errno.EFAULT
        except paging.OutOfMemory:
            return errno.ENOMEM

    # Faults and pages.

    def _running(self, hart: int) -> tuple[ThreadState, ProcessState]:
        world = self._kernel.world
        thread = world.threads[world.harts[hart].tid]
        return thread, world.processes[thread.pid]

    def _access(self, hart: int, cause: int, address: int) -> None:
        """A translation is missing: fill it in, bringing the page in first, or fault."""
        region = self._bring_in(hart, cause, address)
        if region is None:
            return
        _, process = self._running(hart)
        page = address >> PAGE_SHIFT
        if cause == at.CAUSE_FETCH:
            self._code.open(process, page)
        world, cost = self._kernel.world, self._kernel.costs["tlb_miss"]
        frame, permissions = process.space.pages[page], region.permissions
        if "w" in permissions and paging.is_lent(world, process, page):
            permissions = permissions.replace("w", "-")
        tid = world.harts[hart].tid
        self._kernel.emit(
            Tlb(
                hart=hart,
                tid=tid,
                pid=process.pid,
                access=_ACCESS[cause][1],
                address=page << PAGE_SHIFT,
                frame=frame,
                cost=cost,
            )
        )
        self._kernel.machine.charge(hart, cost)
        self._kernel.machine.fill(hart, page, frame, permissions)

    def _bring_in(self, hart: int, cause: int, address: int) -> Region | None:
        """The region of an access that may be made, its page being there now; a fault and None otherwise."""
        thread, process = self._running(hart)
        letter, name = _ACCESS[cause]
        region = process.space.region_at(address)
        if region is None or letter not in region.permissions:
            self._fault(
                hart, "stack_overflow" if _is_overflow(process.space, thread, address) else name, address
            )
            return None
        return region if self._have_page(hart, process, address, writes=letter == "w") else None

    def _have_page(self, hart: int, process: ProcessState, address: int, writes: bool) -> bool:
        """The page is there, and the process's own if it is to be written; a fault and False otherwise."""
        kernel, page = self._kernel, address >> PAGE_SHIFT
        cost = kernel.costs["page_fault"]
        try:
            if page not in process.space.pages:
                kernel.perform(paging.page_in(kernel.world, process, page))
            elif writes and paging.is_lent(kernel.world, process, page):
                kernel.perform(paging.own(kernel.world, process, page))
                cost += kernel.costs["page_copy"]
            else:
                cost = 0
        except paging.OutOfMemory:
            self._fault(hart, "out_of_memory", address)
            return False
        kernel.machine.charge(hart, cost)
        return True

    def _reach(self, hart: int, pc: int) -> None:
        """Control came to code that hasn't been decoded; its instruction may end in the next page."""
        _, process = self._running(hart)
        frame = process.space.pages[pc >> PAGE_SHIFT]
        if pc % PAGE == PAGE - 2 and length_of(int(self._kernel.world.memory[frame * PAGE + PAGE - 2])) == 4:
            if not self._bring_in(hart, at.CAUSE_FETCH, pc + 2):
                return
        self._code.reach(process, pc)

    def _bad_instruction(self, hart: int, cause: int, address: int) -> None:
        if cause == at.CAUSE_EBREAK:
            self._fault(hart - 1, "breakpoint", address)
        elif cause == at.CAUSE_MISALIGNED:
            self._fault(hart, "misaligned_atomic", address)
        else:
            self._fault(hart, "illegal_instruction", address)

    def _fault(self, hart: int, cause: str, address: int) -> None:
        """The thread gets the signal that Linux would send, which ends the process unless it is handled."""
        thread, process = self._running(hart)
        program = self._kernel.program_of(process.pid)
        pc = address if cause == "breakpoint" else thread.pc
        region = process.space.region_at(address)
        access = SEGV_MAPERR if region is None or region.name == "guard" else SEGV_ACCERR
        number, code = _SIGNALS.get(cause, (SIGSEGV, access))
        fault = Fault(
            hart=hart, tid=thread.tid, pid=process.pid, pc=pc, cause=cause, address=address, signal=number
        )
        self._kernel.emit(fault)
        registers = thread.bank.registers[thread.row].copy()
        registers[PC] = pc
        where = address if number == SIGSEGV else pc
        forced = signals.force(self._kernel, thread, number, code, where, registers)
        if not self._kernel.perform(forced):
            self._kernel.perform(self._kernel.end_process(process, "signalled", number))
        if process.state != "running":
            self.deaths.append(Death(fault, program.locate(pc)))

    # Coroutines: instructions of compiled ones, marks of the runtime library's.

    def _watched(self, hart: int, pc: int) -> None:
        thread, process = self._running(hart)
        self._coroutines.reach(hart, thread, process, pc)
        self._kernel.machine.passes(thread.row)

    def _mark(self, hart: int, number: int) -> None:
        """A coroutine's frame changed hands: its header says the rest (sim/runtime/coroutine.s)."""
        action = MARKS.get(number)
        if action is None:
            return
        thread, process = self._running(hart)
        frame = self._kernel.machine.marked_value(thread.row)
        try:
            header = paging.copy_in(self._kernel.world, process, frame, _HEADER.size)
        except paging.BadAddress:
            return  # Not a frame: a program's own use of a reserved number.
        pc, size = _HEADER.unpack(header)
        self._kernel.emit(Coroutine(hart, thread.tid, process.pid, action, frame, size, pc))


def _is_overflow(space: AddressSpace, thread: ThreadState, address: int) -> bool:
    """True for an access to the guard below the region that the stack pointer is in, or has just left."""
    guard = space.region_at(address)
    if guard is None or guard.permissions != "---":
        return False
    above = space.region_at(guard.end)
    return above is not None and guard.start - PAGE <= thread.registers[2] <= above.end
