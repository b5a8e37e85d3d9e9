"""Virtual memory: one address in two processes, copies of pages only where they are written."""

from typing import Any

WRITTEN = (0, 2, 4, 8)


def test_one_address_has_two_frames_and_two_numbers(lesson: Any) -> None:
    made = lesson("memory")
    stores = made.ask(
        "fork-4",
        "select pid, value, address from instruction_code "
        "where effect = 'store' and disassembly like 'sd t0,%(t1)'",
    )
    numbers = {(row["pid"], row["value"]) for row in stores}
    assert {(1, 1), (2, 2)} <= numbers
    assert len({row["address"] for row in stores}) == 1
    reads = made.ask("fork-4", "select tid, value from probe where number <> 0")
    assert {(row["tid"], row["value"]) for row in reads} == {(1, 1), (2, 2)}


def test_a_fork_copies_no_page(lesson: Any) -> None:
    made = lesson("memory")
    assert all(made.row("fork", written=count)["copied_at_fork"] == 0 for count in WRITTEN)


def test_each_page_that_is_written_later_is_copied_once(lesson: Any) -> None:
    made = lesson("memory")
    copied = {count: made.row("fork", written=count)["copied_later"] for count in WRITTEN}
    assert all(copied[count] - copied[0] == count for count in WRITTEN)
    for count in WRITTEN:
        row = made.row("fork", written=count)
        assert row["frames"] == row["pages_of_parent"] + row["copied_later"] < row["frames_if_copied"]
    ticks = [made.row("fork", written=count)["child_ticks"] for count in WRITTEN]
    assert ticks == sorted(set(ticks))


def test_nobody_finds_anothers_memory(lesson: Any) -> None:
    made = lesson("memory")
    (fault,) = made.ask("trespass", "select pid, address from fault")
    assert (fault["pid"], fault["address"]) == (2, 0x4000_0000)
    (kept,) = made.ask("trespass", "select tid, value from probe")
    (stored,) = made.ask(
        "trespass",
        f"select value from instruction_code where effect = 'store' and pid = 1 and address = {0x4000_0000}",
    )
    assert (kept["tid"], kept["value"]) == (1, stored["value"])
