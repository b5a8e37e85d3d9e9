"""From one store to another: the same events, snapshots and programs, in a new run.

A segment stays a segment, and events stay as they were recorded, also those of an older version: so the digests
are the same, segment by segment, which is checked by reading everything back.
"""

from collections.abc import Iterator
from dataclasses import replace

from recorder import seal
from recorder.errors import LogError, RunDamaged
from recorder.reader import Log
from recorder.reseal import resealed
from recorder.rows import Rows
from recorder.run import RunRow, SegmentRow
from recorder.store import open_writer

#: Rows of a run's beginning that another store changes.


def rewritten(log: Log, run: RunRow) -> Rows:
    """Write all of a log that is whole into ``run.place``, in ``run.store``, under ``run.name``; the rows, with
    ``run``'s id. Raises RunDamaged, OSError."""
    if log.damage is not None:
        raise log.damage
    writer = open_writer(run.store, run.place, run.event_version)
    segments = []
    try:
        for segment in log.segments:
            pieces = writer.encode(segment.number, [part for _, part in log.parts(segment)])
            segments.append(replace(segment, pieces=tuple(pieces), bytes=writer.publish(pieces)))
    finally:
        complete = writer.close()
    _copy_beside(log, run)
    checksums = dict.fromkeys(_shared(log.segments), "")
    checksums |= {name: seal.file_checksum(run.place, name) for name in complete}
    began = {"store": run.store, "name": run.name}
    rows = resealed(Rows(run, segments, log.snapshot_rows), log.run.place, checksums, **began)
    _check(log, rows)
    return rows
