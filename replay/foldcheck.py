"""Whether snapshots are what they should be: folds of the events before them.

The log is folded once, from its first event, and the world compared with each snapshot on the way.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from recorder.run import SnapshotRow
from recorder.snapshots import UNUSABLE
from replay.fold import fold
from replay.recording import Recording
from sim.image import differences
from sim.world import World


@dataclass(frozen=True)
class Compared:
    """A snapshot and what of it is another in the fold of the events up to it, a line each."""

    snapshot: SnapshotRow
    differences: list[str]


def check_snapshots(
    recording: Recording, progress: Callable[[int, int], None] = lambda events, ticks: None
) -> Iterator[Compared]:
    """Each snapshot of today's fold that lies before any damage, in order. ``progress`` is told events and
    ticks. Raises RunDamaged."""
    world = World()
    for row in recording.log.snapshots.rows:
        if row.seq > recording.last_seq:
            return
        # A fold holds its events in memory: a segment of them at a time.
        lasts = (segment.end_seq - 1 for segment in recording.log.segments)
        for seq in [*(last for last in lasts if world.seq < last < row.seq), row.seq]:
            fold(world, recording.log, seq)
            progress(world.seq + 1, world.tick)
        try:
            image = recording.log.snapshots.image(row)
        except UNUSABLE as error:
            yield Compared(row, [f"can't be read: {error}"])
            continue
        yield Compared(row, differences(world, image.restore()))
