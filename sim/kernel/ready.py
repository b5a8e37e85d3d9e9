"""The ready threads as schedulers keep them: whom a hart may take, and in which order.

Threads stand in groups by affinity, so that a hart looks only at those that may run on it; there are as many
groups as programs have set different affinities, as a rule one.
"""

from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from typing import Any, Protocol

from sim.thread import EVERY_HART, Thread


class Ready(Protocol):
    """What the dispatcher asks of it."""

    def put(self, thread: Thread, ahead: bool = False) -> None:
        """A thread that isn't in it; ``ahead`` of those that are its equals, else behind them."""

    def take(self, hart: int) -> int:
        """The tid that the hart is to run next, out of the queue; 0 if none may run there."""

    def first(self, hart: int) -> int:
        """The tid that `take` would give; 0 for none, or if only `take` decides."""

    def drop(self, tid: int) -> None:
        """Take out a thread that is in it."""

    def count(self, hart: int) -> int:
        """How many may run on the hart."""

    def waits(self, hart: int) -> bool:
        """True if any may run on the hart."""

    def __contains__(self, tid: int) -> bool: ...

    def __iter__(self) -> Iterator[int]: ...

    def __len__(self) -> int: ...


class Groups:
    """How many threads there are of each affinity that any thread has."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}

    def join(self, affinity: int) -> None:
        """One more."""
        self._counts[affinity] = self._counts.get(affinity, 0) + 1

    def leave(self, affinity: int) -> None:
        """One less."""
        count = self._counts.pop(affinity) - 1
        if count:
            self._counts[affinity] = count

    def of(self, hart: int) -> list[int]:
        """The affinities that let a thread run on the hart."""
        return [affinity for affinity in self._counts if affinity >> hart & 1]

    def all(self) -> list[int]:
        """The affinities of all threads."""
        return list(self._counts)

    def size(self, affinity: int) -> int:
        """How many threads have this affinity."""
        return self._counts.get(affinity, 0)

    def count(self, hart: int) -> int:
        """How many threads may run there."""
        return sum([count for affinity, count in self._counts.items() if affinity >> hart & 1])

    def waits(self, hart: int) -> bool:
        """True if any thread may run there."""
        return EVERY_HART in self._counts or any(affinity >> hart & 1 for affinity in self._counts)


#: (key, place among equals, tid)
Entry = tuple[Any, int, int]


class InOrder:
    """By ``key`` of a thread when it was put in, the least first; equals in the order in which they came. All
    but counting takes O(log threads) steps.

    Rule: ``_entries`` has each thread's affinity and entry; an entry in a heap that isn't there is one of a
    thread that was taken out.
    """

    def __init__(self, key: Callable[[Thread], Any]) -> None:
        self._key = key
        self._heaps: dict[int, list[Entry]] = {}
        self._entries: dict[int, tuple[int, Entry]] = {}
        self._groups = Groups()
        self._last, self._foremost = 0, 0
        self.count, self.waits = self._groups.count, self._groups.waits

    def put(self, thread: Thread, ahead: bool = False) -> None:
        """Behind its equals, or ahead of them."""
        if ahead:
            self._foremost -= 1
            place = self._foremost
        else:
            self._last += 1
            place = self._last
        entry = (self._key(thread), place, thread.tid)
        self._entries[thread.tid] = thread.affinity, entry
        self._groups.join(thread.affinity)
        heap = self._heaps.setdefault(thread.affinity, [])
        heappush(heap, entry)
        if len(heap) > 2 * self._groups.size(thread.affinity) + 16:
            self._prune(thread.affinity)

    def take(self, hart: int) -> int:
        """The first that may run on the hart."""
        tid = self.first(hart)
        if tid:
            self.drop(tid)
        return tid

    def first(self, hart: int) -> int:
        """The first that may run on the hart, left where it is."""
        tops = [self._top(affinity) for affinity in self._groups.of(hart)]
        return min(tops)[2] if tops else 0

    def least(self) -> Any:
        """The key of the first of all; None if there is no thread."""
        tops = [self._top(affinity) for affinity in self._groups.all()]
        return min(tops)[0] if tops else None

    def _prune(self, affinity: int) -> None:
        """Make a heap anew without the entries of threads that were taken out."""
        heap = [entry for entry in self._heaps[affinity] if self._stands(entry)]
        heapify(heap)
        self._heaps[affinity] = heap

    def _stands(self, entry: Entry) -> bool:
        found = self._entries.get(entry[2])
        return found is not None and found[1] is entry

    def _top(self, affinity: int) -> Entry:
        """The first of a group that isn't empty."""
        heap = self._heaps[affinity]
        while not self._stands(heap[0]):
            heappop(heap)
        return heap[0]

    def drop(self, tid: int) -> None:
        """Its entry goes from its heap when it is at the top."""
        affinity, entry = self._entries.pop(tid)
        self._groups.leave(affinity)
        if self._heaps[affinity][0] is entry:
            heappop(self._heaps[affinity])

    def __contains__(self, tid: int) -> bool:
        return tid in self._entries

    def __iter__(self) -> Iterator[int]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
