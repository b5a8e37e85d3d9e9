"""Numbers about runs: small programs by hand, examples by what must hold of any run."""

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
import rig

from replay.analyses.stats import stats

EXAMPLES = ("counter_mutex", "counter_spin", "producer_consumer", "deadlock", "generator", "fib")
FREE = ("syscall=0", "tlb_miss=0", "page_fault=0", "thread_create=0")


def row(table: pa.Table) -> dict[str, Any]:
    (only,) = table.to_pylist()
    found: dict[str, Any] = only
    return found


def by(table: pa.Table, key: str) -> dict[Any, dict[str, Any]]:
    return {found[key]: found for found in table.to_pylist()}


LINE = """
_start: li t0, 6
        li t1, 7
        mul t2, t0, t1
        probe DONE, t2
        nop
        nop
        probe DONE, t2
        sys SYS_EXIT_GROUP, 0
"""


def test_one_thread_by_hand(record: Any) -> None:
    """The switch takes ticks 0 to 9. Then 10 instructions: two at 10 and 11; the mul at 12 takes 4 ticks; the
    first probe is at 16, nops at 17 and 18, the second probe at 19; li, li and the ecall at 20 to 22."""
    found = stats(record(LINE, harts=2, costs=(*FREE, "context_switch=10")).recording.log)
    run = row(found["run"])
    assert (run["ticks"], run["instructions"], run["threads"], run["harts"]) == (22, 10, 1, 2)
    assert run["busy_ticks"] == 22
    assert run["idle_ticks"] == 22
    assert run["utilisation"] == 0.5
    assert run["ipc"] == pytest.approx(10 / 44)
    assert run["switch_ticks"] == 10
    assert run["trap_ticks"] == 0
    assert run["overhead"] == pytest.approx(10 / 22)
    assert (run["context_switches"], run["syscalls"], run["output_bytes"]) == (2, 1, 0)
    harts = by(found["harts"], "hart")
    assert (harts[0]["instruction_ticks"], harts[0]["instructions"]) == (13, 10)
    assert (harts[1]["busy_ticks"], harts[1]["overhead"]) == (0, None)
    thread = row(found["threads"])
    assert (thread["running"], thread["ready"], thread["blocked"], thread["syscalls"]) == (22, 0, 0, 1)
    assert thread["ipc"] == pytest.approx(10 / 22)
    assert thread["overhead"] == pytest.approx(10 / 22)


def test_probes_by_hand(record: Any) -> None:
    found = stats(record(LINE, harts=1, costs=(*FREE, "context_switch=10")).recording.log)
    probe = row(found["probes"])
    assert (probe["name"], probe["count"], probe["first_tick"], probe["last_tick"]) == ("DONE", 2, 16, 19)
    assert probe["per_1000_ticks"] == pytest.approx(2000 / 22)
    assert probe["per_1000_ticks_between"] == pytest.approx(1000 / 3)


TWO = """
_start: spawn stack_top, child
        nop
        nop
        nop
        nop
        nop
        sys SYS_EXIT, 0
child:  sys SYS_EXIT, 0
        .bss
        .align 4
        .zero 256
stack_top:
"""


def test_scheduling_latency_by_hand(record: Any) -> None:
    """On one hart the child is ready from the clone on. The parent retires nine instructions more (beqz, five
    nops, li, li, ecall) before its exit, one a tick; the child runs at once."""
    found = stats(record(TWO, harts=1, costs=(*FREE, "context_switch=0")).recording.log)
    latency = by(found["latency"], "tid")
    assert latency[2] == {"tid": 2, "count": 1, "mean": 9.0, "p50": 9.0, "p95": 9.0, "max": 9}
    assert latency[None]["count"] == 2
    assert latency[None]["mean"] == 4.5
    states = {(s["tid"], s["state"]): s["ticks"] for s in found["states"].to_pylist()}
    assert states[2, "ready"] == 9
    run = row(found["run"])
    assert run["run_queue_max"] == 1
    assert run["run_queue_mean"] == pytest.approx(9 / run["ticks"])
    reasons = {s["reason"]: s["count"] for s in found["switches"].to_pylist()}
    assert reasons == {"woken": 1, "exited": 2}


def test_blocked_time_by_hand(record: Any) -> None:
    """A sleep of 1,000 ns is 1,000 ticks, during which the hart is idle."""
    source = """
_start: la a0, time
        sys SYS_NANOSLEEP, , 0
        sys SYS_EXIT_GROUP, 0
        .data
        .align 3
time:   .dword 0, 1000
"""
    found = stats(record(source, harts=1, costs=(*FREE, "context_switch=0")).recording.log)
    states = {s["state"]: s for s in found["states"].to_pylist()}
    assert states["blocked"]["ticks"] == 1000
    assert states["blocked"]["on"] == "sleep"
    assert row(found["run"])["idle_ticks"] == 1000
    assert by(found["syscalls"], "name")["nanosleep"]["blocked_mean"] == 1000


@pytest.mark.parametrize("harts", [1, 2, 3])
@pytest.mark.parametrize("name", EXAMPLES)
def test_what_holds_of_every_run(example: Any, name: str, harts: int) -> None:
    log = example(name, harts=harts).recording.log
    found = stats(log)
    run, kinds = row(found["run"]), log.kinds()
    assert run["ticks"] == log.last_tick
    assert run["busy_ticks"] + run["idle_ticks"] == harts * log.last_tick
    for hart in found["harts"].to_pylist():
        assert hart["busy_ticks"] + hart["idle_ticks"] == log.last_tick
        assert 0 <= hart["utilisation"] <= 1
        assert 0 <= hart["ipc"] <= 1
        assert hart["overhead"] is None or 0 <= hart["overhead"] <= 1
    threads = found["threads"].to_pylist()
    assert sum(thread["running"] for thread in threads) == run["busy_ticks"]
    for thread in threads:
        assert thread["running"] + thread["ready"] + thread["blocked"] == thread["lifetime"]
    for section in ("harts", "threads"):
        assert sum(found[section]["instructions"].to_pylist()) == kinds["instruction"]
    assert sum(found["events"]["count"].to_pylist()) == log.end_seq
    assert run["context_switches"] == kinds["context_switch"]
    assert run["tlb_refills"] == kinds["tlb"] > 0
    assert run["run_queue_max"] <= len(threads)
    ready = sum(thread["ready"] for thread in threads)
    assert run["run_queue_mean"] == pytest.approx(ready / log.last_tick)
    waits = by(found["latency"], "tid")[None]
    assert waits["p50"] <= waits["p95"] <= waits["max"]


def test_output_and_calls_of_an_example(example: Any) -> None:
    recorded = example("counter_mutex")
    found = stats(recorded.recording.log)
    assert row(found["output"])["bytes"] == len(recorded.console.output[1])
    assert by(found["syscalls"], "name")["clone"]["count"] == 4
    by_thread = {(s["tid"], s["kind"]): s["count"] for s in found["events_by_thread"].to_pylist()}
    for thread in found["threads"].to_pylist():
        assert by_thread[thread["tid"], "instruction"] == thread["instructions"]


def test_coroutine_saves_are_overhead(example: Any) -> None:
    with_coroutines = row(stats(example("generator").recording.log)["run"])
    assert with_coroutines["coroutine_ticks"] > 0
    assert row(stats(example("fib").recording.log)["run"])["coroutine_ticks"] == 0


def test_both_stores_have_the_same_stats(example: Any) -> None:
    parquet, sqlite = (
        stats(example("counter_mutex", store=store).recording.log) for store in ("parquet", "sqlite")
    )
    for name in parquet:
        drop = ["run"] if name == "run" else []
        assert parquet[name].drop_columns(drop).equals(sqlite[name].drop_columns(drop)), name


def test_a_truncated_run_counts_to_its_end(record: Any) -> None:
    log = record(rig.EXAMPLES / "counter_mutex.asm", max_events=20_000).recording.log
    found = stats(log)
    assert row(found["run"])["events"] == log.end_seq
    assert sum(t["running"] for t in found["threads"].to_pylist()) == row(found["run"])["busy_ticks"]


def test_command(example: Any, simrec: Callable[..., Any]) -> None:
    recorded = example("counter_mutex")
    shown = simrec(recorded, "stats")
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    assert any(
        line.split() == ["instructions", f"{recorded.recording.log.kinds()['instruction']:,}"]
        for line in lines
    )
    for heading in ("Harts", "Threads", "Scheduling latency", "Context switches", "System calls", "Events"):
        assert any(line.startswith(heading) for line in lines)
    document = json.loads(simrec(recorded, "stats", "--json").stdout)
    assert document["run"]["events"] == recorded.recording.log.end_seq
    assert len(document["threads"]) == 5
    assert document["events_by_hart"]
