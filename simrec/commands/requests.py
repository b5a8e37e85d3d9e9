"""simrec requests"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simrec.arguments import JsonOption, RunArgument

if TYPE_CHECKING:
    from replay.analyses.requests import Served

PANEL = "Analyse"
#: Threads and unfinished requests that the tables print; --json prints all.
TABLE_ROWS = 20


def requests(
    run: RunArgument = "latest",
    figure: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw it as an HTML page, too.", dir_okay=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """How a server did: throughput, latency and where it went, of the requests that `run --requests` sent.

    A request waits in the backlog until a thread takes it, and is then in service until it is done. Times
    are in ticks, rates per 1,000 ticks.
    """
    from recorder.detail import MEMORY
    from replay.analyses import requests as analysis
    from simrec.open import open_log
    from simrec.output import print_json

    with open_log(run, MEMORY) as log:
        found = analysis.requests(log)
    if figure is not None and found.requests.num_rows:
        _draw(found, figure)
    if as_json:
        tables = {"times": found.times, "threads": found.threads, "requests": found.requests}
        print_json(
            {"run": found.run.to_pylist()[0]} | {name: table.to_pylist() for name, table in tables.items()}
        )
    elif found.requests.num_rows:
        _print(found)
    else:
        print(
            "simrec: no request arrived: record a server that opens /dev/requests with "
            "`simrec run PROGRAM --requests count=100`",
            file=sys.stderr,
        )


def _draw(found: "Served", path: Path) -> None:
    from replay.figures.requests import write_requests
    from sim.errors import UserError

    try:
        write_requests(found, path)
    except OSError as error:
        raise UserError(f"{path} can't be written ({error.strerror}): name another file") from error
    print(f"simrec: drawn in {path}", file=sys.stderr)


def _print(found: "Served") -> None:
    from simrec.output import print_table

    total = found.run.to_pylist()[0]
    print(f"{total['program']}: {total['workload']}")
    shown = ("arrived", "done", "offered", "throughput", "backlog_max", "in_service_max")
    print_table([{name.replace("_", " "): total[name] for name in shown}])
    print("\nTimes, in ticks; latency is backlog and service, of requests that are done")
    print_table(found.times.to_pylist(), empty="no request is done")
    print("\nThreads")
    threads = [
        {name.replace("_", " "): value for name, value in row.items()} for row in found.threads.to_pylist()
    ]
    print_table(threads[:TABLE_ROWS], empty="no thread took a request")
    if len(threads) > TABLE_ROWS:
        print(f"... {len(threads) - TABLE_ROWS:,} more: --json prints all")
    _print_unfinished(found, total["in_backlog"], total["in_service"])


def _print_unfinished(found: "Served", in_backlog: int, in_service: int) -> None:
    """How many the run left over, and which."""
    if not in_backlog and not in_service:
        return
    left = [row for row in found.requests.to_pylist() if row["done"] is None]
    numbers = ", ".join(str(row["number"]) for row in left[:TABLE_ROWS])
    more = f" and {len(left) - TABLE_ROWS:,} more" if len(left) > TABLE_ROWS else ""
    print(f"\nNot done: {in_backlog:,} in the backlog, {in_service:,} in service (requests {numbers}{more})")
