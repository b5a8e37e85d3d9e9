"""How many threads a pool should have: one for each hart, and as many more as wait meanwhile."""

from typing import Any

import pytest

HARTS = (1, 2, 4)


def rows(made: Any, run: str, harts: int) -> list[dict[str, Any]]:
    """In the order of the pool's size."""
    return [row for row in made.rows if row["run"] == run and row["harts"] == harts]


def best(made: Any, run: str, harts: int) -> dict[str, Any]:
    found: dict[str, Any] = max(rows(made, run, harts), key=lambda row: row["throughput"])
    return found


@pytest.mark.parametrize("harts", HARTS)
def test_computing_peaks_at_the_number_of_harts(lesson: Any, harts: int) -> None:
    made = lesson("how-many-threads")
    most = best(made, "compute", harts)
    assert most["pool"] == harts
    for row in rows(made, "compute", harts):
        if row["pool"] > harts:
            assert row["throughput"] < 0.95 * most["throughput"]
            assert row["switches"] > 1.5 * most["switches"]


def test_harts_add_up(lesson: Any) -> None:
    made = lesson("how-many-threads")
    for run in ("compute", "wait"):
        one, two, four = (best(made, run, harts)["throughput"] for harts in HARTS)
        assert two > 1.8 * one and four > 3.2 * one


@pytest.mark.parametrize("harts", HARTS)
def test_waiting_peaks_where_the_rule_says(lesson: Any, harts: int) -> None:
    """The rule's numbers are those of a recording with one thread."""
    made = lesson("how-many-threads")
    turns = """select avg(ticks) filter (action = 'enter') as compute,
            avg(ticks) filter (action = 'exit') as wait
        from (select action, tick - lag(tick) over (partition by tid order by seq) as ticks
              from syscall where name = 'nanosleep')"""
    (turn,) = made.ask("wait-1-1", turns)
    assert turn["compute"] > 2000 and turn["wait"] == 10_000
    rule = harts * (1 + turn["wait"] / turn["compute"])
    most = best(made, "wait", harts)
    assert rule / 1.3 < most["pool"] < rule * 1.3


@pytest.mark.parametrize("harts", HARTS)
def test_fewer_leave_harts_idle_and_more_only_switch(lesson: Any, harts: int) -> None:
    made = lesson("how-many-threads")
    most = best(made, "wait", harts)
    for row in rows(made, "wait", harts):
        if row["pool"] <= most["pool"] / 2:
            assert row["utilisation"] < 0.7
            # Harts idle: throughput is as many threads can make, each on its own.
            alone = rows(made, "wait", harts)[0]["throughput"]
            assert row["throughput"] == pytest.approx(row["pool"] * alone, rel=0.2)
        if row["pool"] > most["pool"]:
            assert row["throughput"] < most["throughput"]
            assert row["utilisation"] < 1.05 * most["utilisation"]
            assert row["switches"] > most["switches"]
