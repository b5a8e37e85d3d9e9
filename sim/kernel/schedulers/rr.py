"""Round-robin: the thread that has been ready longest runs for one quantum."""

from sim.kernel.scheduler import Scheduler


class RoundRobin(Scheduler):
    """Each in turn for ``--quantum`` ticks. With a seed each slice is drawn from quantum +- 1/4; without,
    slices are exact."""
