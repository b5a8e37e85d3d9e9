"""Without an operating system: what there is before a program's first instruction, and who made it."""

from typing import Any

BARE = ("bare", "data", "nothing", "stackless")


def test_one_program_computes_the_same_with_and_without(lesson: Any) -> None:
    made = lesson("bare")
    sums = [
        made.ask(
            run, "select value from instruction join code using (pc) where disassembly like 'sd a0,0(t1)'"
        )
        for run in ("bare", "os")
    ]
    assert sums[0] == sums[1] == [{"value": 5050}]
    assert [made.row(run)["status"] for run in ("bare", "os")] == [0, 0]


def test_an_operating_system_makes_what_the_user_else_gives(lesson: Any) -> None:
    made = lesson("bare")
    for run in BARE:
        for measure in ("regions", "registers", "bytes"):
            assert made.row(run)[measure] < made.row("os")[measure]
        assert made.row(run)["regions"] == made.row(run)["registers"] == 1


def test_each_is_lost_in_the_others_world(lesson: Any) -> None:
    """Who relies on a stack has none when bare; who takes memory by itself finds it not to be its own."""
    made = lesson("bare")
    for run, address in (("stackless", -8), ("own", 0x4000 - 8)):
        (fault,) = made.ask(run, "select address from fault")
        assert fault["address"] == address
        assert made.row(run)["instructions"] < made.row("bare")["instructions"]


def test_a_hart_executes_data(lesson: Any) -> None:
    made = lesson("bare")
    executed = made.ask("data", "select pc from instruction")
    placed = made.ask("data", "select address from kernel_write order by seq")
    assert executed == [{"pc": placed[-1]["address"]}]
    assert made.row("data")["status"] == made.row("nothing")["status"] != 0
    assert made.row("nothing")["instructions"] == 0
