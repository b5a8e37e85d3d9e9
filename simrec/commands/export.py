"""simrec export"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from simrec.arguments import RunArgument

PANEL = "Catalog"


def export(
    run: RunArgument = "latest",
    to: Annotated[
        Path | None, typer.Option(metavar="FILE.simrec|DIRECTORY", help="Write an archive of it.")
    ] = None,
    store: Annotated[
        str,
        typer.Option(metavar="STORE", help="Into this store: `parquet` or `sqlite`; a new run, unless --to."),
    ] = "",
    name: Annotated[str | None, typer.Option(help="Name of the new run (default: NAME-STORE).")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an archive that is there.")] = False,
) -> None:
    """Make an archive of a recording, to keep or to give away; or a new recording in the other store.

    Examples: `simrec export latest --to race.simrec`, `simrec export latest --store sqlite`

    An archive holds all of the run, its program and sources too, and `simrec import` takes it anywhere. As a
    directory it holds the same files. Nothing is lost in another store: the digest is the same.
    """
    from recorder.archive.container import check_target
    from recorder.catalog import Catalog
    from recorder.export import Export
    from simrec.progress import watched
    from simrec.request import check_name, check_store

    if store:
        check_store(store)
    check_name(name or "")
    if to is None and not store:
        raise typer.BadParameter("say where: --to FILE.simrec, --to DIRECTORY, or --store STORE")
    if to is not None:
        check_target(to, force=force)
    catalog = Catalog.open()
    exported = Export(catalog, catalog.find(run), store, name)
    for loss in exported.losses:
        print(f"simrec: {loss}", file=sys.stderr)
    row = exported.rows.run
    if row.died:
        print(f"simrec: run {row.id} has no end: it goes out as interrupted, {row.reason}", file=sys.stderr)
    progress = watched("converting", row.events)
    try:
        if to is None:
            made = exported.to_catalog(progress)
        else:
            size = exported.to_archive(to, force=force, progress=progress)
    finally:
        progress.hide()
    if to is None:
        print(f"run {made.id} has the {made.events:,} events of run {row.id} in {made.store}: {made.where}")
    else:
        print(f"wrote {to}: run {row.id} of {row.program}, {row.events:,} events, {size:,} bytes")
