"""A run recorded once more, to take the place of itself: with all events, where less of them was stored.

Its files get a place of their own and its rows are kept here, away from the catalog, until all is there. Then
the catalog takes the new rows for the old ones in one transaction, so that a recording that ends early, for
whatever reason, leaves the run as it was.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from recorder.catalog import Catalog
from recorder.detail import FULL
from recorder.errors import LogError, PlaceUnavailable, RunBusy
from recorder.place import REBUILT
from recorder.run import RunRow, SegmentRow, SnapshotRow


class AnotherRun(LogError):
    """What is recorded isn't the run that it should be. ``segment`` is the first that differs."""

    exit_status = 1

    def __init__(self, run: RunRow, segment: SegmentRow) -> None:
        span = f"events {segment.first_seq} to {segment.end_seq - 1}"
        super().__init__(
            f"run {run.id} can't be rebuilt: {span} are others when it is run again; it stays as it was, "
            f"`simrec verify {run.id}` says more"
        )
        self.segment = segment


class Replacement(Catalog):
    """What a recorder needs of a catalog, for ``old`` with all events. Every segment is held against the one
    that the run has. ``run`` is its row as it will be."""

    def __init__(self, catalog: Catalog, old: RunRow) -> None:
        from sim.world import FOLD_VERSION

        super().__init__(catalog.home, catalog.engine, catalog.files)
        self.old = old
        path, question, query = old.files.partition("?")
        files = f"{path}/{REBUILT}{question}{query}" if old.files else ""
        self.run = replace(
            old,
            files=files,
            directory=f"{REBUILT}/{old.id}",
            detail=FULL,
            fold_version=FOLD_VERSION,
            seal="",
            closing="",
            bytes=0,
        )
        #: The place of ``run``, where this process is said to be at work (`recorder.newrun`).
        self.place = self.run.place
        self._expected = {segment.end_seq: segment for segment in catalog.segments(old.id)}
        self._segments: list[SegmentRow] = []
        self._snapshots: list[SnapshotRow] = []

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else does the same meanwhile. Raises RunBusy."""
        directory = os.open(self.old.place.local or self.home, os.O_RDONLY)
        try:
            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise RunBusy(f"run {self.old.id} is being rebuilt already: wait for that to end") from None
        finally:
            os.close(directory)

    # As a recorder sees it.

    def commit(self, run: str, segments: Sequence[SegmentRow], snapshots: Sequence[SnapshotRow]) -> None:
        """Keep the rows. Raises AnotherRun."""
        for row in segments:
            expected = self._expected.get(row.end_seq)
            if expected is None or row.digest != expected.digest:
                raise AnotherRun(self.old, expected or row)
        self._segments += segments
        self._snapshots += snapshots

    def change(self, run: str, **values: Any) -> RunRow:
        """Keep how the run is recorded; how it ended is known."""
        own = {name: value for name, value in values.items() if name in ("seal", "closing", "bytes")}
        self.run = replace(self.run, **own)
        return self.run

    def runs(self, of: str | None = None) -> list[RunRow]:
        """This one."""
        return [self.run]

    def segments(self, run: str, first: int = 0) -> list[SegmentRow]:
        """Those so far."""
        return self._segments[first:]

    # The end.

    def put(self) -> None:
        """Have the catalog know these rows, and these files, from now on. Raises AnotherRun if events are
        missing; RunBusy if the run has changed meanwhile."""
        ends = [row.end_seq for row in self._segments]
        missing = [row for end, row in self._expected.items() if end not in ends]
        if missing:
            raise AnotherRun(self.old, missing[0])
        # A recorder that died never closed its run.
        values = {"closing": "" if self.old.died else self.run.closing}
        for name in ("files", "directory", "detail", "fold_version", "seal", "bytes"):
            values[name] = getattr(self.run, name)
        if not self.exchange(self.old, self._segments, self._snapshots, values):
            raise RunBusy(f"run {self.old.id} has changed meanwhile: see `simrec runs`")
        self.place.drop_staged()
        super().change(self.old.id, bytes=self.place.bytes())

    def drop_old(self) -> None:
        """Delete the files that the run had. Raises PlaceUnavailable."""
        try:
            self.old.place.remove()
        except OSError as error:
            where = self.old.place.shown()
            raise PlaceUnavailable(
                f"run {self.old.id} is rebuilt, but {where} can't be deleted: {error}"
            ) from error

    def discard(self) -> None:
        """Delete the new files, unless the catalog knows them. Raises CatalogUnavailable, OSError."""
        known = super().runs(self.old.id)
        if not known or known[0].directory != self.run.directory:
            self.place.remove()
