"""Descriptors: copying and marking them, pipes and eventfds, and what may be asked of a terminal."""

import struct
from typing import TYPE_CHECKING

from sim.files import (
    EVENT_SEMAPHORE,
    O_APPEND,
    O_CLOEXEC,
    O_DIRECT,
    O_LARGEFILE,
    O_NONBLOCK,
    O_RDONLY,
    O_RDWR,
    O_WRONLY,
    PIPE_SIZE,
    PIPES,
    SMALL_PIPE_SIZE,
)
from sim.kernel import errno, paging
from sim.kernel.syscalls import transfer
from sim.kernel.syscalls.files import close_descriptor
from sim.kernel.syscalls.table import Call, Deed, int32, syscall
from sim.kernel.syscalls.transfer import install, new_descriptor, open_file

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

# Commands of fcntl (asm-generic/fcntl.h, linux/fcntl.h).
F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL = 0, 1, 2, 3, 4
F_DUPFD_CLOEXEC, F_SETPIPE_SZ, F_GETPIPE_SZ = 1030, 1031, 1032
FD_CLOEXEC = 1
#: What F_SETFL changes.
_STATUS = O_APPEND | O_NONBLOCK | O_DIRECT

# Requests of ioctl (asm-generic/ioctls.h).
TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO = 0x5401, 0x5413, 0x541B, 0x5421
FIONCLEX, FIOCLEX = 0x5450, 0x5451
#: The console is a terminal of a size that never changes, with the settings that a new one has: input,
#: output, control and local modes, line discipline, control characters (struct termios).
_TERMIOS = struct.pack(
    "<IIIIB19s", 0x4500, 0x5, 0xBF, 0x8A3B, 0, b"\x03\x1c\x7f\x15\x04\0\x01\0\x11\x13\x1a\0\x12\x0f\x17\x16"
)
_WINDOW = struct.pack("<HHHH", 24, 80, 0, 0)

# Flags of eventfd2 (linux/eventfd.h).
EFD_SEMAPHORE = 1


@syscall(23, "dup")
def dup(kernel: "Kernel", call: Call) -> Deed:
    """dup(fd)"""
    return (yield from _duplicate(kernel, call, 0, 0))


def _duplicate(kernel: "Kernel", call: Call, least: int, flags: int) -> Deed:
    """A second descriptor, the lowest free one from ``least`` on, for a0's open file."""
    file = open_file(kernel, call, call.arguments[0])
    fd = new_descriptor(kernel, call, least)
    yield transfer.changed(call, "duplicated", fd=fd, file=file.number, flags=flags)
    return fd


@syscall(24, "dup3")
def dup3(kernel: "Kernel", call: Call) -> Deed:
    """dup3(old, new, flags)"""
    old, new, flags = (int32(argument) for argument in call.arguments[:3])
    if flags & ~O_CLOEXEC or old == new:
        return errno.EINVAL
    if not 0 <= new < kernel.limits.files:
        return errno.EBADF
    file = open_file(kernel, call, old)
    if new in call.process.files:
        yield from close_descriptor(kernel, call, new)
    yield transfer.changed(call, "duplicated", fd=new, file=file.number, flags=flags)
    return new


@syscall(25, "fcntl")
def fcntl(kernel: "Kernel", call: Call) -> Deed:
    """fcntl(fd, command, argument)"""
    fd, command, argument = (int32(value) for value in call.arguments[:3])
    file = open_file(kernel, call, fd)
    if command in (F_DUPFD, F_DUPFD_CLOEXEC):
        if not 0 <= argument < kernel.limits.files:
            return errno.EINVAL
        return (yield from _duplicate(kernel, call, argument, O_CLOEXEC * (command == F_DUPFD_CLOEXEC)))
    if command == F_GETFD:
        return FD_CLOEXEC * call.process.files[fd].cloexec
    if command == F_SETFD:
        yield transfer.changed(call, "descriptor", fd=fd, flags=O_CLOEXEC * (argument & FD_CLOEXEC))
        return 0
    if command == F_GETFL:
        return file.flags & ~EVENT_SEMAPHORE | O_LARGEFILE * (file.form == "file")
    if command == F_SETFL:
        flags = file.flags & ~_STATUS | argument & _STATUS
        yield transfer.changed(call, "status", file=file.number, flags=flags)
        return 0
    if command in (F_GETPIPE_SZ, F_SETPIPE_SZ) and file.form == "pipe":
        size = kernel.world.files.pipes[file.pipe].size
        return size if command == F_GETPIPE_SZ or 0 <= argument <= size else errno.EPERM
    if command > F_SETFL:
        kernel.refuse(f"fcntl command {command}")
    return errno.EINVAL


@syscall(29, "ioctl")
def ioctl(kernel: "Kernel", call: Call) -> Deed:
    """ioctl(fd, request, argument): terminals' settings and size can be asked for"""
    fd, request, address = int32(call.arguments[0]), call.arguments[1] & 0xFFFF_FFFF, call.arguments[2]
    file = open_file(kernel, call, fd)
    if request in (FIOCLEX, FIONCLEX):
        yield transfer.changed(call, "descriptor", fd=fd, flags=O_CLOEXEC * (request == FIOCLEX))
        return 0
    if request == FIONBIO:
        (wanted,) = struct.unpack("<i", paging.copy_in(kernel.world, call.process, address, 4))
        flags = file.flags & ~O_NONBLOCK | O_NONBLOCK * bool(wanted)
        yield transfer.changed(call, "status", file=file.number, flags=flags)
        return 0
    if file.form == "console" and request in (TCGETS, TIOCGWINSZ):
        answer = _TERMIOS if request == TCGETS else _WINDOW
    elif file.form == "pipe" and request == FIONREAD:
        answer = struct.pack("<i", len(kernel.world.files.pipes[file.pipe].data))
    else:
        if file.form == "console":
            kernel.refuse(f"ioctl {request:#x}")
        return errno.ENOTTY
    yield from paging.copy_out(kernel.world, call.process, call.thread.tid, address, answer)
    return 0


@syscall(59, "pipe2")
def pipe2(kernel: "Kernel", call: Call) -> Deed:
    """pipe2(fds, flags)"""
    address, flags = call.arguments[0], int32(call.arguments[1])
    if flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT):
        return errno.EINVAL
    if flags & O_DIRECT:
        kernel.refuse("pipe2 with O_DIRECT")
        return errno.EINVAL
    paging.check(call.process, address, 8, "w")
    if len(call.process.files) + 2 > kernel.limits.files:
        return errno.EMFILE
    files = kernel.world.files
    if len(files.opened) + 2 > kernel.limits.open_files:
        return errno.ENFILE
    pipe, size = files.last + 1, PIPE_SIZE if len(files.pipes) < PIPES else SMALL_PIPE_SIZE
    path = f"pipe:[{pipe}]"
    ends = []
    for access in (O_RDONLY, O_WRONLY):
        ends.append((yield from install(kernel, call, "pipe", path, flags | access, pipe=pipe, count=size)))
    data = struct.pack("<ii", *ends)
    yield from paging.copy_out(kernel.world, call.process, call.thread.tid, address, data)
    return 0


@syscall(19, "eventfd2")
def eventfd2(kernel: "Kernel", call: Call) -> Deed:
    """eventfd2(counter, flags)"""
    counter, flags = call.arguments[0] & 0xFFFF_FFFF, int32(call.arguments[1])
    if flags & ~(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK):
        return errno.EINVAL
    kept = flags & (O_CLOEXEC | O_NONBLOCK) | O_RDWR | EVENT_SEMAPHORE * (flags & EFD_SEMAPHORE)
    return (yield from install(kernel, call, "event", "anon_inode:[eventfd]", kept, position=counter))
