"""The locks of the runtime library: alone, contended, fair or not."""

from typing import Any

import pytest

HARTS = (1, 4)
SPINNING = ("tas", "tts", "ticket", "mcs")
BLOCKING = ("mutex", "semaphore", "cond", "write")
EXCLUSIVE = (*SPINNING, *BLOCKING)
THREADS, ROUNDS = 4, 25


@pytest.mark.parametrize("way", ["none", *EXCLUSIVE, "read", "barrier"])
def test_all_pass_as_often(lesson: Any, way: str) -> None:
    made = lesson("locks")
    for harts in HARTS:
        passed = made.ask(f"{way}-{harts}", "select count(*) as n from probe where number = 1")
        assert passed == [{"n": (THREADS + 1) * ROUNDS}]


def test_nobody_calls_the_kernel_for_a_free_lock(lesson: Any) -> None:
    made = lesson("locks")
    for way in (*EXCLUSIVE, "read"):
        for harts in HARTS:
            assert made.row(way, harts=harts)["calls_alone"] == 0
            assert made.row(way, harts=harts)["alone"] > made.row("none", harts=harts)["alone"]


def test_a_contended_lock_that_blocks_calls_it(lesson: Any) -> None:
    made = lesson("locks")
    for harts in HARTS:
        assert all(made.row(way, harts=harts)["calls"] == 0 for way in SPINNING)
        assert all(made.row(way, harts=harts)["calls"] > 0 for way in (*BLOCKING, "barrier"))


def test_first_come_first_served(lesson: Any) -> None:
    """Who has drawn a ticket, or is in line, is overtaken by nobody that came later: by each other thread
    only in the turn that it already had."""
    made = lesson("locks")
    for harts in HARTS:
        for way in ("ticket", "mcs"):
            assert made.row(way, harts=harts)["overtaken"] <= 1
        for way in ("tas", "tts", "mutex"):
            assert made.row(way, harts=harts)["overtaken"] > 1


def test_on_a_hart_each_the_fair_ones_wait_least_at_worst(lesson: Any) -> None:
    made = lesson("locks")
    waits = {way: made.row(way, harts=4)["longest_wait"] for way in (*EXCLUSIVE, "barrier")}
    fair = {waits.pop(way) for way in ("ticket", "mcs")}
    assert max(fair) < min(waits.values())


def test_test_and_set_hammers_the_lock(lesson: Any) -> None:
    """Each of its turns is an atomic, a ticket lock's only the first."""
    made = lesson("locks")
    for harts in HARTS:
        tas, tts, ticket = (made.row(way, harts=harts)["atomics"] for way in ("tas", "tts", "ticket"))
        assert tas > 5 * tts
        assert ticket == THREADS * ROUNDS < tts


def test_readers_are_inside_together(lesson: Any) -> None:
    made = lesson("locks")
    for harts in HARTS:
        assert all(made.row(way, harts=harts)["inside"] == 1 for way in EXCLUSIVE)
    read, write = (made.row(way, harts=4) for way in ("read", "write"))
    assert read["inside"] == THREADS
    assert read["ticks"] < write["ticks"] / 2


def test_with_fewer_harts_than_threads_waiting_in_line_is_worst(lesson: Any) -> None:
    """The ticket lock goes to a thread that isn't running, and all that are spin until it is."""
    made = lesson("locks")
    ticks = {way: made.row(way, harts=1)["ticks"] for way in EXCLUSIVE}
    assert ticks["ticket"] == max(ticks.values()) > 2 * ticks["mutex"]
