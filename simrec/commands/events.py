"""simrec events"""

import sys
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simrec.arguments import RunArgument

if TYPE_CHECKING:
    from replay.listing import Line
    from replay.recording import Recording
    from sim.events import Event

PANEL = "Replay"

#: Events printed unless a range is given; the columns are as wide as these need.
SHOWN = 200
_HEADINGS = ("seq", "tick", "hart", "pid", "tid", "source", "event", "effect")
_RIGHT = (True, True, True, True, True, False, False, False)
#: The column that says nothing in a run of one process.
_PID = _HEADINGS.index("pid")
#: The most that a source takes; it is cut from the left, so that the line number stays.
_SOURCE = 30


def events(
    run: RunArgument = "latest",
    first: Annotated[int, typer.Option("--from", metavar="SEQ", help="First event.")] = 0,
    last: Annotated[
        int | None, typer.Option("--to", metavar="SEQ", help="Last event (default: as many as 200 lines).")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="To the last event.")] = False,
    kind: Annotated[list[str] | None, typer.Option(help="Only this kind; repeatable.")] = None,
    thread: Annotated[int | None, typer.Option(help="Only what concerns this thread.")] = None,
    process: Annotated[int | None, typer.Option(help="Only what concerns this process.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")] = False,
) -> None:
    """List the log: what happened, in order, with source line, disassembly and effect.

    `--from`, `--to`, `--kind`, `--thread` and `--process` go together.
    Example: `simrec events --kind thread --kind context_switch --thread 2`
    """
    from recorder.detail import CHOICES, FULL, NotStored
    from replay.listing import check_filters, line_of, read_events
    from simrec.open import open_recording

    recording = open_recording(run, CHOICES)
    if recording.log.run.detail != FULL:
        print(f"simrec: {NotStored(recording.log.run)}", file=sys.stderr)
    end = _range(recording, first, last)
    _check_kinds(kind or [])
    check_filters(recording, thread, process)
    found = read_events(recording, first, end, kind or (), thread, process)
    shown = found if everything or last is not None else islice(found, SHOWN)
    lines = (line_of(recording, event) for event in shown)
    if as_json:
        for line in lines:
            print(_json(line))
    elif not _print(lines, several=recording.processes.several):
        print(f"simrec: none of the events {first} to {end} is like that", file=sys.stderr)
    _tell_rest(found, recording)


def _range(recording: "Recording", first: int, last: int | None) -> int:
    """The last event to look at. Raises NoSuchEvent, UnknownFilter."""
    from replay.listing import UnknownFilter

    recording.check_seq(first)
    if last is None:
        return recording.last_seq
    if last < first:
        raise UnknownFilter(f"--from {first} is behind --to {last}: type the smaller one first")
    return min(last, recording.last_seq)


def _check_kinds(kinds: list[str]) -> None:
    """Raises UnknownFilter."""
    from replay.listing import UnknownFilter
    from sim.events import KINDS
    from simrec.output import did_you_mean

    for name in kinds:
        if name not in KINDS:
            raise UnknownFilter(f"no kind of event is called {name!r}; {did_you_mean(name, KINDS)}")


def _print(lines: "Iterator[Line]", *, several: bool) -> bool:
    """The table, with columns for its first lines, that of processes only if there are ``several``; False if
    there is nothing in it."""
    from simrec.output import format_line

    def shown(row: tuple[Any, ...]) -> tuple[Any, ...]:
        return row if several else (*row[:_PID], *row[_PID + 1 :])

    cells = (shown(_cells(line)) for line in lines)
    headings, right = shown(_HEADINGS), shown(_RIGHT)
    head = list(islice(cells, SHOWN))
    if not head:
        return False
    widths = [max(map(len, column)) for column in zip(headings, *head, strict=True)]
    widths[-1] = 0
    for line in chain([headings], head, cells):
        print(format_line(line, widths, right))
    return True


def _cells(line: "Line") -> tuple[str, ...]:
    numbers = (line.event.seq, line.event.tick, line.hart, line.pid, line.tid)
    source = line.source if len(line.source) <= _SOURCE else f"...{line.source[-_SOURCE + 3 :]}"
    return (*("" if value is None else str(value) for value in numbers), source, line.code, line.effect)


def _tell_rest(found: "Iterable[Event]", recording: "Recording") -> None:
    """If some are left, how to see them."""
    rest = next(iter(found), None)
    if rest is not None:
        print(
            f"simrec: the log goes on to event {recording.last_seq}: go on with --from {rest.seq}, or --all",
            file=sys.stderr,
        )


def _json(line: "Line") -> str:
    import json

    from sim.events import columns

    fields = {column.name: getattr(line.event, column.name) for column in columns(line.event.kind)}
    plain = {name: value.hex() if isinstance(value, bytes) else value for name, value in fields.items()}
    told = {"source": line.source, "code": line.code, "effect": line.effect}
    return json.dumps({"kind": line.event.kind, "pid": line.pid, **plain, **told})
