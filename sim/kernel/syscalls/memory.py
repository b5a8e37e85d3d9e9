"""Address spaces: brk, mmap, munmap, mprotect."""

from collections.abc import Generator
from typing import TYPE_CHECKING

from sim.events import Event, KernelWrite, MemoryMap
from sim.files import OpenFile
from sim.kernel import errno, paging
from sim.kernel.loader import LOWEST
from sim.kernel.syscalls import transfer
from sim.kernel.syscalls.table import Call, Deed, syscall
from sim.kernel.syscalls.transfer import open_file
from sim.space import PAGE, USER_END, AddressSpace

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

PROT_NAMES = {1: "r--", 2: "-w-", 3: "rw-", 4: "--x", 5: "r-x", 6: "-wx", 7: "rwx", 0: "---"}
PROT_WRITE = 2
MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE, MAP_TYPE = 1, 2, 3, 15
MAP_FIXED, MAP_ANONYMOUS, MAP_NORESERVE, MAP_FIXED_NOREPLACE = 0x10, 0x20, 0x4000, 0x100000
_TYPES = (MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE)


@syscall(214, "brk")
def brk(kernel: "Kernel", call: Call) -> Deed:
    """brk(end): moves the end of the heap; always returns where it is"""
    space, end = call.process.space, call.arguments[0]
    if end < space.heap_start or end > USER_END or not _heap_fits(space, end):
        return space.heap_end
    if end != space.heap_end:
        start, shrinks = space.heap_start, end < space.heap_end
        yield MemoryMap(pid=call.process.pid, action="grown", address=start, length=end - start, name="heap")
        if shrinks:
            kernel.machine.flush()
    return end


def _heap_fits(space: AddressSpace, end: int) -> bool:
    top = page_up(max(space.heap_end, space.heap_start + 1))
    return page_up(end) <= top or space.is_free(top, page_up(end))


@syscall(222, "mmap")
def mmap(kernel: "Kernel", call: Call) -> Deed:
    """mmap(address, length, protection, flags, fd, offset)"""
    address, length, protection, flags, fd, offset = call.arguments
    space = call.process.space
    if length <= 0 or protection not in PROT_NAMES or flags & MAP_TYPE not in _TYPES or offset % PAGE:
        return errno.EINVAL
    if length > USER_END or not affordable(kernel, length, PROT_NAMES[protection], flags):
        return errno.ENOMEM
    length = page_up(length)
    file = None if flags & MAP_ANONYMOUS else _mappable(kernel, call, fd, protection, flags)
    fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)
    if fixed and (address % PAGE or not in_user_space(address, length)):
        return errno.EINVAL if address % PAGE else errno.ENOMEM
    if flags & MAP_FIXED_NOREPLACE and not space.is_free(address, address + length):
        return errno.EEXIST
    if not fixed:
        found = find_place(kernel, space, length, address)
        if found is None:
            return errno.ENOMEM
        address = found
    kernel.limits.check_regions(call.process)
    shared = file is None and flags & MAP_TYPE != MAP_PRIVATE
    if shared and length // PAGE > paging.room(kernel.world):
        return errno.ENOMEM
    contents = [] if file is None else (yield from _contents(kernel, call, file, fd, offset, length))
    kernel.machine.flush()
    yield MemoryMap(
        pid=call.process.pid,
        action="mapped",
        address=address,
        length=length,
        permissions=PROT_NAMES[protection] + "s" * shared,
        name="mmap" if file is None else file.path,
    )
    if shared:
        # Whoever shares it must find the same frames: all of them are there before a fork.
        yield from paging.populate(kernel.world, call.process, address, length)
    at = address
    for data in contents:
        yield from paging.populate(kernel.world, call.process, at, len(data))
        yield KernelWrite(pid=call.process.pid, tid=call.thread.tid, address=at, data=data)
        at += len(data)
    return address


def affordable(kernel: "Kernel", length: int, permissions: str, flags: int = 0) -> bool:
    """As Linux guesses: no single mapping of memory to write to may be larger than there is."""
    return length <= kernel.options.ram or "w" not in permissions or bool(flags & MAP_NORESERVE)


def find_place(kernel: "Kernel", space: AddressSpace, length: int, hint: int = 0) -> int | None:
    """Where a mapping of ``length`` bytes goes: at the hint if that is free, else the highest free place
    below the stack; None if there is none."""
    hint = page_up(hint)
    if hint and in_user_space(hint, length) and space.is_free(hint, hint + length):
        return hint
    found = space.gap_below(kernel.mmap_top, length)
    return None if found is None or found < space.heap_end + PAGE else found


def _mappable(kernel: "Kernel", call: Call, fd: int, protection: int, flags: int) -> OpenFile | None:
    """The file to map; none for /dev/zero. Raises Failure."""
    file = open_file(kernel, call, fd)
    if file.path == "/dev/zero":
        return None
    if not file.readable:
        raise errno.Failure(errno.EACCES)
    if file.form != "file":
        raise errno.Failure(errno.ENODEV)
    if flags & MAP_SHARED and protection & PROT_WRITE and flags & MAP_TYPE != MAP_PRIVATE:
        kernel.refuse("mmap of a file, shared and writable")
        raise errno.Failure(errno.ENODEV)
    return file


def _contents(
    kernel: "Kernel", call: Call, file: OpenFile, fd: int, offset: int, length: int
) -> Generator[Event, None, list[bytes]]:
    """What of a file is to be mapped, piece by piece. Raises Failure."""
    size = yield from transfer.file_size(kernel, call, file)
    count = max(min(length, size - offset), 0)
    if -(-count // PAGE) > paging.room(kernel.world):
        raise errno.Failure(errno.ENOMEM)
    pieces = []
    while count > 0:
        data = yield from transfer.host_bytes(kernel, call, fd, file, offset, count)
        if not data:
            break
        pieces.append(data)
        offset, count = offset + len(data), count - len(data)
    return pieces


@syscall(215, "munmap")
def munmap(kernel: "Kernel", call: Call) -> Deed:
    """munmap(address, length)"""
    address, length = call.arguments[:2]
    if address % PAGE or length <= 0 or not in_user_space(address, page_up(length)):
        return errno.EINVAL
    kernel.limits.check_regions(call.process)
    yield MemoryMap(pid=call.process.pid, action="unmapped", address=address, length=page_up(length))
    kernel.machine.flush()
    return 0


@syscall(226, "mprotect")
def mprotect(kernel: "Kernel", call: Call) -> Deed:
    """mprotect(address, length, protection)"""
    address, length, protection = call.arguments[:3]
    if address % PAGE or length < 0 or protection not in PROT_NAMES:
        return errno.EINVAL
    if length == 0:
        return 0
    length = page_up(length)
    if not in_user_space(address, length) or not is_mapped(call.process.space, address, address + length):
        return errno.ENOMEM
    kernel.limits.check_regions(call.process)
    permissions = PROT_NAMES[protection]
    yield MemoryMap(
        pid=call.process.pid, action="protected", address=address, length=length, permissions=permissions
    )
    kernel.machine.flush()
    return 0


def is_mapped(space: AddressSpace, start: int, end: int) -> bool:
    """True if every page of [start, end) lies in a region."""
    while start < end:
        region = space.region_at(start)
        if region is None:
            return False
        start = region.end
    return True


def in_user_space(address: int, length: int) -> bool:
    """True if a program may map the range."""
    return address >= LOWEST and address + length <= USER_END


def page_up(size: int) -> int:
    """Whole pages."""
    return (size + PAGE - 1) & -PAGE
