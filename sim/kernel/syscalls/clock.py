"""Time and chance: clocks, sleeping, random bytes.

One tick is one nanosecond, and every clock counts from the start of the run: also that of the calendar,
which so begins in 1970.
"""

import struct
from typing import TYPE_CHECKING

from sim.events import Choice, Thread
from sim.kernel import errno, paging, timespec
from sim.kernel.syscalls.table import Call, Deed, int32, syscall

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

#: CLOCK_REALTIME to CLOCK_TAI; 10 was taken back.
CLOCKS = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11}
THREAD_CPUTIME = 3
#: Clocks that one can read and not sleep on: they count what a thread has used, or are read coarsely.
NO_SLEEP = {4, 5, 6}
TIMER_ABSTIME = 1
#: Ticks in a clock_t: 100 of these make a second (times).
CLOCK_T = timespec.SECOND // 100
#: struct rusage: two timevals and 14 counts.
RUSAGE = 16 * 8
RUSAGE_THREAD, RUSAGE_SELF, RUSAGE_CHILDREN = 1, 0, -1


def _is_clock(clock: int) -> bool:
    """A fixed clock, or one of this process's or a thread's CPU time (a negative number, of which the lowest
    three bits tell the kind)."""
    return clock in CLOCKS or (clock < 0 and clock & 7 in (2, 6))


def _sleep(call: Call, until: int) -> Deed:
    thread = call.thread
    yield Thread(tid=thread.tid, pid=thread.pid, action="blocked", on="sleep", until=until)
    return None


@syscall(101, "nanosleep")
def nanosleep(kernel: "Kernel", call: Call) -> Deed:
    """nanosleep(request, remaining)"""
    duration = timespec.read(kernel.world, call.process, call.arguments[0])
    if duration is None:
        return errno.EINVAL
    return (yield from _sleep(call, kernel.machine.tick + duration))


@syscall(115, "clock_nanosleep")
def clock_nanosleep(kernel: "Kernel", call: Call) -> Deed:
    """clock_nanosleep(clock, flags, request, remaining): with flag 1 until a time, else for one"""
    clock, flags, request = int32(call.arguments[0]), *call.arguments[1:3]
    if not _is_clock(clock) or clock == THREAD_CPUTIME:
        return errno.EINVAL
    if clock in NO_SLEEP:
        return errno.EOPNOTSUPP
    time = timespec.read(kernel.world, call.process, request)
    if time is None:
        return errno.EINVAL
    now = kernel.machine.tick
    if not flags & TIMER_ABSTIME:
        return (yield from _sleep(call, now + time))
    return 0 if time <= now else (yield from _sleep(call, time))


@syscall(113, "clock_gettime")
def clock_gettime(kernel: "Kernel", call: Call) -> Deed:
    """clock_gettime(clock, timespec): every clock counts ticks from the start of the run"""
    clock, address = int32(call.arguments[0]), call.arguments[1]
    if not _is_clock(clock):
        return errno.EINVAL
    now = timespec.pack(kernel.machine.tick)
    yield from paging.copy_out(kernel.world, call.process, call.thread.tid, address, now)
    return 0


@syscall(114, "clock_getres")
def clock_getres(kernel: "Kernel", call: Call) -> Deed:
    """clock_getres(clock, timespec): one tick"""
    clock, address = int32(call.arguments[0]), call.arguments[1]
    if not _is_clock(clock):
        return errno.EINVAL
    if address:
        tick = timespec.pack(1)
        yield from paging.copy_out(kernel.world, call.process, call.thread.tid, address, tick)
    return 0


@syscall(169, "gettimeofday")
def gettimeofday(kernel: "Kernel", call: Call) -> Deed:
    """gettimeofday(timeval, timezone)"""
    address, zone = call.arguments[:2]
    if address:
        now = timespec.pack_timeval(kernel.machine.tick)
        yield from paging.copy_out(kernel.world, call.process, call.thread.tid, address, now)
    if zone:
        yield from paging.copy_out(kernel.world, call.process, call.thread.tid, zone, bytes(8))
    return 0


@syscall(153, "times")
def times(kernel: "Kernel", call: Call) -> Deed:
    """times(tms): all time counts as the program's own"""
    (address,) = call.arguments[:1]
    now = kernel.machine.tick // CLOCK_T
    if address:
        data = struct.pack("<4q", now, 0, 0, 0)
        yield from paging.copy_out(kernel.world, call.process, call.thread.tid, address, data)
    return now


@syscall(165, "getrusage")
def getrusage(kernel: "Kernel", call: Call) -> Deed:
    """getrusage(who, usage): the time since the start as user time; nothing else is counted"""
    who, address = int32(call.arguments[0]), call.arguments[1]
    if who not in (RUSAGE_SELF, RUSAGE_CHILDREN, RUSAGE_THREAD):
        return errno.EINVAL
    used = 0 if who == RUSAGE_CHILDREN else kernel.machine.tick
    data = timespec.pack_timeval(used).ljust(RUSAGE, b"\0")
    yield from paging.copy_out(kernel.world, call.process, call.thread.tid, address, data)
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
