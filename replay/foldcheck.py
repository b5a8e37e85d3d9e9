"""Whether snapshots are what they should be: folds of the events before them.

The log is folded once, from its first event, and the world compared with each snapshot on the way.
"""

from collections.abc import Iterator
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


def check_snapshots(recording: Recording) -> Iterator[Compared]:
    """Each snapshot of today's fold that lies before any damage, in order. Raises RunDamaged."""
    world = World()
    for row in recording.log.snapshots.rows:
        if row.seq > recording.last_seq:
            return
        for segment in recording.log.segments:
            # A fold holds its events in memory: a segment of them at a time.
            fold(world, recording.log, min(segment.end_seq - 1, row.seq))
        try:
            image = recording.log.snapshots.image(row)
        except UNUSABLE as error:
            yield Compared(row, [f"can't be read: {error}"])
            continue
        yield Compared(row, differences(world, image.restore()))
