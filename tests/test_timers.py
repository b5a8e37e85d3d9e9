"""Timers against a plain table of deadlines."""

from hypothesis import given
from hypothesis import strategies as st

from sim.timers import NONE, Timers

STEPS = st.lists(
    st.tuples(st.sampled_from(["set", "drop", "due"]), st.integers(1, 6), st.integers(0, 20)), max_size=80
)


@given(STEPS)
def test_timers_are_a_table_with_its_least(steps: list[tuple[str, int, int]]) -> None:
    timers, table = Timers(), dict[int, int]()
    for action, tid, tick in steps:
        if action == "set":
            timers.set(tid, tick)
            table[tid] = tick
        elif action == "drop":
            timers.drop(tid)
            table.pop(tid, None)
        else:
            due = sorted((until, tid) for tid, until in table.items() if until <= tick)
            assert timers.due(tick) == [tid for _, tid in due]
        assert timers.first == min(table.values(), default=NONE)
        assert set(timers) == set(table) and len(timers) == len(table)
        assert all(tid in timers for tid in table)


def test_deadlines_that_never_come_due_take_no_room() -> None:
    """A lock with a timeout, taken in time again and again."""
    timers = Timers()
    for _ in range(10_000):
        timers.set(1, 1 << 40)
        timers.drop(1)
    assert len(timers._heap) < 100
