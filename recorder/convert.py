"""From one store to another: the same events, code, snapshots and programs.

A segment stays a segment, and events stay as they were recorded, also those of an older version: so the
digests are the same, segment by segment, which is checked by reading everything back.
"""

from dataclasses import replace

from recorder import seal
from recorder.archive.manifest import files_of
from recorder.detail import FULL
from recorder.digest import in_columns
from recorder.errors import NotConverted
from recorder.parts import AnyPart, Part, code_rows
from recorder.place import Place
from recorder.reader import Log
from recorder.reseal import resealed
from recorder.rows import Progress, Rows, unwatched
from recorder.run import RunRow, SegmentRow
from recorder.store import open_writer
from recorder.writeindex import WriteIndex
from sim.events import VERSION

#: Columns of a run's row that are others in another store.
CHANGED = ("store", "compression", "name")


def converted(log: Log, run: RunRow, progress: Progress = unwatched) -> Rows:
    """Write all of a log into ``run``'s place and store, and seal it under ``run``'s name; the rows. Raises
    RunDamaged, NotConverted, OSError."""
    source = log.run
    segments, complete = write_segments(log, run, progress)
    shared = {piece.path for segment in log.segments for piece in segment.pieces if not piece.sha256}
    checksums = dict.fromkeys(shared, "") | {name: seal.file_checksum(run.place, name) for name in complete}
    _copy_others(log, run.place)
    rows = Rows(run, segments, log.snapshot_rows)
    rows = resealed(rows, source.place, checksums, **{name: getattr(run, name) for name in CHANGED})
    _check(log, rows)
    return rows


def write_segments(
    log: Log, run: RunRow, progress: Progress = unwatched
) -> tuple[list[SegmentRow], list[str]]:
    """Write a log's events and code into ``run``'s place and store: rows that are not chained yet, and the
    files that were complete only at the end. Raises RunDamaged, OSError."""
    segments = []
    writer = open_writer(run.store, run.place, run.compression, run.event_version)
    full = run.event_version == VERSION and run.detail == FULL
    index = WriteIndex() if writer.indexes and full else None
    try:
        for segment in log.segments:
            parts = [_as_written(part, run) for _, part in log.parts(segment)]
            if index is not None:
                parts += index.parts(parts, code_rows(parts))
            pieces = writer.encode(segment.number, parts)
            size = writer.publish(pieces)
            segments.append(replace(segment, pieces=tuple(pieces), bytes=size))
            progress(segment.end_seq, segment.end_tick)
    finally:
        complete = writer.close()
    run.place.settle(piece.path for segment in segments for piece in segment.pieces)
    return segments, complete


def _as_written(part: Part, run: RunRow) -> AnyPart:
    """A part such as the recorder gives to a store, if its kind still has the same columns."""
    return in_columns(part) if run.event_version == VERSION else part


def _copy_others(log: Log, place: Place) -> None:
    """What a run has beside its events and seals: programs and snapshots."""
    source = log.run.place
    whole = Rows(log.run, log.segments, log.snapshot_rows)
    pieces = {piece.path for segment in log.segments for piece in segment.pieces}
    names = [*(files_of(whole, source.names()).keys() - pieces - {seal.SEAL, seal.CLOSING})]
    for name in names:
        place.stage(name, source.read(name))
    place.publish(names)


def _check(log: Log, rows: Rows) -> None:
    """Whether the new log has the old one's digests, and its code table. Raises NotConverted."""
    with Log(rows, rows.run) as made:
        # Of a run that isn't stored in full, the digest that it has is that of all its events.
        for (segment, digest), (_, before) in zip(made.digests(), log.digests(), strict=True):
            if digest != before:
                raise NotConverted(f"segment {segment.number} would hold other events than run {log.run.id}")
        if made.code_table() != log.code_table():
            raise NotConverted(f"the code table would be another than that of run {log.run.id}")
