"""A process is put away and goes on: at which pc, with which registers, and what turns cost."""

from itertools import pairwise
from typing import Any

import pytest

from replay.recording import Recording

QUANTA = (200, 1000, 5000, 100_000)


@pytest.mark.parametrize("quantum", QUANTA[:3])
def test_a_preempted_process_goes_on_exactly_where_it_was(lesson: Any, quantum: int) -> None:
    """Every preemption: the context that is saved is that which the next instruction of the thread finds,
    and the next instruction is at its pc."""
    made = lesson("process")
    case = f"tasks-{quantum}"
    turns = made.ask(
        case,
        """select gone.seq as gone, gone.prev as tid, min(instruction.seq) as resumed,
            arg_min(pc, instruction.seq) as pc
        from context_switch gone join instruction on tid = gone.prev and instruction.seq > gone.seq
        where reason = 'preempted' group by all order by gone""",
    )
    assert len(turns) == made.row("tasks", quantum=quantum)["preemptions"] > 0
    with made.log(case) as log:
        recording = Recording(log)
        for turn in turns:
            tid = turn["tid"]
            saved = recording.state(turn["gone"]).threads[tid]
            found = recording.state(turn["resumed"] - 1).threads[tid]
            assert (saved.registers, saved.floats) == (found.registers, found.floats)
            assert saved.pc == found.pc == turn["pc"]


def test_three_programs_are_three_processes_on_one_hart(lesson: Any) -> None:
    made = lesson("process")
    for quantum in QUANTA:
        ran = made.ask(f"tasks-{quantum}", "select distinct hart, tid from instruction order by tid")
        assert ran == [{"hart": 0, "tid": tid} for tid in (1, 2, 3)]


def test_they_compute_what_they_compute_alone(lesson: Any) -> None:
    """However they are cut into turns, each executes the same instructions."""
    made = lesson("process")
    counts = [
        made.ask(f"tasks-{quantum}", "select tid, count(*) as n from instruction group by 1 order by 1")
        for quantum in QUANTA
    ]
    assert all(count == counts[0] for count in counts)


def test_longer_turns_cost_less_and_make_others_wait(lesson: Any) -> None:
    rows = [lesson("process").row("tasks", quantum=quantum) for quantum in QUANTA]
    for shorter, longer in pairwise(rows):
        assert shorter["switches"] > longer["switches"]
        assert shorter["overhead"] > longer["overhead"]
        assert shorter["late"] < longer["late"]


def test_turns_cost_ticks_until_nobody_overlaps_any_more(lesson: Any) -> None:
    """Short turns end late by what switches cost. Turns without end end latest: the clock sleeps on when
    nobody else has anything to do."""
    rows = [lesson("process").row("tasks", quantum=quantum) for quantum in QUANTA]
    assert rows[0]["ticks"] > rows[1]["ticks"] > rows[2]["ticks"]
    assert rows[3]["ticks"] > rows[2]["ticks"]
