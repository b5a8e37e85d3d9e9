"""simrec lessons"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from simrec.arguments import JsonOption

PANEL = "Programs"

lessons = typer.Typer(invoke_without_command=True, rich_markup_mode="markdown")


@lessons.callback()
def listed(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the lessons, each a claim about processes, threads or locks that a recording shows.

    `simrec lessons run NAME` records one, measures it and opens its figure.
    """
    if context.invoked_subcommand is not None:
        return
    from simrec.output import print_json
    from simrec.tour.lesson import lessons as all_lessons
    from simrec.tour.report import print_wrapped

    found = all_lessons()
    if as_json:
        print_json(
            [
                {"number": each.number, "name": each.name, "title": each.title, "claim": each.claim}
                for each in found
            ]
        )
        return
    for each in found:
        print(f"{each.number:>3}  {each.name:<18}  {each.title['en']}")
        print_wrapped(each.claim["en"], 25)


@lessons.command()
def run(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A lesson's name or number.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The figure's HTML file (else NAME.html).", dir_okay=False),
    ] = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Don't open the figure in a browser.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Record a lesson's programs, print what was measured, and open the figure.

    The figure is one HTML page that works offline. What to type to look inside of the recordings stands
    at the end; `--json` prints the measured table only.
    """
    from sim.errors import UserError
    from simrec.output import print_json
    from simrec.tour import report
    from simrec.tour.figure import draw
    from simrec.tour.lesson import lesson
    from simrec.tour.recording import record_lesson

    wanted = lesson(name)
    if not as_json:
        report.begin(wanted)
    outcome = record_lesson(wanted, (lambda command: None) if as_json else report.tell)
    path = output or Path(f"{wanted.name}.html")
    try:
        draw(outcome, path)
    except OSError as error:
        raise UserError(f"{path} can't be written ({error.strerror}): name another file with -o") from error
    if as_json:
        ids = [[run.id for run in row.runs] for row in outcome.measured()]
        print_json([row | {"runs": found} for row, found in zip(outcome.table(), ids, strict=True)])
    else:
        report.end(outcome, path)
    if not no_open and _has_screen():
        import webbrowser

        webbrowser.open(path.resolve().as_uri())


def _has_screen() -> bool:
    """True if somebody sits at a terminal beside a browser."""
    display = (
        sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    return sys.stdout.isatty() and bool(display)
