"""`simrec verify`, `simrec rebuild` and `--detail`, as they are typed."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from console import COMMAND, PROGRAMS, Simrec, environment

from recorder.catalog import Catalog
from recorder.run import chained

RACE = "examples/counter_race.asm"
SAME = "run again: the same, event for event; digest "


@pytest.mark.parametrize("store", ["parquet", "sqlite"])
@pytest.mark.parametrize("jit", ["1", "0"])
def test_a_good_recording(simrec: Simrec, store: str, jit: str) -> None:
    """Recorded by one executor, verified by either."""
    run = simrec("run", RACE, "--store", store, "--seed", 2).run
    answer = simrec("verify", "--fold", SIMREC_JIT=jit)
    assert answer.status == 0
    lines = answer.output.splitlines()
    assert lines[0].startswith(f"run {run} {RACE}: complete: events 0 to ")
    assert lines[1] == "files and rows: as they were written"
    assert lines[2].startswith(SAME)
    assert lines[3] == "fold: 1 snapshots are what the events before them fold to"


@pytest.mark.parametrize(
    "words",
    [
        [PROGRAMS / "sum_input.asm"],
        ["examples/deadlock.asm"],
        ["examples/stack_overflow.asm"],
        ["examples/fib.asm", "examples/hello.asm", "--scheduler", "random", "--seed", "3"],
        ["examples/lessons/server_pool.asm", "--requests", "count=5,io=fixed:300", "--max-events", "50000"],
        ["examples/lessons/bare.asm", "--bare", "--place", "0x1000", "--pc", "0x1000", "--sp", "0x8000"],
    ],
    ids=lambda words: Path(str(words[0])).stem,
)
def test_all_kinds_of_runs(simrec: Simrec, words: list[object]) -> None:
    simrec("run", *words, "--detail", "choices", stdin=b"40 2")
    assert SAME in simrec("verify").output
    assert simrec("rebuild").status == 0
    answer = simrec("verify", "--fold")
    assert (answer.status, SAME in answer.output) == (0, True)


def test_what_is_damaged_is_named(simrec: Simrec, home: Path) -> None:
    run = simrec("run", RACE).run
    file = home / "runs" / run / "instruction" / "hart=0" / "000000.parquet"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    answer = simrec("verify", run)
    assert answer.status == 1
    assert "instruction/hart=0/000000.parquet is not the file that was written" in answer.output
    assert "not run again: what it would be made of" in answer.output
    told = json.loads(simrec("verify", "--json", run).output)
    assert [finding["where"] for finding in told["findings"]] == ["instruction/hart=0/000000.parquet"]
    assert (told["good"], "again" in told) == (0, False)


def test_only_the_files(simrec: Simrec) -> None:
    simrec("run", RACE)
    answer = simrec("verify", "--files")
    assert (answer.status, "run again" in answer.output) == (0, False)
    told = json.loads(simrec("verify", "--json").output)
    assert told["again"] == {"same": True}
    assert told["findings"] == []


def test_what_differs_is_shown(simrec: Simrec, home: Path) -> None:
    """The recording says that a slice was longer than it was."""
    run = simrec("run", RACE, "--quantum", 500).run
    catalog = Catalog.open(home)
    row = catalog.find(run)
    catalog.change(run, options=row.options | {"quantum": 501}, seal="", closing="", status="failed")
    for segment in catalog.segments(run):
        with catalog.engine.begin() as connection:
            values = {"chain": chained("", segment, sealed=False), "run": run, "number": segment.number}
            connection.exec_driver_sql(
                "update segments set chain = :chain where run_id = :run and number = :number", values
            )
    catalog.close()
    (home / "runs" / run / "seal.json").unlink()
    answer = simrec("verify", run)
    assert answer.status == 1
    assert "run again: event 0 differs" in answer.output
    assert "Look closer: simrec events --from 0 --to 8 " in answer.output


def test_ctrl_c_and_a_killed_recorder(simrec: Simrec, home: Path, write: Callable[..., Path]) -> None:
    looping = write('la a1, b|li a0, 1|li a2, 1|li a7, 64|ecall|1: j 1b|.data|b: .ascii "x"')
    catalog = Catalog.open(home)
    for number in (signal.SIGINT, signal.SIGKILL):
        process = subprocess.Popen(
            [*COMMAND, "run", str(looping)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(home),
        )
        while len(catalog.runs()) < (1 if number == signal.SIGINT else 2):
            time.sleep(0.02)
        while process.poll() is None and not catalog.find("latest").events:
            time.sleep(0.02)
        process.send_signal(number)
        process.communicate(timeout=60)
        answer = simrec("verify")
        assert (answer.status, SAME in answer.output) == (0, True)
        how = "complete: events" if number == signal.SIGINT else "truncated behind event"
        assert f": {how}" in answer.output
    catalog.close()


def test_a_killed_rebuild(simrec: Simrec, home: Path) -> None:
    run = simrec("run", "benchmarks/loop.asm", "--detail", "choices", "--", "60000").run
    before = simrec("runs", "--json").output
    process = subprocess.Popen([*COMMAND, "rebuild", run], env=environment(home), stdout=subprocess.DEVNULL)
    while not any(home.glob(f"rebuilt/{run}/instruction/*/*.parquet*")):
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert simrec("runs", "--json").output == before
    assert simrec("verify", run).status == 0
    left = json.loads(simrec("gc", "--json").output)
    assert [(each["what"], each["run"]) for each in left] == [("its run has another directory", run)]
    assert "again, as they were" in simrec("rebuild", run).output
    assert json.loads(simrec("gc", "--json").output) == []
    assert "--detail" not in simrec("runs").output
    assert simrec("verify", run).status == 0


NEEDS_ALL = ["replay --at 10", "memory", "contention", "timeline", "diff latest"]


@pytest.mark.parametrize("detail", ["memory", "choices"])
def test_commands_say_what_they_lack(simrec: Simrec, tmp_path: Path, detail: str) -> None:
    answer = simrec("run", RACE, "--detail", detail)
    assert f"see it: simrec rebuild {answer.run}, then simrec events" in answer.errors
    missing = f": `simrec rebuild {answer.run}` makes the rest again\n"
    few = ["stats", "schedule", "query 'select 1 from syscall'", "requests"]
    for command in [*NEEDS_ALL, *(few if detail == "choices" else ())]:
        refused = simrec(*command.replace("'", "").split(" ", 1 if "query" in command else -1), answer.run)
        assert refused.status == 5
        assert refused.errors.startswith(f"simrec: run {answer.run} holds only ")
        assert refused.errors.endswith(missing)
    for command in few if detail == "memory" else ():
        if command != "requests":
            words = command.replace("'", "").split(" ", 1)
            assert simrec(*words, answer.run).status == 0
    listed = simrec("events", "--to", 400, answer.run)
    assert (listed.status, listed.errors.endswith(missing)) == (0, True)
    assert f"--detail {detail}" in simrec("runs").output


def test_what_cannot_be_asked_for(simrec: Simrec) -> None:
    assert "--detail some: there are full, memory, choices" in simrec("run", RACE, "--detail", "some").errors
    refused = simrec("run", RACE, "--detail", "choices", "--signature", "x")
    assert (refused.status, "--signature reads memory" in refused.errors) == (2, True)
    refused = simrec("sweep", RACE, "--vary", "SEED=1..2", "--detail", "memory")
    assert (refused.status, "a sweep measures whole runs" in refused.errors) == (2, True)
    simrec("run", RACE)
    assert "holds every event already" in simrec("rebuild").output
