"""simrec import"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from sim.text import printable

PANEL = "Catalog"


def import_(
    archive: Annotated[
        Path, typer.Argument(metavar="FILE.simrec|DIRECTORY", help="What `simrec export --to` wrote.")
    ],
    name: Annotated[str | None, typer.Option(help="Call it this (default: as it was called).")] = None,
) -> None:
    """Take a recording out of an archive, also somebody else's.

    It is looked through first: all of its files and every event have to be as they were written.
    """
    from recorder.archive.admit import admit
    from recorder.catalog import Catalog
    from simrec.progress import watched
    from simrec.request import check_name

    check_name(name or "")
    progress = watched("importing", 0)
    try:
        admitted = admit(Catalog.open(), archive, name, progress)
    finally:
        progress.hide()
    for loss in admitted.losses:
        print(f"simrec: {printable(loss)}", file=sys.stderr)
    run = admitted.run
    label = f"{run.id} ({run.name})" if run.name else run.id
    if not admitted.new:
        print(f"run {label} is there already, with the same {run.events:,} events")
        return
    if run.id != admitted.was:
        print(f"simrec: there is another run {admitted.was}: this one is {run.id} here", file=sys.stderr)
    print(f"imported run {label} of {run.program}, {run.events:,} events: {run.reason.replace('_', ' ')}")
