"""simrec recover"""

import sys
from typing import Annotated

import typer

PANEL = "Catalog"


def recover(
    runs: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN", help="Runs, as ids, prefixes or names (default: all)."),
    ] = None,
) -> None:
    """Close recordings whose recorder died, and finish removals that were cut short.

    All events that were committed are kept. What the recorder left behind them, files and rows that nothing
    refers to, is deleted; from then on the run is `interrupted`, and `simrec verify` checks all of it.
    """
    from recorder.catalog import Catalog
    from recorder.leftovers import finish_removals
    from recorder.recover import recover as recover_run

    catalog = Catalog.open()
    found = [catalog.find(each) for each in runs] if runs else catalog.runs()
    died = [run for run in found if run.died]
    for run in died:
        done = recover_run(catalog, run)
        cleaned = [f"{len(done.files):,} files"] * bool(done.files) + [f"{done.rows:,} rows"] * bool(
            done.rows
        )
        kept = f"events 0 to {run.events - 1} are kept" if run.events else "it has no events"
        deleted = f"; deleted {' and '.join(cleaned)} behind them" if cleaned else ""
        print(f"recovered {run.id} ({run.program}): {done.run.status}, {kept}{deleted}")
    for run in found if runs else ():
        if not run.died:
            print(f"simrec: run {run.id} needs no recovery: it is {run.status}", file=sys.stderr)
    removed = [] if runs else finish_removals(catalog)
    for each in removed:
        print(f"removed what was left of run {each.run} ({each.bytes:,} bytes)")
    if not died and not removed and not runs:
        print("simrec: nothing to recover", file=sys.stderr)
