"""Counting together, right or wrong, and what being right costs."""

from typing import Any

RIGHT = ("local", "amo", "lrsc", "mutex", "spin", "semaphore")


def test_only_the_unprotected_counter_loses_updates(lesson: Any) -> None:
    made = lesson("thread-safety")
    for name in RIGHT:
        row = made.row(name)
        assert row["wrong"] == 0, name
        assert row["lowest"] == row["answer"], name
    none, amo = made.row("none"), made.row("amo")
    assert none["wrong"] > none["seeds"] / 2
    assert none["lowest"] < amo["answer"]


def test_the_less_is_shared_the_less_it_costs(lesson: Any) -> None:
    made = lesson("thread-safety")
    ticks = {name: made.row(name)["ticks"] for name in RIGHT}
    assert ticks["local"] < ticks["amo"] < ticks["lrsc"] < min(ticks["mutex"], ticks["spin"])
    assert ticks["mutex"] < ticks["semaphore"]


def test_only_sleeping_locks_call_the_kernel(lesson: Any) -> None:
    made = lesson("thread-safety")
    futexes = {name: made.row(name)["futex_events"] for name in RIGHT}
    # Besides the locks, joining waits on a futex, and an exit wakes it: at most once for each of 4 threads.
    assert max(futexes[name] for name in ("local", "amo", "lrsc", "spin")) <= 2 * 4
    assert min(futexes["mutex"], futexes["semaphore"]) > 2 * 4


def test_a_lost_update_is_two_loads_of_one_value(lesson: Any) -> None:
    """In the log of the unprotected counter two threads load the same value and both store it plus one."""
    made = lesson("thread-safety")
    stores = made.ask(
        "none",
        "select value, count(distinct tid) as threads from instruction join code using (pc) "
        "where effect = 'store' and function like 'none%' group by value having count(*) > 1",
    )
    assert any(row["threads"] > 1 for row in stores)
