"""Lottery: each slice goes to the holder of a ticket that is drawn.

C. A. Waldspurger, W. E. Weihl: Lottery Scheduling: Flexible Proportional-Share Resource Management (OSDI
1994).
"""

from sim.kernel.lots import Lots
from sim.kernel.scheduler import Scheduler, Setting
from sim.kernel.weights import NICE_0, weight
from sim.thread import Thread

#: Tickets of a thread with nice value 0 that nobody gave any.
USUAL = 100


def tickets(thread: Thread) -> int:
    """What it was given (``--tickets``), else by its nice value, as `fair` would weigh it; at least 1."""
    return thread.tickets or max(1, USUAL * weight(thread.nice) // NICE_0)


class Lottery(Scheduler):
    """A thread's share of the time comes close to its share of the ready threads' tickets, sooner or later.
    Tickets: ``--tickets PID=NUMBER``, else 100 at nice value 0 and more or less as Linux weighs nice values.
    The seed draws; seed 0 is a seed like any other, but leaves slices exact."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.ready = Lots(tickets, self.random)
