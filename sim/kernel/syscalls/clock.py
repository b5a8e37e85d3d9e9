"""Time and chance: clocks, sleeping, random bytes. One tick is one nanosecond."""

import struct
from typing import TYPE_CHECKING

from sim.events import Choice, Thread
from sim.kernel import errno, paging
from sim.kernel.syscalls.table import Call, Deed, syscall

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

SECOND = 1_000_000_000
TIMESPEC = struct.Struct("<qq")


def read_timespec(kernel: "Kernel", call: Call, address: int) -> int:
    """A timespec in nanoseconds; a very negative number if it is none."""
    seconds: int
    nanoseconds: int
    seconds, nanoseconds = TIMESPEC.unpack(paging.copy_in(kernel.world, call.process, address, TIMESPEC.size))
    if seconds < 0 or not 0 <= nanoseconds < SECOND:
        return -(1 << 62)
    return min(seconds * SECOND + nanoseconds, 1 << 60)


@syscall(101, "nanosleep")
def nanosleep(kernel: "Kernel", call: Call) -> Deed:
    """nanosleep(request, remaining)"""
    duration = read_timespec(kernel, call, call.arguments[0])
    if duration < 0:
        return errno.EINVAL
    thread, until = call.thread, kernel.machine.tick + duration
    yield Thread(tid=thread.tid, pid=thread.pid, action="blocked", on="sleep", until=until)
    return None


@syscall(113, "clock_gettime")
def clock_gettime(kernel: "Kernel", call: Call) -> Deed:
    """clock_gettime(clock, timespec): every clock counts ticks from the start of the run"""
    clock, address = call.arguments[:2]
    if not 0 <= clock <= 11:
        return errno.EINVAL
    now = TIMESPEC.pack(*divmod(kernel.machine.tick, SECOND))
    yield from paging.copy_out(kernel.world, call.process, call.thread.tid, address, now)
    return 0


@syscall(278, "getrandom")
def getrandom(kernel: "Kernel", call: Call) -> Deed:
    """getrandom(buffer, count, flags): bytes from the run's seed"""
    buffer, count = call.arguments[:2]
    if count < 0:
        return errno.EINVAL
    count = min(count, 1 << 20)
    paging.check(call.process, buffer, count, "w")
    yield Choice(hart=call.hart, oracle="random", options=0, chosen=count)
    data = kernel.random.randbytes(count)
    yield from paging.copy_out(kernel.world, call.process, call.thread.tid, buffer, data)
    return count
