"""What the catalog says about a run, its segments and its snapshots, as plain data."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from recorder.errors import NeedsDirectory
from recorder.place import Place, place_of, shown_url
from sim.events import KINDS
from sim.text import printable


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
    in runs that are older than those (`recorder.seal`). ``died``: its recorder did, before it could say how
    the run ended.
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
    died: bool = False

    @property
    def program(self) -> str:
        """What it ran, in words: the paths as they were typed."""
        return printable(", ".join(program.path for program in self.programs))

    @property
    def short(self) -> str:
        """What it ran, in fewer words: the names of the files."""
        return printable(", ".join(Path(program.path).name for program in self.programs))

    @cached_property
    def place(self) -> Place:
        """Where its files are. Raises CatalogUnavailable for one that no recorder would choose, and
        PlaceUnavailable."""
        return place_of(self.id, self.files, self.home, self.directory)

    def at(self, home: Path) -> "RunRow":
        """The run with a new, empty place below another home."""
        moved = replace(self, files="", home=home, directory=f"runs/{self.id}")
        moved.place.make()
        return moved

    @property
    def where(self) -> str:
        """Where its files are said to be: a path or URL."""
        return f"{shown_url(self.files)}/{self.id}" if self.files else str(self.home / self.directory)

    @property
    def path(self) -> Path:
        """The run's directory. Raises NeedsDirectory if it has none."""
        if self.place.local is None:
            raise NeedsDirectory(self.place.shown())
        return self.place.local


#: The status of a run whose row isn't what any recorder writes; ``reason`` says why.
DAMAGED = "damaged"
STATUSES = ("recording", "complete", "stopped", "interrupted", "failed")
_TYPES: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("events", "ticks", "bytes", "event_version", "fold_version"), int),
    **dict.fromkeys(("id", "name", "program", "program_sha", "store", "status", "reason", "digest"), str),
    **dict.fromkeys(("directory", "owner", "files", "detail", "compression", "seal", "closing"), str),
    "created": datetime,
    "options": dict,
    "exit_status": (int, type(None)),
}


def what_is_wrong(row: dict[str, Any], pids: Sequence[int]) -> str:
    """What a run's row holds that no recorder writes there, "" if nothing; ``pids`` are those of its further
    programs."""
    for name, type_ in _TYPES.items():
        if not isinstance(row[name], type_):
            return f"its {name} is {row[name]!r:.40}"
    for name in ("events", "ticks", "bytes"):
        if row[name] < 0:
            return f"its {name} is {row[name]}"
    if row["status"] not in STATUSES:
        return f"its status is {row['status']!r:.40}"
    if list(pids) != list(range(2, len(pids) + 2)):
        return f"its programs are of processes {', '.join(map(str, (1, *pids)))}"
    return ""


def damaged(run: str, home: Path, what: str) -> RunRow:
    """What is known of a run whose row can't be used: its id."""
    texts: dict[str, Any] = dict.fromkeys(
        ("name", "store", "digest", "files", "detail", "compression", "seal", "closing"), ""
    )
    numbers: dict[str, Any] = dict.fromkeys(("events", "ticks", "bytes", "event_version", "fold_version"), 0)
    return RunRow(
        id=run,
        programs=(ProgramRow("?", ""),),
        created=datetime.fromtimestamp(0, UTC),
        options={},
        status=DAMAGED,
        reason=f"its row in the catalog was changed: {what}",
        exit_status=None,
        directory=f"runs/{run}",
        home=home,
        **texts,
        **numbers,
    )


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


def chained(before: str, segment: SegmentRow, *, sealed: bool = True) -> str:
    """The hash chain's value behind a segment, sha256 in hex, over all that its row says. ``before`` is that
    of the segment before it, for the first the run's seal. Without a seal, as in runs of before there were
    any, it begins with "" and knows neither numbers, ticks nor sizes."""
    row = _facts(segment) | {"pieces": [_facts(piece) for piece in segment.pieces]}
    row.pop("chain", None)
    facts: list[Any] = [before, row]
    if not sealed:
        pieces = [asdict(piece) for piece in segment.pieces]
        facts = [before, segment.first_seq, segment.end_seq, pieces, segment.digest]
    return hashlib.sha256(json.dumps(facts, sort_keys=sealed).encode()).hexdigest()


def _facts(row: SegmentRow | Piece) -> dict[str, Any]:
    """What a row says, less what is as if unsaid: a field that comes later changes no older row's hash."""
    return {f.name: value for f in fields(row) if (value := getattr(row, f.name)) != f.default}


def broken_row(run: RunRow, segments: Sequence[SegmentRow]) -> tuple[int, str] | None:
    """What keeps rows from being the segments of ``run``, and the number of events before that."""
    end = 0
    for number, segment in enumerate(segments):
        if segment.number != number:
            return end, f"has no row of segment {number} in the catalog"
        if segment.first_seq != end or segment.end_seq <= end:
            what = f"to hold events {segment.first_seq} to {segment.end_seq - 1}, behind event {end - 1}"
            return end, f"has a row in the catalog that was changed: segment {number} is said {what}"
        rows = sum(segment.rows.values())
        if rows != segment.end_seq - end and run.detail == "full":
            what = f"with {rows} rows for {segment.end_seq - end} events"
            return end, f"has a row in the catalog that was changed: segment {number}, {what}"
        end = segment.end_seq
    if end < run.events:
        return end, f"has no row of segment {len(segments)} in the catalog, but {run.events} events"
    return None
