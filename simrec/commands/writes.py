"""simrec writes"""

from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simrec.arguments import JsonOption, RunArgument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from replay.lastwrite import Write
    from replay.listing import Line
    from replay.recording import Recording

PANEL = "Replay"
#: Bytes at an address that are asked about, unless it is said otherwise.
WORD = 8


def writes(
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="A number (0x10000), a symbol, or symbol+offset.")
    ],
    run: RunArgument = "latest",
    before: Annotated[
        int | None, typer.Option(metavar="SEQ", help="Only writes before this event (default: all).", min=0)
    ] = None,
    last: Annotated[int, typer.Option(metavar="N", help="How many, the newest first.", min=1)] = 10,
    size: Annotated[int, typer.Option("--bytes", help="How many bytes from there on.", min=1)] = WORD,
    process: Annotated[
        int | None,
        typer.Option(help="Only what this process has there: its writes, and its parent's before the fork."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List who wrote a place in memory, the newest write first.

    Example: `simrec writes counter --before 1200`

    A write is a store, an atomic or a write of the kernel's to any of the bytes.
    """
    from replay.addressview import address_of
    from replay.listing import check_filters, line_of, read_events
    from simrec.open import open_recording
    from simrec.output import print_json, print_table

    recording = open_recording(run)
    end = recording.last_seq if before is None else before - 1
    if end >= 0:
        recording.check_seq(end)
    check_filters(recording, None, process)
    place = address_of(recording, address)
    found = list(islice(_found(recording, process, place, size, end), last)) if end >= 0 else []
    lines = [line_of(recording, next(read_events(recording, each.seq, each.seq))) for each in found]
    if as_json:
        told = [_plain(line) for line in lines]
        print_json({"run": recording.log.run.id, "address": place, "bytes": size, "writes": told})
        return
    rows = [_row(recording, line) for line in lines]
    until = "" if before is None else f" before event {before}"
    print_table(
        rows, empty=f"simrec: nothing wrote the {size} bytes at {place:#x}{until}", typed=("event", "tick")
    )


def _found(
    recording: "Recording", process: int | None, address: int, size: int, end: int
) -> "Iterator[Write]":
    from replay.lastwrite import Span, writes, written

    if process is not None:
        return writes(recording, process, address, size, end)
    pids = recording.processes.pids
    return written(recording, [Span(pid, address, address + size, 0, end) for pid in pids])


def _row(recording: "Recording", line: "Line") -> dict[str, Any]:
    row: dict[str, Any] = {"event": line.event.seq, "tick": line.event.tick}
    if recording.processes.several:
        row["process"] = line.pid
    kernel = line.event.kind == "kernel_write"
    row["by"] = "the kernel" if kernel else f"thread {line.tid}"
    row["what"] = line.effect if line.event.kind == "kernel_write" else f"{line.code}  {line.effect}"
    row["where"] = f"{line.source}{recording.names_of(line.event).quoted(line.source)}"
    return row


def _plain(line: "Line") -> dict[str, Any]:
    event = line.event
    kernel = event.kind == "kernel_write"
    return {
        "seq": event.seq,
        "tick": event.tick,
        "kind": event.kind,
        "pid": line.pid,
        "tid": None if kernel else line.tid,
        "pc": getattr(event, "pc", None),
        "source": line.source,
        "code": line.code,
        "effect": line.effect,
    }
