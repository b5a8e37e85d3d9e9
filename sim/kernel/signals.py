"""Signals: who takes one that was sent, and how a thread comes into a handler and back.

A signal reaches a thread as it is sent, whatever the thread is doing: it goes on in the handler, from a
system call that waits by way of that call's end. Only the thread that is in a system call itself takes its
signals when that is over (`take`), and a blocked signal waits until the thread's mask lets it through.
Stopping and continuing processes isn't there.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.events import Event, Futex, KernelWrite, MemoryMap, Signal, Thread
from sim.isa.registers import A0, PC, RA, SP
from sim.kernel import errno, paging, sigframe, timespec
from sim.kernel.sigframe import IntArray
from sim.kernel.stat import USER
from sim.signals import (
    FIRST_QUEUED,
    NAMES,
    SIG_DFL,
    SIG_IGN,
    SIGKILL,
    SIGSEGV,
    SIGSTOP,
    SS_DISABLE,
    AlternateStack,
    Disposition,
    Sent,
    ThreadSignals,
    holds,
    name_of,
    set_of,
)
from sim.space import PAGE, AddressSpace
from sim.thread import Thread as ThreadState
from sim.thread import pack
from sim.world import Process as ProcessState

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

# Flags of a disposition (asm-generic/signal-defs.h) and of an alternate stack (linux/signal.h).
SA_ONSTACK, SA_RESTART, SA_NODEFER, SA_RESETHAND = 0x08000000, 0x10000000, 0x40000000, 0x80000000
SS_ONSTACK, SS_AUTODISARM = 1, 1 << 31

_BY_NAME = {name: number for number, name in NAMES.items()}
A1, A3 = A0 + 1, A0 + 3
ECALL_BYTES = 4
#: What the default disposition ignores, and what it stops the process for.
IGNORED = {_BY_NAME[name] for name in ("SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH")}
STOPPING = {_BY_NAME[name] for name in ("SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU")}
#: What no thread can block and no process can handle.
UNBLOCKABLE = set_of(SIGKILL, SIGSTOP)
#: Taken before others: they tell of what the thread itself did.
_SYNCHRONOUS = {_BY_NAME[name] for name in ("SIGILL", "SIGTRAP", "SIGBUS", "SIGFPE", "SIGSEGV", "SIGSYS")}

NANOSLEEP, CLOCK_NANOSLEEP, TIMER_ABSTIME = 101, 115, 1
#: Calls that a handler ends with EINTR even with SA_RESTART (signal(7)): epoll_pwait, pselect6, ppoll, the
#: sleeps, rt_sigsuspend, rt_sigtimedwait. A futex wait with a timeout too.
NOT_RESTARTED = {22, 72, 73, NANOSLEEP, CLOCK_NANOSLEEP, 133, 137}

#: li a7, 139 (rt_sigreturn); ecall: where a handler returns to, on a page of its own.
TRAMPOLINE = bytes.fromhex("9308b00873000000")
TRAMPOLINE_NAME = "sigreturn"


@dataclass(frozen=True)
class Kill:
    """Signal ``number`` ended a process at event ``seq``, for the message to the user: thread ``tid`` took it
    at ``pc`` in these calls."""

    number: int
    tid: int
    seq: int
    pc: int
    calls: list[tuple[int, int, int]]


# Sending.


def send(
    kernel: "Kernel",
    process: ProcessState,
    number: int,
    *,
    to: ThreadState | None = None,
    by: ThreadState | None = None,
    code: int = sigframe.SI_USER,
    value: int = 0,
    sender: int = 0,
) -> Iterator[Event]:
    """Send a signal to a thread, or to whichever of the process's takes it; ``by`` the thread that is in a
    system call for it, or process ``sender``."""
    queue = to.signals.pending if to else process.signals.pending
    twice = number < FIRST_QUEUED and any(sent.number == number for sent in queue)
    first = to or kernel.world.threads[process.threads[0]]
    ignored = is_ignored(process, number) and not holds(first.signals.mask, number)
    yield Signal(
        tid=to.tid if to else 0,
        pid=process.pid,
        action="ignored" if twice or ignored else "sent",
        number=number,
        code=code,
        by=by.tid if by else 0,
        sender=by.pid if by else sender,
        value=value,
    )
    if twice or ignored:
        return
    threads = [to] if to else [kernel.world.threads[tid] for tid in process.threads]
    taker = next((thread for thread in threads if _lets_through(thread.signals, number)), None)
    if taker is not None and taker is not by:
        yield from take(kernel, taker, by.tid if by else 0)


def is_ignored(process: ProcessState, number: int) -> bool:
    """True if the process's answer to the signal is to do nothing."""
    handler = process.signals.disposition(number).handler
    return handler == SIG_IGN or (handler == SIG_DFL and number in IGNORED)


def _lets_through(signals: ThreadSignals, number: int) -> bool:
    return number == SIGKILL or not holds(signals.mask, number) or holds(signals.awaited, number)


def due(kernel: "Kernel", thread: ThreadState) -> Sent | None:
    """The pending signal that the thread takes next."""
    process = kernel.world.processes[thread.pid]
    for queue in (thread.signals.pending, process.signals.pending):
        found = [sent for sent in queue if _lets_through(thread.signals, sent.number)]
        if found:
            return min(found, key=lambda sent: (sent.number not in _SYNCHRONOUS, sent.number))
    return None


# Taking.


def take(kernel: "Kernel", thread: ThreadState, by: int = 0) -> Iterator[Event]:
    """The thread takes what is pending and not blocked. It runs, is ready, or waits in a system call, which
    ends."""
    process = kernel.world.processes[thread.pid]
    while thread.state != "exited":
        sent = due(kernel, thread)
        if sent is None:
            return
        disposition = process.signals.disposition(sent.number)
        if holds(thread.signals.awaited, sent.number):
            yield from _accept(kernel, thread, sent, by)
        elif is_ignored(process, sent.number):
            yield _told(thread, sent, "discarded")
        elif disposition.handler == SIG_DFL and sent.number in STOPPING:
            refuse_stop(kernel, sent.number)
            yield _told(thread, sent, "discarded")
        elif disposition.handler == SIG_DFL:
            yield from _kill(kernel, thread, sent.number)
        elif thread.state == "blocked":
            goes_back_to = yield from _interrupt(kernel, thread, disposition)
            yield from _enter(kernel, thread, sent, goes_back_to)
            if thread.state == "blocked":
                yield Thread(tid=thread.tid, pid=thread.pid, action="ready", by=by)
        else:
            yield from _enter(kernel, thread, sent, thread.bank.registers[thread.row].copy())


def accepted(kernel: "Kernel", thread: ThreadState, sent: Sent, info: int) -> Generator[Event, None, int]:
    """The thread takes a signal as the result of its rt_sigtimedwait; its siginfo goes to ``info``, if that
    isn't 0."""
    yield _told(thread, sent, "accepted")
    if info:
        process = kernel.world.processes[thread.pid]
        data = sigframe.siginfo(sent, USER)
        try:
            yield from paging.copy_out(kernel.world, process, thread.tid, info, data)
        except paging.BadAddress:
            return errno.EFAULT
        except paging.OutOfMemory:
            return errno.ENOMEM
    return sent.number


def _accept(kernel: "Kernel", thread: ThreadState, sent: Sent, by: int) -> Iterator[Event]:
    result = yield from accepted(kernel, thread, sent, thread.registers[A1])
    yield from kernel.resume(thread, result, by)


def force(
    kernel: "Kernel", thread: ThreadState, number: int, code: int, value: int, goes_back_to: IntArray
) -> Generator[Event, None, bool]:
    """A signal for what the thread itself did; False if it ends the process, which is left to the caller.
    ``goes_back_to``: the registers that the handler finds."""
    process = kernel.world.processes[thread.pid]
    handler = process.signals.disposition(number).handler
    if handler in (SIG_DFL, SIG_IGN) or number == SIGKILL or holds(thread.signals.mask, number):
        return False
    yield Signal(tid=thread.tid, pid=thread.pid, action="sent", number=number, code=code, value=value)
    yield from _enter(kernel, thread, Sent(number, code, 0, value), goes_back_to)
    return True


def force_segv(kernel: "Kernel", thread: ThreadState, goes_back_to: IntArray) -> Iterator[Event]:
    """A signal frame can't be written or read."""
    if not (yield from force(kernel, thread, SIGSEGV, sigframe.SI_KERNEL, 0, goes_back_to)):
        yield from _kill(kernel, thread, SIGSEGV)


def suspend(kernel: "Kernel", thread: ThreadState, address: int) -> Iterator[Event]:
    """The thread is about to wait with another mask, that at ``address``. Raises BadAddress."""
    process = kernel.world.processes[thread.pid]
    data = paging.copy_in(kernel.world, process, address, sigframe.SIGSET)
    mask = int.from_bytes(data, "little", signed=True) & ~UNBLOCKABLE
    yield Signal(tid=thread.tid, pid=thread.pid, action="suspended", mask=mask)


def end_suspension(thread: ThreadState) -> Iterator[Event]:
    """The wait is over without a signal: the mask from before it comes back."""
    if thread.signals.saved is not None:
        yield Signal(tid=thread.tid, pid=thread.pid, action="mask", mask=thread.signals.saved)


def discard(kernel: "Kernel", process: ProcessState, number: int) -> Iterator[Event]:
    """Forget what is pending of a signal that has become an ignored one."""
    queues = [(0, process.signals.pending)]
    queues += [(tid, kernel.world.threads[tid].signals.pending) for tid in process.threads]
    for tid, queue in queues:
        for sent in [sent for sent in queue if sent.number == number]:
            yield Signal(tid=tid, pid=process.pid, action="discarded", number=number, code=sent.code)


def refuse_stop(kernel: "Kernel", number: int) -> None:
    """Processes don't stop."""
    kernel.refuse(f"stopping a process ({name_of(number)})")


def _kill(kernel: "Kernel", thread: ThreadState, number: int) -> Iterator[Event]:
    """The signal that the thread takes ends its process."""
    kernel.kills.append(Kill(number, thread.tid, kernel.world.seq, thread.pc, thread.calls.kept()))
    yield from kernel.end_process(kernel.world.processes[thread.pid], "signalled", number)


def _told(thread: ThreadState, sent: Sent, action: str) -> Signal:
    return Signal(
        tid=thread.tid,
        pid=thread.pid,
        action=action,
        number=sent.number,
        code=sent.code,
        sender=sent.sender,
        value=sent.value,
    )


def _interrupt(
    kernel: "Kernel", thread: ThreadState, disposition: Disposition
) -> Generator[Event, None, IntArray]:
    """The call in which the thread waits ends, to be made again if the disposition says so. Returns the
    registers that the handler goes back to."""
    registers: IntArray = thread.bank.registers[thread.row].copy()
    timed_futex = thread.on == "futex" and thread.until >= 0
    restarts = (
        disposition.flags & SA_RESTART
        and thread.syscall not in NOT_RESTARTED
        and not timed_futex
        and not thread.moved
    )
    # What a write to a pipe has got rid of by now is its result.
    result = errno.ERESTARTSYS if restarts else thread.moved or errno.EINTR
    if thread.on == "futex":
        yield Futex(tid=thread.tid, pid=thread.pid, action="interrupted", address=thread.address)
    elif thread.on == "sleep":
        result = yield from _tell_remaining(kernel, thread, result)
    yield kernel.returned(thread, result)
    if restarts:
        registers[PC] -= ECALL_BYTES
    else:
        registers[A0] = result
    return registers


def _tell_remaining(kernel: "Kernel", thread: ThreadState, result: int) -> Generator[Event, None, int]:
    """A sleep that ends early says how much of it was left, if it is relative and was told where."""
    registers = thread.registers
    address = registers[A1]
    if thread.syscall == CLOCK_NANOSLEEP:
        address = 0 if registers[A1] & TIMER_ABSTIME else registers[A3]
    if not address:
        return result
    left = timespec.pack(max(thread.until - kernel.machine.tick, 0))
    try:
        process = kernel.world.processes[thread.pid]
        yield from paging.copy_out(kernel.world, process, thread.tid, address, left)
    except (paging.BadAddress, paging.OutOfMemory):
        return errno.EFAULT
    return result


# Handlers.


def _enter(kernel: "Kernel", thread: ThreadState, sent: Sent, goes_back_to: IntArray) -> Iterator[Event]:
    """Write the frame and go on in the handler."""
    process, signals = kernel.world.processes[thread.pid], thread.signals
    disposition = process.signals.disposition(sent.number)
    mask = signals.mask if signals.saved is None else signals.saved
    data = sigframe.pack(sent, USER, sigframe.Context(goes_back_to, mask, signals.stack))
    frame = _frame_address(disposition, signals.stack, int(goes_back_to[SP]))
    try:
        yield from paging.copy_out(kernel.world, process, thread.tid, frame, data)
    except (paging.BadAddress, paging.OutOfMemory):
        yield _told(thread, sent, "discarded")
        if sent.number == SIGSEGV:
            yield from _kill(kernel, thread, SIGSEGV)
        else:
            yield from force_segv(kernel, thread, goes_back_to)
        return
    registers = goes_back_to.copy()
    registers[RA], registers[SP] = trampoline(process.space), frame
    registers[PC] = disposition.handler & -2
    registers[A0 : A0 + 3] = sent.number, frame, frame + sigframe.UCONTEXT
    blocks = disposition.mask | (0 if disposition.flags & SA_NODEFER else set_of(sent.number))
    event = _told(thread, sent, "delivered")
    event.address, event.mask = disposition.handler, (signals.mask | blocks) & ~UNBLOCKABLE
    event.registers = pack(registers)
    yield event
    yield from _spend(thread, sent.number, disposition)
    kernel.machine.divert(thread.hart, thread.row)
    if thread.hart >= 0:
        kernel.machine.charge(thread.hart, kernel.costs["syscall"])


def _spend(thread: ThreadState, number: int, disposition: Disposition) -> Iterator[Event]:
    """What holds for one delivery only."""
    if disposition.flags & SA_RESETHAND:
        yield Signal(
            tid=thread.tid,
            pid=thread.pid,
            action="disposition",
            number=number,
            flags=disposition.flags,
            mask=disposition.mask,
        )
    if thread.signals.stack.flags & SS_AUTODISARM:
        yield Signal(tid=thread.tid, pid=thread.pid, action="stack", flags=SS_DISABLE)


def _frame_address(disposition: Disposition, stack: AlternateStack, sp: int) -> int:
    """Where the frame goes: below the stack pointer or on the alternate stack; -1 if it would leave that."""
    inside = is_on(stack, sp)
    if inside and not is_on(stack, sp - sigframe.SIZE):
        return -1
    if disposition.flags & SA_ONSTACK and stack.size and not inside:
        sp = stack.base + stack.size
    return (sp - sigframe.SIZE) & -16


def is_on(stack: AlternateStack, sp: int) -> bool:
    """True if a stack pointer is on an alternate stack. One with SS_AUTODISARM may be used anew any time."""
    return not stack.flags & SS_AUTODISARM and stack.base < sp <= stack.base + stack.size


def trampoline(space: AddressSpace) -> int:
    """Where handlers return to; 0 if there is no such place."""
    return next((region.start for region in space.regions if region.name == TRAMPOLINE_NAME), 0)


def map_trampoline(kernel: "Kernel", process: ProcessState, tid: int) -> Iterator[Event]:
    """Give a process the page that its handlers return to. Raises OutOfMemory."""
    address: int | None = kernel.mmap_top
    if not process.space.is_free(kernel.mmap_top, kernel.mmap_top + PAGE):
        address = process.space.gap_below(kernel.mmap_top, PAGE)
    if address is None:
        raise paging.OutOfMemory
    yield MemoryMap(
        pid=process.pid,
        action="mapped",
        address=address,
        length=PAGE,
        permissions="r-x",
        name=TRAMPOLINE_NAME,
    )
    yield from paging.populate(kernel.world, process, address, PAGE)
    yield KernelWrite(pid=process.pid, tid=tid, address=address, data=TRAMPOLINE)
