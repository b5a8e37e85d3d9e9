"""A machine without an operating system: code stands where the user put it, and each hart begins at the pc
that the user set.

Nothing finds memory, builds a stack or chooses who runs. Memory is one flat region from 0 to the end of RAM,
to be read, written and executed; a hart runs one context for ever. The log calls that context a thread
and the whole of them a process, with no kernel behind these words: traps end here, and there is nobody to
take them. ``ebreak`` halts the machine with the low byte of that hart's a0 as its status; what can't be
done, and an ``ecall``, which nobody would answer, stops it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from sim.events import ContextSwitch, Event, Fault, KernelWrite, MemoryMap, Process, Thread
from sim.isa.decoder import length_of
from sim.isa.registers import A0, PC, SP, WIDTH
from sim.kernel import paging
from sim.kernel.traps import Death, Traps
from sim.machine import layout as at
from sim.program import BadProgram
from sim.space import PAGE, PAGE_SHIFT
from sim.thread import pack
from sim.world import Process as ProcessState

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

#: The one process, and the exit status of a run that was stopped.
PID, STOPPED = 1, 6
_ACCESS = {at.CAUSE_FETCH: "fetch", at.CAUSE_LOAD: "load", at.CAUSE_STORE: "store"}


def load(kernel: "Kernel") -> Iterator[Event]:
    """Put the program's bytes into RAM, and let every hart begin. Raises BadProgram."""
    program, ram = kernel.program_of(PID), kernel.options.ram
    yield Process(pid=PID, action="created", name=program.name)
    yield MemoryMap(pid=PID, action="mapped", address=0, length=ram, permissions="rwx", name="ram")
    process = kernel.world.processes[PID]
    for segment in program.segments:
        end = segment.address + segment.size
        if end > ram:
            span = f"{segment.address:#x} to {end:#x}"
            raise BadProgram(
                f"{program.name} takes {span}, and ram ends at {ram:#x}: try another place, or --ram"
            )
        if segment.data:
            yield from paging.populate(kernel.world, process, segment.address, len(segment.data))
            yield KernelWrite(pid=PID, tid=0, address=segment.address, data=segment.data)
    for hart in range(kernel.options.harts):
        yield from _begin(kernel, hart)


def _begin(kernel: "Kernel", hart: int) -> Iterator[Event]:
    """A hart's context, from tick 1 on: its number in a0, pc and sp as the user set them, zeros else."""
    tid = hart + 1
    registers = np.zeros(WIDTH, np.int64)
    registers[A0], registers[SP], registers[PC] = hart, kernel.options.sp, kernel.options.pc
    yield Thread(tid=tid, pid=PID, action="created", registers=pack(registers))
    yield ContextSwitch(hart=hart, prev=0, next=tid, reason="woken", runnable=0, cost=0)
    yield Thread(tid=tid, pid=PID, action="running", hart=hart)
    kernel.machine.assign(hart, tid, kernel.world.threads[tid].row, PID, cost=1)


class BareTraps(Traps):
    """Handles the traps of one run, each without any cost in ticks. ``deaths`` has the fault that stopped the
    machine, if one did."""

    def handle(self, cause: int, hart: int, address: int) -> None:
        """One trap. ``hart`` is where the machine goes on: behind the one that trapped if its instruction has
        retired."""
        if cause in _ACCESS:
            self._access(hart, cause, address)
        elif cause == at.CAUSE_UNDECODED:
            self._reach(hart, address)
        elif cause == at.CAUSE_FENCE_I:
            self._kernel.machine.forget_written_code()
        elif cause == at.CAUSE_EBREAK:
            thread, _ = self._running(hart - 1)
            self._kernel.halted = ("halted", thread.registers[A0] & 0xFF)
        elif cause == at.CAUSE_ECALL:
            self._fault(hart - 1, "ecall", address)
        elif cause == at.CAUSE_MISALIGNED:
            self._fault(hart, "misaligned_atomic", address)
        elif cause != at.CAUSE_PROBE:
            self._fault(hart, "illegal_instruction", address)

    def _access(self, hart: int, cause: int, address: int) -> None:
        """Let the hart reach a page of RAM."""
        if not self._is_ram(address):
            self._fault(hart, _ACCESS[cause], address)
            return
        _, process = self._running(hart)
        page = address >> PAGE_SHIFT
        self._have(process, page)
        if cause == at.CAUSE_FETCH:
            self._code.open(process, page)
        self._kernel.machine.fill(hart, page, process.space.pages[page], "rwx")

    def _reach(self, hart: int, pc: int) -> None:
        """Control came to code that hasn't been decoded; its instruction may end in the next page."""
        _, process = self._running(hart)
        half = process.space.read(self._kernel.world, pc, 1)[0]
        if pc % PAGE == PAGE - 2 and length_of(half) == 4:
            if not self._is_ram(pc + 2):
                self._fault(hart, "fetch", pc + 2)
                return
            self._have(process, pc + 2 >> PAGE_SHIFT)
        self._code.reach(process, pc)

    def _is_ram(self, address: int) -> bool:
        return 0 <= address < self._kernel.options.ram

    def _have(self, process: ProcessState, page: int) -> None:
        """The recording begins to follow a page of RAM when it is first used."""
        if page not in process.space.pages:
            self._kernel.perform(paging.page_in(self._kernel.world, process, page))

    def _fault(self, hart: int, cause: str, address: int) -> None:
        """Nobody takes the trap: the machine stops."""
        thread, _ = self._running(hart)
        pc = address if cause == "ecall" else thread.pc
        fault = Fault(hart=hart, tid=thread.tid, pid=PID, pc=pc, cause=cause, address=address, signal=0)
        self._kernel.emit(fault)
        self.deaths.append(Death(fault, self._kernel.program_of(PID).locate(pc)))
        self._kernel.halted = ("stopped", STOPPED)
