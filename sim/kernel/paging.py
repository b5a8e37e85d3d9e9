"""Pages and user memory, as the kernel handles them: bringing pages in, reading and writing user bytes.

Each function that changes something yields the events that do it.
"""

from collections.abc import Iterator

from sim.events import Event, KernelWrite, MemoryMap
from sim.space import PAGE, PAGE_SHIFT
from sim.world import Process, World


class OutOfMemory(Exception):
    """No physical frame is free (``--ram``)."""


class BadAddress(Exception):
    """User memory that isn't mapped so; the system call returns EFAULT."""


def free_frame(world: World) -> int:
    """The frame that the next page gets: the one freed last, else a fresh one. Raises OutOfMemory."""
    if world.free_frames:
        return world.free_frames[-1]
    if (world.next_frame + 1) * PAGE > len(world.memory):
        raise OutOfMemory
    return world.next_frame


def page_in(world: World, process: Process, page: int) -> Iterator[Event]:
    """Back one page with a zeroed frame."""
    yield MemoryMap(
        pid=process.pid, action="paged_in", address=page << PAGE_SHIFT, length=PAGE, frame=free_frame(world)
    )


def is_lent(world: World, process: Process, page: int) -> bool:
    """True if writing to the present page needs a copy of it: others have it since a fork."""
    if process.space.pages[page] not in world.sharers:
        return False
    region = process.space.region_at(page << PAGE_SHIFT)
    return region is None or not region.shared


def own(world: World, process: Process, page: int) -> Iterator[Event]:
    """Give a process a frame of its own for a page that it shares since a fork."""
    yield MemoryMap(
        pid=process.pid, action="copied", address=page << PAGE_SHIFT, length=PAGE, frame=free_frame(world)
    )


def check(process: Process, address: int, length: int, access: str) -> None:
    """Every byte of the range lies in a region with this permission; else BadAddress."""
    region = process.space.region_at(address)
    if region is not None and address + length <= region.end and access in region.permissions:
        return
    if reach(process, address, length, access) < length:
        raise BadAddress


def reach(process: Process, address: int, length: int, access: str) -> int:
    """How many bytes of the range, from its start, lie in regions with this permission."""
    at, end = address, address + length
    while at < end:
        region = process.space.region_at(at)
        if region is None or access not in region.permissions:
            break
        at = region.end
    return max(min(at, end) - address, 0)


def room(world: World) -> int:
    """Physical frames that can still be handed out."""
    return len(world.free_frames) + len(world.memory) // PAGE - world.next_frame


def populate(world: World, process: Process, address: int, length: int) -> Iterator[Event]:
    """Have every page of a range, which may be empty, there and ready to be written."""
    for page in range(address >> PAGE_SHIFT, (address + length - 1 >> PAGE_SHIFT) + 1) if length else ():
        if page not in process.space.pages:
            yield from page_in(world, process, page)
        elif is_lent(world, process, page):
            yield from own(world, process, page)


def copy_out(world: World, process: Process, tid: int, address: int, data: bytes) -> Iterator[Event]:
    """Write to user memory on behalf of a thread. Raises BadAddress, OutOfMemory."""
    if not data:
        return
    check(process, address, len(data), "w")
    yield from populate(world, process, address, len(data))
    yield KernelWrite(pid=process.pid, tid=tid, address=address, data=data)


def copy_in(world: World, process: Process, address: int, length: int) -> bytes:
    """Read user memory. Raises BadAddress."""
    check(process, address, length, "r")
    return process.space.read(world, address, length)


def copy_string(world: World, process: Process, address: int, most: int) -> bytes | None:
    """The bytes up to a zero one, which is among the first ``most``; None if it isn't. Raises BadAddress."""
    data = bytearray()
    while len(data) < most:
        count = min(PAGE - address % PAGE, most - len(data))
        piece, found, _ = copy_in(world, process, address, count).partition(b"\0")
        data += piece
        if found:
            return bytes(data)
        address += count
    return None
