"""simrec rm"""

from typing import Annotated

import typer

PANEL = "Catalog"


def rm(
    runs: Annotated[list[str], typer.Argument(metavar="RUN", help="Runs, as ids, prefixes or names.")],
) -> None:
    """Delete recordings."""
    from recorder.catalog import Catalog

    catalog = Catalog.open()
    for run in [catalog.find(reference) for reference in runs]:
        catalog.remove(run)
        print(f"removed {run.id} ({run.program}, {run.events:,} events)")
