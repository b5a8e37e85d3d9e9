"""Where the machine's events go: the one thing that `sim` asks of a recorder."""

from typing import Protocol

from sim.code import CodeRow
from sim.machine.buffers import Buffers
from sim.program import Program
from sim.world import World


class Sink(Protocol):
    """Takes a run's segments in order. The recorder is one; `Discard` is what an unrecorded run has."""

    recording: bool

    def code(self, rows: list[CodeRow]) -> None:
        """Code that was decoded; comes before the first segment that refers to it."""

    def program(self, program: Program) -> None:
        """A process runs another program from now on (execve). Its image is in the log: the ``host`` event
        of its reading."""

    def segment(self, buffers: Buffers, world: World) -> Buffers:
        """Take a full segment and return an empty `Buffers` for the next (cleared to begin where this one
        ended). ``world`` is the state just after the segment's last event, and may be read only during
        the call (`sim.image.Image.of` copies what a snapshot needs). May block to hold the machine back.
        """

    def finish(self, buffers: Buffers, world: World) -> None:
        """Take the last segment; everything is durable on return."""


class Discard:
    """Keeps nothing."""

    recording = False

    def code(self, rows: list[CodeRow]) -> None:
        """Dropped."""

    def program(self, program: Program) -> None:
        """Not needed."""

    def segment(self, buffers: Buffers, world: World) -> Buffers:
        """The same buffers again."""
        buffers.clear(buffers.end_seq, buffers.end_tick)
        return buffers

    def finish(self, buffers: Buffers, world: World) -> None:
        """Nothing to keep."""
