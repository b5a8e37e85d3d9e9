"""simrec events"""

import sys
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from simrec.arguments import JsonOption, RunArgument

if TYPE_CHECKING:
    from replay.listing import Line

PANEL = "Replay"

#: Events printed unless a range is given.
SHOWN = 200
_WIDTHS = (9, 9, 4, 4, 30, 32)
_HEADINGS = ("seq", "tick", "hart", "tid", "source", "event", "effect")


def events(
    run: RunArgument = "latest",
    first: Annotated[int, typer.Option("--from", help="First event.")] = 0,
    last: Annotated[int, typer.Option("--to", help="Last event (default: 200 of them; -1: the last).")] = -2,
    kind: Annotated[list[str] | None, typer.Option(help="Only this kind; repeatable.")] = None,
    thread: Annotated[int | None, typer.Option(help="Only what concerns this thread.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the log: what happened, in order, with source line, disassembly and effect.

    With --json, one JSON object a line with every field.
    """
    from replay.listing import line_of, read_events
    from sim.errors import UserError
    from sim.events import KINDS
    from simrec.open import open_recording

    recording = open_recording(run)
    for name in kind or ():
        if name not in KINDS:
            raise UserError(f"no kind of event is called {name!r}; there are {', '.join(KINDS)}")
    recording.check_seq(first)
    end = recording.last_seq if last < 0 else min(last, recording.last_seq)
    found = read_events(recording, first, end, kind or (), thread)
    limit = SHOWN if last == -2 else None
    if not as_json:
        print(_format(_HEADINGS))
    for event in islice(found, limit):
        line = line_of(recording, event)
        if as_json:
            print(_json(line))
        else:
            print(_format((event.seq, event.tick, line.hart, line.tid, line.source, line.code, line.effect)))
    rest = next(found, None) if limit else None
    if rest is not None:
        print(
            f"simrec: more from event {rest.seq} on: --from {rest.seq}, or --to -1 for all", file=sys.stderr
        )


def _format(cells: tuple[object, ...]) -> str:
    """Numbers to the right, text to the left, cut sources from the left so that the line number stays."""
    texts = ["" if cell is None else str(cell) for cell in cells]
    source = texts[4]
    texts[4] = source if len(source) <= _WIDTHS[4] else "..." + source[-_WIDTHS[4] + 3 :]
    numbers = "  ".join(text.rjust(width) for text, width in zip(texts[:4], _WIDTHS, strict=False))
    return f"{numbers}  {texts[4]:<{_WIDTHS[4]}}  {texts[5]:<{_WIDTHS[5]}}  {texts[6]}".rstrip()


def _json(line: "Line") -> str:
    import json

    from sim.events import columns

    fields = {column.name: getattr(line.event, column.name) for column in columns(line.event.kind)}
    plain = {name: value.hex() if isinstance(value, bytes) else value for name, value in fields.items()}
    told = {"source": line.source, "code": line.code, "effect": line.effect}
    return json.dumps({"kind": line.event.kind, **plain, **told})
