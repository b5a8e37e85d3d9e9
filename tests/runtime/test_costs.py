"""What the heap and coroutines cost, in instructions of the program: the same however many there are."""

import pytest
import rig
from expectation import PROGRAMS

MANY = next(program for program in PROGRAMS if program.stem == "coroutine_many")


def instructions(count: int) -> int:
    """Ticks of a program that makes, resumes four times and destroys so many coroutines, on one hart without
    costs but for instructions."""
    free = tuple(f"{name}=0" for name in ("syscall", "tlb_miss", "page_fault", "context_switch"))
    live = rig.run(MANY, keep=False, harts=1, arguments=(str(count),), costs=free)
    assert live.ended == ("exited", 0)
    return int(live.kernel.machine.tick)


def test_a_coroutine_costs_the_same_among_many() -> None:
    """Destroyed in an order in which a search through all free blocks would show: from 500 to 8,000 the cost
    of each stays within 5 %."""
    few, many = instructions(500) / 500, instructions(8000) / 8000
    assert many == pytest.approx(few, rel=0.05)
    assert many < 1500
