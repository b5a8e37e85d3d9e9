"""The loader: makes a process of a program. Finds memory, maps segments, builds the stack, sets pc."""

import struct
from collections.abc import Iterator
from random import Random

import numpy as np

from sim.events import Event, KernelWrite, MemoryMap, Process, Thread
from sim.isa.registers import PC, SP, WIDTH
from sim.kernel import paging
from sim.kernel.options import Options
from sim.program import BadProgram, Program
from sim.space import PAGE, USER_END
from sim.thread import pack
from sim.world import World

#: Between the stack's top and the end of user space.
STACK_TOP = USER_END - PAGE
#: The least address that a program may map: page 0 is never there, so that null pointers fault.
LOWEST = PAGE

# Auxiliary vector entries (linux/auxvec.h).
AT_NULL, AT_PHDR, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_ENTRY, AT_RANDOM = 0, 3, 4, 5, 6, 9, 25

_NAMES = {"r-x": "text", "r--": "rodata", "rw-": "data"}


def load(world: World, program: Program, options: Options) -> Iterator[Event]:
    """Create process 1 with thread 1, ready to be scheduled. Raises BadProgram."""
    yield Process(pid=1, action="created", name=program.name)
    process = world.processes[1]
    end = 0
    for segment in sorted(program.segments, key=lambda segment: segment.address):
        start, stop = segment.address & -PAGE, _page_up(segment.address + segment.size)
        if not process.space.is_free(start, stop):
            raise BadProgram(f"{program.name}: segments overlap at {start:#x}")
        name = _NAMES.get(segment.permissions, "segment")
        yield MemoryMap(
            pid=1,
            action="mapped",
            address=start,
            length=stop - start,
            permissions=segment.permissions,
            name=name,
        )
        if segment.data:
            yield from paging.populate(world, process, segment.address, len(segment.data))
            yield KernelWrite(pid=1, tid=0, address=segment.address, data=segment.data)
        end = stop
    yield MemoryMap(pid=1, action="mapped", address=end, length=PAGE, permissions="rw-", name="heap")
    yield from _map_stack(options)
    pointer, data = _initial_stack(program, options)
    yield from paging.populate(world, process, pointer, len(data))
    yield KernelWrite(pid=1, tid=0, address=pointer, data=data)
    registers = np.zeros(WIDTH, np.int64)
    registers[SP], registers[PC] = pointer, program.entry
    yield Thread(tid=1, pid=1, action="created", registers=pack(registers))
    yield Thread(tid=1, pid=1, action="ready")


def _map_stack(options: Options) -> Iterator[Event]:
    size = _page_up(options.stack)
    yield MemoryMap(
        pid=1, action="mapped", address=STACK_TOP - size, length=size, permissions="rw-", name="stack"
    )
    yield MemoryMap(
        pid=1, action="mapped", address=STACK_TOP - size - PAGE, length=PAGE, permissions="---", name="guard"
    )


def _initial_stack(program: Program, options: Options) -> tuple[int, bytes]:
    """(stack pointer, bytes from there to the top): argc, argv, envp and auxv as the psABI wants them."""
    strings = [text.encode() + b"\0" for text in (program.name, *options.arguments)]
    noise = Random("AT_RANDOM").randbytes(
        16
    )  # The same for every seed, so that seeds differ in choices only.
    block = b"".join(strings) + noise
    base = STACK_TOP - _align(len(block), 16)
    pointers, address = [], base
    for string in strings:
        pointers.append(address)
        address += len(string)
    phdr, phent, phnum = program.header
    auxv = (
        *(AT_PHDR, phdr, AT_PHENT, phent, AT_PHNUM, phnum, AT_PAGESZ, PAGE),
        *(AT_ENTRY, program.entry, AT_RANDOM, address, AT_NULL, 0),
    )
    words = (len(pointers), *pointers, 0, 0, *auxv)
    top = base - _align(8 * len(words), 16)
    if STACK_TOP - top > options.stack // 2:
        raise BadProgram(f"{program.name}: the arguments don't fit the stack")
    data = struct.pack(f"<{len(words)}q", *words)
    return top, data.ljust(base - top, b"\0") + block


def _align(size: int, to: int) -> int:
    return (size + to - 1) & -to


def _page_up(address: int) -> int:
    return _align(address, PAGE)
