"""High waits for middle, which it has nothing to do with, unless low is as urgent while it holds the lock."""

from typing import Any

MIDDLE = (5000, 10000, 20000)


def waits(made: Any, name: str) -> list[int]:
    return [made.row(name, middle_computes=ticks)["wait"] for ticks in MIDDLE]


def test_high_waits_for_all_that_middle_computes(lesson: Any) -> None:
    made = lesson("priority-inversion")
    without = made.row("mutex", middle_computes=0)["wait"]
    for ticks, wait in zip(MIDDLE, waits(made, "mutex"), strict=True):
        assert wait > without + ticks


def test_with_a_ceiling_it_doesn_t_matter_what_middle_computes(lesson: Any) -> None:
    made = lesson("priority-inversion")
    first, *others = waits(made, "ceiling")
    assert others == [first] * len(others)
    assert first < waits(made, "mutex")[0] / 2
    # No longer than the lock was held by low, and the hart went from low to high.
    row = made.row("ceiling", middle_computes=20000)
    assert row["wait"] < row["held"]
    # Middle runs later instead: it isn't for nothing that the work as a whole takes as long.
    assert row["ticks"] < 1.02 * made.row("mutex", middle_computes=20000)["ticks"]


def test_taking_turns_bounds_the_wait_without_priorities(lesson: Any) -> None:
    made = lesson("priority-inversion")
    first, *others = waits(made, "turns")
    assert others == [first] * len(others)
    assert waits(made, "ceiling")[0] < first < waits(made, "mutex")[0]


def test_middle_ran_between_want_and_get_and_needed_no_lock(lesson: Any) -> None:
    made = lesson("priority-inversion")
    case = "mutex-20000"
    (blocked,) = made.ask(case, "select min(tick) as tick from thread where tid = 3 and action = 'blocked'")
    (got,) = made.ask(case, "select tick from probe where tid = 3")
    ran = made.ask(case, "select tick, prev, next from context_switch where 4 in (prev, next) order by seq")
    assert blocked["tick"] < ran[0]["tick"] < ran[-1]["tick"] < got["tick"]
    assert not made.ask(case, "select * from instruction_code where tid = 4 and function like 'mutex%'")


def test_the_ceiling_is_high_s_priority_while_low_holds_the_lock(lesson: Any) -> None:
    made = lesson("priority-inversion")
    low, high = (
        made.ask(
            "ceiling-20000",
            f"select value from scheduling where tid = {tid} and action = 'priority' order by seq",
        )
        for tid in (2, 3)
    )
    own, raised, back = (row["value"] for row in low)
    assert own == back < raised == high[0]["value"]
