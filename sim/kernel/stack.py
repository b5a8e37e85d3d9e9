"""The stack that a program begins with: argc, argv, envp, auxiliary vector, as the psABI has them."""

import struct
from dataclasses import dataclass
from random import Random

from sim.kernel.stat import USER
from sim.program import Program
from sim.space import PAGE, USER_END

#: Between the stack's top and the end of user space.
STACK_TOP = USER_END - PAGE

# Auxiliary vector entries (linux/auxvec.h).
AT_NULL, AT_PHDR, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_BASE, AT_FLAGS, AT_ENTRY = 0, 3, 4, 5, 6, 7, 8, 9
AT_UID, AT_EUID, AT_GID, AT_EGID, AT_HWCAP, AT_CLKTCK, AT_SECURE = 11, 12, 13, 14, 16, 17, 23
AT_RANDOM, AT_EXECFN, AT_MINSIGSTKSZ = 25, 31, 51

#: A bit for each letter of the instruction set.
HWCAP = sum(1 << (ord(letter) - ord("a")) for letter in "imafdc")
#: Clock ticks in a second, as times() counts them; bytes that a signal's frame takes at most.
CLOCK_TICKS, SIGNAL_FRAME = 100, 2048


@dataclass(frozen=True)
class Start:
    """What a program is started with: ``path`` is where it stands."""

    path: str
    arguments: tuple[bytes, ...]
    environment: tuple[bytes, ...]


class TooLong(Exception):
    """The arguments and the environment take more than half of the stack."""


def initial_stack(program: Program, start: Start, size: int) -> tuple[int, bytes]:
    """(stack pointer, bytes from there to the top) of a stack of ``size`` bytes. Raises TooLong."""
    # The same noise for every seed, so that seeds differ in choices only.
    noise = Random("AT_RANDOM").randbytes(16)
    strings = [text + b"\0" for text in (*start.arguments, *start.environment, start.path.encode())]
    block = b"".join(strings) + noise
    base = STACK_TOP - _align(len(block))
    places, address = [], base
    for string in strings:
        places.append(address)
        address += len(string)
    count = len(start.arguments)
    vector = _auxiliary(program, path=places[-1], noise=address)
    words = (count, *places[:count], 0, *places[count:-1], 0, *vector)
    top = base - _align(8 * len(words))
    if STACK_TOP - top > size // 2:
        raise TooLong
    data = struct.pack(f"<{len(words)}q", *words)
    return top, data.ljust(base - top, b"\0") + block


def _auxiliary(program: Program, path: int, noise: int) -> tuple[int, ...]:
    """Type and value of each entry; ``path`` and ``noise`` are addresses."""
    headers, header_size, header_count = program.header
    return (
        *(AT_HWCAP, HWCAP, AT_PAGESZ, PAGE, AT_CLKTCK, CLOCK_TICKS),
        *(AT_PHDR, headers, AT_PHENT, header_size, AT_PHNUM, header_count),
        *(AT_BASE, 0, AT_FLAGS, 0, AT_ENTRY, program.entry),
        *(AT_UID, USER, AT_EUID, USER, AT_GID, USER, AT_EGID, USER, AT_SECURE, 0),
        *(AT_RANDOM, noise, AT_EXECFN, path, AT_MINSIGSTKSZ, SIGNAL_FRAME, AT_NULL, 0),
    )


def _align(size: int) -> int:
    return (size + 15) & -16
