"""Reading and writing open files, and where they stand."""

import struct
from collections.abc import Generator
from functools import partial
from typing import TYPE_CHECKING

from sim.events import Event
from sim.files import OpenFile
from sim.kernel import errno, paging, texts
from sim.kernel.syscalls import transfer
from sim.kernel.syscalls.table import Call, Deed, int32, syscall
from sim.kernel.syscalls.transfer import Span, open_file
from sim.kernel.syscalls.waiting import Outcome, settle, waits

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

#: Parts of memory that one readv or writev takes.
IOV_MAX = 1024
_IOVEC = struct.Struct("<Qq")
SEEK_SET, SEEK_CUR, SEEK_END = 0, 1, 2


def _span(call: Call) -> list[Span]:
    """The buffer in a1, a2."""
    if call.arguments[2] < 0:
        raise errno.Failure(errno.EINVAL)
    return [(call.arguments[1], call.arguments[2])]


def _spans(kernel: "Kernel", call: Call) -> list[Span]:
    """The buffers of the iovec in a1, a2. Raises BadAddress."""
    address, count = call.arguments[1], call.arguments[2]
    if not 0 <= count <= IOV_MAX:
        raise errno.Failure(errno.EINVAL)
    data = paging.copy_in(kernel.world, call.process, address, _IOVEC.size * count)
    spans = list(_IOVEC.iter_unpack(data))
    if any(length < 0 for _, length in spans) or sum(length for _, length in spans) >> 63:
        raise errno.Failure(errno.EINVAL)
    return spans


@waits(63, "read")
def read(kernel: "Kernel", call: Call) -> Outcome:
    """read(fd, buffer, count)"""
    return transfer.read(kernel, call, call.arguments[0], _span(call))


@waits(64, "write")
def write(kernel: "Kernel", call: Call) -> Outcome:
    """write(fd, buffer, count)"""
    return transfer.write(kernel, call, call.arguments[0], _span(call))


@waits(65, "readv")
def readv(kernel: "Kernel", call: Call) -> Outcome:
    """readv(fd, iovec, count)"""
    return transfer.read(kernel, call, call.arguments[0], _spans(kernel, call))


@waits(66, "writev")
def writev(kernel: "Kernel", call: Call) -> Outcome:
    """writev(fd, iovec, count)"""
    return transfer.write(kernel, call, call.arguments[0], _spans(kernel, call))


@waits(67, "pread64")
def pread64(kernel: "Kernel", call: Call) -> Outcome:
    """pread64(fd, buffer, count, position)"""
    return transfer.read(kernel, call, call.arguments[0], _span(call), _position(call))


@waits(68, "pwrite64")
def pwrite64(kernel: "Kernel", call: Call) -> Outcome:
    """pwrite64(fd, buffer, count, position)"""
    return transfer.write(kernel, call, call.arguments[0], _span(call), _position(call))


@waits(69, "preadv")
def preadv(kernel: "Kernel", call: Call) -> Outcome:
    """preadv(fd, iovec, count, position)"""
    return transfer.read(kernel, call, call.arguments[0], _spans(kernel, call), _position(call))


@waits(70, "pwritev")
def pwritev(kernel: "Kernel", call: Call) -> Outcome:
    """pwritev(fd, iovec, count, position)"""
    return transfer.write(kernel, call, call.arguments[0], _spans(kernel, call), _position(call))


def _position(call: Call) -> int:
    if call.arguments[3] < 0:
        raise errno.Failure(errno.EINVAL)
    return call.arguments[3]


@syscall(62, "lseek")
def lseek(kernel: "Kernel", call: Call) -> Deed:
    """lseek(fd, offset, whence)"""
    fd, offset, whence = call.arguments[:3]
    file = open_file(kernel, call, fd)
    if transfer.is_stream(kernel, file):
        return errno.ESPIPE
    whence = int32(whence)
    if whence == SEEK_SET:
        position = offset
    elif whence == SEEK_CUR:
        position = file.position + offset
    elif whence == SEEK_END:
        position = (yield from _end(kernel, call, file)) + offset
    else:
        return errno.EINVAL
    if not 0 <= position < 1 << 63:
        return errno.EINVAL
    if position != file.position:
        yield transfer.changed(call, "moved", file=file.number, position=position)
    if file.form == "directory" and position == 0:
        kernel.host.forget_listing(file.number)
    return position


def _end(kernel: "Kernel", call: Call, file: OpenFile) -> Generator[Event, None, int]:
    """Where a file ends."""
    if file.form == "file":
        return (yield from transfer.file_size(kernel, call, file))
    if file.form == "text":
        return len(texts.text(kernel, call.process, file.path))
    return 0


@syscall(57, "close")
def close(kernel: "Kernel", call: Call) -> Deed:
    """close(fd)"""
    fd = int32(call.arguments[0])
    open_file(kernel, call, fd)
    yield from close_descriptor(kernel, call, fd)
    return 0


def close_descriptor(kernel: "Kernel", call: Call, fd: int) -> Generator[Event, None, None]:
    """Close an open descriptor; who waits for it, or at the other end of its pipe, finds out."""
    file = open_file(kernel, call, fd)
    yield transfer.changed(call, "closed", fd=fd)
    kernel.host.forget(kernel.world.files)
    if file.form == "pipe":
        yield from settle(kernel, {file.pipe}, call.thread.tid)
    elif kernel.devices.at(file) is not None:
        yield from settle(kernel, {file.number}, call.thread.tid)


@syscall(46, "ftruncate")
def ftruncate(kernel: "Kernel", call: Call) -> Deed:
    """ftruncate(fd, size)"""
    fd, size = call.arguments[:2]
    file = open_file(kernel, call, fd)
    if file.form != "file" or not file.writable or size < 0:
        return errno.EINVAL
    change = partial(kernel.host.truncate, file.number, size)
    return (yield from transfer.host_change(call, "truncated", file.path, change, size=size))


@syscall(82, "fsync")
@syscall(83, "fdatasync")
def fsync(kernel: "Kernel", call: Call) -> Deed:
    """fsync(fd)"""
    file = open_file(kernel, call, call.arguments[0])
    if file.form in ("pipe", "event", "console", "device"):
        return errno.EINVAL
    if file.form != "file":
        return 0
    return (
        yield from transfer.host_change(call, "synced", file.path, partial(kernel.host.sync, file.number))
    )
