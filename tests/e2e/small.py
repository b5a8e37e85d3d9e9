"""A recording with small segments, in a forked process: tests kill it, or let its disk fail."""

from typing import Any

import warm

from sim.kernel import kernel


def command(events: int, *given: Any) -> None:
    """`warm.command` whose segments hold about ``events``."""
    kernel.SEGMENT_EVENTS = kernel.SEGMENT_KERNEL_EVENTS = events
    warm.command(*given)
