"""Locks in a circle, and three cures, one of which needs another."""

from typing import Any

from replay.analyses.contention import locks_at


def test_a_circle_deadlocks_under_some_schedules(lesson: Any) -> None:
    row = lesson("deadlock").row("circle")
    assert 0 < row["deadlocked"] < 100


def test_one_order_never_does(lesson: Any) -> None:
    made = lesson("deadlock")
    for name in ("ordered", "ordered4"):
        assert made.row(name)["deadlocked"] == made.row(name)["never_ended"] == 0


def test_the_circle_closes(lesson: Any) -> None:
    """Each lock's waiter holds the lock that the next one waits for, all the way round."""
    with lesson("deadlock").log("stuck") as log:
        locks = [lock for lock in locks_at(log, log.end_seq - 1) if lock.waiters]
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
    assert made.row("retry")["never_ended"] == 0
    assert made.row("retry4")["never_ended"] == 100
    assert made.row("retry4")["deadlocked"] == 0
    # Unequal waits end it: fewer tries fail than in the part of the livelock that was recorded.
    assert made.row("backoff4")["never_ended"] == 0
    assert made.row("backoff4")["retries"] < made.row("retry4")["retries"]
    # All three threads were running all the time.
    ran = made.ask("retry4", "select tid, max(tick) as last from probe where value = -16 group by tid")
    assert len(ran) == 3
    end = made.log("retry4").last_tick
    assert all(row["last"] > 0.9 * end for row in ran)


def test_no_money_is_lost(lesson: Any) -> None:
    made = lesson("deadlock")
    sums = {
        made.ask(name, "select value from probe order by seq desc limit 1")[0]["value"]
        for name in ("ordered", "ordered4", "retry", "backoff4")
    }
    assert len(sums) == 1
