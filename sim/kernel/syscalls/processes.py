"""Processes and their kin: who am I, whose child, which group."""

from typing import TYPE_CHECKING

from sim.kernel import errno
from sim.kernel.syscalls.table import Call, int32, syscall

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel
#: The one group that all processes are in.
GROUP = 1


@syscall(172, "getpid")
def getpid(kernel: "Kernel", call: Call) -> int:
    """getpid()"""
    return call.process.pid


@syscall(173, "getppid")
def getppid(kernel: "Kernel", call: Call) -> int:
    """getppid(): 0 for a first process, and when the parent has ended"""
    return call.process.parent


@syscall(155, "getpgid")
@syscall(156, "getsid")
def getpgid(kernel: "Kernel", call: Call) -> int:
    """getpgid(pid): every process is of the first one's group and session"""
    pid = int32(call.arguments[0]) or call.process.pid
    process = kernel.world.processes.get(pid)
    return errno.ESRCH if process is None or process.state != "running" else GROUP


@syscall(154, "setpgid")
def setpgid(kernel: "Kernel", call: Call) -> int:
    """setpgid(pid, group): the first process leads a session, so it stays in its group"""
    pid, group = int32(call.arguments[0]), int32(call.arguments[1])
    if group < 0:
        return errno.EINVAL
    return errno.EPERM if pid in (0, call.process.pid) else errno.ESRCH


@syscall(157, "setsid")
def setsid(kernel: "Kernel", call: Call) -> int:
    """setsid(): a leader of a group can't begin another session"""
    return errno.EPERM
