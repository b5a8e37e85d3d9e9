"""Queues of ready threads against plain lists."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.kernel.lots import Lots, Tickets
from sim.kernel.ready import InOrder, InTurn
from sim.thread import Bank, Thread

BANK = Bank()
AFFINITIES = (-1, 1, 2, 6)


def thread(tid: int, affinity: int, level: int) -> Thread:
    return Thread(tid, 1, 0, BANK, affinity=affinity, level=level)


@given(
    st.lists(
        st.tuples(
            *(st.sampled_from(["put", "ahead", "take", "drop"]), st.integers(0, 3), st.integers(0, 2)),
            st.sampled_from(AFFINITIES),
        ),
        max_size=60,
    )
)
def test_threads_come_in_order(steps: list[tuple[str, int, int, int]]) -> None:
    """By key, equals as they came, each only where it may run."""
    ready, model = InOrder(lambda each: each.level), list[Thread]()
    for tid, (action, level, hart, affinity) in enumerate(steps, 1):
        if action in ("put", "ahead"):
            new = thread(tid, affinity, level)
            ready.put(new, ahead=action == "ahead")
            model.insert(0 if action == "ahead" else len(model), new)
            model.sort(key=lambda each: each.level)
        elif action == "take":
            may = [each for each in model if each.affinity >> hart & 1]
            expected = may[0].tid if may else 0
            assert ready.first(hart) == expected
            assert ready.take(hart) == expected
            model = [each for each in model if each.tid != expected]
        elif model:
            gone = model.pop(level % len(model))
            ready.drop(gone.tid)
        assert ready.members.keys() == {each.tid for each in model}
        assert sum(ready.counts.values()) == len(model) and all(ready.counts.values())
        assert ready.least() == (model[0].level if model else None)


@given(
    st.lists(
        st.tuples(
            *(st.sampled_from(["put", "put", "ahead", "take", "drop"]), st.integers(0, 2)),
            st.sampled_from(AFFINITIES),
        ),
        max_size=60,
    )
)
def test_equal_threads_come_in_turn(steps: list[tuple[str, int, int]]) -> None:
    ready, model = InTurn(), list[Thread]()
    for tid, (action, hart, affinity) in enumerate(steps, 1):
        if action in ("put", "ahead"):
            new = thread(tid, affinity, 0)
            ready.put(new, ahead=action == "ahead")
            model.insert(0 if action == "ahead" else len(model), new)
        elif action == "take":
            expected = next((each.tid for each in model if each.affinity >> hart & 1), 0)
            assert ready.first(hart) == expected
            assert ready.take(hart) == expected
            model = [each for each in model if each.tid != expected]
        elif model:
            ready.drop(model.pop(hart % len(model)).tid)
        assert ready.members.keys() == {each.tid for each in model}
        assert sum(ready.counts.values()) == len(model) and all(ready.counts.values())


def test_threads_that_are_put_anew_again_and_again_take_no_room() -> None:
    ready = InOrder(lambda each: each.level)
    first, other = thread(1, -1, 0), thread(2, -1, 1)
    ready.put(first)
    for _ in range(10_000):
        ready.put(other)
        ready.drop(2)
    assert len(ready._heaps[-1]) < 100
    assert ready.take(0) == 1


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 9)), max_size=60))
def test_every_ticket_has_its_holder(steps: list[tuple[bool, int]]) -> None:
    """As many numbers lead to each thread as it holds tickets."""
    tickets, table = Tickets(), dict[int, int]()
    for tid, (put, number) in enumerate(steps, 1):
        if put:
            tickets.put(tid, number)
            table[tid] = number
        elif table:
            gone = list(table)[number % len(table)]
            tickets.drop(gone)
            del table[gone]
        assert tickets.total == sum(table.values())
        holders = [tickets.holder(ticket) for ticket in range(tickets.total)]
        assert {tid: holders.count(tid) for tid in table} == table


@pytest.mark.parametrize("hart", [0, 1])
def test_lots_are_drawn_from_those_who_may(hart: int) -> None:
    drawn = set()
    for seed in range(60):
        lots = Lots(lambda each: 1, Random(seed))
        for tid, affinity in enumerate(AFFINITIES, 1):
            lots.put(thread(tid, affinity, 0))
        order = [lots.take(hart) for _ in range(4)]
        drawn.add(tuple(order))
        may = {tid for tid, affinity in enumerate(AFFINITIES, 1) if affinity >> hart & 1}
        assert set(order[: len(may)]) == may and not any(order[len(may) :])
        assert lots.members.keys() == {1, 2, 3, 4} - may
    assert len(drawn) == len(may) * (len(may) - 1 or 1)
