"""The manifest of an archive: a run's rows of the catalog, and what each file holds, as JSON.

`Manifest.of` and `text` make one, `read` takes one that somebody else made: there every value is checked for
its type, its range, and for what the others say, so that rows made of it are such as a recorder makes.
"""

import json
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from recorder.archive.container import MANIFEST
from recorder.archive.facts import INT64, BadFact, Facts
from recorder.detail import DETAILS, FULL
from recorder.errors import NewerArchive, NewerLog
from recorder.parquet import piece_file
from recorder.program import image_file, sources_file
from recorder.rows import Rows
from recorder.run import Piece, ProgramRow, RunRow, SegmentRow, SnapshotRow
from recorder.schema import CODE, COMPRESSIONS, INDEXES, INSTRUCTION
from recorder.seal import CLOSING, SEAL
from recorder.snapshots import snapshot_file
from recorder.sqlite import FILE
from recorder.store import STORES
from recorder.upcast import options_today
from sim.events import KINDS, VERSION
from sim.kernel.options import Options

FORMAT = "simrec archive"
#: Of the format; one that this code doesn't know is refused.
FORMAT_VERSION = 1
STATUSES = ("complete", "stopped", "interrupted", "failed")
#: More than a segment, which ends after about 2^20 events, ever has.
SEGMENT_ROWS = 1 << 22
HARTS = 1 << 10
_HASH = 64


@dataclass(frozen=True)
class Member:
    """A file of the archive, without the manifest: its size, and its sha256 in hex."""

    name: str
    bytes: int
    sha256: str


#: Of a run's row, what says where it is.
_ELSEWHERE = ("directory", "files", "home")


@dataclass(frozen=True)
class Manifest:
    """The ``run`` of the rows has its options as they were recorded, and where it is says nothing."""

    rows: Rows
    members: tuple[Member, ...]

    def text(self) -> bytes:
        """The file. The same run has the same text."""
        run = {name: value for name, value in asdict(self.rows.run).items() if name not in _ELSEWHERE}
        run["created"] = self.rows.run.created.isoformat()
        whole = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "run": run,
            "segments": [asdict(segment) for segment in self.rows.of_segments],
            "snapshots": [asdict(snapshot) for snapshot in self.rows.of_snapshots],
            "members": [asdict(member) for member in self.members],
        }
        return json.dumps(whole, indent=1).encode()

    @classmethod
    def read(cls, data: bytes) -> "Manifest":
        """Raises BadFact, NewerArchive, NewerLog."""
        try:
            value = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise BadFact(f"{MANIFEST} is no JSON ({error})") from None
        facts = Facts(value, MANIFEST)
        _check_format(facts)
        run = facts.part("run", _run)
        segments = facts.each("segments", partial(_segment, run.store))
        snapshots = facts.each("snapshots", _snapshot)
        made = cls(Rows(run, segments, snapshots), tuple(facts.each("members", _member, least=1)))
        facts.done()
        _check_segments(run, segments)
        _check_snapshots(run, snapshots)
        made._check_members()
        return made

    def _check_members(self) -> None:
        """Whether the files are those of the rows. Raises BadFact."""
        held = {member.name: member for member in self.members}
        if len(held) < len(self.members):
            raise BadFact(f"{MANIFEST} lists a file twice")
        wanted = files_of(self.rows, held)
        for name in held.keys() - wanted.keys():
            raise BadFact(f"{name!a} is no file of the run")
        for name, check in wanted.items():
            if name not in held:
                raise BadFact(f"{name} is not there")
            check(held[name])


def files_of(rows: Rows, present: Collection[str]) -> dict[str, Callable[[Member], None]]:
    """A run's files by name: those that its rows speak of, and those ``present`` that belong to it
    nevertheless; each with what raises BadFact if it isn't as the rows say. What else is present can be made
    anew."""
    wanted: dict[str, Callable[[Member], None]] = {}
    optional = {name for name in present if _is_sources(name)}
    for pid, program in enumerate(rows.run.programs, 1):
        wanted[image_file(pid)] = partial(_check_hash, program.sha)
        optional.add(sources_file(pid))
    for segment in rows.of_segments:
        for piece in segment.pieces:
            wanted[piece.path] = partial(_check_piece, piece) if piece.sha256 else _anything
    for snapshot in rows.of_snapshots:
        wanted[snapshot.file] = partial(_check_hash, snapshot.digest)
        wanted[snapshot_file(snapshot.number, ".pages")] = _anything
    for name, sha256 in ((SEAL, rows.run.seal), (CLOSING, rows.run.closing)):
        if sha256:
            wanted[name] = partial(_check_hash, sha256)
    return wanted | dict.fromkeys(optional.intersection(present), _anything)


# From JSON.


def _check_format(facts: Facts) -> None:
    facts.choice("format", (FORMAT,))
    version = facts.number("format_version", 1)
    if version > FORMAT_VERSION:
        raise NewerArchive(version, FORMAT_VERSION)


def _run(facts: Facts) -> RunRow:
    run = facts.hexadecimal("id", 8)
    version = facts.number("event_version", 1)
    if version > VERSION:
        # What follows may be other than this code knows.
        raise NewerLog(run, version, VERSION)
    programs = tuple(facts.each("programs", _program, least=1))
    return RunRow(
        id=run,
        name=facts.line("name"),
        programs=programs,
        created=_created(facts),
        options=_options(facts, version),
        store=facts.choice("store", STORES),
        status=facts.choice("status", STATUSES),
        died=facts.flag("died"),
        reason=facts.line("reason"),
        exit_status=facts.number_or_none("exit_status", -INT64, INT64),
        events=facts.number("events"),
        ticks=facts.number("ticks"),
        digest=facts.hexadecimal("digest", 32, empty=True),
        bytes=facts.number("bytes"),
        directory="",
        event_version=version,
        fold_version=facts.number("fold_version"),
        files="",
        detail=facts.choice("detail", DETAILS),
        compression=facts.choice("compression", COMPRESSIONS),
        seal=facts.hexadecimal("seal", _HASH, empty=True),
        closing=facts.hexadecimal("closing", _HASH, empty=True),
        home=Path(),
    )


def _program(facts: Facts) -> ProgramRow:
    return ProgramRow(facts.line("path"), facts.hexadecimal("sha", _HASH))


def _created(facts: Facts) -> datetime:
    try:
        created = datetime.fromisoformat(facts.line("created"))
        # Years that no zone leads out of.
        if created.tzinfo is not None and 1 < created.year < 9999:
            return created.astimezone(UTC)
    except ValueError:
        pass
    raise facts.bad("created", "a date and time with its zone")


def _options(facts: Facts, version: int) -> dict[str, Any]:
    """What readers look at is there, and of the type that the options of today have."""
    options = facts.plain("options")
    for name in ("costs", "limits"):
        if not isinstance(options.get(name, {}), dict):
            raise facts.bad(f"option {name!a}", "an object")
    today = options_today(version, options)
    for name, usual in Options().as_dict().items():
        if not _alike(today.get(name), usual):
            raise facts.bad(f"option {name!a}", f"like {json.dumps(usual)[:60]}")
    if not 1 <= options.get("harts", 1) <= HARTS:
        raise facts.bad("option 'harts'", f"1 to {HARTS}")
    return options


def _alike(value: Any, usual: object) -> bool:
    """The same type, numbers by name where there are such."""
    if isinstance(usual, dict):
        numbers = value.values() if isinstance(value, dict) else (None,)
        return all(type(number) is int for number in numbers) and usual.keys() <= value.keys()
    return type(value) is type(usual)


def _segment(store: str, facts: Facts) -> SegmentRow:
    number = facts.number("number")
    return SegmentRow(
        number=number,
        first_seq=facts.number("first_seq"),
        end_seq=facts.number("end_seq"),
        first_tick=facts.number("first_tick"),
        end_tick=facts.number("end_tick"),
        bytes=facts.number("bytes"),
        pieces=tuple(facts.each("pieces", partial(_piece, store, number))),
        chain=facts.hexadecimal("chain", _HASH),
        digest=facts.hexadecimal("digest", 32, empty=True),
    )


def _piece(store: str, segment: int, facts: Facts) -> Piece:
    kind = facts.choice("kind", (*KINDS, CODE, *INDEXES))
    by_hart = kind == INSTRUCTION
    hart = facts.number("hart", 0, HARTS - 1) if by_hart else facts.number("hart", -1, -1)
    rows = facts.number("rows", 0 if kind in INDEXES else 1, SEGMENT_ROWS)
    # Elsewhere than where the store's writer puts it, readers could take it for something else.
    path = facts.choice("path", (FILE if store == "sqlite" else piece_file(kind, hart, segment),))
    if store == "parquet":
        return Piece(kind, hart, rows, path, facts.number("bytes", 1), facts.hexadecimal("sha256", _HASH))
    facts.number("bytes", 0, 0)
    facts.choice("sha256", ("",))
    return Piece(kind, hart, rows, path)


def _snapshot(facts: Facts) -> SnapshotRow:
    number = facts.number("number")
    return SnapshotRow(
        number=number,
        seq=facts.number("seq"),
        tick=facts.number("tick"),
        file=facts.choice("file", (snapshot_file(number),)),
        bytes=facts.number("bytes"),
        fold_version=facts.number("fold_version"),
        digest=facts.hexadecimal("digest", _HASH),
    )


def _member(facts: Facts) -> Member:
    return Member(facts.line("name"), facts.number("bytes"), facts.hexadecimal("sha256", _HASH))


# Whether it fits together.


def _check_segments(run: RunRow, segments: Sequence[SegmentRow]) -> None:
    """Gapless, in order, an event for every seq, and the run's last words."""
    seq = tick = 0
    for number, segment in enumerate(segments):
        where = f"{MANIFEST} segments[{number}]"
        if (segment.number, segment.first_seq) != (number, seq) or segment.end_seq <= seq:
            raise BadFact(f"{where} doesn't go on where the one before it ends")
        if not tick <= segment.first_tick <= segment.end_tick:
            raise BadFact(f"{where} goes back in time")
        if len({(piece.kind, piece.hart) for piece in segment.pieces}) < len(segment.pieces):
            raise BadFact(f"{where} has rows of a kind twice")
        if sum(segment.rows.values()) != segment.end_seq - seq and run.detail == FULL:
            raise BadFact(f"{where} has not as many rows as events")
        seq, tick = segment.end_seq, segment.end_tick
    if (run.events, run.ticks, run.digest) != (seq, tick, segments[-1].digest if segments else ""):
        raise BadFact(f"{MANIFEST}: events, ticks or digest of the run are not those of its last segment")


def _check_snapshots(run: RunRow, snapshots: Sequence[SnapshotRow]) -> None:
    numbers, seqs = [row.number for row in snapshots], [row.seq for row in snapshots]
    for values in (numbers, seqs):
        if any(later <= earlier for earlier, later in pairwise(values)):
            raise BadFact(f"{MANIFEST}: snapshots are not in order")
    if seqs and seqs[-1] >= run.events:
        raise BadFact(f"{MANIFEST}: a snapshot is of an event that the run doesn't have")


def _check_piece(piece: Piece, member: Member) -> None:
    if (piece.bytes, piece.sha256) != (member.bytes, member.sha256):
        raise BadFact(f"{member.name} has another size or sha256 in its segment than among the files")


def _check_hash(sha256: str, member: Member) -> None:
    if sha256 != member.sha256:
        raise BadFact(f"{member.name} has another sha256 in its row than among the files")


def _anything(member: Member) -> None:
    """No row knows more of it than that it is there."""


def _is_sources(name: str) -> bool:
    """Of a program that execve brought in."""
    sha = name.removeprefix("program/").removesuffix("/sources.json")
    return re.fullmatch("[0-9a-f]{64}", sha) is not None and name == sources_file(sha)
