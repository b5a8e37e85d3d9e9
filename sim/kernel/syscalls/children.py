"""A process's children: waiting for their end, and what an end sets going."""

import struct
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

from sim.events import Event, Process
from sim.kernel import errno, paging, sigframe, signals
from sim.kernel.syscalls.processes import GROUP
from sim.kernel.syscalls.table import Call, int32
from sim.kernel.syscalls.waiting import Outcome, Wait, attempt_again, waits
from sim.signals import SA_NOCLDWAIT, SIG_IGN, SIGCHLD
from sim.world import NOBODYS
from sim.world import Process as ProcessState

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

#: Options of wait4 and waitid (linux/wait.h).
WNOHANG, WSTOPPED, WEXITED, WCONTINUED, WNOWAIT = 1, 2, 4, 8, 0x1000000
_WNOTHREAD, _WALL, _WCLONE = 0x20000000, 0x40000000, 0x80000000
_WAIT4 = WNOHANG | WSTOPPED | WCONTINUED | _WNOTHREAD | _WALL | _WCLONE
_WAITID = _WAIT4 | WEXITED | WNOWAIT
P_ALL, P_PID, P_PGID, P_PIDFD = 0, 1, 2, 3
#: struct rusage, of which nothing is counted.
_USAGE = bytes(144)


def _matching(kernel: "Kernel", call: Call, pid: int) -> list[ProcessState]:
    """The caller's children that are process ``pid``; -1: all. Raises Failure if there are none."""
    children = [kernel.world.processes[each] for each in call.process.children if pid in (-1, each)]
    if not children:
        raise errno.Failure(errno.ECHILD)
    return children


def _ended(children: list[ProcessState]) -> ProcessState | None:
    return next((child for child in children if child.state != "running"), None)


@waits(260, "wait4")
def wait4(kernel: "Kernel", call: Call) -> Outcome:
    """wait4(pid, status, options, usage): for the end of a child; -1, 0: of any"""
    pid, address, options, usage = int32(call.arguments[0]), *call.arguments[1:4]
    if options & 0xFFFF_FFFF & ~_WAIT4:
        return errno.EINVAL
    if pid < -1 and pid != -GROUP:
        return errno.ECHILD
    pid = pid if pid > 0 else -1
    child = _ended(_matching(kernel, call, pid))
    if child is None:
        return 0 if options & WNOHANG else Wait("child", pid)
    world, process, tid = kernel.world, call.process, call.thread.tid
    if address:
        status = child.status << 8 if child.state == "exited" else child.status
        yield from paging.copy_out(world, process, tid, address, struct.pack("<i", status))
    if usage:
        yield from paging.copy_out(world, process, tid, usage, _USAGE)
    yield _reaped(child)
    return child.pid


@waits(95, "waitid")
def waitid(kernel: "Kernel", call: Call) -> Outcome:
    """waitid(type, id, info, options, usage): for the end of a child"""
    kind, number, info, options, usage = call.arguments[:5]
    kind, number, options = int32(kind), int32(number), options & 0xFFFF_FFFF
    if options & ~_WAITID or not options & (WEXITED | WSTOPPED | WCONTINUED):
        return errno.EINVAL
    if not P_ALL <= kind <= P_PIDFD:
        return errno.EINVAL
    if kind == P_PIDFD:
        return errno.EBADF
    if kind == P_PGID and number not in (0, GROUP):
        return errno.ECHILD
    children = _matching(kernel, call, number if kind == P_PID else -1)
    child = _ended(children) if options & WEXITED else None
    world, process, tid = kernel.world, call.process, call.thread.tid
    if child is None and not options & WNOHANG:
        return Wait("child", number if kind == P_PID else -1)
    if info:
        told = bytes(sigframe.SIGINFO) if child is None else _siginfo(child)
        yield from paging.copy_out(world, process, tid, info, told)
    if usage:
        yield from paging.copy_out(world, process, tid, usage, _USAGE)
    if child is not None and not options & WNOWAIT:
        yield _reaped(child)
    return 0


def _siginfo(child: ProcessState) -> bytes:
    return sigframe.child_info(_code(child), child.pid, child.status)


def _code(child: ProcessState) -> int:
    return sigframe.CLD_EXITED if child.state == "exited" else sigframe.CLD_KILLED


def _reaped(child: ProcessState) -> Process:
    return Process(pid=child.pid, action="reaped", parent=child.parent, status=child.status)


def ended(kernel: "Kernel", process: ProcessState, by: int) -> Iterator[Event]:
    """A process has ended: whoever waits for that goes on, its parent gets a signal. Nobody waits for a
    process without a parent, or whose parent wants to hear nothing of its children; it is reaped at once."""
    yield from runs_alone(kernel, process, by)
    parent = kernel.world.processes.get(process.parent)
    if parent is None:
        if process.end_signal != NOBODYS:
            yield _reaped(process)
        return
    chld = parent.signals.disposition(SIGCHLD)
    if process.end_signal == SIGCHLD and (chld.handler == SIG_IGN or chld.flags & SA_NOCLDWAIT):
        yield _reaped(process)
    yield from _let_wait_end(kernel, parent, by)
    if process.end_signal and parent.state == "running":
        code, status = _code(process), process.status
        yield from signals.send(
            kernel, parent, process.end_signal, code=code, value=status, sender=process.pid
        )


def _let_wait_end(kernel: "Kernel", parent: ProcessState, by: int) -> Generator[Event, None, None]:
    for tid in list(parent.threads):
        thread = kernel.world.threads[tid]
        if thread.on == "child":
            yield from attempt_again(kernel, thread, by)


def runs_alone(kernel: "Kernel", process: ProcessState, by: int) -> Iterator[Event]:
    """A process that vfork made has another program now, or has ended: its parent goes on."""
    parent = kernel.world.processes.get(process.parent)
    for tid in list(parent.threads) if parent is not None else ():
        thread = kernel.world.threads[tid]
        if thread.on == "vfork" and thread.address == process.pid:
            yield from kernel.resume(thread, process.pid, by)
            yield from signals.take(kernel, thread)
