"""simrec gc"""

import sys
from typing import Annotated, Any

import typer

from simrec.arguments import JsonOption

PANEL = "Catalog"


def gc(
    delete: Annotated[bool, typer.Option("--delete", help="Delete what is listed.")] = False,
    rows: Annotated[
        bool, typer.Option("--rows", help="Also take runs off the list whose directory has vanished.")
    ] = False,
    days: Annotated[
        int, typer.Option(metavar="DAYS", min=0, help="Compiled files count as old after so many days.")
    ] = 30,
    as_json: JsonOption = False,
) -> None:
    """List what nothing needs any more, with its size; delete it with `--delete`.

    Directories without a run in this catalog (keep them, if another catalog has them), files inside of runs
    that no row refers to, also in buckets, runs whose directory has vanished, programs without runs, and old
    compiled files. What a living process records is never touched; what a dead one left is for
    `simrec recover`. Runs in a bucket without a row in this catalog may be another's: they are not listed.
    """
    from recorder.catalog import Catalog
    from recorder.leftovers import delete as delete_it
    from recorder.leftovers import lost_directories, unused_files, vanished_runs
    from simrec.caches import old_files
    from simrec.output import print_json, print_table

    catalog = Catalog.open()
    found = [*lost_directories(catalog), *unused_files(catalog), *old_files(days)]
    vanished = list(vanished_runs(catalog))
    programs = catalog.unused_programs(delete=False)
    listed: list[dict[str, Any]] = [
        {"what": each.what, "run": each.run, "bytes": each.bytes, "where": str(each.path)} for each in found
    ]
    listed += [
        {"what": "its directory has vanished", "run": run.id, "bytes": 0, "where": run.where}
        for run in vanished
    ]
    listed += [{"what": "program without a run", "run": "", "bytes": 0, "where": sha} for sha in programs]
    if as_json:
        print_json(listed)
    else:
        print_table(listed, empty="simrec: nothing to delete")
    if not delete:
        _tell_how(
            sum(each.bytes for each in found), anything=bool(found or programs), vanished=bool(vanished)
        )
        return
    for each in found:
        delete_it(each)
    if programs:
        catalog.unused_programs(delete=True)
    for run in vanished if rows else ():
        catalog.remove(run)
    kept = len(vanished) if not rows else 0
    total = sum(each.bytes for each in found)
    print(f"simrec: deleted {len(listed) - kept:,} of these, {total:,} bytes", file=sys.stderr)
    if kept:
        print(
            "simrec: runs whose directory has vanished are still listed: --rows takes them off",
            file=sys.stderr,
        )


def _tell_how(size: int, *, anything: bool, vanished: bool) -> None:
    if anything:
        print(f"simrec: {size:,} bytes; nothing was deleted: simrec gc --delete does", file=sys.stderr)
    elif vanished:
        print(
            "simrec: nothing was deleted: simrec gc --delete --rows takes these runs off the list",
            file=sys.stderr,
        )
