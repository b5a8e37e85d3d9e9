"""Address spaces: brk, mmap, munmap, mprotect."""

from typing import TYPE_CHECKING

from sim.events import MemoryMap
from sim.kernel import errno
from sim.kernel.loader import LOWEST
from sim.kernel.syscalls.table import Call, Deed, syscall
from sim.space import PAGE, USER_END, AddressSpace

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

PROT_NAMES = {1: "r--", 2: "-w-", 3: "rw-", 4: "--x", 5: "r-x", 6: "-wx", 7: "rwx", 0: "---"}
MAP_SHARED, MAP_PRIVATE, MAP_FIXED, MAP_ANONYMOUS, MAP_FIXED_NOREPLACE = 1, 2, 0x10, 0x20, 0x100000


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
    top = _page_up(max(space.heap_end, space.heap_start + 1))
    return _page_up(end) <= top or space.is_free(top, _page_up(end))


@syscall(222, "mmap")
def mmap(kernel: "Kernel", call: Call) -> Deed:
    """mmap(address, length, protection, flags, fd, offset): anonymous memory"""
    address, length, protection, flags = call.arguments[:4]
    space = call.process.space
    if length <= 0 or protection not in PROT_NAMES or not flags & (MAP_SHARED | MAP_PRIVATE):
        return errno.EINVAL
    if not flags & MAP_ANONYMOUS:
        return errno.EBADF
    length = _page_up(length)
    fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)
    if fixed and (address % PAGE or not _in_user_space(address, length)):
        return errno.EINVAL if address % PAGE else errno.ENOMEM
    if flags & MAP_FIXED_NOREPLACE and not space.is_free(address, address + length):
        return errno.EEXIST
    if not fixed:
        found = space.gap_below(kernel.mmap_top, length)
        if found is None or found < space.heap_end + PAGE:
            return errno.ENOMEM
        address = found
    kernel.machine.flush()
    permissions = PROT_NAMES[protection]
    yield MemoryMap(
        pid=call.process.pid,
        action="mapped",
        address=address,
        length=length,
        permissions=permissions,
        name="mmap",
    )
    return address


@syscall(215, "munmap")
def munmap(kernel: "Kernel", call: Call) -> Deed:
    """munmap(address, length)"""
    address, length = call.arguments[:2]
    if address % PAGE or length <= 0 or not _in_user_space(address, _page_up(length)):
        return errno.EINVAL
    yield MemoryMap(pid=call.process.pid, action="unmapped", address=address, length=_page_up(length))
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
    length = _page_up(length)
    if not _in_user_space(address, length) or not _is_mapped(call.process.space, address, address + length):
        return errno.ENOMEM
    permissions = PROT_NAMES[protection]
    yield MemoryMap(
        pid=call.process.pid, action="protected", address=address, length=length, permissions=permissions
    )
    kernel.machine.flush()
    return 0


def _is_mapped(space: AddressSpace, start: int, end: int) -> bool:
    while start < end:
        region = space.region_at(start)
        if region is None:
            return False
        start = region.end
    return True


def _in_user_space(address: int, length: int) -> bool:
    return address >= LOWEST and address + length <= USER_END


def _page_up(size: int) -> int:
    return (size + PAGE - 1) & -PAGE
