"""Signals as state: what is blocked, pending and answered how, and the fold of `sim.events.Signal`.

A set of signals is a signed 64-bit integer, as the log's columns hold it: bit n - 1 is signal n.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.isa.registers import RA, SP

if TYPE_CHECKING:
    from sim.events import Signal
    from sim.world import World

SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGSEGV = 4, 5, 6, 7, 8, 9, 11
SIGPIPE, SIGCHLD, SIGCONT, SIGSTOP = 13, 17, 18, 19
#: Signal numbers go from 1 to LAST; from FIRST_QUEUED on, each one sent is kept.
FIRST_QUEUED, LAST = 32, 64

NAMES = dict(
    enumerate(
        (
            *("SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL"),
            *("SIGUSR1", "SIGSEGV", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD"),
            *("SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ"),
            *("SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS"),
        ),
        start=1,
    )
)

#: What a disposition's handler is when it is no address.
SIG_DFL, SIG_IGN = 0, 1
#: Flag of SIGCHLD's disposition: children are forgotten at their end.
SA_NOCLDWAIT = 2
#: Flag of an alternate stack: there is none.
SS_DISABLE = 2


def name_of(number: int) -> str:
    """``SIGABRT``; of a real-time signal, and of a number that is none, the number."""
    return NAMES.get(number, f"signal {number}")


def members(signals: int) -> list[int]:
    """The numbers in a set, ascending."""
    return [number for number in range(1, LAST + 1) if holds(signals, number)]


def holds(signals: int, number: int) -> bool:
    """True if the set has the signal."""
    return bool(signals >> (number - 1) & 1)


def set_of(*numbers: int) -> int:
    """The set with these signals."""
    bits = 0
    for number in numbers:
        bits |= 1 << (number - 1)
    return signed(bits)


def signed(bits: int) -> int:
    """The low 64 bits as a signed integer."""
    return (bits + (1 << 63)) % (1 << 64) - (1 << 63)


class Sent(NamedTuple):
    """A signal that waits to be taken. ``code`` is its si_code, ``sender`` a pid (0: the kernel), ``value``
    what sigqueue gave along, or the address of a fault."""

    number: int
    code: int
    sender: int
    value: int


class Disposition(NamedTuple):
    """How a process answers a signal: SIG_DFL, SIG_IGN or the address of a handler; SA_ flags; what the
    handler blocks besides."""

    handler: int = SIG_DFL
    flags: int = 0
    mask: int = 0


class AlternateStack(NamedTuple):
    """Where handlers with SA_ONSTACK run."""

    base: int = 0
    size: int = 0
    flags: int = SS_DISABLE


@dataclass(slots=True)
class ThreadSignals:
    """``mask``: the signals that the thread blocks. ``saved``: the mask that comes back when the handler
    that ends its rt_sigsuspend does; None outside of one. ``awaited``: what its rt_sigtimedwait waits for.
    ``pending``: in order of sending."""

    mask: int = 0
    saved: int | None = None
    awaited: int = 0
    stack: AlternateStack = field(default_factory=AlternateStack)
    pending: list[Sent] = field(default_factory=list)

    def plain(self) -> list[Any]:
        """As JSON; empty for a thread that signals haven't touched."""
        if self == ThreadSignals():
            return []
        return [self.mask, self.saved, self.awaited, self.stack, self.pending]

    @classmethod
    def from_plain(cls, data: list[Any]) -> "ThreadSignals":
        """What `plain` gave."""
        if not data:
            return cls()
        mask, saved, awaited, stack, pending = data
        return cls(mask, saved, awaited, AlternateStack(*stack), [Sent(*sent) for sent in pending])


@dataclass(slots=True)
class ProcessSignals:
    """``dispositions``: those that a program has set. ``pending``: sent to the process and blocked by all of
    its threads, in order of sending."""

    dispositions: dict[int, Disposition] = field(default_factory=dict)
    pending: list[Sent] = field(default_factory=list)

    def disposition(self, number: int) -> Disposition:
        """How the process answers."""
        return self.dispositions.get(number, Disposition())

    def forget_handlers(self) -> None:
        """Another program begins: what was ignored still is, what was handled is not."""
        ignored = {n: d for n, d in self.dispositions.items() if d.handler == SIG_IGN}
        self.dispositions = ignored

    def plain(self) -> list[Any]:
        """As JSON."""
        return [sorted(self.dispositions.items()), self.pending]

    @classmethod
    def from_plain(cls, data: list[Any]) -> "ProcessSignals":
        """What `plain` gave."""
        dispositions, pending = data
        return cls(
            {number: Disposition(*disposition) for number, disposition in dispositions},
            [Sent(*sent) for sent in pending],
        )


def fold(world: "World", event: "Signal") -> None:
    """Apply a signal event."""
    process = world.processes[event.pid].signals
    thread = world.threads[event.tid].signals if event.tid else ThreadSignals()
    if event.action == "disposition":
        process.dispositions[event.number] = Disposition(event.address, event.flags, event.mask)
    elif event.action == "mask":
        thread.mask, thread.saved = event.mask, None
    elif event.action == "suspended":
        thread.saved, thread.mask = thread.mask, event.mask
    elif event.action == "awaited":
        thread.awaited = event.mask
    elif event.action == "stack":
        thread.stack = AlternateStack(event.address, event.size, event.flags)
    elif event.action == "sent":
        queue = thread.pending if event.tid else process.pending
        queue.append(Sent(event.number, event.code, event.sender, event.value))
    if event.action in ("discarded", "accepted", "delivered"):
        _take(thread.pending if _is_pending(thread.pending, event.number) else process.pending, event.number)
    if event.action in ("delivered", "returned"):
        thread.mask, thread.saved = event.mask, None
        world.continue_at(event.tid, event.registers)
    if event.action == "delivered":
        _enter(world, event)


def _is_pending(queue: list[Sent], number: int) -> bool:
    return any(sent.number == number for sent in queue)


def _take(queue: list[Sent], number: int) -> None:
    """Take the oldest with this number."""
    del queue[next(i for i, sent in enumerate(queue) if sent.number == number)]


def _enter(world: "World", event: "Signal") -> None:
    """The handler is a call, whose return goes to the page that asks for rt_sigreturn."""
    thread = world.threads[event.tid]
    registers = thread.registers
    thread.calls.enter(event.address, registers[RA], registers[SP])
