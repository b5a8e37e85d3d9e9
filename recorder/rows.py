"""All that the catalog says about one run, apart from a catalog: what goes into an archive, comes out of
one, or is about to be entered."""

from collections.abc import Sequence
from dataclasses import dataclass

from recorder.run import RunRow, SegmentRow, SnapshotRow


@dataclass(frozen=True)
class Rows:
    """``recorder.reader.Log`` reads from it as from a catalog."""

    run: RunRow
    of_segments: Sequence[SegmentRow]
    of_snapshots: Sequence[SnapshotRow]

    def segments(self, run: str) -> list[SegmentRow]:
        """Those of the run."""
        return list(self.of_segments)

    def snapshots(self, run: str) -> list[SnapshotRow]:
        """Those of the run."""
        return list(self.of_snapshots)
