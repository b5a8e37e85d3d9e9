"""Whether a run that somebody else recorded is one: everything that an audit looks at, and every event."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa

from recorder.archive import unpacked
from recorder.audit import audit
from recorder.detail import FULL
from recorder.digest import Digest, in_columns
from recorder.errors import LogError
from recorder.footer import Footer
from recorder.parts import Part, code_rows
from recorder.place import opened_for_many
from recorder.reader import Log
from recorder.rows import Progress, Rows, unwatched
from recorder.run import RunRow, SegmentRow
from recorder.schema import CODE, INDEXES
from recorder.sqlite import FILE, strange
from recorder.upcast import options_today
from recorder.writeindex import WriteIndex
from sim.image import IntArray


def faults(rows: Rows, progress: Progress = unwatched) -> tuple[list[str], list[str]]:
    """What makes the run useless, and what it can do without. Reads all of it twice."""
    options = options_today(rows.run.event_version, rows.run.options)
    rows = replace(rows, run=replace(rows.run, options=options))
    unfit = [*_unfit(rows)]
    if unfit:
        return unfit, []
    found = audit(rows, rows.run)
    grave = [str(finding) for finding in found.findings if not finding.lesser]
    lesser = [str(finding) for finding in found.findings if finding.lesser]
    if not grave:
        try:
            with Log(rows, rows.run) as log:
                grave += _events(log, progress)
        except LogError as error:
            grave.append(str(error))
    return grave, lesser


def _unfit(rows: Rows) -> Iterator[str]:
    """What is wrong with files that should not even be read: they would do something, or would not fit."""
    place = rows.run.place
    if rows.run.store == "sqlite":
        what = strange(place)
        if what:
            yield f"{FILE} {what}"
        return
    for piece in (piece for segment in rows.of_segments for piece in segment.pieces):
        try:
            with opened_for_many(place, piece.path) as file:
                end = Footer(file)
                held = end.metadata.num_rows
                if held != piece.rows:
                    yield f"{piece.path} has {held} rows of {piece.kind} instead of {piece.rows}"
                else:
                    unpacked.check(file, end)
        except unpacked.TooLarge as error:
            yield f"{piece.path} {error}"
        except (OSError, ValueError, pa.ArrowException) as error:
            yield f"{piece.path} can't be read ({' '.join(str(error).split())})"


def _texts(code: Part) -> Iterator[str]:
    """What of the code table would steer a terminal: it is printed as it is."""
    for name, column in zip(code.rows.schema.names, code.rows.columns, strict=True):
        if pa.types.is_string(column.type):
            for text in column.unique().to_pylist():
                if not text.isprintable():
                    yield f"the code table has the {name} {text[:40]!a}"
                    return


def _events(log: Log, progress: Progress) -> Iterator[str]:
    """What is wrong with events, code or index of the first segment that isn't as it should be."""
    indexed = any(piece.kind in INDEXES for segment in log.segments for piece in segment.pieces)
    digest, index = Digest(), WriteIndex() if indexed else None
    for segment in log.segments:
        parts = []
        for piece, part in log.parts(segment):
            if part.count != piece.rows:
                yield f"{piece.path} has {part.count} rows of {part.kind} instead of {piece.rows}"
                return
            parts.append(part)
        wrong = [*_segment(log.run, segment, parts, digest)] or [*_index(log, segment, parts, index)]
        if wrong:
            yield from wrong
            return
        progress(segment.end_seq, segment.end_tick)


def _segment(run: RunRow, segment: SegmentRow, parts: list[Part], digest: Digest) -> Iterator[str]:
    """Whether there is an event for every seq, each kind's in order, with the digest of the segment's row."""
    events = [part for part in parts if part.kind != CODE]
    for code in (part for part in parts if part.kind == CODE):
        yield from _texts(code)
    digest.update(events)
    seqs: list[IntArray] = [part.rows.column("seq").to_numpy() for part in events]
    if not all((np.diff(each) > 0).all() for each in seqs):
        yield f"segment {segment.number} has events that are not in order"
    if run.detail != FULL:
        # The digest is that of all its events.
        return
    if segment.digest and digest.hexdigest() != segment.digest:
        yield f"segment {segment.number} holds other events than its digest says"
    if not np.array_equal(np.sort(np.concatenate(seqs)), np.arange(segment.first_seq, segment.end_seq)):
        yield f"segment {segment.number} has not one event for every seq"


def _index(log: Log, segment: SegmentRow, parts: list[Part], index: WriteIndex | None) -> Iterator[str]:
    """Whether the write index, if there is one, says what the events do; a segment may have none."""
    if index is None:
        return
    made = index.parts([in_columns(part) for part in parts], code_rows(parts))
    tables = {part.kind: pa.Table.from_batches([part.rows]) for part in made}
    for piece in (piece for piece in segment.pieces if piece.kind in INDEXES):
        held = log.writes(segment.number, piece.kind, -(1 << 63), 1 << 63)
        if held is None or held != tables.get(piece.kind):
            yield f"{piece.path} has other writers than the events"
