"""Following a run that another process records: what is newly committed, as it comes, until the run ends."""

import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from recorder.reader import Log
    from recorder.run import RunRow

FollowOption = Annotated[
    bool, typer.Option("--follow", "-f", help="Go on with what is recorded, until the run ends.")
]
#: Seconds between two looks into the catalog.
PAUSE = 0.2


def follow(log: "Log") -> Iterator["Log"]:
    """The log, whenever more of it is committed; the first time as it is, if it has events. Ends when the run
    has ended, which it tells on standard error. Raises the recorder's errors."""
    grown = bool(log.segments)
    while True:
        began = time.monotonic()
        if grown:
            yield log
        if log.damage is not None or log.run.status != "recording":
            break
        # Looking at it should not take more than half of a core from who records.
        time.sleep(max(PAUSE, time.monotonic() - began))
        grown = log.refresh()
    sys.stdout.flush()
    print(f"simrec: {log.damage or ending(log.run)}", file=sys.stderr)


def ending(run: "RunRow") -> str:
    """How a run ended, in a line."""
    label = f"{run.id} ({run.name})" if run.name else run.id
    if run.exit_status is not None:
        reason = run.reason.replace("_", " ")
        return f"run {label} has ended: {reason}, status {run.exit_status}, {run.events:,} events"
    last = f"at event {run.events - 1}" if run.events else "before its first event was kept"
    return f"run {label} was {run.status} {last}: nobody records it any more"


def show(texts: Iterator[str], *, as_json: bool) -> None:
    """Print a text that changes: on a terminal in the place of the one before it, else below that, as JSON
    always is."""
    if as_json or not sys.stdout.isatty():
        for number, text in enumerate(texts):
            print(text if as_json or not number else f"\n{text}", flush=True)
        return
    from rich.live import Live
    from rich.text import Text

    text = ""
    # What stays behind is printed whole: it may be too long for the screen.
    with Live(auto_refresh=False, transient=True, redirect_stderr=False) as live:
        for text in texts:
            live.update(Text(text), refresh=True)
    print(text, flush=True)
