"""simrec verify"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.text import printable
from simrec.arguments import JsonOption, RunArgument
from simrec.eventlines import around, plain_line, told_line

if TYPE_CHECKING:
    from recorder.audit import Audit
    from replay.foldcheck import Compared
    from replay.recording import Recording
    from simrec.comparing import Parting

PANEL = "Catalog"
#: Differences of a snapshot that are told.
DIFFERENCES_SHOWN = 5


def verify(
    run: RunArgument = "latest",
    files: Annotated[
        bool, typer.Option("--files", help="Only look at the files and the catalog; don't run it again.")
    ] = False,
    fold: Annotated[
        bool,
        typer.Option("--fold", help="Also fold all events from the first on, and compare with snapshots."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check a recording: its files and rows, and that the run is made again, event for event.

    The files, the hash chain over them and the catalog's rows must be as they were written. Then the program
    is run once more, from what the recording holds, and all events are compared with the recorded ones.

    Exit status 0 if everything is as it should be, 1 if something is damaged or differs. A recording that was
    cut short is verified as far as it goes.
    """
    from recorder.audit import audit
    from recorder.catalog import Catalog
    from recorder.detail import FULL, require
    from recorder.reader import Log
    from replay.recording import Recording
    from simrec.output import print_json

    catalog = Catalog.open()
    row = catalog.find(run)
    if fold:
        require(row, FULL)
    found = audit(catalog, row)
    told: dict[str, Any] = _audited(found)
    if not as_json:
        _print_audit(found)
    wrong = bool(found.findings)
    why_not = _why_not(found, files=files)
    if found.sound and not files:
        recording = Recording(Log.open(catalog, row.id))
        if not why_not:
            parting = _again(recording)
            wrong = wrong or parting is not None
            told["again"] = {"same": parting is None} | _plain(parting)
            if not as_json:
                _print_again(recording, parting)
        if fold:
            snapshots = _folded(recording)
            wrong = wrong or any(each.differences for each in snapshots)
            told["fold"] = [
                {"snapshot": s.snapshot.number, "seq": s.snapshot.seq, "differences": s.differences}
                for s in snapshots
            ]
            if not as_json:
                _print_fold(recording, snapshots)
    if why_not:
        told["not_again"] = why_not
        if not as_json:
            print(f"not run again: {why_not}")
    if as_json:
        print_json(told)
    raise typer.Exit(1 if wrong else 0)


# Files and rows.


def _audited(found: "Audit") -> dict[str, Any]:
    findings = [
        {"where": f.where, "what": f.what, "good": f.good, "lesser": f.lesser} for f in found.findings
    ]
    return {
        "run": found.run.id,
        "events": found.run.events,
        "whole": found.whole,
        "ending": found.ending,
        "good": found.good,
        "findings": findings,
    }


def _print_audit(found: "Audit") -> None:
    run = found.run
    print(f"run {run.id} {run.program}: {printable(found.ending)}")
    for finding in found.findings:
        print(f"  {printable(str(finding))}")
    if not found.findings:
        print("files and rows: as they were written")
    elif not found.sound and found.good:
        print(
            f"events 0 to {found.good - 1} don't depend on that: simrec replay --at {found.good - 1} {run.id}"
        )


def _why_not(found: "Audit", *, files: bool) -> str:
    """What keeps the run from being made again, in words; "" if nothing does."""
    from sim.events import VERSION

    run = found.run
    if files:
        return ""
    if not found.sound:
        return "what it would be made of, or compared with, isn't as it was written"
    if run.event_version != VERSION:
        return (
            f"its events are of version {run.event_version} of the vocabulary, and today's machine makes "
            f"those of version {VERSION}"
        )
    return "" if run.events else "it has no events"


# Again.


def _again(recording: "Recording") -> "Parting | None":
    from simrec.comparing import compare
    from simrec.executors import ready_executor
    from simrec.progress import watched

    progress = watched("running it again", recording.log.end_seq)
    try:
        return compare(recording, ready_executor(), progress)
    finally:
        progress.hide()


def _print_again(recording: "Recording", parting: "Parting | None") -> None:
    from recorder.detail import FULL

    log = recording.log
    if parting is None:
        print(f"run again: the same, event for event; digest {log.run.digest}")
        return
    if parting.seq is None:
        print(f"run again: up to event {parting.end - 1} every stored event is the same, but not the digest")
        return
    several = recording.processes.several
    stored = "" if log.run.detail == FULL else ", as far as they are stored"
    equal = f"; equal up to event {parting.seq - 1}{stored}" if parting.seq else ""
    print(f"run again: event {parting.seq} differs{equal}")
    print(f"  recorded  {told_line(parting.recorded, several=several)}")
    lost = f"event {parting.seq}  asks for what came from outside, which the recording doesn't have here"
    print(f"  again     {lost if parting.lost else told_line(parting.again, several=several)}")
    print("This simrec, or what it runs on, does otherwise than the one that recorded it.")
    print(f"Look closer: {around(recording, parting.recorded)}")


def _plain(parting: "Parting | None") -> dict[str, Any]:
    if parting is None:
        return {}
    return {
        "seq": parting.seq,
        "recorded": plain_line(parting.recorded),
        "again": plain_line(parting.again),
        "lost": parting.lost,
    }


# Fold.


def _folded(recording: "Recording") -> "list[Compared]":
    from replay.foldcheck import check_snapshots
    from simrec.progress import watched

    progress = watched("folding it", recording.log.end_seq)
    try:
        return list(check_snapshots(recording, progress))
    finally:
        progress.hide()


def _print_fold(recording: "Recording", snapshots: "list[Compared]") -> None:
    wrong = [each for each in snapshots if each.differences]
    for each in wrong:
        row = each.snapshot
        print(f"fold: snapshot {row.number}, of the state after event {row.seq} ({row.file}), differs")
        for line in each.differences[:DIFFERENCES_SHOWN]:
            print(f"  {printable(line)}")
        if len(each.differences) > DIFFERENCES_SHOWN:
            print(f"  and {len(each.differences) - DIFFERENCES_SHOWN:,} more")
    if not wrong:
        other = len(recording.log.snapshot_rows) - len(snapshots)
        beside = f"; {other} of another version were left alone" if other else ""
        print(f"fold: {len(snapshots)} snapshots are what the events before them fold to{beside}")
