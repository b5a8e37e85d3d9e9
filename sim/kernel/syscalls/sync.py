"""futex: waiting for a word of memory to change."""

from typing import TYPE_CHECKING

from sim.events import Futex, Thread
from sim.kernel import errno, paging
from sim.kernel.syscalls.clock import read_timespec
from sim.kernel.syscalls.table import Call, Deed, syscall

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

FUTEX_WAIT, FUTEX_WAKE = 0, 1
FUTEX_PRIVATE_FLAG, FUTEX_CLOCK_REALTIME = 128, 256


@syscall(98, "futex")
def futex(kernel: "Kernel", call: Call) -> Deed:
    """futex(address, operation, value, timeout): wait while the word is value; wake value waiters"""
    address, operation, value = call.arguments[:3]
    command = operation & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)
    if address % 4:
        return errno.EINVAL
    if command == FUTEX_WAIT:
        return (yield from _wait(kernel, call))
    if command == FUTEX_WAKE:
        return (yield from kernel.wake(call.process, address, max(value & 0xFFFF_FFFF, 0), call.thread.tid))
    kernel.refuse(f"futex operation {command}")
    return errno.ENOSYS


def _wait(kernel: "Kernel", call: Call) -> Deed:
    """Block if the word still holds the expected value; the timeout is relative."""
    address, _, value, timeout = call.arguments[:4]
    until = -1
    if timeout:
        until = kernel.machine.tick + read_timespec(kernel, call, timeout)
        if until < kernel.machine.tick:
            return errno.EINVAL
    word = int.from_bytes(paging.copy_in(kernel.world, call.process, address, 4), "little")
    if word != value & 0xFFFF_FFFF:
        return errno.EAGAIN
    tid, pid = call.thread.tid, call.process.pid
    yield Futex(tid=tid, pid=pid, action="wait", address=address, value=word)
    yield Thread(tid=tid, pid=pid, action="blocked", on="futex", address=address, until=until)
    return None
