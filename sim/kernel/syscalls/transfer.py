"""What calls on files have in common: finding the open file, and moving bytes between it and memory.

Reading and writing depend on the file's form; those of pipes and eventfds may have to wait, and return
what for.
"""

import struct
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from sim.events import Choice, Event, File, Host, Input, Output
from sim.files import EVENT_SEMAPHORE, O_APPEND, OpenFile
from sim.kernel import errno, paging, signals, texts
from sim.kernel.errno import Failure
from sim.kernel.stat import Status
from sim.kernel.syscalls.table import Call, int32
from sim.kernel.syscalls.waiting import Outcome, Wait, settle
from sim.signals import SIGPIPE

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

#: The most bytes that one call moves from or to anything but a file, for what is left over the program
#: calls again; and that one read takes from the console.
MOST, READ_MOST = 1 << 20, 1 << 16
#: A write of at most so many bytes goes into a pipe whole or not at all.
PIPE_WHOLE = 4096
#: An eventfd's counter stays below this.
EVENT_MOST = (1 << 64) - 1

#: (address, bytes) of a part of user memory.
Span = tuple[int, int]


def open_file(kernel: "Kernel", call: Call, fd: int) -> OpenFile:
    """What a descriptor refers to. Raises Failure."""
    descriptor = call.process.files.get(int32(fd))
    if descriptor is None:
        raise Failure(errno.EBADF)
    return kernel.world.files.opened[descriptor.file]


def install(
    kernel: "Kernel",
    call: Call,
    form: str,
    path: str,
    flags: int,
    pipe: int = 0,
    position: int = 0,
    count: int = 0,
) -> Generator[Event, None, int]:
    """A new open file at the lowest free descriptor; returns that. Raises Failure."""
    kernel.limits.check_open_file(kernel.world)
    fd, number = new_descriptor(kernel, call), kernel.world.files.last + 1
    yield changed(
        call,
        "opened",
        fd=fd,
        file=number,
        form=form,
        path=path,
        flags=flags,
        pipe=pipe,
        position=position,
        count=count,
    )
    return fd


def new_descriptor(kernel: "Kernel", call: Call, least: int = 0) -> int:
    """The lowest free number from ``least`` on. Raises Failure."""
    fd = call.process.files.lowest_free(least)
    if fd >= kernel.limits.files:
        raise Failure(errno.EMFILE)
    return fd


def changed(call: Call, action: str, **values: object) -> File:
    """An event of the calling thread's."""
    return File(tid=call.thread.tid, pid=call.process.pid, action=action, **values)  # type: ignore[arg-type]


def answer(call: Call, action: str, path: str, **values: object) -> Host:
    """What the host answered."""
    return Host(tid=call.thread.tid, pid=call.process.pid, action=action, path=path, **values)  # type: ignore[arg-type]


def host_change(
    call: Call, action: str, path: str, change: Callable[[], None], **values: object
) -> Generator[Event, None, int]:
    """Change the host's file system; returns 0 or what it answered."""
    result = 0
    try:
        change()
    except Failure as failure:
        result = failure.number
    yield answer(call, action, path, result=result, **values)
    return result


def is_stream(kernel: "Kernel", file: OpenFile) -> bool:
    """True if it has no places to stand at."""
    return file.form in ("pipe", "event", "console") or kernel.devices.at(file) is not None


def _let_others_go_on(kernel: "Kernel", call: Call, number: int) -> Generator[Event, None, None]:
    """A pipe or an eventfd has changed. A call that has waited is itself part of a settling."""
    if call.thread.state != "blocked":
        yield from settle(kernel, {number}, call.thread.tid)


# Reading.


def read(kernel: "Kernel", call: Call, fd: int, spans: list[Span], position: int | None = None) -> Outcome:
    """Bytes from a file into memory; at ``position``, which doesn't move the file, or where it stands."""
    file = open_file(kernel, call, fd)
    if not file.readable:
        raise Failure(errno.EBADF)
    if file.form == "directory":
        raise Failure(errno.EISDIR)
    if position is not None and is_stream(kernel, file):
        raise Failure(errno.ESPIPE)
    spans = _reachable(call, spans, "w")
    count = sum(length for _, length in spans)
    if count == 0 and file.form != "event":
        return 0
    if file.form == "console":
        return (yield from _read_console(kernel, call, fd, spans, count))
    if file.form == "pipe":
        return (yield from _read_pipe(kernel, call, file, spans, count))
    if file.form == "event":
        return (yield from _read_event(kernel, call, file, spans, count))
    device = kernel.devices.at(file)
    if device is not None:
        return (yield from device.read(call, file, spans, count))
    start = file.position if position is None else position
    data = yield from _contents(kernel, call, fd, file, start, count)
    yield from scatter(kernel, call, spans, data)
    if data and position is None:
        yield changed(call, "moved", file=file.number, position=start + len(data))
    return len(data)


def _read_console(kernel: "Kernel", call: Call, fd: int, spans: list[Span], count: int) -> Outcome:
    """What the console has, waiting for at least a byte; nothing at its end."""
    spans = _first(spans, min(count, READ_MOST))
    # The pages come first: what has been taken from the console must find room.
    for address, length in spans:
        yield from paging.populate(kernel.world, call.process, address, length)
    try:
        data = kernel.console.read(min(count, READ_MOST))
    except InterruptedError:
        return errno.EINTR
    except OSError:
        yield answer(call, "read", "/dev/stdin", result=errno.EIO)
        return errno.EIO
    yield Input(tid=call.thread.tid, pid=call.process.pid, fd=int32(fd), data=data)
    yield from scatter(kernel, call, spans, data)
    return len(data)


def _read_pipe(kernel: "Kernel", call: Call, file: OpenFile, spans: list[Span], count: int) -> Outcome:
    pipe = kernel.world.files.pipes[file.pipe]
    if not pipe.data:
        if not pipe.writers:
            return 0
        return Wait("pipe", file.pipe) if file.blocks else errno.EAGAIN
    data = bytes(pipe.data[:count])
    yield from scatter(kernel, call, spans, data)
    yield changed(call, "drained", pipe=file.pipe, count=len(data))
    yield from _let_others_go_on(kernel, call, file.pipe)
    return len(data)


def _read_event(kernel: "Kernel", call: Call, file: OpenFile, spans: list[Span], count: int) -> Outcome:
    """The counter, which becomes 0; of a semaphore one, taken off it."""
    if count < 8:
        return errno.EINVAL
    counter = file.position & EVENT_MOST
    if not counter:
        return Wait("event", file.number) if file.blocks else errno.EAGAIN
    taken = 1 if file.flags & EVENT_SEMAPHORE else counter
    yield from scatter(kernel, call, spans, struct.pack("<Q", taken))
    yield changed(call, "moved", file=file.number, position=_signed(counter - taken))
    yield from _let_others_go_on(kernel, call, file.number)
    return 8


def _contents(
    kernel: "Kernel", call: Call, fd: int, file: OpenFile, start: int, count: int
) -> Generator[Event, None, bytes]:
    """Bytes of what stands still: a file of the host's, or of the kernel's own."""
    if start < 0:
        raise Failure(errno.EINVAL)
    if file.form == "file":
        return (yield from host_bytes(kernel, call, fd, file, start, count))
    if file.form == "text":
        return texts.text(kernel, call.process, file.path)[start : start + count]
    if file.path == "/dev/null":
        return b""
    count = min(count, MOST)
    if file.path in ("/dev/zero", "/dev/full"):
        return bytes(count)
    yield Choice(hart=call.hart, oracle="random", options=0, chosen=count)
    return kernel.random.randbytes(count)


def host_bytes(
    kernel: "Kernel", call: Call, fd: int, file: OpenFile, start: int, count: int
) -> Generator[Event, None, bytes]:
    """Bytes of a mounted file, recorded. Raises Failure."""
    try:
        data = kernel.host.read(file.number, count, start)
    except Failure as failure:
        yield answer(call, "read", file.path, result=failure.number)
        raise
    yield Input(tid=call.thread.tid, pid=call.process.pid, fd=int32(fd), data=data)
    return data


# Writing.


def write(kernel: "Kernel", call: Call, fd: int, spans: list[Span], position: int | None = None) -> Outcome:
    """Bytes from memory into a file; at ``position``, which doesn't move the file, or where it stands."""
    file = open_file(kernel, call, fd)
    if not file.writable:
        raise Failure(errno.EBADF)
    if position is not None and is_stream(kernel, file):
        raise Failure(errno.ESPIPE)
    if len(spans) == 1:
        data = paging.copy_in(kernel.world, call.process, spans[0][0], min(spans[0][1], MOST))
    else:
        parts = [span for span in _first(spans, MOST) if span[1]]
        data = b"".join(paging.copy_in(kernel.world, call.process, *part) for part in parts)
    if file.form == "console":
        stream = 2 if file.path == "/dev/stderr" else 1
        yield Output(tid=call.thread.tid, pid=call.process.pid, fd=stream, data=data)
        kernel.console.write(stream, data)
        return len(data)
    if file.form == "pipe":
        return (yield from _write_pipe(kernel, call, file, data))
    if file.form == "event":
        return (yield from _write_event(kernel, call, file, data))
    if file.form == "file":
        return (yield from _write_file(kernel, call, file, data, position))
    device = kernel.devices.at(file)
    if device is not None:
        return (yield from device.write(call, file, data))
    return errno.ENOSPC if file.path == "/dev/full" and data else len(data)


def _write_pipe(kernel: "Kernel", call: Call, file: OpenFile, data: bytes) -> Outcome:
    """All of it, waiting for room as often as it takes; a little goes in whole."""
    pipe, moved = kernel.world.files.pipes[file.pipe], call.thread.moved
    if not pipe.readers:
        return moved or (yield from _broken_pipe(kernel, call))
    rest = data[moved:]
    whole = len(data) <= PIPE_WHOLE
    fits = rest if pipe.room >= len(rest) else b"" if whole else rest[: pipe.room]
    if fits:
        yield changed(call, "filled", pipe=file.pipe, data=fits)
    if len(fits) < len(rest) and file.blocks:
        return Wait("pipe", file.pipe)
    if fits:
        yield from _let_others_go_on(kernel, call, file.pipe)
    return len(data) if len(fits) == len(rest) else call.thread.moved or errno.EAGAIN


def _broken_pipe(kernel: "Kernel", call: Call) -> Generator[Event, None, int]:
    """Nobody will ever read what is written."""
    yield from signals.send(kernel, call.process, SIGPIPE, to=call.thread, by=call.thread)
    return errno.EPIPE


def _write_event(kernel: "Kernel", call: Call, file: OpenFile, data: bytes) -> Outcome:
    """Add to the counter, waiting while it would become too large."""
    if len(data) < 8:
        return errno.EINVAL
    (value,) = struct.unpack_from("<Q", data)
    counter = file.position & EVENT_MOST
    if value == EVENT_MOST:
        return errno.EINVAL
    if counter + value >= EVENT_MOST:
        return Wait("event", file.number) if file.blocks else errno.EAGAIN
    yield changed(call, "moved", file=file.number, position=_signed(counter + value))
    yield from _let_others_go_on(kernel, call, file.number)
    return 8


def _write_file(kernel: "Kernel", call: Call, file: OpenFile, data: bytes, position: int | None) -> Outcome:
    start = file.position if position is None else position
    if start < 0:
        return errno.EINVAL
    if file.flags & O_APPEND:
        start = yield from file_size(kernel, call, file)
    try:
        count = kernel.host.write(file.number, data, start)
    except Failure as failure:
        yield answer(call, "written", file.path, result=failure.number)
        raise
    yield changed(call, "written", file=file.number, position=start, data=data[:count])
    if position is None:
        yield changed(call, "moved", file=file.number, position=start + count)
    return count


def file_size(kernel: "Kernel", call: Call, file: OpenFile) -> Generator[Event, None, int]:
    """Bytes in a mounted file, as it is now, recorded."""
    return (yield from file_status(kernel, call, file)).size


def file_status(kernel: "Kernel", call: Call, file: OpenFile) -> Generator[Event, None, Status]:
    """What the host says of an open file of a mount, recorded."""
    mode, size = kernel.host.size(file.number)
    mount = kernel.tree.mount_of(file.path)
    status = Status.made("file", file.path, mount.permissions(mode) if mount else mode, size)
    yield answer(call, "looked_up", file.path, mode=status.mode, size=size)
    return status


# Readiness, as poll tells it.

POLLIN, POLLOUT, POLLERR, POLLHUP, POLLNVAL = 1, 4, 8, 16, 32
POLLRDNORM, POLLWRNORM = 0x40, 0x100


def ready(kernel: "Kernel", file: OpenFile) -> int:
    """The POLL bits of what could be done without waiting."""
    if file.form == "pipe":
        pipe = kernel.world.files.pipes[file.pipe]
        if file.readable:
            return (POLLIN | POLLRDNORM) * bool(pipe.data) | POLLHUP * (not pipe.writers)
        return (POLLOUT | POLLWRNORM) * (pipe.room >= PIPE_WHOLE) | POLLERR * (not pipe.readers)
    if file.form == "event":
        counter = file.position & EVENT_MOST
        return (POLLIN | POLLRDNORM) * (counter > 0) | (POLLOUT | POLLWRNORM) * (counter < EVENT_MOST - 1)
    if file.form == "console":
        return POLLIN | POLLRDNORM if file.readable else POLLOUT | POLLWRNORM
    device = kernel.devices.at(file)
    if device is not None:
        return device.ready(file)
    return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM


# Memory.


def scatter(kernel: "Kernel", call: Call, spans: list[Span], data: bytes) -> Generator[Event, None, None]:
    """Fill parts of user memory with the bytes, in order."""
    for address, length in spans:
        part, data = data[:length], data[length:]
        yield from paging.copy_out(kernel.world, call.process, call.thread.tid, address, part)


def _reachable(call: Call, spans: list[Span], access: str) -> list[Span]:
    """The spans up to the first byte that may not be accessed so. Raises BadAddress if that is the first."""
    made: list[Span] = []
    for address, length in spans:
        reached = paging.reach(call.process, address, length, access)
        if reached < length and not reached and not any(count for _, count in made):
            raise paging.BadAddress
        made.append((address, reached))
        if reached < length:
            break
    return made


def _first(spans: list[Span], count: int) -> list[Span]:
    """The spans' first ``count`` bytes."""
    made = []
    for address, length in spans:
        made.append((address, min(length, count)))
        count -= made[-1][1]
    return made


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value
