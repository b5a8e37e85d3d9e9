"""Who the program is, what it runs on, and what it may have."""

import struct
from collections.abc import Generator
from typing import TYPE_CHECKING

from sim.events import Event
from sim.kernel import errno, paging
from sim.kernel.stat import USER
from sim.kernel.syscalls.memory import page_up
from sim.kernel.syscalls.table import Call, Deed, int32, syscall
from sim.kernel.timespec import SECOND
from sim.space import PAGE

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

#: System, node, release, version, machine, domain: each in 65 bytes.
_NAMES = ("Linux", "simrec", "6.6.0", "#1 SMP", "riscv64", "(none)")
_UTSNAME = struct.Struct("65s" * len(_NAMES))
_SYSINFO = struct.Struct("<q3Q6QHHI2QI4x")

# Resources of prlimit64 (asm-generic/resource.h).
RLIMIT_STACK, RLIMIT_CORE, RLIMIT_NPROC, RLIMIT_NOFILE, RLIMIT_SIGPENDING = 3, 4, 6, 7, 11
RLIM_NLIMITS = 16
RLIM_INFINITY = (1 << 64) - 1
_RLIMIT = struct.Struct("<QQ")


@syscall(160, "uname")
def uname(kernel: "Kernel", call: Call) -> Deed:
    """uname(names)"""
    data = _UTSNAME.pack(*(name.encode() for name in _NAMES))
    yield from paging.copy_out(kernel.world, call.process, call.thread.tid, call.arguments[0], data)
    return 0


@syscall(179, "sysinfo")
def sysinfo(kernel: "Kernel", call: Call) -> Deed:
    """sysinfo(info): memory and processes"""
    world = kernel.world
    running = sum(process.state == "running" for process in world.processes.values())
    data = _SYSINFO.pack(
        *(kernel.machine.tick // SECOND, 0, 0, 0),
        *(kernel.options.ram, paging.room(world) * PAGE, 0, 0, 0, 0),
        *(running, 0, 0, 0, 0, 1),
    )
    yield from paging.copy_out(world, call.process, call.thread.tid, call.arguments[0], data)
    return 0


@syscall(174, "getuid")
@syscall(175, "geteuid")
@syscall(176, "getgid")
@syscall(177, "getegid")
def getuid(kernel: "Kernel", call: Call) -> int:
    """getuid(): the same ordinary user and group for all programs"""
    return USER


@syscall(158, "getgroups")
def getgroups(kernel: "Kernel", call: Call) -> Deed:
    """getgroups(size, groups): the one group"""
    size, address = int32(call.arguments[0]), call.arguments[1]
    if size < 0:
        return errno.EINVAL
    if size:
        data = struct.pack("<I", USER)
        yield from paging.copy_out(kernel.world, call.process, call.thread.tid, address, data)
    return 1


@syscall(261, "prlimit64")
def prlimit64(kernel: "Kernel", call: Call) -> Deed:
    """prlimit64(pid, resource, new, old): limits can be set only to what they are"""
    pid, resource, new, old = call.arguments[:4]
    if int32(pid) not in (0, call.process.pid):
        return errno.ESRCH
    return (yield from _limit(kernel, call, resource, new, old))


@syscall(163, "getrlimit")
def getrlimit(kernel: "Kernel", call: Call) -> Deed:
    """getrlimit(resource, limits)"""
    resource, old = call.arguments[:2]
    return (yield from _limit(kernel, call, resource, 0, old)) if old else errno.EFAULT


@syscall(164, "setrlimit")
def setrlimit(kernel: "Kernel", call: Call) -> Deed:
    """setrlimit(resource, limits): limits can be set only to what they are"""
    resource, new = call.arguments[:2]
    return (yield from _limit(kernel, call, resource, new, 0)) if new else errno.EFAULT


def _limit(kernel: "Kernel", call: Call, resource: int, new: int, old: int) -> Generator[Event, None, int]:
    """Compare with the new limits, and tell the old ones, where these addresses aren't 0."""
    resource &= 0xFFFF_FFFF
    if resource >= RLIM_NLIMITS:
        return errno.EINVAL
    limits = _limits(kernel, resource)
    if new:
        soft, hard = _RLIMIT.unpack(paging.copy_in(kernel.world, call.process, new, _RLIMIT.size))
        if soft > hard:
            return errno.EINVAL
        if (soft, hard) != limits:
            kernel.refuse("changing a limit")
            return errno.EPERM
    if old:
        data = _RLIMIT.pack(*limits)
        yield from paging.copy_out(kernel.world, call.process, call.thread.tid, old, data)
    return 0


def _limits(kernel: "Kernel", resource: int) -> tuple[int, int]:
    """(soft, hard)"""
    limit = {
        RLIMIT_STACK: page_up(kernel.options.stack),
        RLIMIT_CORE: 0,
        RLIMIT_NOFILE: kernel.limits.files,
        RLIMIT_NPROC: kernel.limits.threads,
        RLIMIT_SIGPENDING: kernel.limits.signals,
    }.get(resource, RLIM_INFINITY)
    return limit, limit
