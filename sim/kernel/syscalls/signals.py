"""Signals: what to do about them, what to block, sending and awaiting them."""

import struct
from typing import TYPE_CHECKING

from sim.events import Signal, Thread
from sim.kernel import errno, paging, sigframe, timespec
from sim.kernel import signals as deeds
from sim.kernel.sigframe import SIGSET
from sim.kernel.syscalls.processes import GROUP
from sim.kernel.syscalls.table import Call, Deed, int32, syscall
from sim.signals import (
    FIRST_QUEUED,
    LAST,
    SIG_DFL,
    SIG_IGN,
    SIGKILL,
    SIGSTOP,
    SS_DISABLE,
    AlternateStack,
    Disposition,
    Sent,
    holds,
    signed,
)
from sim.thread import Thread as ThreadState
from sim.thread import pack
from sim.world import Process

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

#: struct sigaction as riscv64's kernel has it, without a restorer: handler, flags, mask.
SIGACTION = struct.Struct("<qQq")
SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK = 0, 1, 2
MINSIGSTKSZ = 2048


def _set_at(kernel: "Kernel", call: Call, address: int) -> int:
    return int.from_bytes(paging.copy_in(kernel.world, call.process, address, SIGSET), "little", signed=True)


def _give(kernel: "Kernel", call: Call, address: int, data: bytes) -> Deed:
    """Write a result where the program asked for it; nowhere at address 0."""
    if address:
        yield from paging.copy_out(kernel.world, call.process, call.thread.tid, address, data)
    return 0


def _of(thread: ThreadState, action: str) -> Signal:
    return Signal(tid=thread.tid, pid=thread.pid, action=action)


@syscall(134, "rt_sigaction")
def rt_sigaction(kernel: "Kernel", call: Call) -> Deed:
    """rt_sigaction(number, new, old, size): how the process answers a signal"""
    number, new, old, size = int32(call.arguments[0]), *call.arguments[1:4]
    process, tid = call.process, call.thread.tid
    if size != SIGSET or not 1 <= number <= LAST or (new and number in (SIGKILL, SIGSTOP)):
        return errno.EINVAL
    before = process.signals.disposition(number)
    if new:
        fields = SIGACTION.unpack(paging.copy_in(kernel.world, process, new, SIGACTION.size))
        disposition = Disposition(fields[0], fields[1], fields[2] & ~deeds.UNBLOCKABLE)
        if disposition.handler not in (SIG_DFL, SIG_IGN) and not deeds.trampoline(process.space):
            yield from deeds.map_trampoline(kernel, process, tid)
        yield Signal(
            tid=0,
            pid=process.pid,
            action="disposition",
            number=number,
            by=tid,
            address=disposition.handler,
            flags=signed(disposition.flags),
            mask=disposition.mask,
        )
        if deeds.is_ignored(process, number):
            yield from deeds.discard(kernel, process, number)
    return (yield from _give(kernel, call, old, SIGACTION.pack(before[0], before[1] % (1 << 64), before[2])))


@syscall(135, "rt_sigprocmask")
def rt_sigprocmask(kernel: "Kernel", call: Call) -> Deed:
    """rt_sigprocmask(how, new, old, size): which signals the thread blocks"""
    how, new, old, size = int32(call.arguments[0]), *call.arguments[1:4]
    if size != SIGSET:
        return errno.EINVAL
    before = call.thread.signals.mask
    if new:
        change = _set_at(kernel, call, new) & ~deeds.UNBLOCKABLE
        masks = {SIG_BLOCK: before | change, SIG_UNBLOCK: before & ~change, SIG_SETMASK: change}
        if how not in masks:
            return errno.EINVAL
        if masks[how] != before:
            event = _of(call.thread, "mask")
            event.mask = masks[how]
            yield event
    return (yield from _give(kernel, call, old, before.to_bytes(SIGSET, "little", signed=True)))


@syscall(136, "rt_sigpending")
def rt_sigpending(kernel: "Kernel", call: Call) -> Deed:
    """rt_sigpending(set, size): what was sent and is blocked"""
    address, size = call.arguments[:2]
    if not 0 <= size <= SIGSET:
        return errno.EINVAL
    found = 0
    for sent in (*call.thread.signals.pending, *call.process.signals.pending):
        found |= 1 << (sent.number - 1)
    found &= call.thread.signals.mask
    data = found.to_bytes(SIGSET, "little")[:size]
    yield from paging.copy_out(kernel.world, call.process, call.thread.tid, address, data)
    return 0


@syscall(133, "rt_sigsuspend")
def rt_sigsuspend(kernel: "Kernel", call: Call) -> Deed:
    """rt_sigsuspend(mask, size): block these until a handler has run"""
    address, size = call.arguments[:2]
    if size != SIGSET:
        return errno.EINVAL
    yield from deeds.suspend(kernel, call.thread, address)
    yield Thread(tid=call.thread.tid, pid=call.process.pid, action="blocked", on="signal")
    return None


@syscall(137, "rt_sigtimedwait")
def rt_sigtimedwait(kernel: "Kernel", call: Call) -> Deed:
    """rt_sigtimedwait(set, info, timeout, size): take one of these signals, waiting for it"""
    address, info, timeout, size = call.arguments[:4]
    if size != SIGSET:
        return errno.EINVAL
    thread = call.thread
    wanted = _set_at(kernel, call, address) & ~deeds.UNBLOCKABLE
    until = timespec.deadline(kernel, call.process, timeout, absolute=False)
    if until is None:
        return errno.EINVAL
    queues = (*thread.signals.pending, *call.process.signals.pending)
    found: list[Sent] = [sent for sent in queues if holds(wanted, sent.number)]
    if found:
        return (yield from deeds.accepted(kernel, thread, min(found, key=lambda s: s.number), info))
    if until == kernel.machine.tick:
        return errno.EAGAIN
    yield Thread(tid=thread.tid, pid=thread.pid, action="blocked", on="signal", until=until)
    event = _of(thread, "awaited")
    event.mask = wanted
    yield event
    return None


@syscall(132, "sigaltstack")
def sigaltstack(kernel: "Kernel", call: Call) -> Deed:
    """sigaltstack(new, old): where handlers with SA_ONSTACK run"""
    new, old = call.arguments[:2]
    sp = call.thread.registers[2]
    before = call.thread.signals.stack
    if new:
        wanted = sigframe.unpack_stack(paging.copy_in(kernel.world, call.process, new, sigframe.STACK.size))
        result = yield from _use_stack(call.thread, wanted, sp)
        if result:
            return result
    flags = before.flags & deeds.SS_AUTODISARM
    if not before.size:
        flags |= SS_DISABLE
    elif deeds.is_on(before, sp):
        flags |= deeds.SS_ONSTACK
    return (yield from _give(kernel, call, old, sigframe.pack_stack(before._replace(flags=flags))))


def _use_stack(thread: ThreadState, wanted: AlternateStack, sp: int) -> Deed:
    """Change a thread's alternate stack as it asks; 0 or the error."""
    if deeds.is_on(thread.signals.stack, sp):
        return errno.EPERM
    flags = wanted.flags & 0xFFFF_FFFF
    mode = flags & ~deeds.SS_AUTODISARM
    if mode not in (0, SS_DISABLE, deeds.SS_ONSTACK):
        return errno.EINVAL
    if mode == SS_DISABLE:
        wanted = AlternateStack(0, 0, SS_DISABLE)
    elif not wanted.size >= MINSIGSTKSZ:
        return errno.ENOMEM
    else:
        wanted = wanted._replace(flags=flags)
    if wanted != thread.signals.stack:
        event = _of(thread, "stack")
        event.address, event.size, event.flags = wanted
        yield event
    return 0


@syscall(139, "rt_sigreturn")
def rt_sigreturn(kernel: "Kernel", call: Call) -> Deed:
    """rt_sigreturn(): what a handler's return comes to; the thread goes on as its frame says"""
    thread = call.thread
    try:
        data = paging.copy_in(kernel.world, call.process, thread.registers[2], sigframe.SIZE)
    except paging.BadAddress:
        yield from deeds.force_segv(kernel, thread, thread.bank.registers[thread.row].copy())
        return None
    context = sigframe.unpack(data)
    event = _of(thread, "returned")
    event.mask, event.registers = context.mask & ~deeds.UNBLOCKABLE, pack(context.registers)
    yield event
    kernel.machine.divert(thread.hart, thread.row)
    # As Linux: a stack that can't be set is nobody's error.
    yield from _use_stack(thread, context.stack, thread.registers[2])
    return None


# Sending.


def _valid(number: int) -> bool:
    return 0 <= number <= LAST


def _sends(
    kernel: "Kernel",
    call: Call,
    process: Process,
    number: int,
    *,
    to: ThreadState | None = None,
    code: int = sigframe.SI_USER,
    value: int = 0,
) -> Deed:
    """Send a signal; number 0 only asks whether there is someone to send it to."""
    if number in deeds.STOPPING and process.signals.disposition(number).handler == SIG_DFL:
        deeds.refuse_stop(kernel, number)
        return errno.ENOSYS
    pending = to.signals.pending if to else process.signals.pending
    if number >= FIRST_QUEUED and len(pending) >= kernel.limits.signals:
        return errno.EAGAIN
    if number:
        yield from deeds.send(kernel, process, number, to=to, by=call.thread, code=code, value=value)
    return 0


def _thread(kernel: "Kernel", tid: int, pid: int | None = None) -> ThreadState | None:
    thread = kernel.world.threads.get(tid)
    if thread is None or thread.state == "exited" or (pid is not None and thread.pid != pid):
        return None
    return thread


@syscall(129, "kill")
def kill(kernel: "Kernel", call: Call) -> Deed:
    """kill(pid, number): to a process; 0: to all, one group; -1: to all but the caller and the first"""
    pid, number = int32(call.arguments[0]), int32(call.arguments[1])
    if not _valid(number):
        return errno.EINVAL
    spared = (1, call.process.pid) if pid == -1 else ()
    everyone = pid in (0, -1, -GROUP)
    found = [
        kernel.world.processes[each]
        for each in list(kernel.world.unreaped)
        if (each == pid or everyone) and each not in spared
    ]
    if not found:
        return errno.ESRCH
    result = 0
    for process in sorted(found, key=lambda process: process is call.process):
        if process.state == "running" and result == 0:
            result = (yield from _sends(kernel, call, process, number)) or 0
    return result


@syscall(130, "tkill")
def tkill(kernel: "Kernel", call: Call) -> Deed:
    """tkill(tid, number): to a thread"""
    tid, number = int32(call.arguments[0]), int32(call.arguments[1])
    if tid <= 0:
        return errno.EINVAL
    return (yield from _to_thread(kernel, call, _thread(kernel, tid), number))


@syscall(131, "tgkill")
def tgkill(kernel: "Kernel", call: Call) -> Deed:
    """tgkill(pid, tid, number): to a thread of a process"""
    pid, tid, number = (int32(value) for value in call.arguments[:3])
    if pid <= 0 or tid <= 0:
        return errno.EINVAL
    return (yield from _to_thread(kernel, call, _thread(kernel, tid, pid), number))


def _to_thread(kernel: "Kernel", call: Call, thread: ThreadState | None, number: int) -> Deed:
    if not _valid(number):
        return errno.EINVAL
    if thread is None:
        return errno.ESRCH
    process = kernel.world.processes[thread.pid]
    return (yield from _sends(kernel, call, process, number, to=thread, code=sigframe.SI_TKILL))


@syscall(138, "rt_sigqueueinfo")
def rt_sigqueueinfo(kernel: "Kernel", call: Call) -> Deed:
    """rt_sigqueueinfo(pid, number, info): to a process, with a value"""
    pid, number = (int32(value) for value in call.arguments[:2])
    process = kernel.world.processes.get(pid)
    if process is None or process.state != "running":
        return errno.ESRCH
    return (yield from _queued(kernel, call, process, None, number, call.arguments[2]))


@syscall(240, "rt_tgsigqueueinfo")
def rt_tgsigqueueinfo(kernel: "Kernel", call: Call) -> Deed:
    """rt_tgsigqueueinfo(pid, tid, number, info): to a thread, with a value"""
    pid, tid, number = (int32(value) for value in call.arguments[:3])
    if pid <= 0 or tid <= 0:
        return errno.EINVAL
    thread = _thread(kernel, tid, pid)
    if thread is None:
        return errno.ESRCH
    process = kernel.world.processes[pid]
    return (yield from _queued(kernel, call, process, thread, number, call.arguments[3]))


def _queued(
    kernel: "Kernel", call: Call, process: Process, to: ThreadState | None, number: int, info: int
) -> Deed:
    data = paging.copy_in(kernel.world, call.process, info, sigframe.SIGINFO)
    _, _, code, _, _, value = struct.unpack_from("<iii4xiiq", data)
    if not _valid(number):
        return errno.EINVAL
    if (code >= 0 or code == sigframe.SI_TKILL) and process is not call.process:
        return errno.EPERM
    return (yield from _sends(kernel, call, process, number, to=to, code=code, value=value))
