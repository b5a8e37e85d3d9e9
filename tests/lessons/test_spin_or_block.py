"""Spinning against sleeping, by how long locks are held and how many harts there are."""

from typing import Any

import pytest

from replay.analyses.contention import contention

HOLDS = (10, 30, 100, 300, 1000)


def ticks(made: Any, harts: int) -> list[tuple[int, int]]:
    """(spinning, sleeping) for each hold time."""
    return [
        tuple(made.row(name, harts=harts, hold=hold)["ticks"] for name in ("spin", "block"))  # type: ignore[misc]
        for hold in HOLDS
    ]


def test_with_a_hart_for_each_thread_spinning_wins(lesson: Any) -> None:
    assert all(spin < block for spin, block in ticks(lesson("spin-or-block"), 4))


def test_on_one_hart_sleeping_wins(lesson: Any) -> None:
    assert all(block < spin for spin, block in ticks(lesson("spin-or-block"), 1))


def test_in_between_the_hold_time_decides(lesson: Any) -> None:
    """Spinning wins up to some hold time, sleeping from there on: up to what a sleep and a wake-up cost."""
    made = lesson("spin-or-block")
    wins = [spin < block for spin, block in ticks(made, 2)]
    assert wins == sorted(wins, reverse=True)
    assert wins[0] and not wins[-1]
    costs = made.log("spin-2-10").options["costs"]
    asleep = 2 * costs["syscall"] + 2 * costs["context_switch"]
    assert all(not won for won, hold in zip(wins, HOLDS, strict=True) if hold > asleep)


@pytest.mark.parametrize("harts", [1, 2])
def test_a_preempted_holder_makes_spinners_wait_for_slices(lesson: Any, harts: int) -> None:
    """The holder lost its hart with the lock in its hand: it held it for longer than its work takes."""
    made = lesson("spin-or-block")
    with made.log(f"spin-{harts}-300") as log:
        (lock,) = contention(log).locks.to_pylist()
    assert lock["hold_max"] > 2 * lock["hold_min"]
    assert lock["hold_max"] > log.options["quantum"]
