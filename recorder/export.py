"""What of a run can leave it: all that is committed and good. From here it goes into an archive, into the
other store, or both.

A run that is being recorded, or was left by a recorder that died, is one that was interrupted behind its last
committed event.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

from recorder.archive.container import check_target
from recorder.archive.pack import pack
from recorder.audit import Finding, audit
from recorder.catalog import RECORDING, Catalog
from recorder.convert import converted
from recorder.errors import RunDamaged
from recorder.keeping import USUAL
from recorder.newrun import enter_new
from recorder.reader import Log
from recorder.rows import Progress, Rows, unwatched
from recorder.run import RunRow


class Export:
    """A run's ``rows``, as far as they leave it; ``losses`` are what is left out, in words. Reads all of it.
    It goes into another ``store`` or under another ``name`` if such are given."""

    def __init__(self, catalog: Catalog, run: RunRow, store: str = "", name: str | None = None) -> None:
        """Raises RunDamaged, CatalogUnavailable, PlaceUnavailable; ValueError for an unknown store."""
        self.catalog = catalog
        self.store, self.name = store, name
        self.rows = _committed(catalog.rows(run.id))
        self.losses: list[str] = []
        pieces = {piece.path for segment in self.rows.of_segments for piece in segment.pieces}
        for finding in audit(self.rows, self.rows.run).findings:
            # The chain vouches for each piece: none can be left out.
            if not finding.lesser or finding.where in pieces:
                raise RunDamaged(run.id, finding.where, finding.what, finding.good)
            self._leave_out(finding)

    def to_catalog(self, progress: Progress = unwatched) -> RunRow:
        """As a new run of the catalog. Raises NotKept, NotConverted."""
        like = replace(self._like, id="")
        if self.name is None and like.name:
            # A name should say which of two that begin at the same moment is meant.
            like = replace(like, name=f"{like.name}-{like.store}")
        with Log(self.rows, self.rows.run) as log:
            return enter_new(self.catalog, like, lambda run: converted(log, run, progress))

    def to_archive(self, target: Path, *, force: bool = False, progress: Progress = unwatched) -> int:
        """As an archive; the bytes of the files in it. Raises BadTarget, NotConverted."""
        check_target(target, force=force)
        if self._like == self.rows.run:
            return pack(self.rows, target, force=force)
        with tempfile.TemporaryDirectory(prefix=".simrec-", dir=target.absolute().parent) as directory:
            run = self._like.at(Path(directory))
            with Log(self.rows, self.rows.run) as log:
                return pack(converted(log, run, progress), target, force=force)

    @property
    def _like(self) -> RunRow:
        run = self.rows.run
        like = replace(run, name=run.name if self.name is None else self.name)
        if self.store in ("", run.store):
            return like
        return replace(
            like, store=self.store, compression="none" if self.store == "sqlite" else USUAL.compression
        )

    def _leave_out(self, finding: Finding) -> None:
        """A snapshot that can't be used any more, or names."""
        self.losses.append(f"{finding} and is left out")
        kept = tuple(row for row in self.rows.of_snapshots if row.file != finding.where)
        self.rows = replace(self.rows, of_snapshots=kept)


def _committed(rows: Rows) -> Rows:
    """The rows that belong together, of a run that goes on or was left."""
    run = rows.run
    if run.status != RECORDING and not run.died:
        return rows
    reason = "no event was recorded"
    if rows.of_segments:
        last = rows.of_segments[-1]
        run = replace(run, events=last.end_seq, ticks=last.end_tick, digest=last.digest)
        reason = f"recorded up to event {run.events - 1}"
    run = replace(run, status="interrupted", reason=reason, died=True)
    snapshots = tuple(row for row in rows.of_snapshots if row.seq < run.events)
    return Rows(run, rows.of_segments, snapshots)
