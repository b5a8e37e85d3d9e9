"""Round-robin: the thread that has been ready longest runs for one quantum."""

from collections.abc import Sequence
from random import Random

from sim.world import World


class RoundRobin:
    """With a seed, each slice is drawn from quantum +- 1/4, as a real timer interrupt never comes at quite
    the same instruction twice; without, slices are exact."""

    def __init__(self, quantum: int, random: Random, seeded: bool) -> None:
        self._quantum, self._random = quantum, random
        self.jittered = seeded

    def pick(self, world: World, hart: int, ready: Sequence[int]) -> int:
        """The first in the queue."""
        return ready[0]

    def slice(self, world: World, tid: int) -> int:
        """One quantum."""
        if not self.jittered:
            return self._quantum
        spread = self._quantum // 4
        return max(1, self._quantum + self._random.randint(-spread, spread))
