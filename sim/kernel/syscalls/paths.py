"""Paths: opening files, what they are, where the process works."""

import os
from collections.abc import Generator
from typing import TYPE_CHECKING

from sim.events import Event
from sim.files import (
    O_ACCMODE,
    O_CREAT,
    O_DIRECTORY,
    O_EXCL,
    O_NOFOLLOW,
    O_PATH,
    O_TRUNC,
    O_WRONLY,
    OpenFile,
)
from sim.kernel import errno, paging
from sim.kernel.errno import Failure
from sim.kernel.stat import Status
from sim.kernel.syscalls import transfer
from sim.kernel.syscalls.table import Call, Deed, int32, syscall
from sim.kernel.syscalls.transfer import install, open_file
from sim.kernel.tree import NO_WAY, PATH_MAX, Node

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

AT_FDCWD = -100
AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH = 0x100, 0x1000
#: The flags of open that are known; others are passed over, as Linux does.
_KNOWN = 0o17777777
_O_TMPFILE = 0o20000000


def read_path(kernel: "Kernel", call: Call, address: int) -> str:
    """A path from user memory. Raises Failure, BadAddress."""
    data = paging.copy_string(kernel.world, call.process, address, PATH_MAX)
    if data is None:
        raise Failure(errno.ENAMETOOLONG)
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Failure(errno.EILSEQ) from None


def look_up(
    kernel: "Kernel", call: Call, directory: int, path: str, follow: bool = True
) -> Generator[Event, None, Node]:
    """What stands at ``path``, seen from an open ``directory``; what the host says of it is recorded. Raises
    Failure."""
    base = call.process.directory
    if int32(directory) != AT_FDCWD and not path.startswith("/"):
        file = open_file(kernel, call, directory)
        if file.form != "directory":
            raise Failure(errno.ENOTDIR)
        base = file.path
    try:
        node = kernel.tree.find(base, path, call.process.executable, follow)
    except Failure as failure:
        if kernel.options.mounts:
            yield transfer.answer(call, "looked_up", path, result=failure.number, size=NO_WAY)
        raise
    if node.mount is not None or node.led:
        result = errno.ENOENT if node.form == "missing" else 0
        mode = Status.of_node(node).mode if not result else 0
        yield transfer.answer(
            call,
            "looked_up",
            node.path,
            result=result,
            mode=mode,
            size=node.size,
            data=os.fsencode(node.target),
        )
    return node


def existing(
    kernel: "Kernel", call: Call, directory: int, path: str, follow: bool = True
) -> Generator[Event, None, Node]:
    """What stands at ``path``. Raises Failure if nothing does."""
    node = yield from look_up(kernel, call, directory, path, follow)
    if node.form == "missing":
        raise Failure(errno.ENOENT)
    return node


@syscall(56, "openat")
def openat(kernel: "Kernel", call: Call) -> Deed:
    """openat(directory, path, flags, mode)"""
    directory, address, flags, mode = call.arguments[:4]
    path = read_path(kernel, call, address)
    if flags & _O_TMPFILE:
        return errno.EOPNOTSUPP
    flags &= _KNOWN
    if flags & O_ACCMODE == O_ACCMODE:
        return errno.EINVAL
    if flags & O_PATH:
        flags &= ~(O_CREAT | O_EXCL | O_TRUNC | O_ACCMODE)
    transfer.new_descriptor(kernel, call)
    follow = not (flags & O_NOFOLLOW or (flags & O_CREAT and flags & O_EXCL))
    node = yield from look_up(kernel, call, directory, path, follow)
    if node.form == "missing":
        _check_new(node, path, flags)
        return (
            yield from _open_on_host(kernel, call, node, flags | O_EXCL, mode & ~call.process.umask & 0o777)
        )
    _check_open(node, flags)
    if node.form == "file" and not flags & O_PATH:
        return (yield from _open_on_host(kernel, call, node, flags & ~O_CREAT, 0))
    if node.form == "device" and not flags & O_PATH:
        kernel.devices.open(node.path)
    return (yield from install(kernel, call, node.form, node.path, flags))


def _check_new(node: Node, path: str, flags: int) -> None:
    """May a file be made here? Raises Failure."""
    if not flags & O_CREAT:
        raise Failure(errno.ENOENT)
    if path.endswith("/"):
        raise Failure(errno.EISDIR)
    if flags & O_DIRECTORY:
        raise Failure(errno.EINVAL)
    if not node.writable:
        raise Failure(errno.EROFS)


def _check_open(node: Node, flags: int) -> None:
    """May what is there be opened so? Raises Failure."""
    changes = flags & O_ACCMODE or flags & O_TRUNC
    if flags & O_CREAT and flags & O_EXCL:
        raise Failure(errno.EEXIST)
    if flags & O_DIRECTORY and node.form != "directory":
        raise Failure(errno.ENOTDIR)
    if node.form == "directory" and (changes or flags & O_CREAT):
        raise Failure(errno.EISDIR)
    if flags & O_PATH and node.form in ("file", "directory"):
        return
    if node.form == "link":
        raise Failure(errno.ELOOP)
    if node.form == "file" and changes and not node.writable:
        raise Failure(errno.EROFS)
    if node.form in ("program", "other") or (node.form == "text" and changes):
        raise Failure(errno.EACCES)
    console_writes = flags & O_ACCMODE == O_WRONLY
    if node.form == "console" and console_writes == (node.path == "/dev/stdin"):
        raise Failure(errno.EACCES)


def _open_on_host(
    kernel: "Kernel", call: Call, node: Node, flags: int, mode: int
) -> Generator[Event, None, int]:
    assert node.place is not None
    number = kernel.world.files.last + 1
    try:
        kernel.host.open(number, node.place, flags, mode)
    except Failure as failure:
        yield transfer.answer(call, "opened", node.path, result=failure.number)
        raise
    return (yield from install(kernel, call, "file", node.path, flags))


# What a file is.


@syscall(80, "fstat")
def fstat(kernel: "Kernel", call: Call) -> Deed:
    """fstat(fd, status)"""
    fd, address = call.arguments[:2]
    status = yield from _status_of_open(kernel, call, open_file(kernel, call, fd))
    yield from paging.copy_out(kernel.world, call.process, call.thread.tid, address, status.as_stat())
    return 0


@syscall(79, "newfstatat")
def newfstatat(kernel: "Kernel", call: Call) -> Deed:
    """newfstatat(directory, path, status, flags)"""
    directory, path, address, flags = call.arguments[:4]
    status = yield from _status(kernel, call, directory, path, flags)
    yield from paging.copy_out(kernel.world, call.process, call.thread.tid, address, status.as_stat())
    return 0


@syscall(291, "statx")
def statx(kernel: "Kernel", call: Call) -> Deed:
    """statx(directory, path, flags, mask, status)"""
    directory, path, flags, mask, address = call.arguments[:5]
    if mask & 0x80000000:
        return errno.EINVAL
    status = yield from _status(kernel, call, directory, path, flags)
    yield from paging.copy_out(kernel.world, call.process, call.thread.tid, address, status.as_statx())
    return 0


def _status(
    kernel: "Kernel", call: Call, directory: int, address: int, flags: int
) -> Generator[Event, None, Status]:
    """Of the file at a path; with AT_EMPTY_PATH, of the open file ``directory`` if the path is empty."""
    path = read_path(kernel, call, address)
    if not path and flags & AT_EMPTY_PATH:
        if int32(directory) == AT_FDCWD:
            return Status.of_node((yield from existing(kernel, call, AT_FDCWD, ".")))
        return (yield from _status_of_open(kernel, call, open_file(kernel, call, directory)))
    node = yield from existing(kernel, call, directory, path, not flags & AT_SYMLINK_NOFOLLOW)
    return Status.of_node(node)


def _status_of_open(kernel: "Kernel", call: Call, file: OpenFile) -> Generator[Event, None, Status]:
    if file.form == "file" and not file.flags & O_PATH:
        return (yield from transfer.file_status(kernel, call, file))
    if file.form in ("directory", "file"):
        return Status.of_node((yield from existing(kernel, call, AT_FDCWD, file.path)))
    return Status.of_open(file)


@syscall(48, "faccessat")
def faccessat(kernel: "Kernel", call: Call) -> Deed:
    """faccessat(directory, path, mode)"""
    return (yield from _access(kernel, call, 0))


@syscall(439, "faccessat2")
def faccessat2(kernel: "Kernel", call: Call) -> Deed:
    """faccessat2(directory, path, mode, flags)"""
    return (yield from _access(kernel, call, call.arguments[3]))


def _access(kernel: "Kernel", call: Call, flags: int) -> Deed:
    """May the user read (4), write (2), execute (1) it?"""
    directory, address, wanted = call.arguments[:3]
    if wanted & ~7:
        return errno.EINVAL
    path = read_path(kernel, call, address)
    node = yield from existing(kernel, call, directory, path, not flags & AT_SYMLINK_NOFOLLOW)
    if wanted & 2 and node.form in ("file", "directory", "program") and not node.writable:
        return errno.EROFS
    return 0 if (node.mode >> 6) & wanted == wanted else errno.EACCES


@syscall(78, "readlinkat")
def readlinkat(kernel: "Kernel", call: Call) -> Deed:
    """readlinkat(directory, path, buffer, size): the target, without a zero byte"""
    directory, address, buffer, size = call.arguments[:4]
    if int32(size) <= 0:
        return errno.EINVAL
    node = yield from existing(kernel, call, directory, read_path(kernel, call, address), False)
    if node.form != "link":
        return errno.EINVAL
    target = os.fsencode(node.target)[: int32(size)]
    yield from paging.copy_out(kernel.world, call.process, call.thread.tid, buffer, target)
    return len(target)


# Where the process works.


@syscall(17, "getcwd")
def getcwd(kernel: "Kernel", call: Call) -> Deed:
    """getcwd(buffer, size): returns the length with the final zero byte"""
    buffer, size = call.arguments[:2]
    data = call.process.directory.encode() + b"\0"
    if not 0 <= size < 1 << 63 or size < len(data):
        return errno.ERANGE
    yield from paging.copy_out(kernel.world, call.process, call.thread.tid, buffer, data)
    return len(data)


@syscall(49, "chdir")
def chdir(kernel: "Kernel", call: Call) -> Deed:
    """chdir(path)"""
    node = yield from existing(kernel, call, AT_FDCWD, read_path(kernel, call, call.arguments[0]))
    if node.form != "directory":
        return errno.ENOTDIR
    yield transfer.changed(call, "directory", path=node.path)
    return 0


@syscall(50, "fchdir")
def fchdir(kernel: "Kernel", call: Call) -> Deed:
    """fchdir(fd)"""
    file = open_file(kernel, call, call.arguments[0])
    if file.form != "directory":
        return errno.ENOTDIR
    yield transfer.changed(call, "directory", path=file.path)
    return 0


@syscall(166, "umask")
def umask(kernel: "Kernel", call: Call) -> Deed:
    """umask(mask): returns the one before"""
    before = call.process.umask
    yield transfer.changed(call, "umask", flags=call.arguments[0] & 0o777)
    return before
