"""Waiting for any of several files: ppoll, pselect6."""

import struct
from collections.abc import Generator
from typing import TYPE_CHECKING

from sim.events import Event
from sim.kernel import errno, paging, signals, timespec
from sim.kernel.errno import Failure
from sim.kernel.sigframe import SIGSET
from sim.kernel.syscalls.table import Call, int32
from sim.kernel.syscalls.transfer import POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, open_file, ready
from sim.kernel.syscalls.waiting import Outcome, Wait, waits

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

_POLLFD = struct.Struct("<ihh")
#: Where pselect6 has its mask: its address and size.
_MASK = struct.Struct("<qq")


def _until(kernel: "Kernel", call: Call, address: int) -> int:
    """The tick at which the wait is over, -1 for never; on a later attempt, what it was. Raises Failure."""
    if call.thread.state == "blocked":
        return call.thread.until
    until = timespec.deadline(kernel, call.process, address, absolute=False)
    if until is None:
        raise Failure(errno.EINVAL)
    return until


@waits(73, "ppoll")
def ppoll(kernel: "Kernel", call: Call) -> Outcome:
    """ppoll(files, count, timeout, signals)"""
    address, count, timeout, mask, size = call.arguments[:5]
    count &= 0xFFFF_FFFF
    if mask and size != SIGSET:
        return errno.EINVAL
    if count > kernel.limits.files:
        return errno.EINVAL
    until = _until(kernel, call, timeout)
    data = paging.copy_in(kernel.world, call.process, address, _POLLFD.size * count)
    paging.check(call.process, address, len(data), "w")
    found, answer = 0, b""
    for fd, events, _ in _POLLFD.iter_unpack(data):
        bits = _ready(kernel, call, fd) & (events | POLLERR | POLLHUP | POLLNVAL) if fd >= 0 else 0
        found += bits != 0
        answer += _POLLFD.pack(fd, events, bits)
    if not found and not 0 <= until <= kernel.machine.tick:
        yield from _suspend(kernel, call, mask)
        return Wait("poll", 0, until)
    yield from paging.copy_out(kernel.world, call.process, call.thread.tid, address, answer)
    return found


def _suspend(kernel: "Kernel", call: Call, mask: int) -> Generator[Event, None, None]:
    """The wait begins, blocking the signals at ``mask`` (0: as before)."""
    if mask and call.thread.state != "blocked":
        yield from signals.suspend(kernel, call.thread, mask)


def _ready(kernel: "Kernel", call: Call, fd: int) -> int:
    try:
        return ready(kernel, open_file(kernel, call, fd))
    except Failure:
        return POLLNVAL


#: What makes a file part of each of the three sets.
_SETS = (POLLIN | POLLHUP | POLLERR, POLLOUT | POLLERR, 0)


@waits(72, "pselect6")
def pselect6(kernel: "Kernel", call: Call) -> Outcome:
    """pselect6(count, readable, writable, exceptional, timeout, signals)"""
    count, *addresses, timeout, masked = call.arguments
    count = int32(count)
    mask, size = _MASK.unpack(paging.copy_in(kernel.world, call.process, masked, 16)) if masked else (0, 0)
    if mask and size != SIGSET:
        return errno.EINVAL
    if count < 0:
        return errno.EINVAL
    count = min(count, kernel.limits.files)
    size = -(-count // 64) * 8
    until = _until(kernel, call, timeout)
    found, answers = 0, []
    for address, wanted in zip(addresses, _SETS, strict=True):
        asked = paging.copy_in(kernel.world, call.process, address, size) if address else b""
        bits, answer = int.from_bytes(asked, "little"), 0
        for fd in range(count):
            if bits >> fd & 1 and ready(kernel, open_file(kernel, call, fd)) & wanted:
                found += 1
                answer |= 1 << fd
        answers.append((address, answer.to_bytes(size, "little")))
    if not found and not 0 <= until <= kernel.machine.tick:
        yield from _suspend(kernel, call, mask)
        return Wait("poll", 0, until)
    for address, data in answers:
        if address:
            yield from paging.copy_out(kernel.world, call.process, call.thread.tid, address, data)
    return found
