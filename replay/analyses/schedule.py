"""What the scheduler made of a run: turnaround, response and waiting of each thread or process, and how fair
that was.

The log in, Arrow tables out. Terms are the textbooks' (Silberschatz; Operating Systems: Three Easy Pieces).
"""

from typing import Any

import pyarrow as pa

from recorder.reader import Log
from replay.analyses.stats import prepare
from replay.query import ask, connect

KINDS = ("thread", "context_switch", "process")


def schedule(log: Log, *, by_process: bool = False) -> dict[str, pa.Table]:
    """``rows``: a row for each thread or process, columns as in queries/schedule.sql; ``summary``: one row.

    In the summary ``mean_turnaround`` and ``throughput`` (per 1,000 ticks, from the first arrival to the last
    finish) are of those that have ``finished``, ``mean_response`` of those that have run, ``mean_waiting`` of
    all. ``fairness`` is Jain's index of the shares, running / (running + waiting): 1 if all got the same part
    of the time that they wanted, 1 / n if one of n got all (R. Jain, D. Chiu, W. Hawe: A Quantitative Measure
    of Fairness and Discrimination, DEC-TR-301, 1984). None where there is nothing to divide by.
    """
    connection = connect(log, KINDS)
    try:
        prepare(connection, log)
        rows = ask(connection, "schedule", {"process": int(by_process)})
    finally:
        connection.close()
    return {"rows": rows, "summary": pa.Table.from_pylist([_summary(rows.to_pylist())])}


def _summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    turnarounds = [row["turnaround"] for row in rows if row["turnaround"] is not None]
    finishes = [row["finish"] for row in rows if row["finish"] is not None]
    arrivals = [row["arrival"] for row in rows if row["arrival"] is not None]
    span = max(finishes) - min(arrivals) if finishes and arrivals else 0
    return {
        "count": len(rows),
        "finished": len(finishes),
        "mean_turnaround": _mean(turnarounds),
        "mean_response": _mean([row["response"] for row in rows if row["response"] is not None]),
        "mean_waiting": _mean([row["waiting"] for row in rows]),
        "fairness": jain([row["share"] for row in rows if row["share"] is not None]),
        "throughput": 1000 * len(finishes) / span if span else None,
        "switches": sum(row["switches"] for row in rows),
        "preemptions": sum(row["preemptions"] for row in rows),
    }


def jain(shares: list[float]) -> float | None:
    """Jain's index: the square of the sum / (n x the sum of squares)."""
    squares = len(shares) * sum(share * share for share in shares)
    return sum(shares) ** 2 / squares if squares else None


def _mean(values: list[int]) -> float | None:
    return sum(values) / len(values) if values else None
