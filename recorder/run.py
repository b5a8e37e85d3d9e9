"""What the catalog says about a run, its segments and its snapshots, as plain data."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from recorder.errors import CatalogUnavailable
from sim.events import KINDS


@dataclass(frozen=True)
class ProgramRow:
    """A program that a run began with: its ``path`` as the user typed it, and the sha256 of its image."""

    path: str
    sha: str


@dataclass(frozen=True)
class RunRow:
    """A run. ``programs`` are those of processes 1, 2, ... in order. ``options`` shaped it
    (`recorder.upcast.options_today`); ``status``: recording, complete, stopped, interrupted or failed, with
    ``reason`` in words; ``events`` are committed, seq 0..events - 1; ``ticks`` is the simulated time behind
    the last of them; ``bytes`` are on disk; ``directory`` is relative to ``home``; ``created`` is in UTC.
    ``files`` is the URL below which its files are, "" for ``home``; ``detail`` says how much of it is stored,
    ``compression`` how. ``seal`` is a hash of what was known when it began, ``closing`` of how it ended; ""
    in runs that are older than those.
    """

    id: str
    name: str
    programs: tuple[ProgramRow, ...]
    created: datetime
    options: dict[str, Any]
    store: str
    status: str
    reason: str
    exit_status: int | None
    events: int
    ticks: int
    digest: str
    bytes: int
    directory: str
    event_version: int
    fold_version: int
    files: str
    detail: str
    compression: str
    seal: str
    closing: str
    home: Path

    @property
    def program(self) -> str:
        """What it ran, in words: the paths as they were typed."""
        return ", ".join(program.path for program in self.programs)

    @property
    def short(self) -> str:
        """What it ran, in fewer words: the names of the files."""
        return ", ".join(Path(program.path).name for program in self.programs)

    @property
    def path(self) -> Path:
        """The run's directory, which is always inside ``home/runs``."""
        runs = (self.home / "runs").resolve()
        path = (self.home / self.directory).resolve()
        if path.parent != runs:
            what = f"run {self.id} claims the directory {path}, outside of {runs}"
            raise CatalogUnavailable(f"{what}: not touched; look at the run's row in the catalog")
        return path


@dataclass(frozen=True)
class Piece:
    """A part of a segment in the store: the rows of one kind (of one hart, else ``hart`` is -1). ``path`` is
    relative to the run's directory. ``bytes`` and ``sha256`` are those of the file; 0 and "" where
    segments share one file."""

    kind: str
    hart: int
    rows: int
    path: str
    bytes: int = 0
    sha256: str = ""


@dataclass(frozen=True)
class SegmentRow:
    """A committed segment: all events with first_seq <= seq < end_seq. ``chain`` is the hash chain over
    segments, ``digest`` the run's digest up to this segment's end (`recorder.digest`)."""

    number: int
    first_seq: int
    end_seq: int
    first_tick: int
    end_tick: int
    bytes: int
    pieces: tuple[Piece, ...]
    chain: str
    digest: str

    @cached_property
    def rows(self) -> dict[str, int]:
        """Rows by kind of event."""
        counts: dict[str, int] = {}
        for piece in self.pieces:
            if piece.kind in KINDS:
                counts[piece.kind] = counts.get(piece.kind, 0) + piece.rows
        return counts


@dataclass(frozen=True)
class SnapshotRow:
    """A snapshot of the world just after event ``seq``; ``file`` is relative to the run's directory and
    has the sha256 ``digest``."""

    number: int
    seq: int
    tick: int
    file: str
    bytes: int
    fold_version: int
    digest: str


def chained(before: str, first_seq: int, end_seq: int, pieces: Sequence[Piece], digest: str) -> str:
    """The hash chain's value behind a segment, sha256 in hex; ``before`` is that of the segment before it,
    "" for the first."""
    facts = [before, first_seq, end_seq, [asdict(piece) for piece in pieces], digest]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
