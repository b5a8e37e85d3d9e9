"""`simrec sweep`: a grid of real runs by real processes, its table, files and recordings."""

import csv
import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import cprograms
import pytest
from console import COMMAND, Simrec, environment
from test_bad_input import one_line

RACE = "examples/counter_race.asm"
#: A loop of N rounds, and a probe for each 10 of them.
ROUNDS = """
        .ifndef N
        .equ    N, 10
        .endif
        .globl  main
main:   li      t0, N
again:  probe   ten, t0
        addi    t0, t0, -10
        bgtz    t0, again
        la      a0, done
        li      a1, N
        mv      s0, ra
        call    print_str
        li      a0, 0
        mv      ra, s0
        ret
        .data
done:   .asciz  "done 7\\n"
"""
#: Ends well, by a fault, in a deadlock, not at all, and can't be assembled.
MODES = """
        .ifndef MODE
        .equ    MODE, 0
        .endif
        .globl  main
main:
        .if     MODE == 1
        ld      a0, 0(zero)
        .elseif MODE == 2
        la      a0, word
        li      a1, 0
        li      a2, 0
        li      a3, 0
        li      a7, 98
        ecall
        .elseif MODE == 3
        j       main
        .elseif MODE == 4
        .error  "no such mode"
        .endif
        li      a0, 0
        ret
        .data
        .align  2
word:   .word   0
"""


def test_a_grid_is_a_table_a_chart_and_recordings(
    simrec: Simrec, write: Callable[..., Path], tmp_path: Path
) -> None:
    program, chart, table = write(ROUNDS), tmp_path / "sweep.html", tmp_path / "sweep.csv"
    answer = simrec(
        *("sweep", program, "--vary", "N=10..40*2", "--vary", "harts=1,2", "--jobs", 2),
        *("-o", chart, "--csv", table),
    )
    assert answer.status == 0
    lines = [line.split() for line in answer.output.splitlines()]
    assert lines[0][:4] == ["N", "HARTS", "ended", "ten"]
    assert [line[:4] for line in lines[1:]] == [
        [str(n), str(harts), "exited", "0"] for n in (10, 20, 40) for harts in (1, 2)
    ]
    assert answer.errors.startswith("simrec: N is --define N, HARTS is --harts: 6 runs, 2 at a time\n")
    assert "6 runs done, 0 failed, 6 recordings kept" in answer.errors

    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    # Alone, the same run has the same log.
    for n, harts in (("20", "2"), ("40", "1")):
        (row,) = [row for row in rows if (row["N"], row["HARTS"]) == (n, harts)]
        alone = simrec("run", program, "--define", f"N={n}", "--harts", harts)
        listed = {run["run"]: run for run in json.loads(simrec("runs", "--json").output)}
        assert listed[row["run"]]["digest"] == listed[alone.run]["digest"] == row["digest"]
        assert listed[row["run"]]["name"] == row["name"] == f"sweep-program-1-N={n},HARTS={harts}"
        assert int(row["ticks"]) == listed[alone.run]["ticks"]
        assert float(row["ten"]) == pytest.approx(1000 * int(n) / 10 / int(row["ticks"]))
    page = chart.read_text()
    assert "Plotly" in page and "<script src=" not in page
    assert all(row["ten"] in page and row["utilisation"] in page for row in rows)

    # The group is found, and removed, by a pattern of its name.
    listed_group = simrec("runs", "sweep-program-1-*").output
    assert listed_group.count("sweep-program-1-N=") == 6 and "--define N=40" in listed_group
    again = simrec("sweep", program, "--vary", "N=10", "--metric", "ticks")
    assert "simrec runs 'sweep-program-2-*'" in again.errors
    assert simrec("rm", "sweep-program-1-*").output.count("removed") == 6
    assert simrec("runs", "sweep-program-1-*").errors.startswith("no run's name fits 'sweep-program-1-*'")
    one_line(simrec("rm", "sweep-program-1-*"), 2, "no run 'sweep-program-1-*'")
    assert simrec("runs").output.count("\n") == 1 + 2 + 1


def test_runs_that_fail_are_rows(simrec: Simrec, write: Callable[..., Path]) -> None:
    program = write(MODES)
    answer = simrec(
        *("sweep", program, "--vary", "MODE=0..4", "--max-events", 5000, "--keep", "failed", "--json"),
        *("--metric", "last=select max(seq) from instruction"),
    )
    assert answer.status == 0
    runs = json.loads(answer.output)["runs"]
    assert [(run["MODE"], run["ended"], run["exit"]) for run in runs] == [
        (0, "exited", 0),
        (1, "signalled", 139),
        (2, "deadlock", 3),
        (3, "max_events", 4),
        (4, "not_built", 2),
    ]
    assert [run["run"] is not None for run in runs] == [False, True, True, True, False]
    assert [run.get("last") is not None for run in runs] == [True] * 4 + [False]
    assert runs[1]["why"].startswith(f"{program}:8 <main>: thread 1 loaded from 0x0")
    assert runs[4]["why"].endswith("error: no such mode")
    assert "MODE=2: deadlock: every thread is blocked" in answer.errors
    assert "5 runs done, 4 failed, 3 recordings kept" in answer.errors
    assert simrec("replay", "sweep-program-1-MODE=1").status == 0
    # If nothing can be built, that is what is told.
    told = simrec("sweep", program, "--vary", "MODE=4")
    assert (told.status, told.output) == (2, "") and "error: no such mode" in told.errors


def test_which_outcomes_how_often(simrec: Simrec) -> None:
    answer = simrec(
        *(
            "sweep",
            RACE,
            "--vary",
            "SEED=1..4",
            "--harts",
            4,
            "--metric",
            "output",
            "--keep",
            "none",
            "--json",
        ),
        *("--expect", "counter = 4000, expected 4000"),
    )
    assert answer.status == 1
    told = json.loads(answer.output)
    assert [run["SEED"] for run in told["runs"]] == [1, 2, 3, 4]
    outputs = [run["output"] for run in told["runs"]]
    assert {outcome["output"]: outcome["runs"] for outcome in told["outcomes"]} == {
        output: outputs.count(output) for output in outputs
    }
    assert [seed for outcome in told["outcomes"] for seed in outcome["SEED"]].sort() == [1, 2, 3, 4].sort()
    (group,) = told["groups"]
    assert (group["runs"], group["failed"], group["wrong"]) == (4, 0, 4)
    assert simrec("runs").output == ""

    plain = simrec(
        "sweep", RACE, "--vary", "HARTS=1,4", "--repeat", 2, "--metric", "answer", "--metric", "output"
    )
    table, _, listed = plain.output.partition("\nOutcomes\n")
    assert [line.split()[:4] for line in table.splitlines()] == [
        ["HARTS", "runs", "failed", "outcomes"],
        *(
            [harts, "2", "0", line.split()[3]]
            for harts, line in zip("14", table.splitlines()[1:], strict=True)
        ),
    ]
    assert "counter = " in listed and "first SEED" in listed


def test_input_and_arguments_are_every_runs(simrec: Simrec, tmp_path: Path) -> None:
    (tmp_path / "numbers").write_bytes(b"40 2")
    answer = simrec(
        *("sweep", "tests/e2e/programs/sum_input.asm", "--vary", "SCHEDULER=rr,random", "--metric", "output"),
        *("--input", tmp_path / "numbers"),
    )
    assert [line.split()[-1] for line in answer.output.splitlines()[1:]] == ["42", "42"]
    one_line(
        simrec("sweep", RACE, "--vary", "SEED=1", "--input", tmp_path / "none"), 2, "--input", "can't be read"
    )


def test_a_c_program_is_compiled_for_every_value(simrec: Simrec, write: Callable[..., Path]) -> None:
    cprograms.need_clang()
    source = write(
        '#include <stdio.h>\nint main(void) { printf("%d\\n", N * N); return 0; } // .globl', "sq.c"
    )
    answer = simrec(
        "sweep", source, "--vary", "N=3,4", "--vary", "CFLAGS=-O0,-O2", "--metric", "answer", "--json"
    )
    runs = json.loads(answer.output)["runs"]
    assert [(run["N"], run["CFLAGS"], run["answer"]) for run in runs] == [
        (n, level, n * n) for n in (3, 4) for level in ("-O0", "-O2")
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--metric", "ticks"), "nothing varies: add --vary NAME=VALUES, or --repeat N"),
        (("--vary", "HART=1,2"), "never refers to HART; an option of `simrec run` is HARTS"),
        (("--vary", "HARTS=1,65"), "--harts"),
        (("--vary", "SCHEDULER=rr,rrr"), "no scheduler is called 'rrr'"),
        (("--vary", "COST.syscal=1"), "no cost is called 'syscal'; did you mean syscall?"),
        (("--vary", "SEED=1..3", "--metric", "tick"), "did you mean ticks?"),
        (("--vary", "SEED=1..3", "--metric", "runs=1"), "two columns would be called runs"),
        (("--vary", "SEED=1..3", "--keep", "some"), "--keep some: "),
        (("--vary", "HARTS=1,2", "--aggregate"), "--aggregate sums up many seeds"),
        (("--vary", "HARTS=1,2", "-o", "/no/such/place.html"), "no file in a directory that is there"),
    ],
)
def test_mistakes_are_told_before_any_run(simrec: Simrec, arguments: tuple[str, ...], told: str) -> None:
    one_line(simrec("sweep", RACE, *arguments), 2, told)
    assert simrec("runs").output == ""


def test_the_best_number_of_threads_depends_on_waiting(simrec: Simrec) -> None:
    program = "examples/lessons/pool.asm"

    def rates(wait: int, threads: str) -> list[float]:
        varied = ("--vary", f"POOL={threads}", "--define", f"IO={wait}", "--metric", "task_done")
        runs = json.loads(simrec("sweep", program, *varied, "--keep", "none", "--json").output)["runs"]
        return [run["task_done"] for run in runs]

    # Two harts: nothing is faster than two threads that only compute.
    one, two, four, eight = rates(0, "1..8*2")
    assert two > 1.6 * one and two > 1.04 * four and two > 1.04 * eight
    # Tasks that wait five times as long as they compute want about twelve.
    six, twelve, many = rates(10_000, "6..24*2")
    assert twelve > 1.4 * six and many < twelve


def test_ctrl_c_keeps_what_is_done(simrec: Simrec, home: Path, write: Callable[..., Path]) -> None:
    # The first run ends at once, the second never.
    program = write(MODES)
    process = subprocess.Popen(
        [*COMMAND, "sweep", str(program), "--vary", "MODE=0,3", "--jobs", "1", "--name", "half"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(home),
        text=True,
    )
    deadline = time.monotonic() + 100
    while "MODE=3" not in simrec("runs").output:
        assert process.poll() is None and time.monotonic() < deadline
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in errors
    assert [line.split()[:3] for line in output.splitlines()[1:]] == [["0", "exited", "0"]]
    assert "interrupted: 1 runs done, 0 failed, 1 recordings kept, 1 not made" in errors
    (kept,) = simrec("runs").output.splitlines()[1:]
    assert "half-MODE=0" in kept


def test_the_workers_of_a_sweep_that_is_killed_end(
    simrec: Simrec, home: Path, write: Callable[..., Path]
) -> None:
    process = subprocess.Popen(
        [*COMMAND, "sweep", str(write(MODES)), "--vary", "MODE=3", "--vary", "seed=1,2", "--jobs", "2"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(home),
    )
    deadline = time.monotonic() + 100
    while sum(1 for _ in home.glob("runs/*/instruction/hart=0/000000.parquet")) < 2:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 20
    while simrec("runs").output.count(" interrupted ") < 2:
        assert time.monotonic() < deadline, "workers go on"
    closed = simrec("recover").output
    assert closed.count(": interrupted, ") == 2, closed
    assert all(simrec("verify", "--files", line.split()[1]).status == 0 for line in closed.splitlines())
