"""Calls that wait for a file: a pipe, an eventfd, or any of several (poll).

Such a call is an *attempt*: a handler that returns a `Wait` in place of a result while it can't go on. The
thread then blocks, and whatever changes the file lets those who wait for it attempt again, the longest
waiting first. An attempt finds its arguments where they were: in the thread's registers.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.events import Event, Thread
from sim.kernel import errno, signals
from sim.kernel.paging import BadAddress, OutOfMemory
from sim.kernel.syscalls.table import Call, Deed, syscall
from sim.thread import Thread as ThreadState

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel


@dataclass(frozen=True)
class Wait:
    """What an attempt waits for: as `sim.events.Thread` tells it, but for ``until``: the tick at which it
    attempts a last time, -1 for never."""

    on: str
    address: int
    until: int = -1


Outcome = Generator[Event, None, int | Wait]
Attempt = Callable[["Kernel", Call], Outcome]

ATTEMPTS: dict[int, Attempt] = {}


def waits(number: int, name: str) -> Callable[[Attempt], Attempt]:
    """Declare a system call that may wait, by its attempt."""

    def declare(attempt: Attempt) -> Attempt:
        ATTEMPTS[number] = attempt

        def call_it(kernel: "Kernel", call: Call) -> Deed:
            outcome = yield from attempt(kernel, call)
            if isinstance(outcome, int):
                return outcome
            yield Thread(
                tid=call.thread.tid,
                pid=call.process.pid,
                action="blocked",
                on=outcome.on,
                address=outcome.address,
                until=outcome.until,
            )
            if call.thread.moved:
                yield from settle(kernel, {outcome.address}, call.thread.tid)
            return None

        call_it.__doc__ = attempt.__doc__
        syscall(number, name)(call_it)
        return attempt

    return declare


def settle(kernel: "Kernel", changed: set[int], by: int) -> Generator[Event, None, None]:
    """Let those go on who can, now that the pipes and eventfds with these numbers have changed."""
    world = kernel.world
    progress = True
    while progress:
        progress = False
        for tid in list(world.waiting):
            thread = world.threads[tid]
            if tid in world.waiting and (thread.on == "poll" or thread.address in changed):
                progress = (yield from attempt_again(kernel, thread, by)) or progress


def attempt_again(kernel: "Kernel", thread: ThreadState, by: int) -> Generator[Event, None, bool]:
    """A blocked call's next attempt; true if it got on."""
    process = kernel.world.processes[thread.pid]
    arguments = list(thread.arguments()[:6])
    before = thread.moved
    try:
        outcome = yield from ATTEMPTS[thread.syscall](kernel, Call(-1, thread, process, arguments))
    except errno.Failure as failure:
        outcome = failure.number
    except BadAddress:
        outcome = errno.EFAULT
    except OutOfMemory:
        outcome = errno.ENOMEM
    if isinstance(outcome, Wait):
        return thread.moved != before
    yield from signals.end_suspension(thread)
    yield from kernel.resume(thread, outcome, by)
    yield from signals.take(kernel, thread)
    return True
