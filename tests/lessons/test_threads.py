"""Threads of one process: at once, on stacks of their own, which nothing protects."""

from itertools import pairwise
from typing import Any

COUNTS = (1, 2, 4, 8)


def test_threads_run_at_once(lesson: Any) -> None:
    made = lesson("threads")
    at_once = [made.row("team", threads=count)["harts_at_once"] for count in COUNTS]
    assert at_once == sorted(at_once)
    # Never on more harts than there are threads, main among them.
    for count, harts in zip(COUNTS, at_once, strict=True):
        assert 1 < harts <= min(count + 1, 4)


def test_they_are_in_different_functions_at_the_same_time(lesson: Any) -> None:
    entries = lesson("threads").ask(
        "team-4",
        "select function, min(tick) as began, max(tick) as ended from instruction join code using (pc) "
        "where function in ('summer', 'digger', 'keeper') group by function",
    )
    assert len(entries) == 3
    assert max(row["began"] for row in entries) < min(row["ended"] for row in entries)


def test_each_thread_costs_a_stack_and_nothing_else(lesson: Any) -> None:
    made = lesson("threads")
    rows = [made.row("team", threads=count) for count in COUNTS]
    one = rows[0]["stack_KiB"]
    for count, row in zip(COUNTS, rows, strict=True):
        assert row["stacks"] == count
        assert row["stack_KiB"] == count * one
        # Much more is mapped than touched.
        assert count <= row["stack_pages"] < row["stack_KiB"] / 4
    assert rows[-1]["shared_pages"] == rows[-2]["shared_pages"]


def test_registers_are_private(lesson: Any) -> None:
    """Each thread's stack pointer stays in a stack of its own."""
    stacks = lesson("threads").ask(
        "team-4",
        "select tid, min(sp) as low, max(sp) as high from stack where tid > 1 group by tid order by low",
    )
    assert len(stacks) >= 2
    for below, above in pairwise(stacks):
        assert below["high"] < above["low"]


def test_a_stack_is_not_protected_from_siblings(lesson: Any) -> None:
    made = lesson("threads")
    (wrote,) = made.ask("intruder", "select tid, value from probe where number = 1")
    (read,) = made.ask("intruder", "select tid, value from probe where number = 0")
    assert wrote["tid"] != read["tid"]
    assert wrote["value"] == read["value"]
    assert not made.ask("intruder", "select * from fault")
    # The owner had put something else there.
    own = made.ask(
        "intruder",
        "select value from instruction join code using (pc) where function = 'owner' and effect = 'store' "
        f"and tid = {read['tid']} order by instruction.seq",
    )
    assert own[0]["value"] != read["value"]
