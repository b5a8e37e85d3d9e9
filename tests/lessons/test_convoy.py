"""A preemption with the lock in hand makes a queue; only a lock that is handed on keeps it."""

from typing import Any

LOCKS = ("fifo", "mutex", "ticket", "spin")
SHORT, ENDLESS = 1000, 1_000_000


def test_the_quantum_ends_nobody_s_slice_in_the_endless_runs(lesson: Any) -> None:
    made = lesson("convoy")
    for name in LOCKS:
        for harts in (1, 2):
            assert made.row(name, harts=harts, quantum=ENDLESS)["preempted"] == 0
            assert made.row(name, harts=harts, quantum=SHORT)["preempted"] > 0


def test_without_preemption_one_hart_has_no_convoy(lesson: Any) -> None:
    made = lesson("convoy")
    for name in LOCKS:
        row = made.row(name, harts=1, quantum=ENDLESS)
        assert row["slept"] == 0
        assert row["switches_per_turn"] < 0.1


def test_the_lock_that_is_handed_on_costs_a_switch_a_turn(lesson: Any) -> None:
    made = lesson("convoy")
    for harts in (1, 2):
        fifo, mutex = (made.row(name, harts=harts, quantum=SHORT) for name in ("fifo", "mutex"))
        assert fifo["switches_per_turn"] > 0.8
        assert mutex["switches_per_turn"] < fifo["switches_per_turn"] / 1.5
        assert mutex["slept"] < fifo["slept"] / 4
        assert fifo["throughput"] < mutex["throughput"]


def test_it_begins_with_a_preempted_holder(lesson: Any) -> None:
    """The first worker that sleeps for the lock does so while the one that has it was preempted."""
    made = lesson("convoy")
    case = f"fifo-1-{SHORT}"
    (first,) = made.ask(case, "select min(seq) as seq from thread where action = 'blocked' and tid > 1")
    number = made.ask(case, "select number from probe group by number order by count(*) desc limit 1")
    (got,) = made.ask(
        case,
        f"select tid, seq from probe where number = {number[0]['number']} and seq < {first['seq']} "
        "order by seq desc limit 1",
    )
    (lost,) = made.ask(
        case,
        f"select reason from context_switch where prev = {got['tid']} and seq between {got['seq']} and "
        f"{first['seq']}",
    )
    assert lost["reason"] == "preempted"


def test_it_stays(lesson: Any) -> None:
    """Once there is a queue, turns of the lock that is handed on begin asleep, and few of the other do."""
    made = lesson("convoy")
    parts = {}
    for name in ("fifo", "mutex"):
        case = f"{name}-1-{SHORT}"
        (first,) = made.ask(case, "select min(tick) as tick from thread where action = 'blocked' and tid > 1")
        (slept,) = made.ask(case, "select count(*) as n from thread where action = 'blocked' and tid > 1")
        (turns,) = made.ask(
            case,
            "select count(*) as n from probe where number = (select number from probe group by number "
            f"order by count(*) desc limit 1) and tick > {first['tick']}",
        )
        parts[name] = slept["n"] / turns["n"]
    assert parts["fifo"] > 0.9
    assert parts["mutex"] < 0.25


def test_waiting_in_a_loop_for_one_s_turn_costs_whole_slices(lesson: Any) -> None:
    made = lesson("convoy")
    for harts in (1, 2):
        rows = {name: made.row(name, harts=harts, quantum=SHORT)["throughput"] for name in LOCKS}
        assert rows["ticket"] < min(rows["fifo"], rows["mutex"], rows["spin"]) / 2
        # The same lock is as good as any when nobody is preempted.
        alone = {name: made.row(name, harts=harts, quantum=ENDLESS)["throughput"] for name in LOCKS}
        assert alone["ticket"] > 0.9 * max(alone.values())


def test_on_two_harts_a_collision_is_enough(lesson: Any) -> None:
    made = lesson("convoy")
    fifo, mutex = (made.row(name, harts=2, quantum=ENDLESS) for name in ("fifo", "mutex"))
    assert fifo["slept"] > 10 * max(mutex["slept"], 1)
    assert fifo["throughput"] < 0.8 * mutex["throughput"]
