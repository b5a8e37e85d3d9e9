"""What programs ask the scheduler for. There is one policy, SCHED_OTHER, and every thread may run on every
hart: which one does, the run's own scheduler decides (`sim.kernel.schedulers`)."""

import struct
from typing import TYPE_CHECKING

from sim.events import Thread
from sim.kernel import errno, paging
from sim.kernel.syscalls.table import Call, Deed, int32, syscall

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE, SCHED_DEADLINE = 0, 1, 2, 3, 5, 6
POLICIES = (SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE, SCHED_DEADLINE)
#: getpriority tells 20 - nice.
NICE_0 = 20


def _unknown(kernel: "Kernel", call: Call, tid: int) -> bool:
    """True if there is no such thread; 0 is the caller."""
    thread = kernel.world.threads.get(tid or call.thread.tid)
    return thread is None or thread.state == "exited"


@syscall(124, "sched_yield")
def sched_yield(kernel: "Kernel", call: Call) -> Deed:
    """sched_yield(): to the end of the run queue, if anyone is in it"""
    if kernel.world.run_queue:
        yield Thread(call.thread.tid, call.thread.pid, "ready")
    return 0


@syscall(168, "getcpu")
def getcpu(kernel: "Kernel", call: Call) -> Deed:
    """getcpu(cpu, node): the hart that made the call"""
    for address, value in zip(call.arguments[:2], (call.hart, 0), strict=True):
        if address:
            data = struct.pack("<I", value)
            yield from paging.copy_out(kernel.world, call.process, call.thread.tid, address, data)
    return 0


@syscall(123, "sched_getaffinity")
def sched_getaffinity(kernel: "Kernel", call: Call) -> Deed:
    """sched_getaffinity(tid, size, mask): all harts; returns the bytes written"""
    tid, size, address = call.arguments[:3]
    harts = kernel.options.harts
    words = -(-harts // 64)
    if size % 8 or size < 8 * words:
        return errno.EINVAL
    if _unknown(kernel, call, int32(tid)):
        return errno.ESRCH
    data = ((1 << harts) - 1).to_bytes(8 * words, "little")
    yield from paging.copy_out(kernel.world, call.process, call.thread.tid, address, data)
    return len(data)


@syscall(122, "sched_setaffinity")
def sched_setaffinity(kernel: "Kernel", call: Call) -> int:
    """sched_setaffinity(tid, size, mask): all harts, or nothing"""
    tid, size, address = call.arguments[:3]
    size = min(size & 0xFFFF_FFFF, 1024)
    mask = int.from_bytes(paging.copy_in(kernel.world, call.process, address, size), "little")
    if _unknown(kernel, call, int32(tid)):
        return errno.ESRCH
    every = (1 << kernel.options.harts) - 1
    if not mask & every:
        return errno.EINVAL
    if mask & every != every:
        kernel.refuse("sched_setaffinity to some of the harts")
        return errno.ENOSYS
    return 0


@syscall(120, "sched_getscheduler")
def sched_getscheduler(kernel: "Kernel", call: Call) -> int:
    """sched_getscheduler(tid)"""
    tid = int32(call.arguments[0])
    if tid < 0:
        return errno.EINVAL
    return errno.ESRCH if _unknown(kernel, call, tid) else SCHED_OTHER


@syscall(121, "sched_getparam")
def sched_getparam(kernel: "Kernel", call: Call) -> Deed:
    """sched_getparam(tid, parameters): priority 0"""
    tid, address = int32(call.arguments[0]), call.arguments[1]
    if tid < 0 or not address:
        return errno.EINVAL
    if _unknown(kernel, call, tid):
        return errno.ESRCH
    yield from paging.copy_out(kernel.world, call.process, call.thread.tid, address, bytes(4))
    return 0


@syscall(119, "sched_setscheduler")
def sched_setscheduler(kernel: "Kernel", call: Call) -> int:
    """sched_setscheduler(tid, policy, parameters): the one that is"""
    return _set(kernel, call, int32(call.arguments[1]), call.arguments[2])


@syscall(118, "sched_setparam")
def sched_setparam(kernel: "Kernel", call: Call) -> int:
    """sched_setparam(tid, parameters): the one that is"""
    return _set(kernel, call, SCHED_OTHER, call.arguments[1])


def _set(kernel: "Kernel", call: Call, policy: int, address: int) -> int:
    """As Linux answers an ordinary user: other policies than the ordinary ones are not permitted."""
    tid = int32(call.arguments[0])
    if tid < 0 or not address or policy not in POLICIES:
        return errno.EINVAL
    (priority,) = struct.unpack("<i", paging.copy_in(kernel.world, call.process, address, 4))
    if _unknown(kernel, call, tid):
        return errno.ESRCH
    real_time = policy in (SCHED_FIFO, SCHED_RR)
    if not (1 <= priority <= 99 if real_time else priority == 0):
        return errno.EINVAL
    return errno.EPERM if real_time or policy == SCHED_DEADLINE else 0


@syscall(125, "sched_get_priority_max")
def sched_get_priority_max(kernel: "Kernel", call: Call) -> int:
    """sched_get_priority_max(policy)"""
    return _priority(int32(call.arguments[0]), 99)


@syscall(126, "sched_get_priority_min")
def sched_get_priority_min(kernel: "Kernel", call: Call) -> int:
    """sched_get_priority_min(policy)"""
    return _priority(int32(call.arguments[0]), 1)


def _priority(policy: int, real_time: int) -> int:
    if policy not in POLICIES:
        return errno.EINVAL
    return real_time if policy in (SCHED_FIFO, SCHED_RR) else 0


@syscall(141, "getpriority")
def getpriority(kernel: "Kernel", call: Call) -> int:
    """getpriority(which, who): nice 0"""
    return NICE_0 if 0 <= int32(call.arguments[0]) <= 2 else errno.EINVAL
