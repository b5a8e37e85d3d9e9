"""Times as programs write them: a timespec or timeval is two 64-bit words. One tick is one nanosecond."""

import struct
from typing import TYPE_CHECKING

from sim.kernel import paging
from sim.world import Process, World

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

SECOND = 1_000_000_000
MICROSECOND = 1_000
WORDS = struct.Struct("<qq")
#: Longer than any run, and far from the ends of 64 bits.
FOREVER = 1 << 60


def pack(ticks: int) -> bytes:
    """A timespec."""
    return WORDS.pack(*divmod(ticks, SECOND))


def pack_timeval(ticks: int) -> bytes:
    """A timeval, whose second word counts microseconds."""
    return WORDS.pack(ticks // SECOND, ticks % SECOND // MICROSECOND)


def read(world: World, process: Process, address: int) -> int | None:
    """A timespec in ticks, at most FOREVER; None if it is none. Raises BadAddress."""
    seconds: int
    nanoseconds: int
    seconds, nanoseconds = WORDS.unpack(paging.copy_in(world, process, address, WORDS.size))
    if seconds < 0 or not 0 <= nanoseconds < SECOND:
        return None
    return min(seconds * SECOND + nanoseconds, FOREVER)


def deadline(kernel: "Kernel", process: Process, address: int, absolute: bool) -> int | None:
    """The tick that a timespec means, absolute or from now; -1, for never, at address 0; None if it is no
    timespec. Raises BadAddress."""
    if not address:
        return -1
    time = read(kernel.world, process, address)
    if time is None:
        return None
    now = kernel.machine.tick
    return max(time, now) if absolute else now + time
