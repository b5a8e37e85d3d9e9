"""Locks in a circle, and three cures, one of which needs another."""

from typing import Any

from replay.analyses.contention import locks_at
from replay.recording import Recording

HARTS = (1, 4)


def test_a_circle_deadlocks_under_some_schedules(lesson: Any) -> None:
    made = lesson("deadlock")
    assert 0 < made.row("circle", harts=1)["deadlocked"] < 100
    assert made.row("circle", harts=1)["deadlocked"] < made.row("circle", harts=4)["deadlocked"]


def test_one_order_never_does(lesson: Any) -> None:
    made = lesson("deadlock")
    for harts in HARTS:
        row = made.row("ordered", harts=harts)
        assert row["deadlocked"] == row["never_ended"] == 0


def test_the_circle_closes(lesson: Any) -> None:
    """Each lock's waiter holds the lock that the next one waits for, all the way round."""
    with lesson("deadlock").log("circle-4") as log:
        locks = [lock for lock in locks_at(Recording(log), log.end_seq - 1) if lock.waiters]
    waits = {waiter.tid: lock.holder for lock in locks for waiter in lock.waiters}
    assert len(locks) == 3
    first = tid = min(waits)
    seen = []
    while tid not in seen:
        seen.append(tid)
        tid = waits[tid]
    assert tid == first
    assert len(seen) == len(waits)


def test_giving_back_in_step_goes_round_for_ever(lesson: Any) -> None:
    made = lesson("deadlock")
    alone, in_step, waiting = (
        made.row(name, harts=harts) for name, harts in (("retry", 1), ("retry", 4), ("backoff", 4))
    )
    assert alone["deadlocked"] == in_step["deadlocked"] == waiting["deadlocked"] == 0
    assert alone["never_ended"] == waiting["never_ended"] == 0
    assert in_step["never_ended"] == 100
    # Unequal waits end it: fewer tries fail than in the part of the livelock that was recorded.
    assert waiting["retries"] < in_step["retries"]
    # All three threads were running all the time.
    ran = made.ask("retry-4", "select tid, max(tick) as last from probe where value < 0 group by tid")
    assert len(ran) == 3
    end = made.log("retry-4").last_tick
    assert all(row["last"] > 0.9 * end for row in ran)


def test_no_money_is_lost(lesson: Any) -> None:
    made = lesson("deadlock")
    sums = {
        made.ask(name, "select value from probe order by seq desc limit 1")[0]["value"]
        for name in ("ordered-1", "ordered-4", "retry-1", "backoff-1", "backoff-4")
    }
    assert len(sums) == 1
