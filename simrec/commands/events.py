"""simrec events"""

import sys
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Annotated

import typer

from simrec.arguments import RunArgument

if TYPE_CHECKING:
    from replay.listing import Line
    from replay.recording import Recording
    from sim.events import Event

PANEL = "Replay"

#: Events printed unless a range is given; the columns are as wide as these need.
SHOWN = 200
_HEADINGS = ("seq", "tick", "hart", "tid", "source", "event", "effect")
_RIGHT = (True, True, True, True, False, False, False)
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
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")] = False,
) -> None:
    """List the log: what happened, in order, with source line, disassembly and effect.

    `--from`, `--to`, `--kind` and `--thread` go together.
    Example: `simrec events --kind thread --kind context_switch --thread 2`
    """
    from replay.listing import line_of, read_events
    from simrec.open import open_recording

    recording = open_recording(run)
    end = _range(recording, first, last)
    _check_filters(recording, kind or [], thread)
    found = read_events(recording, first, end, kind or (), thread)
    shown = found if everything or last is not None else islice(found, SHOWN)
    lines = (line_of(recording, event) for event in shown)
    if as_json:
        for line in lines:
            print(_json(line))
    elif not _print(lines):
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


def _check_filters(recording: "Recording", kinds: list[str], thread: int | None) -> None:
    """Raises UnknownFilter."""
    from replay.listing import UnknownFilter
    from sim.events import KINDS
    from simrec.output import did_you_mean

    for name in kinds:
        if name not in KINDS:
            raise UnknownFilter(f"no kind of event is called {name!r}; {did_you_mean(name, KINDS)}")
    if thread is not None and thread not in recording.pids:
        known = ", ".join(map(str, sorted(recording.pids)))
        raise UnknownFilter(f"run {recording.log.run.id} has no thread {thread}; there are {known}")


def _print(lines: "Iterator[Line]") -> bool:
    """The table, with columns for its first lines; False if there is nothing in it."""
    from simrec.output import format_line

    cells = map(_cells, lines)
    head = list(islice(cells, SHOWN))
    if not head:
        return False
    widths = [max(map(len, column)) for column in zip(_HEADINGS, *head, strict=True)]
    widths[-1] = 0
    for line in chain([_HEADINGS], head, cells):
        print(format_line(line, widths, _RIGHT))
    return True


def _cells(line: "Line") -> tuple[str, ...]:
    numbers = (line.event.seq, line.event.tick, line.hart, line.tid)
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
    return json.dumps({"kind": line.event.kind, **plain, **told})
