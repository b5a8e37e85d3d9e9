"""Whether a run that somebody else recorded is one: everything that an audit looks at, and every event."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from recorder.audit import audit
from recorder.digest import Digest
from recorder.errors import LogError
from recorder.reader import Log
from recorder.rows import Rows
from recorder.schema import CODE
from recorder.upcast import options_today
from sim.image import IntArray


def faults(rows: Rows) -> tuple[list[str], list[str]]:
    """What makes the run useless, and what it can do without. Reads all of it twice."""
    options = options_today(rows.run.event_version, rows.run.options)
    rows = replace(rows, run=replace(rows.run, options=options))
    found = audit(rows, rows.run)
    grave = [str(finding) for finding in found.findings if not finding.lesser]
    lesser = [str(finding) for finding in found.findings if finding.lesser]
    if not grave:
        try:
            with Log(rows, rows.run) as log:
                grave += _events(log)
        except LogError as error:
            grave.append(str(error))
    return grave, lesser


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
            if part.kind != CODE:
                digest.update([part])
                seqs.append(part.rows.column("seq").to_numpy())
        if segment.digest and digest.hexdigest() != segment.digest:
            yield f"segment {segment.number} holds other events than its digest says"
        if log.run.detail == "full" and not _gapless(seqs, segment.first_seq, segment.end_seq):
            yield f"segment {segment.number} has not one event for every seq"


def _gapless(parts: list[IntArray], first: int, end: int) -> bool:
    in_order = all((np.diff(seqs) > 0).all() for seqs in parts)
    return in_order and np.array_equal(np.sort(np.concatenate(parts)), np.arange(first, end))
