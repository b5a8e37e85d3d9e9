"""Processes and their kin: who am I, whose child, which group; waiting for children."""

from typing import TYPE_CHECKING

from sim.kernel import errno
from sim.kernel.syscalls.table import Call, int32, syscall

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

#: Options of wait4 and waitid (linux/wait.h).
WNOHANG, WSTOPPED, WEXITED, WCONTINUED, WNOWAIT = 1, 2, 4, 8, 0x1000000
_WNOTHREAD, _WALL, _WCLONE = 0x20000000, 0x40000000, 0x80000000
_WAIT4 = WNOHANG | WSTOPPED | WCONTINUED | _WNOTHREAD | _WALL | _WCLONE
_WAITID = _WAIT4 | WEXITED | WNOWAIT
P_ALL, P_PID, P_PGID, P_PIDFD = 0, 1, 2, 3


@syscall(172, "getpid")
def getpid(kernel: "Kernel", call: Call) -> int:
    """getpid()"""
    return call.process.pid


@syscall(173, "getppid")
def getppid(kernel: "Kernel", call: Call) -> int:
    """getppid(): 0 for the first process"""
    return call.process.parent


@syscall(155, "getpgid")
@syscall(156, "getsid")
def getpgid(kernel: "Kernel", call: Call) -> int:
    """getpgid(pid): every process is of the first one's group and session"""
    pid = int32(call.arguments[0]) or call.process.pid
    process = kernel.world.processes.get(pid)
    return errno.ESRCH if process is None or process.state != "running" else 1


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


@syscall(260, "wait4")
def wait4(kernel: "Kernel", call: Call) -> int:
    """wait4(pid, status, options, usage): there are no children"""
    options = call.arguments[2] & 0xFFFF_FFFF
    return errno.EINVAL if options & ~_WAIT4 else errno.ECHILD


@syscall(95, "waitid")
def waitid(kernel: "Kernel", call: Call) -> int:
    """waitid(type, id, info, options, usage): there are no children"""
    kind, options = int32(call.arguments[0]), call.arguments[3] & 0xFFFF_FFFF
    if options & ~_WAITID or not options & (WEXITED | WSTOPPED | WCONTINUED):
        return errno.EINVAL
    return errno.EINVAL if not P_ALL <= kind <= P_PIDFD else errno.ECHILD
