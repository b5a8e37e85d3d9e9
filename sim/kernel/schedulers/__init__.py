"""Schedulers: oracles that say which ready thread runs next and for how long. One small file each.

A scheduler sees the world and changes nothing; its randomness comes from the generator it is given, and
the kernel records what it chose.
"""

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from random import Random
from typing import Protocol

from sim.errors import UserError
from sim.kernel.schedulers.random import RandomChoice
from sim.kernel.schedulers.rr import RoundRobin
from sim.world import World


class Scheduler(Protocol):
    """``jittered`` says whether slices vary, and so are recorded as choices."""

    jittered: bool

    def pick(self, world: World, hart: int, ready: Sequence[int]) -> int:
        """One of ``ready`` (tids, in the order in which they became ready; never empty)."""

    def slice(self, world: World, tid: int) -> int:
        """Ticks that the thread may run before another gets the hart, at least 1."""


class UnknownScheduler(UserError):
    """``--scheduler`` names none."""

    exit_status = 2


SCHEDULERS: dict[str, Callable[[int, Random, bool], Scheduler]] = {"rr": RoundRobin, "random": RandomChoice}


def scheduler(name: str, quantum: int, seed: int) -> Scheduler:
    """The scheduler of that name. Seed 0 leaves round-robin's slices exact. Raises UnknownScheduler."""
    if name not in SCHEDULERS:
        close = get_close_matches(name, SCHEDULERS, 1)
        hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(SCHEDULERS)}"
        raise UnknownScheduler(f"no scheduler is called {name!r}; {hint}")
    return SCHEDULERS[name](quantum, Random(f"schedule {seed}"), seed != 0)
