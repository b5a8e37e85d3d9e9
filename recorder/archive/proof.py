"""Whether a run that somebody else recorded is one: everything that an audit looks at, and every event."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recorder.audit import audit
from recorder.detail import FULL
from recorder.digest import Digest, in_columns
from recorder.errors import LogError
from recorder.parts import Part, code_rows
from recorder.reader import Log
from recorder.rows import Rows
from recorder.schema import CODE, INDEXES
from recorder.sqlite import FILE, strange
from recorder.upcast import options_today
from recorder.writeindex import WriteIndex
from sim.image import IntArray


def faults(rows: Rows) -> tuple[list[str], list[str]]:
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
                grave += [*_events(log)] or _index(log)
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
            with place.open(piece.path) as file:
                held = pq.read_metadata(file).num_rows
        except (OSError, pa.ArrowException) as error:
            yield f"{piece.path} can't be read ({' '.join(str(error).split())})"
        else:
            if held != piece.rows:
                yield f"{piece.path} has {held} rows of {piece.kind} instead of {piece.rows}"


def _texts(code: Part) -> Iterator[str]:
    """What of the code table would steer a terminal: it is printed as it is."""
    for name, column in zip(code.rows.schema.names, code.rows.columns, strict=True):
        if pa.types.is_string(column.type):
            for text in column.unique().to_pylist():
                if not text.isprintable():
                    yield f"the code table has the {name} {text[:40]!a}"
                    return


def _index(log: Log) -> list[str]:
    """What the write index says otherwise than the events do; a segment may have none."""
    index = WriteIndex()
    for segment in log.segments if any(p.kind in INDEXES for s in log.segments for p in s.pieces) else ():
        parts = [part for _, part in log.parts(segment)]
        made = index.parts([in_columns(part) for part in parts], code_rows(parts))
        tables = {part.kind: pa.Table.from_batches([part.rows]) for part in made}
        for piece in segment.pieces:
            if piece.kind in INDEXES:
                held = log.writes(segment.number, piece.kind, -(1 << 63), 1 << 63)
                # One that can't be read is of no use to anybody.
                if held is not None and held != tables.get(piece.kind):
                    return [f"{piece.path} has other writers than the events"]
    return []


def _events(log: Log) -> Iterator[str]:
    """Whether each segment has an event for every seq, each kind's in order, and its row's digest."""
    digest = Digest()
    for segment in log.segments:
        seqs: list[IntArray] = []
        for piece, part in log.parts(segment):
            rows = part.rows.num_rows
            if rows != piece.rows:
                yield f"{piece.path} has {rows} rows of {part.kind} instead of {piece.rows}"
                return
            if part.kind == CODE:
                yield from _texts(part)
            else:
                digest.update([part])
                seqs.append(part.rows.column("seq").to_numpy())
        if not all((np.diff(each) > 0).all() for each in seqs):
            yield f"segment {segment.number} has events that are not in order"
        if log.run.detail != FULL:
            # The digest is that of all its events.
            continue
        if segment.digest and digest.hexdigest() != segment.digest:
            yield f"segment {segment.number} holds other events than its digest says"
        if not np.array_equal(np.sort(np.concatenate(seqs)), np.arange(segment.first_seq, segment.end_seq)):
            yield f"segment {segment.number} has not one event for every seq"
