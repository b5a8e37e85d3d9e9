"""simrec runs"""

from simrec.arguments import JsonOption

PANEL = "Catalog"


def runs(as_json: JsonOption = False) -> None:
    """List the recordings, newest first."""
    from recorder.catalog import Catalog
    from simrec.output import print_table

    rows = [
        {
            "run": run.id,
            "name": run.name,
            "program": run.program,
            "created": run.created.astimezone().strftime("%Y-%m-%d %H:%M:%S"),
            "status": run.status,
            "exit": run.exit_status,
            "events": run.events,
            "ticks": run.ticks,
            "harts": run.options.get("harts"),
            "scheduler": run.options.get("scheduler"),
            "seed": run.options.get("seed"),
            "store": run.store,
            "bytes": run.bytes,
        }
        for run in Catalog.open().runs()
    ]
    print_table(rows, as_json=as_json, empty="no runs yet; record one: simrec run examples/counter_race.asm")
