"""The loader: makes a process of a program. Finds memory, maps segments, builds the stack, sets pc."""

from collections.abc import Iterator

import numpy as np

from sim.events import Event, KernelWrite, MemoryMap, Process, Thread
from sim.isa.registers import PC, SP, WIDTH
from sim.kernel import paging
from sim.kernel.attributes import given
from sim.kernel.options import Options
from sim.kernel.stack import STACK_TOP, Start, TooLong, initial_stack
from sim.program import BadProgram, Program, Segment
from sim.space import PAGE
from sim.thread import pack
from sim.world import World

#: The least address that a program may map: page 0 is never there, so that null pointers fault.
LOWEST = PAGE


def load(world: World, pid: int, program: Program, options: Options) -> Iterator[Event]:
    """Create process ``pid`` with the thread of the same number, ready to be scheduled. Raises BadProgram,
    OutOfMemory."""
    texts = (program.name, *options.arguments)
    start = Start(
        "/" + program.name,
        tuple(text.encode(errors="surrogateescape") for text in texts),
        tuple(text.encode(errors="surrogateescape") for text in options.environment),
    )
    yield Process(pid=pid, action="created", name=program.name)
    try:
        pointer, stack = initial_stack(program, start, options.stack)
    except TooLong:
        raise BadProgram(f"{program.name}: the arguments and the environment don't fit the stack") from None
    check_layout(program)
    yield from place(world, pid, program, pointer, stack, options)
    yield Thread(tid=pid, pid=pid, action="created", registers=first_registers(program, pointer))
    yield from given(options.attributes, pid, pid)
    yield Thread(tid=pid, pid=pid, action="ready")


def check_layout(program: Program) -> None:
    """Raises BadProgram if segments share pages."""
    end = 0
    for segment in _in_order(program):
        start, stop = _pages_of(segment)
        if start < end:
            raise BadProgram(f"{program.name}: segments overlap at {start:#x}")
        end = stop


def place(
    world: World, pid: int, program: Program, pointer: int, stack: bytes, options: Options
) -> Iterator[Event]:
    """Fill an empty address space: the program's segments, the heap behind them, and the stack, which holds
    ``stack`` from ``pointer`` on. The layout is known to be good."""
    process, end = world.processes[pid], 0
    for segment in _in_order(program):
        start, end = _pages_of(segment)
        yield MemoryMap(
            pid=pid,
            action="mapped",
            address=start,
            length=end - start,
            permissions=segment.permissions,
            name=segment.name,
        )
        if segment.data:
            yield from paging.populate(world, process, segment.address, len(segment.data))
            yield KernelWrite(pid=pid, tid=0, address=segment.address, data=segment.data)
    yield MemoryMap(pid=pid, action="mapped", address=end, length=PAGE, permissions="rw-", name="heap")
    yield from _map_stack(pid, options)
    yield from paging.populate(world, process, pointer, len(stack))
    yield KernelWrite(pid=pid, tid=0, address=pointer, data=stack)


def first_registers(program: Program, pointer: int) -> bytes:
    """What the first thread begins with."""
    registers = np.zeros(WIDTH, np.int64)
    registers[SP], registers[PC] = pointer, program.entry
    return pack(registers)


def _in_order(program: Program) -> list[Segment]:
    return sorted(program.segments, key=lambda segment: segment.address)


def _pages_of(segment: Segment) -> tuple[int, int]:
    return segment.address & -PAGE, _page_up(segment.address + segment.size)


def _map_stack(pid: int, options: Options) -> Iterator[Event]:
    size = _page_up(options.stack)
    bottom = STACK_TOP - size
    yield MemoryMap(pid=pid, action="mapped", address=bottom, length=size, permissions="rw-", name="stack")
    yield MemoryMap(
        pid=pid, action="mapped", address=bottom - PAGE, length=PAGE, permissions="---", name="guard"
    )


def _page_up(address: int) -> int:
    return (address + PAGE - 1) & -PAGE
