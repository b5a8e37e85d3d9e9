"""Tasks as coroutines and as threads: what making, switching and keeping one costs."""

from typing import Any


def test_a_coroutine_keeps_only_what_is_live(lesson: Any) -> None:
    made = lesson("coroutine-cost")
    assert made.row("coroutine")["memory"] < made.row("thread")["memory"] / 4
    assert made.row("thread")["memory"] >= 4096


def test_a_coroutine_is_made_without_the_kernel(lesson: Any) -> None:
    made = lesson("coroutine-cost")
    assert made.row("coroutine")["create"] < made.row("thread")["create"] / 2
    calls = made.ask("coroutine", "select count(*) as n from syscall where name in ('clone', 'sched_yield')")
    assert calls[0]["n"] == 0


def test_only_a_threads_turn_grows_with_the_kernels_costs(lesson: Any) -> None:
    made = lesson("coroutine-cost")
    coroutine, thread = (
        made.row(f"{name}20")["switch"] / made.row(name)["switch"] for name in ("coroutine", "thread")
    )
    assert coroutine < 1.1
    assert thread > 5
    assert made.row("coroutine20")["switch"] < made.row("thread20")["switch"] / 5


def test_each_turn_of_a_thread_is_a_system_call_and_a_switch(lesson: Any) -> None:
    made = lesson("coroutine-cost")
    turns = made.row("thread")["turns"]
    yields = made.ask(
        "thread", "select count(*) as n from syscall where name = 'sched_yield' and action = 'enter'"
    )
    switches = made.ask("thread", "select count(*) as n from context_switch where reason = 'yielded'")
    assert yields[0]["n"] == turns
    assert switches[0]["n"] >= 0.9 * turns
