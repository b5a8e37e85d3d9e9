"""simrec replay"""

from typing import Annotated

import typer

from simrec.arguments import JsonOption, RunArgument

PANEL = "Replay"


def replay(
    run: RunArgument = "latest",
    at: Annotated[
        int | None, typer.Option(metavar="SEQ", help="The event to stop behind (default: the last).")
    ] = None,
    thread: Annotated[int | None, typer.Option(help="Only this thread, and what it has to do with.")] = None,
    process: Annotated[int | None, typer.Option(help="Only this process.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the state just after an event, rebuilt from the log.

    Example: `simrec replay --at 1200`

    Harts, threads with registers (`*` marks what the event changed), call stacks and stacks, locks with
    holder and waiters, coroutine frames on the heap, run queue, and the output so far.
    """
    from replay.listing import check_filters
    from replay.statejson import state_as_json
    from replay.view import Part, view
    from simrec.open import open_recording
    from simrec.output import print_json

    recording = open_recording(run)
    seq = recording.last_seq if at is None else at
    recording.check_seq(seq)
    check_filters(recording, thread, process)
    part = Part(process, thread)
    if as_json:
        print_json(state_as_json(recording, seq, part))
        return
    for line in view(recording, seq, part):
        print(line)
