"""The same job by two processes, by two threads, by a call: what each costs."""

from typing import Any


def test_all_compute_the_same(lesson: Any) -> None:
    made = lesson("process-vs-thread")
    values = {made.ask(f"{way}-1", "select value from probe where number = 2")[0]["value"] for way in WAYS}
    assert len(values) == 1


WAYS = ("processes", "threads", "call")


def test_a_process_costs_several_threads_to_make(lesson: Any) -> None:
    made = lesson("process-vs-thread")
    for harts in (1, 2):
        assert (
            made.row("processes", harts=harts)["creation"] > 3 * made.row("threads", harts=harts)["creation"]
        )


def test_processes_cost_more_than_threads_and_threads_more_than_a_call(lesson: Any) -> None:
    made = lesson("process-vs-thread")
    for harts in (1, 2):
        ticks = [made.row(way, harts=harts)["ticks"] for way in WAYS]
        assert ticks == sorted(ticks, reverse=True)
        assert ticks[1] > 3 * ticks[2]


def test_on_one_hart_each_value_costs_processes_more(lesson: Any) -> None:
    made = lesson("process-vs-thread")
    assert made.row("processes", harts=1)["per_value"] > made.row("threads", harts=1)["per_value"]


def test_each_switch_to_another_process_empties_the_tlb(lesson: Any) -> None:
    made = lesson("process-vs-thread")
    alone, apart = made.row("processes", harts=1), made.row("processes", harts=2)
    threads = made.row("threads", harts=1)
    assert alone["TLB_refills"] > alone["switches"] > threads["TLB_refills"]
    # On a hart of its own a process keeps its translations.
    assert apart["TLB_refills"] < apart["switches"] / 4


def test_pages_are_copied_one_by_one_and_only_when_written(lesson: Any) -> None:
    made = lesson("process-vs-thread")
    copied = made.ask("processes-1", "select pid, address from memory_map where action = 'copied'")
    present = made.ask(
        "processes-1", "select count(*) as n from memory_map where action = 'paged_in' and pid = 1"
    )
    assert 0 < len(copied) < present[0]["n"]
