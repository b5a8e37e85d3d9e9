"""Timers: the tick until which each sleeping thread sleeps, and which of them is first."""

from heapq import heapify, heappop, heappush

#: Entries that the heap may have for threads that were woken before their time, beside those that count.
_STALE = 64


class Timers(dict[int, int]):
    """tid -> tick. Timers are set item by item; `first` takes no longer for thousands of them.

    Rule: for every item there is an entry (tick, tid) in the heap; others there are out of date.
    """

    def __init__(self) -> None:
        super().__init__()
        self._heap: list[tuple[int, int]] = []

    def __setitem__(self, tid: int, until: int) -> None:
        super().__setitem__(tid, until)
        heappush(self._heap, (until, tid))
        if len(self._heap) > 2 * len(self) + _STALE:
            self._heap = [(tick, sleeper) for sleeper, tick in self.items()]
            heapify(self._heap)

    def first(self, otherwise: int) -> int:
        """The tick of the timer that ends first; ``otherwise`` if there is none."""
        heap = self._heap
        while heap:
            until, tid = heap[0]
            if self.get(tid) == until:
                return until
            heappop(heap)
        return otherwise

    def due(self, now: int) -> list[int]:
        """The threads whose timers have ended by tick ``now``, in the order of these, equal ones by tid.
        Their items stay."""
        heap = self._heap
        ended: list[tuple[int, int]] = []
        while heap and heap[0][0] <= now:
            entry = heappop(heap)
            if self.get(entry[1]) == entry[0] and entry not in ended[-1:]:
                ended.append(entry)
        for entry in ended:
            heappush(heap, entry)
        return [tid for _, tid in ended]
