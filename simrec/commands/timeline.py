"""simrec timeline"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from simrec.arguments import RunArgument

PANEL = "Analyse"


def timeline(
    run: RunArgument = "latest",
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The HTML file to write.", dir_okay=False)
    ] = Path("timeline.html"),
    first: Annotated[int | None, typer.Option("--from", min=0, help="The first event to show.")] = None,
    last: Annotated[int | None, typer.Option("--to", min=0, help="The last event to show.")] = None,
    stacks: Annotated[
        bool, typer.Option("--stacks", help="Draw each thread's calls and how deep its stack is.")
    ] = False,
) -> None:
    """Draw a run over time: harts, threads, locks, coroutines, run queue, throughput.

    With --stacks: every thread's calls as a flame chart, with arguments, results, return addresses and what
    frames hold; bytes of stack in use, heap and coroutine frames.

    The file is one HTML page that works offline. Hovering over a mark names its event, for
    `simrec replay --at`. What is merged because there is too much of it is said; --from and --to zoom in.
    """
    from replay.figures.stacks import write_stacks
    from replay.figures.timeline import write_timeline
    from sim.errors import UserError
    from simrec.open import open_log

    with open_log(run) as log:
        try:
            made = (write_stacks if stacks else write_timeline)(log, output, first, last)
        except OSError as error:
            raise UserError(
                f"{output} can't be written ({error.strerror}): name another file with -o"
            ) from error
    print(f"{output}: {made.title}, {made.marks:,} marks, {made.merged:,} more merged into them")
    for note in made.notes:
        print(f"simrec: {note}", file=sys.stderr)
