"""The textbook's numbers, by hand; in units of 1000 ticks, slices of 2.

The convoy: A comes at 0 and computes 12 units, B at 1 for 4, C at 3 for 2. Recorded times are off by what
isn't the jobs' loops: some ticks to begin and to end, a tick for each switch. An eighth of a unit is allowed,
which is less than any two orders of the jobs are apart.
"""

from typing import Any

import pytest

from replay.analyses.schedule import schedule
from replay.figures.gantt import turns

UNIT = 1000
#: Scheduler: (turnaround, response, waiting), each of A, B, C.
BY_HAND = {
    # A 0-12, B 12-16, C 16-18. Turnaround 12, 16 - 1, 18 - 3; response 0, 12 - 1, 16 - 3; means 14 and 8.
    "fifo": ((12, 15, 15), (0, 11, 13), (0, 11, 13)),
    # A 0-1, B 1-3, C 3-5, B 5-7, A 7-18. Turnaround 18, 7 - 1, 5 - 3; waiting 18 - 12, 6 - 4, 0; means 26 / 3
    # and 8 / 3.
    "priority": ((18, 6, 2), (0, 0, 0), (6, 2, 0)),
    # A 0-2, B (there since 1) 2-4, A (in line since 2, before C, which came at 3) 4-6, C 6-8, B 8-10, A
    # 10-18. Turnaround 18, 10 - 1, 8 - 3; response 0, 2 - 1, 6 - 3; waiting 6, 9 - 4, 5 - 2; means 32 / 3,
    # 4 / 3 and 14 / 3.
    "rr": ((18, 9, 5), (0, 1, 3), (6, 5, 3)),
    # A 0-2, and down; B 2-4, and down; C, on the top level, 4-6; on the middle level A 6-8, and down; B 8-10;
    # A 10-18. Turnaround 18, 10 - 1, 6 - 3; response 0, 2 - 1, 4 - 3; waiting 6, 9 - 4, 3 - 2; means 10,
    # 2 / 3 and 4.
    "mlfq": ((18, 9, 3), (0, 1, 1), (6, 5, 1)),
}
JOBS = (2, 3, 4)


@pytest.mark.parametrize("name", BY_HAND)
def test_the_convoy_by_hand(lesson: Any, name: str) -> None:
    with lesson("schedulers").log(f"{name}-convoy") as log:
        rows = {row["tid"]: row for row in schedule(log)["rows"].to_pylist()}
    for column, wanted in zip(("turnaround", "response", "waiting"), BY_HAND[name], strict=True):
        found = [rows[tid][column] for tid in JOBS]
        assert found == pytest.approx([units * UNIT for units in wanted], abs=UNIT / 8), column


CHARTS = {
    "fifo": "A12 B4 C2",
    "priority": "A1 B2 C2 B2 A11",
    "rr": "A2 B2 A2 C2 B2 A8",
    "mlfq": "A2 B2 C2 A2 B2 A8",
}


@pytest.mark.parametrize("name", CHARTS)
def test_the_gantt_chart_by_hand(lesson: Any, name: str) -> None:
    with lesson("schedulers").log(f"{name}-convoy") as log:
        lane = turns(log, 0, {2: "A", 3: "B", 4: "C"}, name)
    assert " ".join(f"{who}{round((end - start) / UNIT)}" for who, start, end in lane.spans) == CHARTS[name]
    assert lane.arrivals == pytest.approx({"A": 0, "B": 1 * UNIT, "C": 3 * UNIT}, abs=UNIT / 8)


@pytest.mark.parametrize("name", BY_HAND)
def test_the_table_has_the_means(lesson: Any, name: str) -> None:
    """Written with one digit, which the ticks beside the jobs' loops may change by one."""
    row = lesson("schedulers").row(name, jobs="convoy")
    for column, wanted in zip(("turnaround", "response", "waiting"), BY_HAND[name], strict=True):
        assert row[column] == pytest.approx(sum(wanted) / 3, abs=0.15), column


def test_run_to_completion_is_worst_for_the_short_job(lesson: Any) -> None:
    made = lesson("schedulers")
    for jobs in ("convoy", "interactive"):
        waits = {row["run"]: row["C_waits"] for row in made.rows if row["jobs"] == jobs}
        assert waits["fifo"] == max(waits.values())
        responses = {row["run"]: row["response"] for row in made.rows if row["jobs"] == jobs}
        assert responses["fifo"] == max(responses.values())
        fairness = {row["run"]: row["fairness"] for row in made.rows if row["jobs"] == jobs}
        assert fairness["fifo"] == min(fairness.values())


def test_shortest_first_has_the_best_turnaround_and_feedback_comes_close(lesson: Any) -> None:
    made = lesson("schedulers")
    for jobs in ("convoy", "interactive"):
        turnaround = {row["run"]: row["turnaround"] for row in made.rows if row["jobs"] == jobs}
        assert turnaround["priority"] == min(turnaround.values())
        assert turnaround["priority"] < turnaround["mlfq"] < turnaround["rr"]


def test_taking_turns_answers_soon_and_ends_late_where_jobs_are_alike(lesson: Any) -> None:
    made = lesson("schedulers")
    fifo, turns = (made.row(name, jobs="interactive") for name in ("fifo", "rr"))
    assert turns["response"] < fifo["response"] / 4
    assert turns["turnaround"] > fifo["turnaround"]


def test_feedback_keeps_the_interactive_job_on_the_topmost_level(lesson: Any) -> None:
    """Until it has used up its turn, it waits only for the slice that runs when it first comes."""
    made = lesson("schedulers")
    waits = {name: made.row(name, jobs="interactive")["C_waits"] for name in ("priority", "mlfq", "rr")}
    assert waits["priority"] < waits["mlfq"] < waits["rr"] / 4


def test_the_jobs_had_hart_0_for_themselves(lesson: Any) -> None:
    made = lesson("schedulers")
    for name in BY_HAND:
        places = made.ask(
            f"{name}-convoy",
            "select distinct hart, tid from thread where action = 'running' and tid in (2, 3, 4)",
        )
        assert {row["hart"] for row in places} == {0}
        assert {row["tid"] for row in places} == set(JOBS)
