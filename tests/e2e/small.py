"""A recording with small segments, in a forked process: tests kill it, or let its disk fail."""

from typing import Any

import warm

from recorder import recorder
from sim.kernel import kernel

#: Segments under way at once, and in a commit at most: on a slow disk too, there are many commits.
AHEAD = 3


def command(events: int, *given: Any) -> None:
    """`warm.command` whose segments hold about ``events``."""
    kernel.SEGMENT_EVENTS = kernel.SEGMENT_KERNEL_EVENTS = events
    recorder.AHEAD = AHEAD
    warm.command(*given)
