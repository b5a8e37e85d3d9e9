"""simrec diff"""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from simrec.arguments import JsonOption

if TYPE_CHECKING:
    from replay.diff import Difference, ThreadDifference
    from replay.listing import Line
    from replay.recording import Recording

PANEL = "Analyse"

#: How each kind of difference is explained.
_KINDS = {
    "schedule": "schedule: another thread ran, or for another time",
    "control": "control: the same thread does another thing",
    "data": "data: the same instruction or call, another value",
    "time": "time: the same event at another tick",
    "length": "length: one run has ended",
}


def diff(
    run_a: Annotated[str, typer.Argument(metavar="RUN_A", help="A run.")],
    run_b: Annotated[str, typer.Argument(metavar="RUN_B", help="Another.")],
    as_json: JsonOption = False,
) -> None:
    """Find the first event where two runs part, and the first difference in each thread.

    Exit status 0 if the logs are equal, 1 if they differ.
    """
    from replay.diff import diff as compare
    from replay.diff import options_that_differ
    from simrec.open import open_recording
    from simrec.output import print_json

    a, b = open_recording(run_a), open_recording(run_b)
    found = compare(a, b)
    options = options_that_differ(a.log, b.log)
    if as_json:
        print_json(_plain(a, b, found, options))
    else:
        _print(a, b, found, options)
    raise typer.Exit(0 if found.seq is None else 1)


def _print(
    a: "Recording", b: "Recording", found: "Difference", options: dict[str, tuple[object, object]]
) -> None:
    for letter, side in (("A", a), ("B", b)):
        run = side.log.run
        print(f"{letter}: run {run.id} {run.program}, {run.events:,} events, exit status {run.exit_status}")
    for name, (left, right) in options.items():
        print(f"   {name}: A {left}, B {right}")
    print()
    if found.seq is None:
        print("The logs are equal, event for event.")
        return
    told = partial(_line, several=a.processes.several or b.processes.several)
    print(
        f"Equal up to event {found.seq - 1}; event {found.seq} differs ({_KINDS[found.kind]})"
        if found.seq
        else "The first event differs."
    )
    for line in found.before:
        print(f"    {told(line)}")
    print(f"  A {told(found.a)}")
    print(f"  B {told(found.b)}")
    if found.threads:
        print()
        print("First difference in each thread's own instructions:")
    for difference in found.threads:
        print(f"  thread {difference.tid}, its instruction {difference.index:,} ({difference.kind})")
        print(f"    A {told(difference.a)}")
        print(f"    B {told(difference.b)}")
    print()
    print(f"Look closer: {_around(a, found.a)}, and {_around(b, found.b)}")
    first = min((d for d in found.threads if d.a and d.b), key=_seq_in_a, default=None)
    if first is not None:
        print(f"Where thread {first.tid} first differs: {_around(a, first.a)}, and {_around(b, first.b)}")


def _seq_in_a(difference: "ThreadDifference") -> int:
    assert difference.a is not None
    return difference.a.event.seq


def _around(recording: "Recording", line: "Line | None") -> str:
    """The command that lists the events around one, or the log's last ones."""
    seq = recording.last_seq if line is None else line.event.seq
    return f"simrec events --from {max(seq - 8, 0)} --to {seq + 8} {recording.log.run.id}"


def _line(line: "Line | None", *, several: bool) -> str:
    """The event; with its process if there are ``several``."""
    if line is None:
        return "(no more events)"
    named = (("hart", line.hart), ("process", line.pid if several else None), ("thread", line.tid))
    where = " ".join(f"{name} {value}" for name, value in named if value is not None)
    parts = [f"event {line.event.seq}, tick {line.event.tick}", where, line.source, line.code, line.effect]
    return "  ".join(part for part in parts if part)


def _plain(
    a: "Recording", b: "Recording", found: "Difference", options: dict[str, tuple[object, object]]
) -> object:
    def side(line: "Line | None") -> object:
        if line is None:
            return None
        event = line.event
        told = {"source": line.source, "code": line.code, "effect": line.effect}
        return {
            "seq": event.seq,
            "tick": event.tick,
            "kind": event.kind,
            "hart": line.hart,
            "pid": line.pid,
            "tid": line.tid,
        } | told

    return {
        "a": a.log.run.id,
        "b": b.log.run.id,
        "options": {name: list(values) for name, values in options.items()},
        "seq": found.seq,
        "kind": found.kind or None,
        "event_a": side(found.a),
        "event_b": side(found.b),
        "threads": [
            {"tid": d.tid, "index": d.index, "kind": d.kind, "a": side(d.a), "b": side(d.b)}
            for d in found.threads
        ],
    }
