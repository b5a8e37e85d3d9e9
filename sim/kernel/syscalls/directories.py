"""Directories: reading them, and changing what is in them where the user lets the guest do so."""

import os
import struct
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sim.events import Event
from sim.files import OpenFile
from sim.kernel import errno, paging
from sim.kernel.errno import Failure
from sim.kernel.stat import ENTRY_TYPES, Status, inode_of
from sim.kernel.syscalls import transfer
from sim.kernel.syscalls.paths import AT_FDCWD, existing, look_up, read_path
from sim.kernel.syscalls.table import Call, Deed, int32, syscall
from sim.kernel.syscalls.transfer import open_file
from sim.kernel.tree import Node, normal, parent

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

AT_REMOVEDIR, RENAME_NOREPLACE = 0x200, 1
_ENTRY = struct.Struct("<QqHB")
_LETTERS = {"file": "f", "directory": "d", "link": "l"}


@syscall(61, "getdents64")
def getdents64(kernel: "Kernel", call: Call) -> Deed:
    """getdents64(fd, buffer, size)"""
    fd, buffer, size = call.arguments[:3]
    file = open_file(kernel, call, fd)
    if file.form != "directory":
        return errno.ENOTDIR
    if not file.readable:
        return errno.EBADF
    size &= 0xFFFF_FFFF
    names = yield from _names(kernel, call, file)
    data, position = b"", file.position
    while position < len(names):
        entry = _entry(file.path, *names[position], position + 1)
        if len(data) + len(entry) > size:
            break
        data += entry
        position += 1
    if not data:
        return errno.EINVAL if position < len(names) else 0
    yield from paging.copy_out(kernel.world, call.process, call.thread.tid, buffer, data)
    yield transfer.changed(call, "moved", file=file.number, position=position)
    return len(data)


def _names(kernel: "Kernel", call: Call, file: OpenFile) -> Generator[Event, None, list[tuple[str, str]]]:
    """(name, form) of all entries, as they were when the directory was first asked."""
    names = kernel.host.listing(file.number)
    if names is not None:
        return names
    node = yield from existing(kernel, call, AT_FDCWD, file.path)
    found = dict(kernel.tree.names(file.path))
    if node.place is not None:
        on_host = yield from _list(kernel, call, node.path, node.place)
        found = {name: form for name, form in found.items() if form != "program"} | dict(on_host)
    names = [(".", "directory"), ("..", "directory"), *sorted(found.items())]
    kernel.host.keep_listing(file.number, names)
    return names


def _list(
    kernel: "Kernel", call: Call, path: str, place: Path
) -> Generator[Event, None, list[tuple[str, str]]]:
    try:
        names = kernel.host.names(place)
    except Failure as failure:
        yield transfer.answer(call, "listed", path, result=failure.number)
        raise
    data = b"".join(_LETTERS.get(form, "o").encode() + os.fsencode(name) + b"\0" for name, form in names)
    yield transfer.answer(call, "listed", path, data=data)
    return names


def _entry(directory: str, name: str, form: str, position: int) -> bytes:
    """A struct linux_dirent64; ``position`` is that of the next one."""
    path = {".": directory, "..": parent(directory)}.get(name, normal(f"{directory}/{name}"))
    kind = ENTRY_TYPES.get(Status.made(form, path, 0, 0).mode, 0)
    encoded = os.fsencode(name) + b"\0"
    length = -(-(_ENTRY.size + len(encoded)) // 8) * 8
    return (_ENTRY.pack(inode_of(path), position, length, kind) + encoded).ljust(length, b"\0")


def _changeable(node: Node) -> Path:
    """Where on the host a node is that the guest may remove or replace. Raises Failure."""
    if node.mount is not None and node.path == node.mount.target:
        raise Failure(errno.EBUSY)
    if not node.writable or node.place is None:
        raise Failure(errno.EROFS)
    return node.place


@syscall(34, "mkdirat")
def mkdirat(kernel: "Kernel", call: Call) -> Deed:
    """mkdirat(directory, path, mode)"""
    directory, address, mode = call.arguments[:3]
    node = yield from look_up(kernel, call, directory, read_path(kernel, call, address), False)
    if node.form != "missing":
        return errno.EEXIST
    mode &= ~call.process.umask & 0o777
    change = partial(kernel.host.make_directory, _changeable(node), mode)
    return (yield from transfer.host_change(call, "made", node.path, change, mode=mode))


@syscall(35, "unlinkat")
def unlinkat(kernel: "Kernel", call: Call) -> Deed:
    """unlinkat(directory, path, flags)"""
    directory, address, flags = call.arguments[:3]
    if int32(flags) & ~AT_REMOVEDIR:
        return errno.EINVAL
    node = yield from existing(kernel, call, directory, read_path(kernel, call, address), False)
    folder = bool(flags & AT_REMOVEDIR)
    if folder != (node.form == "directory"):
        return errno.ENOTDIR if folder else errno.EISDIR
    change = partial(kernel.host.remove, _changeable(node), folder)
    return (yield from transfer.host_change(call, "removed", node.path, change))


@syscall(276, "renameat2")
def renameat2(kernel: "Kernel", call: Call) -> Deed:
    """renameat2(old directory, old path, new directory, new path, flags)"""
    old_directory, old, new_directory, new, flags = call.arguments[:5]
    if int32(flags) & ~RENAME_NOREPLACE:
        return errno.EINVAL
    source = yield from existing(kernel, call, old_directory, read_path(kernel, call, old), False)
    target = yield from look_up(kernel, call, new_directory, read_path(kernel, call, new), False)
    if flags & RENAME_NOREPLACE and target.form != "missing":
        return errno.EEXIST
    places = _changeable(source), _changeable(target)
    if source.mount != target.mount:
        return errno.EXDEV
    change = partial(kernel.host.rename, *places)
    return (yield from transfer.host_change(call, "renamed", source.path, change, data=target.path.encode()))


@syscall(45, "truncate")
def truncate(kernel: "Kernel", call: Call) -> Deed:
    """truncate(path, size)"""
    address, size = call.arguments[:2]
    if size < 0:
        return errno.EINVAL
    node = yield from existing(kernel, call, AT_FDCWD, read_path(kernel, call, address))
    if node.form == "directory":
        return errno.EISDIR
    if node.form != "file":
        return errno.EINVAL
    change = partial(kernel.host.truncate_at, _changeable(node), size)
    return (yield from transfer.host_change(call, "truncated", node.path, change, size=size))
