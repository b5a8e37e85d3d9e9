"""What the scheduler made of a run: turnaround, response and waiting of each thread or process, and how fair
that was.

The log in, Arrow tables out. Terms are the textbooks' (Silberschatz; Operating Systems: Three Easy Pieces).
"""

from collections.abc import Collection
from typing import Any

import pyarrow as pa

from recorder.reader import Log
from replay.analyses.stats import prepare
from replay.query import ask, connect
from sim.errors import UserError

KINDS = ("thread", "context_switch", "process")


class NoSuchRow(UserError):
    """What is to be left out isn't there."""

    exit_status = 2


def schedule(log: Log, *, by_process: bool = False, without: Collection[int] = ()) -> dict[str, pa.Table]:
    """``rows``: a row for each thread or process, but for those ``without`` which it is to be, columns as in
    queries/schedule.sql; ``summary``: one row. Raises NoSuchRow.

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
    rows = _left(rows, "pid" if by_process else "tid", without)
    return {"rows": rows, "summary": pa.Table.from_pylist([_summary(rows.to_pylist())])}


def _left(rows: pa.Table, name: str, without: Collection[int]) -> pa.Table:
    known = rows[name].to_pylist()
    for number in without:
        if number not in known:
            raise NoSuchRow(
                f"--without {number}: no row is of {name} {number}; see them with `simrec schedule`"
            )
    return rows.filter(pa.array([number not in without for number in known], pa.bool_()))


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
