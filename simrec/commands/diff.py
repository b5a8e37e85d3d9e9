"""simrec diff"""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from sim.text import printable
from simrec.arguments import JsonOption
from simrec.eventlines import around, plain_line, told_line

if TYPE_CHECKING:
    from replay.diff import Difference, ThreadDifference
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
        print(printable(f"   {name}: A {left}, B {right}"))
    print()
    if found.seq is None:
        print("The logs are equal, event for event.")
        return
    told = partial(told_line, several=a.processes.several or b.processes.several)
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
    print(f"Look closer: {around(a, found.a)}, and {around(b, found.b)}")
    first = min((d for d in found.threads if d.a and d.b), key=_seq_in_a, default=None)
    if first is not None:
        print(f"Where thread {first.tid} first differs: {around(a, first.a)}, and {around(b, first.b)}")


def _seq_in_a(difference: "ThreadDifference") -> int:
    assert difference.a is not None
    return difference.a.event.seq


def _plain(
    a: "Recording", b: "Recording", found: "Difference", options: dict[str, tuple[object, object]]
) -> object:
    return {
        "a": a.log.run.id,
        "b": b.log.run.id,
        "options": {name: list(values) for name, values in options.items()},
        "seq": found.seq,
        "kind": found.kind or None,
        "event_a": plain_line(found.a),
        "event_b": plain_line(found.b),
        "threads": [
            {"tid": d.tid, "index": d.index, "kind": d.kind, "a": plain_line(d.a), "b": plain_line(d.b)}
            for d in found.threads
        ],
    }
