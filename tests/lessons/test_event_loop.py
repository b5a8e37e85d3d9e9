"""An event loop against a thread for each task, and against waiting for each operation."""

from typing import Any

import pytest

TASKS = (4, 16, 64)
ROUNDS, IO = 4, 10_000


@pytest.mark.parametrize("run", ["one", "threads", "loop"])
def test_all_do_every_operation(lesson: Any, run: str) -> None:
    made = lesson("event-loop")
    for tasks in TASKS:
        done = made.ask(f"{run}-{tasks}", "select count(*) as n from io where action = 'completed'")
        assert done == [{"n": tasks * ROUNDS}]


@pytest.mark.parametrize("tasks", TASKS)
def test_who_waits_for_each_operation_waits_for_their_sum(lesson: Any, tasks: int) -> None:
    made = lesson("event-loop")
    one = made.row("one", tasks=tasks)
    assert one["in_flight"] == 1
    assert one["ticks"] > tasks * ROUNDS * IO
    for run in ("threads", "loop"):
        assert made.row(run, tasks=tasks)["in_flight"] >= min(tasks, 16)
        assert made.row(run, tasks=tasks)["ticks"] < one["ticks"] / 3


@pytest.mark.parametrize("tasks", TASKS)
def test_the_loop_takes_about_as_long_as_threads(lesson: Any, tasks: int) -> None:
    made = lesson("event-loop")
    loop, threads = (made.row(run, tasks=tasks) for run in ("loop", "threads"))
    assert 0.8 < loop["ticks"] / threads["ticks"] < 1.25


@pytest.mark.parametrize("tasks", TASKS)
def test_the_loop_needs_less_of_the_kernel_and_of_memory(lesson: Any, tasks: int) -> None:
    made = lesson("event-loop")
    loop, threads = (made.row(run, tasks=tasks) for run in ("loop", "threads"))
    assert loop["switches"] < threads["switches"] / 4
    assert loop["system_calls"] < threads["system_calls"]
    assert loop["memory"] <= threads["memory"] / 2
    assert 0 < loop["frame_bytes"] < threads["memory_per_task"] / 10


def test_a_full_loop_asks_the_kernel_less_for_each_task(lesson: Any) -> None:
    """One call brings all completions that have come meanwhile."""
    made = lesson("event-loop")
    each = [made.row("loop", tasks=tasks)["system_calls"] / tasks for tasks in TASKS]
    assert each[0] > each[1] > each[2]
    threads = [made.row("threads", tasks=tasks)["system_calls"] / tasks for tasks in TASKS]
    assert max(threads) < 1.2 * min(threads)


def test_the_loop_is_one_thread(lesson: Any) -> None:
    made = lesson("event-loop")
    assert made.ask("loop-64", "select distinct tid from instruction") == [{"tid": 1}]
    assert len(made.ask("threads-64", "select distinct tid from instruction")) == 65
