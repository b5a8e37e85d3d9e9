"""Turnaround, response, waiting and fairness: textbook workloads by hand, examples by what must hold."""

import json
from collections.abc import Callable
from typing import Any

import jobs
import pytest
import rig
from hypothesis import given
from hypothesis import strategies as st
from jobs import FREE, UNIT, Job, units

from replay.analyses.schedule import NoSuchRow, jain, schedule
from replay.analyses.stats import stats
from simrec.cli import app


def ran(record: Any, some: list[Job], quantum: float = 1, **options: Any) -> dict[str, dict[str, Any]]:
    """The rows of the jobs, by name."""
    recorded = record(
        jobs.program(some), harts=2, costs=FREE, quantum=round(quantum * UNIT), **options
    ).recording
    rows = {row["tid"]: row for row in schedule(recorded.log)["rows"].to_pylist()}
    return {job.name: rows[place] for place, job in enumerate(some, 2)}


def in_units(rows: dict[str, dict[str, Any]], name: str) -> list[int]:
    return [units(row[name]) for row in rows.values()]


def test_the_convoy(record: Any) -> None:
    """A 0-100, B 100-110, C 110-120: each waits from 0 on until its turn."""
    rows = ran(record, [Job("A", 100), Job("B", 10), Job("C", 10)], scheduler="fifo")
    assert in_units(rows, "turnaround") == [100, 110, 120]
    assert in_units(rows, "response") == in_units(rows, "waiting") == [0, 100, 110]
    assert in_units(rows, "running") == [100, 10, 10]
    assert [row["preemptions"] for row in rows.values()] == [0, 0, 0]
    shares = [row["share"] for row in rows.values()]
    assert shares == pytest.approx([1, 10 / 110, 10 / 120], abs=0.01)


def test_round_robin(record: Any) -> None:
    """ABCABC...: A 12-13 last, B 13-14, C 14-15; turnarounds 13, 14, 15, waiting 13 - 5, 14 - 5, 15 - 5. Each
    has five slices, of which four end with a preemption."""
    rows = ran(record, [Job("A", 5), Job("B", 5), Job("C", 5)], scheduler="rr")
    assert in_units(rows, "turnaround") == [13, 14, 15]
    assert in_units(rows, "response") == [0, 1, 2]
    assert in_units(rows, "waiting") == [8, 9, 10]
    assert [row["preemptions"] for row in rows.values()] == [4, 4, 4]


def test_sleep_is_no_waiting(record: Any) -> None:
    """A runs 0-1, sleeps 1-3, runs 3-4, sleeps 4-6 and exits: it never waits."""
    row = ran(record, [Job("A", 2, burst=1, pause=2)])["A"]
    assert [units(row[name]) for name in ("turnaround", "running", "blocked", "waiting")] == [6, 2, 4, 0]


def test_the_summary_by_hand(record: Any) -> None:
    """One hart; main makes the child and goes on, 9 more instructions to its exit; the child's only slice
    then is li, li, ecall. Switches take one tick each."""
    source = """
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
    found = schedule(record(source, harts=1, costs=FREE).recording.log)
    main, child = found["rows"].to_pylist()
    (summary,) = found["summary"].to_pylist()
    assert child["waiting"] == child["response"] == 9
    assert child["finish"] - child["first_run"] == child["running"]
    assert summary["mean_turnaround"] == (main["finish"] - main["arrival"] + child["turnaround"]) / 2
    assert summary["mean_response"] == summary["mean_waiting"] == 4.5
    shares = (1.0, child["running"] / (child["running"] + 9))
    assert summary["fairness"] == pytest.approx(sum(shares) ** 2 / (2 * sum(s * s for s in shares)))
    assert summary["throughput"] == pytest.approx(2000 / (child["finish"] - main["arrival"]))
    assert (summary["count"], summary["finished"], summary["switches"]) == (2, 2, 2)


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=8))
def test_jain_s_index(shares: list[float]) -> None:
    index = jain(shares)
    assert index is not None and 1 / len(shares) - 1e-9 <= index <= 1 + 1e-9
    assert jain([shares[0]] * len(shares)) == pytest.approx(1)
    assert jain([*([0.0] * (len(shares) - 1)), 1.0]) == pytest.approx(1 / len(shares))
    assert jain([]) is None


@pytest.mark.parametrize("name", ["counter_mutex", "producer_consumer", "deadlock", "generator"])
def test_what_holds_of_every_run(example: Any, name: str) -> None:
    log = example(name).recording.log
    rows = schedule(log)["rows"].to_pylist()
    threads = {row["tid"]: row for row in stats(log)["threads"].to_pylist()}
    assert [row["tid"] for row in rows] == list(threads)
    for row in rows:
        thread = threads[row["tid"]]
        assert (row["running"], row["waiting"], row["blocked"]) == (
            *(thread["running"], thread["ready"], thread["blocked"]),
        )
        assert row["arrival"] <= row["first_run"]
        if row["finish"] is not None:
            assert row["turnaround"] == row["waiting"] + row["running"] + row["blocked"]
            assert row["response"] <= row["waiting"]
    (process,) = schedule(log, by_process=True)["rows"].to_pylist()
    assert (process["pid"], process["tid"], process["threads"]) == (1, None, len(rows))
    assert process["program"] == f"{name}.asm"
    for column in ("waiting", "running", "blocked", "switches", "preemptions"):
        assert process[column] == sum(row[column] for row in rows)
    ended = [row["finish"] for row in rows]
    assert process["finish"] == (None if None in ended else max(ended))


def test_calls_that_say_something_of_a_thread_end_no_stay(record: Any) -> None:
    """set_tid_address and set_robust_list leave thread events; the thread runs on."""
    source = """
_start: li      t0, 100
1:      addi    t0, t0, -1
        bnez    t0, 1b
        la      a0, list
        sys     SYS_SET_TID_ADDRESS
        la      a0, list
        sys     99, , 24
        li      t0, 100
1:      addi    t0, t0, -1
        bnez    t0, 1b
        sys     SYS_EXIT, 0
        .data
        .align  3
list:   .dword  list, 0, 0
"""
    (row,) = schedule(record(source, harts=1, costs=FREE).recording.log)["rows"].to_pylist()
    assert row["running"] == row["turnaround"] > 400


def test_command(example: Any, simrec: Callable[..., Any]) -> None:
    recorded = example("counter_mutex")
    shown = simrec(recorded, "schedule")
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    assert lines[0].split()[:4] == ["pid", "tid", "arrival", "first"]
    assert [line.split()[1] for line in lines[1:6]] == ["1", "2", "3", "4", "5"]
    assert "5 of 5 finished; scheduler rr" in lines
    document = json.loads(simrec(recorded, "schedule", "--by", "process", "--json").stdout)
    assert (document["scheduler"], document["by"], len(document["rows"])) == ("rr", "process", 1)
    assert document["summary"]["finished"] == 1
    by_process = simrec(recorded, "schedule", "--by", "process").stdout.splitlines()
    assert by_process[1].split()[1] == "counter_mutex.asm"


def test_a_wrong_by_is_told(example: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    recorded = example("counter_mutex")
    monkeypatch.setenv("SIMREC_HOME", str(recorded.recording.log.run.home))
    result = CliRunner().invoke(app, ["schedule", recorded.recording.log.run.id, "--by", "proces"])
    assert result.exit_code == 2 and "did you mean process" in result.stderr


def test_a_run_that_was_cut_has_open_ends(record: Any) -> None:
    found = schedule(record(rig.EXAMPLES / "counter_mutex.asm", max_events=5_000).recording.log)
    rows = found["rows"].to_pylist()
    assert any(row["finish"] is None and row["turnaround"] is None for row in rows)
    (summary,) = found["summary"].to_pylist()
    assert summary["finished"] < summary["count"]


def test_some_can_be_left_out(record: Any) -> None:
    """Means and fairness are of the others: A has the hart 0-2, B waits 0-2 and has it 2-4."""
    recorded = record(
        jobs.program([Job("A", 2), Job("B", 2)]), harts=2, costs=FREE, scheduler="fifo"
    ).recording
    found = schedule(recorded.log, without=[1])
    assert found["rows"]["tid"].to_pylist() == [2, 3]
    (summary,) = found["summary"].to_pylist()
    assert units(summary["mean_turnaround"] * 2) == 2 + 4
    assert summary["fairness"] == pytest.approx(jain([1, 1 / 2]), abs=0.01)
    with pytest.raises(NoSuchRow, match="--without 9: no row is of tid 9"):
        schedule(recorded.log, without=[9])
