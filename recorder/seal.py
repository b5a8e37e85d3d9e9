"""What a run says of itself beside its events: `seal.json`, how it began, and `closing.json`, how it ended.

Each is written once. The run's row in the catalog has the sha256 of both, and the hash chain over segments
goes on from the seal's: so rows and files vouch for each other, and the auditor (`recorder.audit`) can say
which of them was changed. These are checksums, not signatures.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import xxhash

from recorder.place import Place
from recorder.run import RunRow

if TYPE_CHECKING:
    from recorder.catalog import Catalog

SEAL = "seal.json"
CLOSING = "closing.json"
#: Columns of a run's row that are known when it begins and never change.
BEGAN = ("name", "store", "detail", "compression", "event_version", "fold_version", "options")
#: Columns that are known when it has ended.
ENDED = ("events", "ticks", "digest", "status", "reason", "exit_status")
CHUNK = 1 << 20


def beginning(run: RunRow, sources: Sequence[str]) -> dict[str, Any]:
    """The facts of a seal. ``sources``: a checksum of each program's, in the order of ``run.programs``. A
    run may get another id or place, so these are no facts."""
    return {
        **{name: getattr(run, name) for name in BEGAN},
        "created": run.created.isoformat(),
        "programs": [
            {"path": program.path, "sha": program.sha, "sources": checksum}
            for program, checksum in zip(run.programs, sources, strict=True)
        ],
    }


def close(catalog: "Catalog", run: str, ended: Mapping[str, Any], checksums: Mapping[str, str]) -> str:
    """Write the closing of a run that ``ended`` so: its status, reason and exit status; the sha256.
    ``checksums`` are of files that belong to no segment and were complete only now, by their paths in the
    run's directory. Raises OSError, CatalogUnavailable."""
    (row,) = catalog.runs(run)
    last = catalog.segments(run)[-1:]
    return write(row.place, CLOSING, ending(replace(row, **ended), last[0].chain if last else "", checksums))


def ending(run: RunRow, chain: str, checksums: Mapping[str, str]) -> dict[str, Any]:
    """The facts of a closing; ``chain`` is the last segment's."""
    facts = {name: getattr(run, name) for name in ENDED}
    return {**facts, "seal": run.seal, "chain": chain, "checksums": dict(checksums)}


def write(place: Place, name: str, facts: Mapping[str, Any]) -> str:
    """Write facts durably as ``name``; their sha256. Raises OSError."""
    data = json.dumps(facts, indent=1, sort_keys=True).encode() + b"\n"
    place.write(name, data)
    return hashlib.sha256(data).hexdigest()


def read(place: Place, name: str) -> tuple[dict[str, Any], str]:
    """The facts in a file, and its sha256. Raises OSError; ValueError if there are none in it."""
    data = place.read(name)
    facts = json.loads(data)
    if not isinstance(facts, dict):
        raise ValueError("holds no facts")
    return facts, hashlib.sha256(data).hexdigest()


def checksum(data: Any) -> str:
    """Of bytes: 32 hex digits of xxh3, five times as fast as sha256."""
    return xxhash.xxh3_128(data).hexdigest()


def file_checksum(place: Place, name: str) -> str:
    """The same of a file, of any size. Raises OSError."""
    found = xxhash.xxh3_128()
    with place.open(name) as file:
        while chunk := file.read(CHUNK):
            found.update(chunk)
    return found.hexdigest()
