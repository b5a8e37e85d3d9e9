"""The ready threads of a scheduler that draws lots: whom a hart takes is chance, by the threads' tickets."""

from collections.abc import Callable
from random import Random

from sim.kernel.ready import groups_of
from sim.thread import Thread


class Tickets:
    """How many tickets each thread holds, and who holds the n-th of all; O(log threads) steps each.

    A tree of partial sums, as Waldspurger and Weihl's (OSDI 1994, section 4.2): node n has the sum of nodes
    2n and 2n + 1; the second half of ``_sums`` are the leaves, one for each thread.
    """

    def __init__(self) -> None:
        self._sums = [0, 0]
        self._leaf_of: dict[int, int] = {}
        self._tid_at = [0, 0]
        self._free = [1]

    @property
    def total(self) -> int:
        """All tickets."""
        return self._sums[1]

    def put(self, tid: int, tickets: int) -> None:
        """A thread that has none yet gets ``tickets``, at least 1."""
        if not self._free:
            self._double()
        leaf = self._free.pop()
        self._leaf_of[tid], self._tid_at[leaf] = leaf, tid
        self._add(leaf, tickets)

    def drop(self, tid: int) -> None:
        """The thread has none any more."""
        leaf = self._leaf_of.pop(tid)
        self._add(leaf, -self._sums[leaf])
        self._free.append(leaf)

    def holder(self, ticket: int) -> int:
        """The thread that holds a ticket, 0 to ``total`` - 1."""
        node, leaves = 1, len(self._sums) >> 1
        while node < leaves:
            node *= 2
            if ticket >= self._sums[node]:
                ticket -= self._sums[node]
                node += 1
        return self._tid_at[node]

    def _add(self, node: int, tickets: int) -> None:
        while node:
            self._sums[node] += tickets
            node >>= 1

    def _double(self) -> None:
        """Make room for twice as many threads."""
        held = [(tid, self._sums[leaf]) for tid, leaf in self._leaf_of.items()]
        size = 2 * len(self._sums)
        self._sums, self._tid_at = [0] * size, [0] * size
        self._free = list(range(size - 1, (size >> 1) - 1, -1))
        self._leaf_of.clear()
        for tid, tickets in held:
            self.put(tid, tickets)


class Lots:
    """Each draw takes any of the threads that may run on the hart, with chances as their ``tickets``."""

    def __init__(self, tickets: Callable[[Thread], int], random: Random) -> None:
        self._tickets, self._random = tickets, random
        #: tid -> its group.
        self.members: dict[int, int] = {}
        self.counts: dict[int, int] = {}
        self._held: dict[int, Tickets] = {}

    def put(self, thread: Thread, ahead: bool = False) -> None:
        """One more that may be drawn; there is no ahead."""
        group = self.members[thread.tid] = thread.affinity
        self.counts[group] = self.counts.get(group, 0) + 1
        self._held.setdefault(group, Tickets()).put(thread.tid, self._tickets(thread))

    def take(self, hart: int) -> int:
        """Draw."""
        groups = [self._held[group] for group in groups_of(self.counts, hart)]
        if not groups:
            return 0
        ticket = self._random.randrange(sum([group.total for group in groups]))
        for group in groups:
            if ticket < group.total:
                break
            ticket -= group.total
        tid = group.holder(ticket)
        self.drop(tid)
        return tid

    def first(self, hart: int) -> int:
        """Nobody has a claim to be next."""
        return 0

    def drop(self, tid: int) -> None:
        """One less."""
        group = self.members.pop(tid)
        if self.counts[group] > 1:
            self.counts[group] -= 1
        else:
            del self.counts[group]
        self._held[group].drop(tid)
