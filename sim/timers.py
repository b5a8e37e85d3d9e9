"""When blocked threads wake by themselves, the earliest first."""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush

#: Later than any tick.
NONE = 1 << 63


class Timers:
    """One deadline (a tick) for each thread that has one. Setting and dropping one takes O(log n) steps.
    ``first``: the earliest one; NONE if there is none.

    Rule: every deadline stands in ``_heap``; entries of others are dropped or replaced ones, and go when they
    come to its top or are more than the living.
    """

    def __init__(self) -> None:
        self._until: dict[int, int] = {}
        self._heap: list[tuple[int, int]] = []
        self.first = NONE

    def set(self, tid: int, until: int) -> None:
        """The thread has a deadline, instead of the one that it had, if any."""
        self.drop(tid)
        self._until[tid] = until
        self.first = min(self.first, until)
        heappush(self._heap, (until, tid))
        if len(self._heap) > 2 * len(self._until) + 16:
            self._heap = [(until, tid) for tid, until in self._until.items()]
            heapify(self._heap)

    def drop(self, tid: int) -> None:
        """The thread has none any more, if it had one."""
        if self._until.pop(tid, None) == self.first:
            self.first = self._earliest()

    def _earliest(self) -> int:
        heap = self._heap
        while heap:
            until, tid = heap[0]
            if self._until.get(tid) == until:
                return until
            heappop(heap)
        return NONE

    def due(self, now: int) -> list[int]:
        """The threads whose deadline is ``now`` or earlier, the earliest first; of equal ones the lowest
        tid."""
        found: dict[tuple[int, int], None] = {}
        # Looked at, and put back: they go when their threads wake.
        while self._heap and self._heap[0][0] <= now:
            until, tid = heappop(self._heap)
            if self._until.get(tid) == until:
                found[until, tid] = None
        for entry in found:
            heappush(self._heap, entry)
        return [tid for _, tid in found]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Timers) and self._until == other._until

    def __contains__(self, tid: int) -> bool:
        return tid in self._until

    def __iter__(self) -> Iterator[int]:
        return iter(self._until)

    def __len__(self) -> int:
        return len(self._until)
