"""What waits and wakes, under many schedules: the programs expect the same of each."""

import re
from pathlib import Path

import pytest
from expectation import PROGRAMS, Expectation
from runners import Simrec

#: Programs whose threads wait for each other.
WAITING = re.compile("lock_fifo|cond_|rw_|barrier_|once_|queue_|pool_|channel_|process_shared|tls_")
WAITERS = [program for program in PROGRAMS if WAITING.match(program.stem)]


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("program", WAITERS, ids=lambda program: program.stem)
def test_any_choice_of_threads(program: Path, seed: int) -> None:
    """Random choices, and on one hart in short slices that end anywhere."""
    expected = Expectation.of(program)
    for runner in (Simrec(3, "random", seed), Simrec(1, "rr", seed, quantum=97)):
        outcome = runner.run(program, expected.arguments, expected.stdin)
        assert outcome == (expected.stdout, expected.status), runner.name
