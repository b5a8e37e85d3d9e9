"""The audit of a run: is everything as it was written, and does the log go to the run's end?

Rows and files vouch for each other: a segment's row has the sha256 of its files, the chain over these rows
goes on from the run's seal, the two files of `recorder.seal` say what the run's row says, and the row has
their sha256. So a flipped bit, a file that was exchanged or lost, and a row that was edited, added or deleted
are each found, and named. These are checksums and no signatures: who changes rows *and* computes all hashes
anew isn't found out. Runs of before there were seals are checked by what they have: the checksums of files, a
chain that knows less, the digests of events.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from recorder import seal
from recorder.catalog import RECORDING
from recorder.detail import FULL
from recorder.errors import CHANGED, BadRow, LeadsOutside, LogError, PlaceUnavailable, RunDamaged
from recorder.place import looked_at
from recorder.program import image_file, sources_file
from recorder.reader import Log
from recorder.rows import RowSource
from recorder.run import Piece, RunRow, SegmentRow, chained
from recorder.schema import INDEXES
from recorder.upcast import options_today

Facts = dict[str, Any]
#: The catalog's row of a run, as a place.
ROW = "the run's row"
#: Columns of it without which events aren't read rightly.
READING = ("store", "detail", "event_version")


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was written: ``where`` is a file in the run's directory, or a row of the
    catalog. Events 0 to ``good`` - 1 don't depend on it. The log can do without what is ``lesser``: it is
    computed anew (snapshots), or only shown (sources)."""

    where: str
    what: str
    good: int
    lesser: bool = False

    def __str__(self) -> str:
        return f"{self.where} {self.what}"


@dataclass(frozen=True)
class Audit:
    """``whole``: the log goes to the end of the run, whatever was found; ``ending`` says in words how far it
    goes, and why. ``sealed``: every column of the run's rows could be checked, not only some."""

    run: RunRow
    findings: tuple[Finding, ...]
    whole: bool
    ending: str
    sealed: bool

    @property
    def good(self) -> int:
        """Events 0 to ``good`` - 1 are committed, and depend on nothing that was found."""
        return min([self.run.events, *(each.good for each in self.findings if not each.lesser)])

    @property
    def sound(self) -> bool:
        """Nothing was found but what is lesser."""
        return all(finding.lesser for finding in self.findings)


def audit(catalog: RowSource, run: RunRow) -> Audit:
    """Look at all of a run's rows and files; reads each once. Raises CatalogUnavailable,
    PlaceUnavailable."""
    try:
        segments = catalog.segments(run.id)
    except BadRow as error:
        return Audit(
            run, (Finding("the catalog", f"can't be read: {error}", 0),), False, "unknown", bool(run.seal)
        )
    began, found = _beginning(run, segments)
    ended, more = _closing(run, segments)
    found += [*more, *_rows(run, segments)]
    if not ended and run.status != RECORDING:
        found += _end_of_row(run, segments)
    whole = False
    try:
        with Log(catalog, run) as log:
            found += [*_segment_files(log), *_shared_files(log, ended)]
            if run.seal or segments:  # Else the recorder ended before it had kept its programs.
                found += _programs(log, began, ended)
            found += _snapshots(log)
            whole = _goes_to_the_end(log)
    except PlaceUnavailable:
        raise
    except LogError as error:
        found.append(Finding("the log", f"can't be opened: {error}", 0))
    return Audit(run, tuple(found), whole, _ending(run, whole=whole), bool(run.seal))


# The run's row.


def _beginning(run: RunRow, segments: list[SegmentRow]) -> tuple[Facts, list[Finding]]:
    """What the run said when it began; {} if that can't be known."""
    if not run.seal and not (segments and seal.SEAL in run.place.names()):
        return {}, []
    try:
        facts, sha256 = seal.read(run.place, seal.SEAL)
    except (OSError, ValueError) as error:
        return {}, [Finding(seal.SEAL, _unreadable(error), run.events)]
    if sha256 != run.seal:
        if segments and chained(sha256, segments[0]) == segments[0].chain:
            return {}, [Finding(ROW, f"was changed: it has another seal than {seal.SEAL}", run.events)]
        return {}, [Finding(seal.SEAL, CHANGED, run.events)]
    said = facts | {"options": options_today(facts["event_version"], facts["options"])}
    said |= {"programs": [(program["path"], program["sha"]) for program in facts["programs"]]}
    row = seal.beginning(run, [""] * len(run.programs))
    row |= {"programs": [(program.path, program.sha) for program in run.programs]}
    return facts, [*_changed(run, seal.SEAL, said, row)]


def _closing(run: RunRow, segments: list[SegmentRow]) -> tuple[Facts, list[Finding]]:
    """What the run said when it had ended; {} if that can't be known."""
    if not run.closing:
        if not run.seal or run.died or run.status in (RECORDING, "failed"):
            return {}, []
        return {}, [Finding(ROW, f"was changed: it is {run.status}, but was never closed", run.events)]
    try:
        facts, sha256 = seal.read(run.place, seal.CLOSING)
    except (OSError, ValueError) as error:
        return {}, [Finding(seal.CLOSING, _unreadable(error), run.events)]
    if sha256 != run.closing:
        what = f"{CHANGED}, or the closing in {ROW} is another"
        return {}, [Finding(seal.CLOSING, what, run.events)]
    row = seal.ending(run, segments[-1].chain if segments else "", facts["checksums"])
    return facts, [*_changed(run, seal.CLOSING, facts, row)]


def _changed(run: RunRow, file: str, facts: Facts, row: Facts) -> Iterator[Finding]:
    """What the run's row says otherwise than it did."""
    for name in row:
        was, now = facts[name], row[name]
        if was == now:
            continue
        if isinstance(was, dict) and isinstance(now, dict):
            keys = sorted(key for key in was.keys() | now.keys() if was.get(key) != now.get(key))
            what = f"was changed: {name} differ from {file} ({', '.join(keys)})"
        elif name == "programs":
            pairs = enumerate(zip(was, now, strict=False), 1)
            pid = next((pid for pid, (old, new) in pairs if old != new), 0)
            which = f"the program of process {pid}" if pid else f"the number of programs ({len(now)})"
            what = f"was changed, or one of its programs': {which} is another than in {file}"
        elif name == "chain":
            what = f"is of {run.events} events, but the last segment's row is not the one that {file} knows"
        else:
            what = f"was changed: {name} is {now!r}, but {was!r} in {file}"
        yield Finding(ROW, what, 0 if name in READING else run.events)


def _end_of_row(run: RunRow, segments: list[SegmentRow]) -> Iterator[Finding]:
    """The same where no closing says it: each commit has set these."""
    if segments and segments[-1].end_seq >= run.events:
        last = segments[-1]
        said = {"events": last.end_seq, "ticks": last.end_tick, "digest": last.digest}
        yield from _changed(run, "the last segment's row", said, {name: getattr(run, name) for name in said})


# The segments' rows.


def _rows(run: RunRow, segments: list[SegmentRow]) -> Iterator[Finding]:
    """By their numbers and the hash chain."""
    sealed = bool(run.seal)
    good = 0
    #: What the chain was before a row: as the row before it says, or as it should say; None if unknown.
    before: list[str] | None = [run.seal]
    for place, segment in enumerate(segments):
        missing = range(segments[place - 1].number + 1 if place else 0, segment.number)
        if missing:
            yield _missing_rows(missing[0], missing[-1], good)
            before = None
        chains = [chained(each, segment, sealed=sealed) for each in before or ()]
        follows = segment.first_seq == good or bool(missing)
        if (chains and segment.chain not in chains) or segment.number < 0 or not follows:
            what = "was changed: it doesn't go on from the row before it"
            yield Finding(f"the row of segment {segment.number}", what, good)
        before = [segment.chain, *chains]
        good = max(good, segment.end_seq)
    if good < run.events:
        first = segments[-1].number + 1 if segments else 0
        yield _missing_rows(first, None, good)


def _missing_rows(first: int, last: int | None, good: int) -> Finding:
    if last is None:
        return Finding(f"the row of segment {first}", "is missing, and so may be others behind it", good)
    if first == last:
        return Finding(f"the row of segment {first}", "is missing", good)
    return Finding(f"the rows of segments {first} to {last}", "are missing", good)


# Files.


def _segment_files(log: Log) -> Iterator[Finding]:
    """Of stores in which each piece has its own."""
    pieces = [(s, piece) for s in log.segments for piece in s.pieces if piece.sha256]
    homes = {piece.sha256: piece.path for _, piece in pieces}
    for segment, piece in pieces:
        what = _wrong(log, piece, homes)
        if what and piece.kind in INDEXES:  # The events tell the same.
            yield Finding(piece.path, f"{what}: it isn't used", log.end_seq, lesser=True)
        elif what:
            yield Finding(piece.path, what, segment.first_seq)


def _wrong(log: Log, piece: Piece, homes: dict[str, str]) -> str:
    """What is wrong with a piece's file. ``homes`` are the paths of files by their sha256."""
    try:
        with log.run.place.open(piece.path) as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except (OSError, LeadsOutside) as error:
        return _unreadable(error)
    if sha256 == piece.sha256:
        return ""
    if sha256 in homes:
        return f"{CHANGED}, but {homes[sha256]}"
    return CHANGED if size == piece.bytes else f"has {size} bytes instead of {piece.bytes}"


def _shared_files(log: Log, ended: Facts) -> Iterator[Finding]:
    """Of stores in which all segments share one: by the checksum that it had when the run was closed, and
    by the digests of the events if it has another or none."""
    name = next((piece.path for s in log.segments for piece in s.pieces if not piece.sha256), "")
    if not name:
        return
    known = ended.get("checksums", {}).get(name)
    try:
        if known and seal.file_checksum(log.run.place, name) == known:
            return
        # A digest is that of all events, also of those that aren't stored.
        for segment, digest in log.digests() if log.run.detail == FULL else ():
            if digest != segment.digest:
                what = f"holds other events in segment {segment.number} than were written"
                yield Finding(name, what, segment.first_seq)
                return
    except (OSError, LeadsOutside) as error:
        yield Finding(name, _unreadable(error), 0)
    except RunDamaged as damage:
        if damage.file != log.run.place.shown():  # Rows are looked at elsewhere.
            yield Finding(name, damage.what, damage.good)
    else:
        if known and log.run.detail != FULL:
            yield Finding(name, CHANGED, 0)
        elif known:
            what = f"{CHANGED}, though all events are: its code table is another, or what no table uses"
            yield Finding(name, what, log.end_seq)


def _programs(log: Log, began: Facts, ended: Facts) -> Iterator[Finding]:
    """Images and sources."""
    known = {
        sources_file(pid): program["sources"] for pid, program in enumerate(began.get("programs", ()), 1)
    }
    known |= {name: said for name, said in ended.get("checksums", {}).items() if name.startswith("program/")}
    for pid in range(1, len(log.run.programs) + 1):
        try:
            log.image(pid)
        except RunDamaged as damage:
            yield Finding(image_file(pid), damage.what, log.end_seq)
    for name, checksum in known.items():
        try:
            changed = CHANGED if seal.file_checksum(log.run.place, name) != checksum else ""
        except (OSError, LeadsOutside) as error:
            changed = _unreadable(error)
        if changed:
            yield Finding(name, changed, log.end_seq, lesser=True)


def _snapshots(log: Log) -> Iterator[Finding]:
    """A reader leaves out those that aren't as they were written, and folds from further back."""
    for row, what in log.snapshot_faults():
        yield Finding(row.file, f"{what}: it isn't used", log.end_seq, lesser=True)
    listed = {row.number for row in log.snapshot_rows}
    for segment in log.segments if log.run.detail == FULL else ():
        if segment.number not in listed:
            where = f"the row of snapshot {segment.number}"
            yield Finding(where, "is missing: it isn't used", log.end_seq, lesser=True)


# How far the log goes.


def _goes_to_the_end(log: Log) -> bool:
    """Whether the run's last event is committed."""
    if log.end_seq < log.run.events or not log.end_seq:
        return False
    if log.run.status in ("complete", "stopped"):
        return True
    try:
        last = log.table("run", first=log.end_seq - 1, columns=["action"])["action"].to_pylist()
    except RunDamaged:
        return False
    return bool(last == ["ended"])


def _ending(run: RunRow, *, whole: bool) -> str:
    if whole:
        how = run.reason if run.status == "complete" else f"{run.status}: {run.reason}"
        return f"complete: events 0 to {run.events - 1} ({how})"
    if run.status == RECORDING:
        return f"still being recorded, {run.events} events so far"
    behind = f"truncated behind event {run.events - 1}" if run.events else "truncated before the first event"
    return f"{behind} ({run.status}: {run.reason})"


def _unreadable(error: Exception) -> str:
    return looked_at(error) if isinstance(error, OSError | LeadsOutside) else CHANGED
