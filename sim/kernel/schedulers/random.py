"""Random: any ready thread, for a slice of any length up to two quanta."""

from sim.kernel.lots import Lots
from sim.kernel.scheduler import Scheduler, Setting
from sim.thread import Thread


class RandomChoice(Scheduler):
    """Uniform over threads and over slices of 1 to 2 x quantum ticks; a seed repeats it exactly."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.drawn = True
        self.ready = Lots(lambda thread: 1, self.random)

    def slice(self, thread: Thread, start: int) -> int:
        """1 to 2 x quantum."""
        return self.random.randint(1, 2 * self.quantum)
