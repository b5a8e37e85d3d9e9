"""A lock that is served in order, behind a waiter without a hart."""

from typing import Any

from replay.analyses.contention import contention


def test_order_costs_hardly_anything_while_everybody_has_a_hart(lesson: Any) -> None:
    made = lesson("preempted-waiter")
    assert made.row("ticket", harts=4)["ticks"] < 1.1 * made.row("spin", harts=4)["ticks"]


def test_with_fewer_harts_all_stop_behind_one(lesson: Any) -> None:
    made = lesson("preempted-waiter")
    for harts in (1, 2, 3):
        ticket, spin = (made.row(name, harts=harts) for name in ("ticket", "spin"))
        assert ticket["ticks"] > 1.5 * spin["ticks"]
        assert ticket["spins"] > 2 * spin["spins"]


def test_the_lock_is_free_meanwhile(lesson: Any) -> None:
    """The ticket lock is held no longer than the spinlock, all holds together, yet waited for much longer."""
    made = lesson("preempted-waiter")
    found = {}
    for name in ("ticket-3", "spin-3"):
        with made.log(name) as log:
            (found[name],) = contention(log).locks.to_pylist()
    ticket, spin = found["ticket-3"], found["spin-3"]
    assert ticket["hold_total"] < 1.5 * spin["hold_total"]
    assert ticket["wait_total"] > 2 * spin["wait_total"]


def test_in_order(lesson: Any) -> None:
    """Who draws a ticket first has the lock first."""
    with lesson("preempted-waiter").log("ticket-3") as log:
        intervals = contention(log).intervals.to_pylist()
    by_ticket = sorted(intervals, key=lambda row: row["acquired_seq"])
    drawn = lesson("preempted-waiter").ask(
        "ticket-3",
        "select tid from atomic join code using (pc) where function = 'ticket_lock' order by atomic.seq",
    )
    assert [row["tid"] for row in by_ticket] == [row["tid"] for row in drawn]
