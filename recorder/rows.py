"""All that the catalog says about one run, apart from a catalog: what goes into an archive, comes out of one,
or is about to be entered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from recorder.run import RunRow, SegmentRow, SnapshotRow

#: Called with the events and ticks so far, as all of a run is read or written.
Progress = Callable[[int, int], None]


def unwatched(events: int, ticks: int) -> None:
    """Nobody wants to know."""


class RowSource(Protocol):
    """Where a log finds its rows: a catalog, or `Rows`."""

    def of_id(self, run: str) -> RunRow:
        """The run with this id."""

    def segments(self, run: str, first: int = 0) -> list[SegmentRow]:
        """The committed segments of a run from number ``first`` on, in order."""

    def snapshots(self, run: str, first: int = 0) -> list[SnapshotRow]:
        """The snapshots of a run from number ``first`` on, in order of seq."""


@dataclass(frozen=True)
class Rows(RowSource):
    """Those of one run."""

    run: RunRow
    of_segments: Sequence[SegmentRow]
    of_snapshots: Sequence[SnapshotRow]

    def of_id(self, run: str) -> RunRow:
        """The run."""
        return self.run

    def segments(self, run: str, first: int = 0) -> list[SegmentRow]:
        """By their numbers."""
        return [segment for segment in self.of_segments if segment.number >= first]

    def snapshots(self, run: str, first: int = 0) -> list[SnapshotRow]:
        """By their numbers."""
        return [snapshot for snapshot in self.of_snapshots if snapshot.number >= first]
