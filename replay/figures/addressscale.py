"""The vertical scale of a picture of address spaces: from an address to a height, and back to what is drawn.

Between two neighbouring bounds all processes are alike all the way (a region or none, pages present or
absent), so that nothing is lost when a stretch is drawn lower than it is: its height grows with the
logarithm of its size. What no process has mapped is cut down to a gap.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log2

from replay.memory import Area, Memory, runs
from sim.space import PAGE_SHIFT

#: Heights of a page, of what doubling its size adds, and of a gap.
PAGE_HEIGHT, DOUBLED, GAP_HEIGHT = 1.0, 0.3, 0.8
#: Bands drawn at most; with more, runs of pages that are close together are drawn as one.
MOST_BANDS = 240


@dataclass(frozen=True)
class Scale:
    """``bounds``: addresses, ascending; ``heights``: of each of them; ``gaps``: (start, end) of the stretches
    that no process has mapped. ``join`` is what `runs` was asked for."""

    bounds: Sequence[int]
    heights: Sequence[float]
    gaps: Sequence[tuple[int, int]]
    join: int

    def height(self, address: int) -> float:
        """Where an address is drawn."""
        band = min(max(bisect_right(self.bounds, address) - 1, 0), len(self.bounds) - 2)
        start, end = self.bounds[band], self.bounds[band + 1]
        low, high = self.heights[band], self.heights[band + 1]
        return low + (high - low) * (address - start) / (end - start)

    @property
    def top(self) -> float:
        """The height of the highest address."""
        return self.heights[-1]


def scale_for(memory: Memory) -> Scale:
    """A scale for all processes of a memory that has at least one region."""
    areas = [area for process in memory.processes for area in process.areas]
    join = 0
    while len(bounds := _bounds(areas, join)) > MOST_BANDS and join < 1 << 30:
        join = 2 * join + 1
    heights, gaps = [0.0], []
    for start, end in pairwise(bounds):
        if any(area.start <= start < area.end for area in areas):
            height = PAGE_HEIGHT + DOUBLED * log2((end - start) >> PAGE_SHIFT)
        else:
            height = GAP_HEIGHT
            gaps.append((start, end))
        heights.append(heights[-1] + height)
    return Scale(bounds, heights, gaps, join)


def _bounds(areas: Iterable[Area], join: int) -> list[int]:
    found = set()
    for area in areas:
        found |= {area.start, area.end}
        for run in runs(area, join):
            found |= {run.start, run.end}
    return sorted(found)
