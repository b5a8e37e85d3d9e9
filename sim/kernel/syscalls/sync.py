"""futex: waiting for a word of memory to change, and waking who waits."""

from typing import TYPE_CHECKING

from sim.events import Futex, Thread
from sim.kernel import errno, paging, timespec
from sim.kernel.syscalls.table import Call, Deed, int32, syscall
from sim.world import ANY

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

FUTEX_WAIT, FUTEX_WAKE, FUTEX_REQUEUE, FUTEX_CMP_REQUEUE, FUTEX_WAKE_OP = 0, 1, 3, 4, 5
FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET = 9, 10
#: Commands that Linux has and this kernel refuses, mostly those on priority-inheriting locks.
NAMES = {
    2: "FUTEX_FD", 6: "FUTEX_LOCK_PI", 7: "FUTEX_UNLOCK_PI", 8: "FUTEX_TRYLOCK_PI",
    11: "FUTEX_WAIT_REQUEUE_PI", 12: "FUTEX_CMP_REQUEUE_PI", 13: "FUTEX_LOCK_PI2",
}  # fmt: skip
FUTEX_PRIVATE_FLAG, FUTEX_CLOCK_REALTIME = 128, 256
#: FUTEX_WAIT_BITSET, FUTEX_WAIT_REQUEUE_PI, FUTEX_LOCK_PI2.
TAKE_A_CLOCK = {9, 11, 13}
U32 = 0xFFFF_FFFF


@syscall(98, "futex")
def futex(kernel: "Kernel", call: Call) -> Deed:
    """futex(address, operation, value, timeout or value2, address2, value3): wait while the word is value;
    wake value waiters, or move them to another word"""
    address, operation, value = call.arguments[:3]
    operation &= U32
    command = operation & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)
    if operation & FUTEX_CLOCK_REALTIME and command not in TAKE_A_CLOCK:
        return errno.ENOSYS
    if address % 4:
        return errno.EINVAL
    if command in (FUTEX_WAIT, FUTEX_WAIT_BITSET):
        return (yield from _wait(kernel, call, command))
    if command == FUTEX_WAKE:
        return (yield from kernel.wake(call.process, address, _count(value), call.thread.tid))
    if command == FUTEX_WAKE_BITSET:
        return (yield from _wake_bitset(kernel, call))
    if command in (FUTEX_REQUEUE, FUTEX_CMP_REQUEUE):
        return (yield from _requeue(kernel, call, command == FUTEX_CMP_REQUEUE))
    if command == FUTEX_WAKE_OP:
        return (yield from _wake_op(kernel, call))
    kernel.refuse(NAMES.get(command, f"futex operation {command}"))
    return errno.ENOSYS


def _count(value: int) -> int:
    """How many to wake: as Linux, at least one for what isn't positive as a C int."""
    value &= U32
    return max(value - (1 << 32) if value >> 31 else value, 1)


def _word(kernel: "Kernel", call: Call, address: int) -> int:
    return int.from_bytes(paging.copy_in(kernel.world, call.process, address, 4), "little")


def _wait(kernel: "Kernel", call: Call, command: int) -> Deed:
    """Block if the word still holds the expected value. FUTEX_WAIT has a relative timeout, with a bitset it
    is absolute."""
    address, _, value, timeout, _, bitset = call.arguments
    bitset = bitset & U32 if command == FUTEX_WAIT_BITSET else ANY
    until = timespec.deadline(kernel, call.process, timeout, absolute=command == FUTEX_WAIT_BITSET)
    if not bitset or until is None:
        return errno.EINVAL
    word = _word(kernel, call, address)
    if word != value & U32:
        return errno.EAGAIN
    tid, pid = call.thread.tid, call.process.pid
    yield Futex(tid, pid, "wait", address, word, 0, bitset)
    yield Thread(tid, pid, "blocked", -1, "futex", address, until)
    return None


def _wake_bitset(kernel: "Kernel", call: Call) -> Deed:
    address, _, value, _, _, bitset = call.arguments
    if not bitset & U32:
        return errno.EINVAL
    return (yield from kernel.wake(call.process, address, _count(value), call.thread.tid, bitset & U32))


def _requeue(kernel: "Kernel", call: Call, compares: bool) -> Deed:
    """Wake some waiters and let others wait on the second address; returns how many of both."""
    address, _, wakes, moves, target, expected = call.arguments
    wakes, moves = int32(wakes), int32(moves)
    if wakes < 0 or moves < 0 or target % 4:
        return errno.EINVAL
    _word(kernel, call, target)
    if compares and _word(kernel, call, address) != expected & U32:
        return errno.EAGAIN
    process, tid = call.process, call.thread.tid
    woken = yield from kernel.wake(process, address, wakes, tid)
    moved = len(kernel.world.waiters(process.pid, address, ANY, moves))
    if moved:
        yield Futex(tid=tid, pid=process.pid, action="requeue", address=address, count=moved, target=target)
    return woken + moved


def _wake_op(kernel: "Kernel", call: Call) -> Deed:
    """Change the word at the second address; wake waiters of the first, and of the second if what it held
    compares so."""
    address, _, wakes, wakes2, target, operation = call.arguments
    if target % 4:
        return errno.EINVAL
    kind, comparison = operation >> 28 & 7, operation >> 24 & 15
    operand, other = _int12(operation >> 12), _int12(operation)
    if operation >> 31 & 1:
        operand = 1 << (operand & 31)
    if kind > 4 or comparison > 5:
        return errno.ENOSYS
    old = int32(_word(kernel, call, target))
    new = (operand, old + operand, old | operand, old & ~operand, old ^ operand)[kind]
    data = (new & U32).to_bytes(4, "little")
    process, tid = call.process, call.thread.tid
    yield from paging.copy_out(kernel.world, process, tid, target, data)
    woken = yield from kernel.wake(process, address, _count(wakes), tid)
    holds = (old == other, old != other, old < other, old <= other, old > other, old >= other)[comparison]
    if holds:
        woken += yield from kernel.wake(process, target, _count(wakes2), tid)
    return woken


def _int12(value: int) -> int:
    """A signed field of 12 bits."""
    return (value + (1 << 11)) % (1 << 12) - (1 << 11)


@syscall(449, "futex_waitv")
def futex_waitv(kernel: "Kernel", call: Call) -> int:
    """futex_waitv(): programs that ask for it can do without"""
    return errno.ENOSYS


@syscall(99, "set_robust_list")
def set_robust_list(kernel: "Kernel", call: Call) -> Deed:
    """set_robust_list(head, size): the locks that this thread gives up when it exits"""
    head, size = call.arguments[:2]
    if size != 24:
        return errno.EINVAL
    thread = call.thread
    yield Thread(tid=thread.tid, pid=thread.pid, action="robust_list", address=head)
    return 0


@syscall(100, "get_robust_list")
def get_robust_list(kernel: "Kernel", call: Call) -> Deed:
    """get_robust_list(tid, head, size); tid 0: the caller"""
    tid, head, size = call.arguments[:3]
    thread = kernel.world.threads.get(tid or call.thread.tid)
    if thread is None or thread.state == "exited":
        return errno.ESRCH
    for address, value in ((size, 24), (head, thread.robust_list)):
        data = value.to_bytes(8, "little", signed=True)
        yield from paging.copy_out(kernel.world, call.process, call.thread.tid, address, data)
    return 0
