"""simrec rebuild"""

from simrec.arguments import RunArgument

PANEL = "Catalog"


def rebuild(run: RunArgument = "latest") -> None:
    """Make all events of a recording again of which --detail stored less.

    The program is run once more, from what the recording holds, and every segment compared with the digest
    that was taken when it was recorded. The recording keeps its id; if it can't be made again, exit status 1,
    or if this is interrupted, it stays as it was.
    """
    from recorder.catalog import Catalog
    from recorder.detail import FULL
    from simrec.executors import ready_executor
    from simrec.progress import watched
    from simrec.rebuilding import rebuild as again

    catalog = Catalog.open()
    row = catalog.find(run)
    if row.detail == FULL:
        print(f"run {row.id} holds every event already")
        return
    progress = watched("rebuilding", row.events)
    try:
        made = again(catalog, row, ready_executor(), progress)
    finally:
        progress.hide()
    print(f"run {made.id} holds all its {made.events:,} events again, as they were; digest {made.digest}")
    print(f"stored in {made.where} ({made.store}, {made.bytes:,} bytes)")
