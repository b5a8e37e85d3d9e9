"""What may be done with mapped memory: mremap, madvise, mincore, mlock, msync, flushing code."""

from collections.abc import Generator
from typing import TYPE_CHECKING

from sim.events import Event, MemoryMap, MemoryMove
from sim.kernel import errno, paging
from sim.kernel.syscalls.memory import affordable, find_place, in_user_space, is_mapped, page_up
from sim.kernel.syscalls.table import Call, Deed, int32, syscall
from sim.space import PAGE, PAGE_SHIFT, USER_END, Region

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

MREMAP_MAYMOVE, MREMAP_FIXED = 1, 2
MADV_DONTNEED = 4
#: Advice that a kernel may take or leave (asm-generic/mman-common.h).
_ADVICE = {0, 1, 2, 3, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 25}


@syscall(216, "mremap")
def mremap(kernel: "Kernel", call: Call) -> Deed:
    """mremap(address, old size, new size, flags, new address)"""
    address, old, new, flags, target = call.arguments[:5]
    if address % PAGE or old <= 0 or new <= 0 or flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED):
        return errno.EINVAL
    if flags & MREMAP_FIXED and not flags & MREMAP_MAYMOVE:
        return errno.EINVAL
    old, new = page_up(old), page_up(new)
    space = call.process.space
    region = space.region_at(address)
    if region is None or region.end < address + old:
        return errno.EFAULT
    if new > old and not (new <= USER_END and affordable(kernel, new, region.permissions)):
        return errno.ENOMEM
    if new > old and region.shared:
        return errno.EINVAL  # What is shared can't grow for one process alone.
    kernel.limits.check_regions(call.process)
    if flags & MREMAP_FIXED:
        if target % PAGE or not in_user_space(target, new):
            return errno.EINVAL
        if target < address + old and address < target + new:
            return errno.EINVAL
        return (yield from _move(kernel, call, region, address, old, target, new))
    if new <= old:
        if new < old:
            yield _unmapped(call, address + new, old - new)
            kernel.machine.flush()
        return address
    if address + old == region.end and _extends(region.end, address + new, call):
        yield _mapped(call, region, region.end, new - old)
        return address
    if not flags & MREMAP_MAYMOVE:
        return errno.ENOMEM
    found = find_place(kernel, space, new)
    if found is None:
        return errno.ENOMEM
    return (yield from _move(kernel, call, region, address, old, found, new))


def _extends(start: int, end: int, call: Call) -> bool:
    """True if [start, end) can be added to the region below it."""
    return in_user_space(start, end - start) and call.process.space.is_free(start, end)


def _move(
    kernel: "Kernel", call: Call, region: Region, address: int, old: int, target: int, new: int
) -> Generator[Event, None, int]:
    """Give the pages of a range another place, in a mapping of ``new`` bytes."""
    yield _mapped(call, region, target, new)
    length = min(old, new)
    yield MemoryMove(pid=call.process.pid, source=address, address=target, length=length)
    yield _unmapped(call, address, old)
    kernel.machine.flush()
    return target


def _mapped(call: Call, like: Region, address: int, length: int) -> MemoryMap:
    name = "mmap" if like.name == "heap" else like.name  # The heap is where brk has it.
    return MemoryMap(
        pid=call.process.pid,
        action="mapped",
        address=address,
        length=length,
        permissions=like.permissions + "s" * like.shared,
        name=name,
    )


def _unmapped(call: Call, address: int, length: int) -> MemoryMap:
    return MemoryMap(pid=call.process.pid, action="unmapped", address=address, length=length)


@syscall(233, "madvise")
def madvise(kernel: "Kernel", call: Call) -> Deed:
    """madvise(address, length, advice): pages that aren't needed are zero from then on"""
    address, length, advice = call.arguments[0], call.arguments[1], int32(call.arguments[2])
    if address % PAGE or length < 0 or (advice not in _ADVICE and advice != MADV_DONTNEED):
        return errno.EINVAL
    if length == 0:
        return 0
    length = page_up(length)
    if not _whole(call, address, length):
        return errno.ENOMEM
    if advice == MADV_DONTNEED:
        for start, end in _private(call, address, address + length):
            yield MemoryMap(pid=call.process.pid, action="dropped", address=start, length=end - start)
        kernel.machine.flush()
    return 0


def _private(call: Call, start: int, end: int) -> list[tuple[int, int]]:
    """The parts of a mapped range that aren't shared: what is shared stays as it is."""
    parts: list[tuple[int, int]] = []
    while start < end:
        region = call.process.space.region_at(start)
        assert region is not None
        stop = min(region.end, end)
        if region.shared:
            pass
        elif parts and parts[-1][1] == start:
            parts[-1] = (parts[-1][0], stop)
        else:
            parts.append((start, stop))
        start = stop
    return parts


def _whole(call: Call, address: int, length: int) -> bool:
    """True if all of the range is mapped."""
    return in_user_space(address, length) and is_mapped(call.process.space, address, address + length)


@syscall(232, "mincore")
def mincore(kernel: "Kernel", call: Call) -> Deed:
    """mincore(address, length, vector): which pages are in memory"""
    address, length, vector = call.arguments[:3]
    if address % PAGE:
        return errno.EINVAL
    if length < 0 or not _whole(call, address, page_up(length)):
        return errno.ENOMEM
    first, count = address >> PAGE_SHIFT, page_up(length) >> PAGE_SHIFT
    paging.check(call.process, vector, count, "w")
    pages = call.process.space.pages
    data = bytes(page in pages for page in range(first, first + count))
    yield from paging.copy_out(kernel.world, call.process, call.thread.tid, vector, data)
    return 0


@syscall(228, "mlock")
@syscall(229, "munlock")
@syscall(284, "mlock2")
def mlock(kernel: "Kernel", call: Call) -> int:
    """mlock(address, length): no page ever leaves memory as it is"""
    address, length = call.arguments[:2]
    start, end = address & -PAGE, page_up(address + length)
    return 0 if length == 0 or (length > 0 and _whole(call, start, end - start)) else errno.ENOMEM


@syscall(230, "mlockall")
@syscall(231, "munlockall")
def mlockall(kernel: "Kernel", call: Call) -> int:
    """mlockall(flags): no page ever leaves memory as it is"""
    return 0


@syscall(227, "msync")
def msync(kernel: "Kernel", call: Call) -> int:
    """msync(address, length, flags): nothing mapped is ever written back"""
    address, length, flags = call.arguments[:3]
    if address % PAGE or length < 0 or flags & ~7:
        return errno.EINVAL
    return 0 if length == 0 or _whole(call, address, page_up(length)) else errno.ENOMEM


@syscall(259, "riscv_flush_icache")
def riscv_flush_icache(kernel: "Kernel", call: Call) -> int:
    """riscv_flush_icache(start, end, flags): what fence.i does, on every hart"""
    kernel.machine.forget_written_code()
    return 0
