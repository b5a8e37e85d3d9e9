"""The ready threads as schedulers keep them: whom a hart may take, and in which order.

Threads stand in groups by affinity, so that a hart looks only at those that may run on it; there are as many
groups as programs have set different affinities, as a rule one.
"""

from collections import OrderedDict
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Any, Protocol

from sim.thread import Thread


class Ready(Protocol):
    """What the dispatcher asks of it. ``members``: who is in it, by tid. ``counts``: how many are in each
    group, by its affinity; there are no empty ones."""

    members: dict[int, Any]
    counts: dict[int, int]

    def put(self, thread: Thread, ahead: bool = False) -> None:
        """A thread that isn't in it; ``ahead`` of those that are its equals, else behind them."""

    def take(self, hart: int) -> int:
        """The tid that the hart is to run next, out of the queue; 0 if none may run there."""

    def first(self, hart: int) -> int:
        """The tid that `take` would give; 0 for none, or if only `take` decides."""

    def drop(self, tid: int) -> None:
        """Take out a thread that is in it."""


def groups_of(counts: dict[int, int], hart: int) -> list[int]:
    """The groups whose threads may run on a hart."""
    return [affinity for affinity in counts if affinity >> hart & 1]


class InTurn:
    """In the order in which they came. `put` and `take` cost the same whatever is in it.

    Rule: ``members`` says for each thread in which group's queue it stands; a queue has for each of its
    threads the place among all, by which they are ordered.
    """

    def __init__(self) -> None:
        self.members: dict[int, int] = {}
        self.counts: dict[int, int] = {}
        self._queues: dict[int, OrderedDict[int, int]] = {}
        self._last, self._foremost = 0, 0

    def put(self, thread: Thread, ahead: bool = False) -> None:
        """Behind all others, or ahead of them."""
        tid, group = thread.tid, thread.affinity
        queue = self._queues.get(group)
        if queue is None:
            queue = self._queues[group] = OrderedDict()
        if ahead:
            self._foremost = queue[tid] = self._foremost - 1
            queue.move_to_end(tid, last=False)
        else:
            self._last = queue[tid] = self._last + 1
        self.members[tid] = group
        self.counts[group] = len(queue)

    def take(self, hart: int) -> int:
        """The first that may run on the hart."""
        group = self._leading(hart)
        if group is None:
            return 0
        queue = self._queues[group]
        tid, _ = queue.popitem(last=False)
        del self.members[tid]
        if queue:
            self.counts[group] = len(queue)
        else:
            del self.counts[group]
        return tid

    def first(self, hart: int) -> int:
        """The first that may run on the hart, left where it is."""
        group = self._leading(hart)
        return 0 if group is None else next(iter(self._queues[group]))

    def _leading(self, hart: int) -> int | None:
        """The group whose first thread is the first of all that may run on the hart."""
        if len(self.counts) == 1:
            (group,) = self.counts
            return group if group >> hart & 1 else None
        firsts = [(next(iter(self._queues[group].values())), group) for group in groups_of(self.counts, hart)]
        return min(firsts)[1] if firsts else None

    def drop(self, tid: int) -> None:
        """Out of its queue."""
        group = self.members.pop(tid)
        queue = self._queues[group]
        del queue[tid]
        if queue:
            self.counts[group] = len(queue)
        else:
            del self.counts[group]


#: (key, place among equals, tid)
Entry = tuple[Any, int, int]


class InOrder:
    """By ``key`` of a thread when it was put in, the least first; equals in the order in which they came. All
    takes O(log threads) steps.

    Rule: a member's group and entry stand in ``members``; an entry in a group's heap that isn't there is one
    of a thread that was taken out.
    """

    def __init__(self, key: Callable[[Thread], Any]) -> None:
        self._key = key
        self.members: dict[int, tuple[int, Entry]] = {}
        self.counts: dict[int, int] = {}
        self._heaps: dict[int, list[Entry]] = {}
        self._last, self._foremost = 0, 0

    def put(self, thread: Thread, ahead: bool = False) -> None:
        """Behind its equals, or ahead of them."""
        if ahead:
            self._foremost -= 1
            place = self._foremost
        else:
            self._last += 1
            place = self._last
        group = thread.affinity
        entry = (self._key(thread), place, thread.tid)
        self.members[thread.tid] = group, entry
        count = self.counts[group] = self.counts.get(group, 0) + 1
        heap = self._heaps.setdefault(group, [])
        heappush(heap, entry)
        if len(heap) > 2 * count + 16:
            heap[:] = [entry for its, entry in self.members.values() if its == group]
            heapify(heap)

    def take(self, hart: int) -> int:
        """The first that may run on the hart."""
        tid = self.first(hart)
        if tid:
            self.drop(tid)
        return tid

    def first(self, hart: int) -> int:
        """The first that may run on the hart, left where it is."""
        tops = [self._top(group) for group in self.counts if group >> hart & 1]
        if len(tops) == 1:
            return tops[0][2]
        return min(tops)[2] if tops else 0

    def least(self) -> Any:
        """The key of the first of all; None if there is no thread."""
        tops = [self._top(group) for group in self.counts]
        return min(tops)[0] if tops else None

    def _top(self, group: int) -> Entry:
        """The first of a group that isn't empty."""
        heap, members = self._heaps[group], self.members
        while True:
            top = heap[0]
            member = members.get(top[2])
            if member is not None and member[1] is top:
                return top
            heappop(heap)

    def drop(self, tid: int) -> None:
        """Its entry goes from its heap when it is at the top."""
        group, entry = self.members.pop(tid)
        if self.counts[group] > 1:
            self.counts[group] -= 1
        else:
            del self.counts[group]
        heap = self._heaps[group]
        if heap[0] is entry:
            heappop(heap)
