"""simrec events"""

import sys
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simrec.arguments import RunArgument
from simrec.follow import FollowOption
from simrec.output import format_line

if TYPE_CHECKING:
    from recorder.reader import Log
    from replay.listing import Line
    from replay.recording import Recording
    from sim.events import Event

PANEL = "Replay"

#: Events printed unless a range is given; the columns are as wide as these need.
SHOWN = 200
#: Events that --follow begins with.
FOLLOWED = 10
_HEADINGS = ("seq", "tick", "hart", "pid", "tid", "source", "event", "effect")
_RIGHT = (True, True, True, True, True, False, False, False)
#: Columns of numbers that grow: seq, tick.
_NUMBERED = 2
#: The column that says nothing in a run of one process.
_PID = _HEADINGS.index("pid")
#: The most that a source takes; it is cut from the left, so that the line number stays.
_SOURCE = 30


def events(
    run: RunArgument = "latest",
    first: Annotated[
        int | None,
        typer.Option("--from", metavar="SEQ", help="First event (default: 0; with --follow the last 10)."),
    ] = None,
    last: Annotated[
        int | None, typer.Option("--to", metavar="SEQ", help="Last event (default: as many as 200 lines).")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="To the last event.")] = False,
    kind: Annotated[list[str] | None, typer.Option(help="Only this kind; repeatable.")] = None,
    thread: Annotated[int | None, typer.Option(help="Only what concerns this thread.")] = None,
    process: Annotated[int | None, typer.Option(help="Only what concerns this process.")] = None,
    follow: FollowOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")] = False,
) -> None:
    """List the log: what happened, in order, with source line, disassembly and effect.

    `--from`, `--to`, `--kind`, `--thread` and `--process` go together; so with `--follow`, which prints what
    is being recorded as it is committed: a segment of about a million events at a time.
    Example: `simrec events --kind thread --kind context_switch --thread 2`
    """
    from recorder.detail import CHOICES, FULL, NotStored
    from replay.listing import check_filters, read_events
    from simrec.open import open_recording

    recording = open_recording(run, CHOICES)
    if recording.log.run.detail != FULL:
        print(f"simrec: {NotStored(recording.log.run)}", file=sys.stderr)
    _check_kinds(kind or [])
    _check_order(first, last)
    filters = (kind or (), thread, process)
    if follow:
        _follow(recording.log, first, last, filters, as_json=as_json)
        return
    first = first or 0
    recording.check_seq(first)
    end = recording.last_seq if last is None else min(last, recording.last_seq)
    check_filters(recording, thread, process)
    found = read_events(recording, first, end, *filters)
    shown = found if everything or last is not None else islice(found, SHOWN)
    if not _print(recording, shown, _Table(), as_json=as_json) and not as_json:
        print(f"simrec: none of the events {first} to {end} is like that", file=sys.stderr)
    _tell_rest(found, recording)


def _follow(
    log: "Log", first: int | None, last: int | None, filters: "tuple[Any, ...]", *, as_json: bool
) -> None:
    """What comes, up to the event ``last``."""
    from replay.listing import read_events
    from replay.recording import Recording
    from simrec.follow import follow

    table = _Table(room=9)
    for recording in map(Recording, follow(log)):
        end = recording.last_seq if last is None else min(last, recording.last_seq)
        if first is None:
            first = max(0, end + 1 - FOLLOWED)
        _print(recording, read_events(recording, first, end, *filters), table, as_json=as_json)
        sys.stdout.flush()
        if end == last:
            return
        first = max(first, end + 1)


def _check_order(first: int | None, last: int | None) -> None:
    """Raises UnknownFilter."""
    from replay.listing import UnknownFilter

    if first is not None and last is not None and last < first:
        raise UnknownFilter(f"--from {first} is behind --to {last}: type the smaller one first")


def _check_kinds(kinds: list[str]) -> None:
    """Raises UnknownFilter."""
    from replay.listing import UnknownFilter
    from sim.events import KINDS
    from simrec.output import did_you_mean

    for name in kinds:
        if name not in KINDS:
            raise UnknownFilter(f"no kind of event is called {name!r}; {did_you_mean(name, KINDS)}")


def _print(recording: "Recording", found: "Iterable[Event]", table: "_Table", *, as_json: bool) -> bool:
    """True if there was anything."""
    from replay.listing import line_of

    lines = (line_of(recording, event) for event in found)
    several = not as_json and recording.processes.several
    printed = False
    for text in map(_json, lines) if as_json else table.lines(lines, several=several):
        print(text)
        printed = True
    return printed


class _Table:
    """The table of events, of which more and more is printed; ``room``: digits of the numbers to come."""

    def __init__(self, room: int = 0) -> None:
        self._room = room
        self._widths: list[int] = []
        self._several = False

    def lines(self, lines: "Iterator[Line]", *, several: bool) -> Iterator[str]:
        """More of it. Columns are as wide as the first of the lines need; that of processes is there only if
        there are ``several``."""
        cells = (self._shown(_cells(line)) for line in lines)
        begins = not self._widths or several != self._several
        self._several = several
        head = list(islice(cells, SHOWN))
        if not head:
            return
        if begins:
            head.insert(0, self._shown(_HEADINGS))
            self._widths = [self._room] * _NUMBERED + [0] * (len(head[0]) - _NUMBERED)
        columns = zip(self._widths, zip(*head, strict=True), strict=True)
        self._widths = [max(width, *map(len, column)) for width, column in columns]
        self._widths[-1] = 0
        for line in chain(head, cells):
            yield format_line(line, self._widths, self._shown(_RIGHT))

    def _shown(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        return row if self._several else (*row[:_PID], *row[_PID + 1 :])


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
