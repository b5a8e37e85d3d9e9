"""What programs tell the scheduler, and ask it: policies, priorities, nice values, affinities.

Each is an attribute of a thread, changed by a ``scheduling`` event. Affinities hold with every scheduler;
what of the others counts is the scheduler's matter (`sim.kernel.schedulers`). There is no superuser: any
thread may become more urgent.
"""

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sim.events import Event, Scheduling, Thread
from sim.kernel import errno, paging, timespec
from sim.kernel.attributes import affinity_of
from sim.kernel.policies import LINUX_POLICIES, SCHED_DEADLINE, SCHED_FIFO, SCHED_RR
from sim.kernel.stat import USER
from sim.kernel.syscalls.table import Call, Deed, int32, syscall
from sim.space import PAGE
from sim.thread import Thread as ThreadState

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

# Whose nice value: of setpriority (sys/resource.h). All processes are of one group.
PRIO_PROCESS, PRIO_PGRP, PRIO_USER, GROUP = 0, 1, 2, 1
#: getpriority tells 20 - nice.
NICE_0 = 20
#: struct sched_attr as far as its first version: size, policy, flags, nice, priority, and the times of
#: SCHED_DEADLINE (linux/sched/types.h).
_ATTRIBUTES = struct.Struct("<IIQiIQQQ")


def _find(kernel: "Kernel", call: Call, tid: int) -> ThreadState:
    """The thread of that number; 0 is the caller. Raises Failure."""
    if tid < 0:
        raise errno.Failure(errno.EINVAL)
    thread = kernel.world.threads.get(tid or call.thread.tid)
    if thread is None or thread.state == "exited":
        raise errno.Failure(errno.ESRCH)
    return thread


def _change(kernel: "Kernel", thread: ThreadState, **attributes: int) -> Iterator[Event]:
    """Give the thread other attributes."""
    for name, value in attributes.items():
        if getattr(thread, name) != value:
            yield Scheduling(tid=thread.tid, pid=thread.pid, action=name, value=value)
            kernel.scheduling_changed(thread.tid)


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
    """sched_getaffinity(tid, size, mask): the harts that the thread may run on; returns the bytes written"""
    tid, size, address = call.arguments[:3]
    harts = kernel.options.harts
    words = -(-harts // 64)
    if size % 8 or size < 8 * words:
        return errno.EINVAL
    mask = _find(kernel, call, int32(tid)).affinity & ((1 << harts) - 1)
    data = mask.to_bytes(8 * words, "little")
    yield from paging.copy_out(kernel.world, call.process, call.thread.tid, address, data)
    return len(data)


@syscall(122, "sched_setaffinity")
def sched_setaffinity(kernel: "Kernel", call: Call) -> Deed:
    """sched_setaffinity(tid, size, mask): from now on the thread runs on these harts only"""
    tid, size, address = call.arguments[:3]
    size = min(size & 0xFFFF_FFFF, 1024)
    mask = int.from_bytes(paging.copy_in(kernel.world, call.process, address, size), "little")
    thread = _find(kernel, call, int32(tid))
    every = (1 << kernel.options.harts) - 1
    if not mask & every:
        return errno.EINVAL
    yield from _change(kernel, thread, affinity=affinity_of(mask & every, kernel.options.harts))
    return 0


@syscall(120, "sched_getscheduler")
def sched_getscheduler(kernel: "Kernel", call: Call) -> int:
    """sched_getscheduler(tid): the thread's policy"""
    return _find(kernel, call, int32(call.arguments[0])).policy


@syscall(121, "sched_getparam")
def sched_getparam(kernel: "Kernel", call: Call) -> Deed:
    """sched_getparam(tid, parameters): its static priority"""
    tid, address = int32(call.arguments[0]), call.arguments[1]
    if not address:
        return errno.EINVAL
    data = struct.pack("<i", _find(kernel, call, tid).priority)
    yield from paging.copy_out(kernel.world, call.process, call.thread.tid, address, data)
    return 0


@syscall(119, "sched_setscheduler")
def sched_setscheduler(kernel: "Kernel", call: Call) -> Deed:
    """sched_setscheduler(tid, policy, parameters): its policy and static priority"""
    tid, policy, address = int32(call.arguments[0]), int32(call.arguments[1]), call.arguments[2]
    return (yield from _set_parameters(kernel, call, tid, policy, address))


@syscall(118, "sched_setparam")
def sched_setparam(kernel: "Kernel", call: Call) -> Deed:
    """sched_setparam(tid, parameters): its static priority"""
    tid, address = int32(call.arguments[0]), call.arguments[1]
    return (yield from _set_parameters(kernel, call, tid, None, address))


def _set_parameters(kernel: "Kernel", call: Call, tid: int, policy: int | None, address: int) -> Deed:
    if tid < 0 or not address or policy not in (None, *LINUX_POLICIES):
        return errno.EINVAL
    (priority,) = struct.unpack("<i", paging.copy_in(kernel.world, call.process, address, 4))
    thread = _find(kernel, call, tid)
    policy = thread.policy if policy is None else policy
    return (yield from _set_policy(kernel, thread, policy, priority))


def _set_policy(kernel: "Kernel", thread: ThreadState, policy: int, priority: int) -> Deed:
    """A priority from 1 to 99 belongs to the real-time policies, 0 to the others."""
    if not _least(policy) <= priority <= _most(policy):
        return errno.EINVAL
    if policy == SCHED_DEADLINE:
        kernel.refuse("SCHED_DEADLINE")
        return errno.EPERM
    yield from _change(kernel, thread, policy=policy, priority=priority)
    return 0


def _least(policy: int) -> int:
    return 1 if policy in (SCHED_FIFO, SCHED_RR) else 0


def _most(policy: int) -> int:
    return 99 if policy in (SCHED_FIFO, SCHED_RR) else 0


@syscall(125, "sched_get_priority_max")
def sched_get_priority_max(kernel: "Kernel", call: Call) -> int:
    """sched_get_priority_max(policy)"""
    policy = int32(call.arguments[0])
    return _most(policy) if policy in LINUX_POLICIES else errno.EINVAL


@syscall(126, "sched_get_priority_min")
def sched_get_priority_min(kernel: "Kernel", call: Call) -> int:
    """sched_get_priority_min(policy)"""
    policy = int32(call.arguments[0])
    return _least(policy) if policy in LINUX_POLICIES else errno.EINVAL


@syscall(127, "sched_rr_get_interval")
def sched_rr_get_interval(kernel: "Kernel", call: Call) -> Deed:
    """sched_rr_get_interval(tid, interval): the quantum; 0 for SCHED_FIFO"""
    thread = _find(kernel, call, int32(call.arguments[0]))
    data = timespec.pack(0 if thread.policy == SCHED_FIFO else kernel.options.quantum)
    yield from paging.copy_out(kernel.world, call.process, call.thread.tid, call.arguments[1], data)
    return 0


@syscall(274, "sched_setattr")
def sched_setattr(kernel: "Kernel", call: Call) -> Deed:
    """sched_setattr(tid, attributes, flags): policy, static priority and nice value"""
    tid, address, flags = int32(call.arguments[0]), call.arguments[1], call.arguments[2]
    if not address or tid < 0 or flags:
        return errno.EINVAL
    (size,) = struct.unpack("<I", paging.copy_in(kernel.world, call.process, address, 4))
    if size and not _ATTRIBUTES.size <= size <= PAGE:
        return errno.E2BIG
    data = paging.copy_in(kernel.world, call.process, address, _ATTRIBUTES.size)
    _, policy, options, nice, priority, *_ = _ATTRIBUTES.unpack(data)
    if policy not in LINUX_POLICIES or options:
        return errno.EINVAL
    thread = _find(kernel, call, tid)
    result = yield from _set_policy(kernel, thread, policy, priority)
    if result == 0 and not _most(policy):
        yield from _change(kernel, thread, nice=_nice(nice))
    return result


@syscall(275, "sched_getattr")
def sched_getattr(kernel: "Kernel", call: Call) -> Deed:
    """sched_getattr(tid, attributes, size, flags)"""
    tid, address, size, flags = call.arguments[:4]
    if not address or int32(tid) < 0 or flags or not _ATTRIBUTES.size <= size <= PAGE:
        return errno.EINVAL
    thread = _find(kernel, call, int32(tid))
    data = _ATTRIBUTES.pack(
        *(_ATTRIBUTES.size, thread.policy, 0, thread.nice if not _most(thread.policy) else 0),
        *(thread.priority, 0, 0, 0),
    )
    yield from paging.copy_out(kernel.world, call.process, call.thread.tid, address, data)
    return 0


def _nice(value: int) -> int:
    return min(max(value, -20), 19)


def _whose(kernel: "Kernel", call: Call) -> list[ThreadState]:
    """The threads that a call is about; at least one. Raises Failure."""
    which, who = int32(call.arguments[0]), int32(call.arguments[1])
    if which == PRIO_PROCESS:
        return [_find(kernel, call, who)] if who >= 0 else _nobody()
    if which not in (PRIO_PGRP, PRIO_USER):
        raise errno.Failure(errno.EINVAL)
    if who not in (0, GROUP if which == PRIO_PGRP else USER):
        return _nobody()
    return [thread for thread in kernel.world.threads.values() if thread.state != "exited"]


def _nobody() -> list[ThreadState]:
    raise errno.Failure(errno.ESRCH)


@syscall(140, "setpriority")
def setpriority(kernel: "Kernel", call: Call) -> Deed:
    """setpriority(which, who, nice): the nice value of a thread, of all of the group, or of the user"""
    for thread in _whose(kernel, call):
        yield from _change(kernel, thread, nice=_nice(int32(call.arguments[2])))
    return 0


@syscall(141, "getpriority")
def getpriority(kernel: "Kernel", call: Call) -> int:
    """getpriority(which, who): 20 - the least of their nice values"""
    return NICE_0 - min(thread.nice for thread in _whose(kernel, call))
