"""An address space: the regions that a process has mapped, and the pages that back them.

``pages`` maps a virtual page number to a physical frame. A page without a frame is zero and is paged in
on its first use; a page's permissions are those of its region.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.world import World

PAGE = 4096
PAGE_SHIFT = 12
#: First address past user space: half of Sv39, as Linux gives it.
USER_END = 1 << 38


@dataclass(slots=True)
class Region:
    """[start, end), page-aligned, with "rwx" permissions ("---": a guard). ``shared``: forked processes go on
    sharing its pages; all of them are there from the start."""

    start: int
    end: int
    permissions: str
    name: str
    shared: bool = False

    def part(self, start: int, end: int) -> "Region":
        """The same over another range."""
        return Region(start, end, self.permissions, self.name, self.shared)


@dataclass(slots=True)
class AddressSpace:
    """Regions are sorted by address and never overlap."""

    regions: list[Region] = field(default_factory=list)
    pages: dict[int, int] = field(default_factory=dict)
    heap_start: int = 0
    heap_end: int = 0

    def region_at(self, address: int) -> Region | None:
        """The region that holds ``address``."""
        index = bisect_right(self.regions, address, key=lambda region: region.start) - 1
        if index >= 0 and address < self.regions[index].end:
            return self.regions[index]
        return None

    def is_free(self, start: int, end: int) -> bool:
        """True if no region touches [start, end)."""
        index = self._first_behind(start)
        return index == len(self.regions) or self.regions[index].start >= end

    def _first_behind(self, address: int) -> int:
        """Index of the first region that ends behind ``address``."""
        index = bisect_right(self.regions, address, key=lambda region: region.start)
        return index - 1 if index and self.regions[index - 1].end > address else index

    def gap_below(self, ceiling: int, length: int) -> int | None:
        """The highest free range of ``length`` bytes that ends at or below ``ceiling``; None if none."""
        end = ceiling
        for region in reversed(self.regions):
            if region.start >= end:
                continue
            if end - region.end >= length:
                break
            end = min(end, region.start)
        return end - length if end - length >= PAGE else None

    def cut(self, start: int, end: int) -> list[Region]:
        """Remove [start, end) from the regions and return the removed pieces."""
        first = last = self._first_behind(start)
        kept: list[Region] = []
        removed: list[Region] = []
        while last < len(self.regions) and self.regions[last].start < end:
            region = self.regions[last]
            low, high = max(region.start, start), min(region.end, end)
            removed.append(region.part(low, high))
            if region.start < low:
                kept.append(region.part(region.start, low))
            if high < region.end:
                kept.append(region.part(high, region.end))
            last += 1
        self.regions[first:last] = kept
        return removed

    def add(self, region: Region) -> None:
        """Insert a region where nothing is mapped, merging it with equal neighbours."""
        first = last = self._first_behind(region.start)
        start, end = region.start, region.end
        if first and self._joins(self.regions[first - 1], region):
            first -= 1
            start = self.regions[first].start
        if last < len(self.regions) and self._joins(region, self.regions[last]):
            end = self.regions[last].end
            last += 1
        self.regions[first:last] = [region.part(start, end)]

    @staticmethod
    def _joins(left: Region, right: Region) -> bool:
        """True if the regions touch and differ in nothing but place."""
        return left.end == right.start and left.part(0, 0) == right.part(0, 0)

    def copy(self) -> "AddressSpace":
        """Another one with the same regions and pages."""
        regions = [region.part(region.start, region.end) for region in self.regions]
        return AddressSpace(regions, dict(self.pages), self.heap_start, self.heap_end)

    def drop_pages(self, start: int, end: int) -> list[int]:
        """Forget the pages of [start, end); the frames that backed them, in address order."""
        found = self._present(start >> PAGE_SHIFT, (end - 1) >> PAGE_SHIFT)
        return [self.pages.pop(page) for page in found]

    def move_pages(self, source: int, target: int, length: int) -> None:
        """Let the pages of [source, source + length) stand at ``target``."""
        shift = (target - source) >> PAGE_SHIFT
        first, last = source >> PAGE_SHIFT, (source + length - 1) >> PAGE_SHIFT
        moving = self._present(first, last)
        self.pages.update([(page + shift, self.pages.pop(page)) for page in moving])

    def _present(self, first: int, last: int) -> list[int]:
        """The present pages of first..last, in order."""
        if last - first < len(self.pages):
            return [page for page in range(first, last + 1) if page in self.pages]
        return sorted(page for page in self.pages if first <= page <= last)

    def pieces(self, address: int, length: int) -> list[tuple[int, int, int]]:
        """[address, address + length) by page: (address, physical offset or -1 if absent, bytes)."""
        made = []
        while length > 0:
            count = min(length, PAGE - address % PAGE)
            frame = self.pages.get(address >> PAGE_SHIFT)
            made.append((address, -1 if frame is None else frame * PAGE + address % PAGE, count))
            address += count
            length -= count
        return made

    def read(self, world: "World", address: int, length: int) -> bytes:
        """Bytes as the program would load them; absent pages read as zero."""
        offset = address % PAGE
        if offset + length <= PAGE and (frame := self.pages.get(address >> PAGE_SHIFT)) is not None:
            start = frame * PAGE + offset
            return world.memory_view[start : start + length].tobytes()
        data = bytearray()
        for _, offset, count in self.pieces(address, length):
            data += bytes(count) if offset < 0 else world.memory[offset : offset + count].tobytes()
        return bytes(data)

    def write(self, world: "World", address: int, data: bytes) -> None:
        """Write bytes; every page must be present."""
        done = 0
        for _, offset, count in self.pieces(address, len(data)):
            assert offset >= 0, f"write to absent page at {address:#x}"
            world.memory_view[offset : offset + count] = data[done : done + count]
            world.dirty[offset >> PAGE_SHIFT] = 3
            done += count
