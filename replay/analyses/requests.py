"""What became of the requests that a server was sent: throughput, and latency by where it was spent.

The log in, Arrow tables out. A request waits in the *backlog* from its arrival until a thread takes it, and
is then in *service* until it is done; its *latency* is the sum. *Throughput* is requests done per kilotick
(1,000 ticks), from the first arrival to the last end; the *offered* load is arrivals per kilotick from the
first to the last.
"""

from dataclasses import dataclass

import pyarrow as pa

from recorder.reader import Log
from replay.query import ask, connect, define

#: Parts of a request's time, and what `value_of` tells of each.
PARTS, MEASURES = ("latency", "backlog", "service"), ("min", "mean", "p50", "p95", "p99", "max")
#: Single values that sum a server up -> their units.
VALUES = {
    "arrived": "requests",
    "done": "requests",
    "offered": "requests per 1,000 ticks",
    "throughput": "requests per 1,000 ticks",
    "backlog_max": "requests",
    "in_service_max": "requests",
    **{f"{part}.{measure}": "ticks" for part in PARTS for measure in MEASURES},
}


@dataclass(frozen=True)
class Served:
    """``run``: one row of totals. ``times``: a row for the latency, each of its parts, and the I/O device's
    operations, as in queries/requests_times.sql. ``threads``: a row for each that took or finished some.
    ``requests``: a row for each that arrived, as in queries/requests.sql. ``levels``: how many were in the
    backlog and in service after each change, at ``tick``."""

    run: pa.Table
    times: pa.Table
    threads: pa.Table
    requests: pa.Table
    levels: pa.Table


def requests(log: Log) -> Served:
    """All tables are empty but ``run`` if nothing arrived. What is damaged of the log doesn't count."""
    connection = connect(log, ("request", "io"))
    try:
        define(connection, "requests")
        every = connection.sql("SELECT * FROM served ORDER BY number").to_arrow_table()
        levels = connection.sql("SELECT tick, backlog, in_service FROM request ORDER BY seq").to_arrow_table()
        times, threads = ask(connection, "requests_times"), ask(connection, "requests_threads")
    finally:
        connection.close()
    return Served(_totals(log, every, levels), times, threads, every, levels)


def value_of(found: Served, name: str) -> int | float | None:
    """One of VALUES; None where no request has it."""
    part, _, measure = name.rpartition(".")
    row = (
        next((row for row in found.times.to_pylist() if row["part"] == part), {})
        if part
        else found.run.to_pylist()[0]
    )
    value: int | float | None = row.get(measure)
    return value


def _totals(log: Log, every: pa.Table, levels: pa.Table) -> pa.Table:
    """The one row of the run."""
    arrived = every["arrived"].to_pylist()
    ends = [tick for tick in every["done"].to_pylist() if tick is not None]
    taken = every.num_rows - every["taken"].null_count
    backlog, in_service = (levels[name].to_pylist() for name in ("backlog", "in_service"))
    return pa.Table.from_pylist(
        [
            {
                "run": log.run.id,
                "program": log.run.program,
                "workload": log.run.options["requests"],
                "arrived": len(arrived),
                "done": len(ends),
                "in_backlog": len(arrived) - taken,
                "in_service": taken - len(ends),
                "offered": _rate(len(arrived) - 1, arrived[-1] - arrived[0]) if arrived else None,
                "throughput": _rate(len(ends), max(ends) - arrived[0]) if ends else None,
                "backlog_max": max(backlog, default=0),
                "in_service_max": max(in_service, default=0),
            }
        ]
    )


def _rate(count: int, ticks: int) -> float | None:
    """Per kilotick; None where no time passed."""
    return 1000 * count / ticks if ticks else None
