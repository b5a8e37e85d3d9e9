"""Random: any ready thread, for a slice of any length up to two quanta."""

from collections.abc import Sequence
from random import Random

from sim.world import World


class RandomChoice:
    """Uniform over threads and over slices of 1 to 2 x quantum ticks; a seed repeats it exactly."""

    jittered = True

    def __init__(self, quantum: int, random: Random, seeded: bool) -> None:
        self._quantum, self._random = quantum, random

    def pick(self, world: World, hart: int, ready: Sequence[int]) -> int:
        """Any of them."""
        return self._random.choice(ready)

    def slice(self, world: World, tid: int) -> int:
        """1 to 2 x quantum."""
        return self._random.randint(1, 2 * self._quantum)
