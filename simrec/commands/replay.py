"""simrec replay"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from sim.text import printable
from simrec.arguments import JsonOption, RunArgument
from simrec.follow import FollowOption

if TYPE_CHECKING:
    from recorder.reader import Log
    from replay.view import Part

PANEL = "Replay"


def replay(
    run: RunArgument = "latest",
    at: Annotated[
        int | None, typer.Option(metavar="SEQ", help="The event to stop behind (default: the last).")
    ] = None,
    thread: Annotated[int | None, typer.Option(help="Only this thread, and what it has to do with.")] = None,
    process: Annotated[int | None, typer.Option(help="Only this process.")] = None,
    follow: FollowOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show the state just after an event, rebuilt from the log.

    Example: `simrec replay --at 1200`

    Harts, threads with registers (`*` marks what the event changed), call stacks and stacks, locks with
    holder and waiters, coroutine frames on the heap, run queue, and the output so far. With --follow, the
    newest state of a run that is being recorded, again and again.
    """
    from replay.listing import check_filters
    from replay.statejson import state_as_json
    from replay.view import Part, view
    from simrec.follow import show
    from simrec.open import open_recording
    from simrec.output import print_json

    part = Part(process, thread)
    recording = open_recording(run)
    if follow:
        if at is not None:
            raise typer.BadParameter("--follow shows the newest state: leave --at away")
        show(_newest(recording.log, part, as_json=as_json), as_json=as_json)
        return
    seq = recording.last_seq if at is None else at
    recording.check_seq(seq)
    check_filters(recording, thread, process)
    if as_json:
        print_json(state_as_json(recording, seq, part))
        return
    for line in view(recording, seq, part):
        print(printable(line))


def _newest(log: "Log", part: "Part", *, as_json: bool) -> Iterator[str]:
    """The newest state, whenever there is a newer one."""
    from replay.recording import Recording
    from replay.statejson import state_as_json
    from replay.view import view
    from simrec.follow import follow
    from simrec.output import json_text

    for recording in map(Recording, follow(log)):
        seq = recording.last_seq
        if as_json:
            yield json_text(state_as_json(recording, seq, part), indent=None)
        else:
            yield "\n".join(map(printable, view(recording, seq, part)))
