"""simrec rm"""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from recorder.run import RunRow

PANEL = "Catalog"


def rm(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN",
            help="Runs, as ids, prefixes or names; or all that fit a pattern (`'sweep-*'`).",
        ),
    ],
) -> None:
    """Delete recordings."""
    from recorder.catalog import Catalog

    catalog = Catalog.open()
    found: dict[str, RunRow] = {}
    for reference in runs:
        fitting = catalog.matching(reference) if set(reference) & set("*?[") else []
        found |= {run.id: run for run in fitting or [catalog.find(reference)]}
    for run in found.values():
        catalog.remove(run)
        print(f"removed {run.id} ({run.program}, {run.events:,} events)")
