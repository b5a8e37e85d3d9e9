"""Recovering a run whose recorder died: what it left behind its last commit goes, and the run is closed.

What was committed stays as it is. A recorder that died after its last segment, as it closed the run, has said
how it ended (`recorder.seal`): then that is how.
"""

import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from recorder import seal
from recorder.catalog import Catalog
from recorder.errors import RunDamaged
from recorder.leftovers import waste
from recorder.run import RunRow
from recorder.schema import CODE


@dataclass(frozen=True)
class Recovered:
    """``run`` as it is now; the ``files`` that were deleted, and how many ``rows`` of its database."""

    run: RunRow
    files: list[str]
    rows: int


def recover(catalog: Catalog, run: RunRow) -> Recovered:
    """Close a run that has ``died``. Raises RunBusy if it is recorded or recovered elsewhere, RunDamaged if
    its files can't be cleaned, CatalogUnavailable, PlaceUnavailable."""
    catalog.claim(run)
    place = run.place
    if not place.names():
        reason = "its recorder died, and its files are gone" if run.events else "its recorder died at once"
        return Recovered(catalog.change(run.id, status="failed", reason=reason), [], 0)
    try:
        files = waste(catalog, run)
        for name in files:
            place.delete(name)
        rows = _trim(catalog, run)
        sums = {name: seal.file_checksum(place, name) for name in place.names() if _is_summed(run, name)}
        ended = _said(catalog, run) or {"status": "interrupted", "reason": _reason(run), "exit_status": None}
        closing = seal.close(catalog, run.id, ended, sums)
    except (OSError, sqlite3.Error) as error:
        what = f"can't be recovered ({place.explain(error)})"
        raise RunDamaged(run.id, place.shown(), what, run.events) from error
    return Recovered(catalog.change(run.id, closing=closing, bytes=place.bytes(), **ended), files, rows)


def _trim(catalog: Catalog, run: RunRow) -> int:
    if run.store != "sqlite" or not any(name.endswith(".db") for name in run.place.names()):
        return 0
    from recorder.sqlite import trim

    pieces = [piece for segment in catalog.segments(run.id) for piece in segment.pieces]
    return trim(run.place, run.events, sum(piece.rows for piece in pieces if piece.kind == CODE))


def _is_summed(run: RunRow, name: str) -> bool:
    """Whether the recorder would have taken its checksum when it closed the run: the database, and the
    sources of what execve brought in, whose folders are named for images."""
    sources = name.startswith("program/") and name.endswith("/sources.json")
    return name.endswith(".db") or (sources and len(name.split("/")[1]) == 64)


def _said(catalog: Catalog, run: RunRow) -> dict[str, Any] | None:
    """What the recorder had written of the run's end, if that is the end of what is committed."""
    with suppress(OSError, ValueError, KeyError):
        facts, _ = seal.read(run.place, seal.CLOSING)
        last = catalog.segments(run.id)[-1:]
        if (facts["seal"], facts["chain"]) == (run.seal, last[0].chain if last else ""):
            return {name: facts[name] for name in ("status", "reason", "exit_status")}
    return None


def _reason(run: RunRow) -> str:
    """`RunRow.reason` says how far it came."""
    return f"its recorder died, {run.reason}"
