"""First in, first out: a thread runs until it blocks, yields or exits; then the one that has been ready
longest."""

from sim.kernel.scheduler import FOREVER, Scheduler
from sim.thread import Thread


class Fifo(Scheduler):
    """The textbook's FCFS, with its convoy: short jobs wait for the long one before them. Never preempts, so
    a thread that waits in a loop for another may wait forever."""

    def slice(self, thread: Thread, start: int) -> int:
        """To its end."""
        return FOREVER
