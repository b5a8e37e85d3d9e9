"""What goes wrong is said in one line that names the next thing to type, with a documented status."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from console import PROGRAMS, Simrec

EXIT = "li a7, 93|ecall"


def one_line(answer: object, status: int, *parts: str) -> None:
    """One line on standard error, none on standard output."""
    assert answer.output == ""  # type: ignore[attr-defined]
    errors = answer.errors  # type: ignore[attr-defined]
    assert errors.startswith("simrec: ") and errors.count("\n") == 1, errors
    assert answer.status == status  # type: ignore[attr-defined]
    for part in parts:
        assert part in errors


def test_files_that_are_no_programs(simrec: Simrec, tmp_path: Path) -> None:
    (tmp_path / "counter.asm").write_text("nop\n")
    (tmp_path / "empty.asm").write_text("")
    (tmp_path / "dir.asm").mkdir()
    (tmp_path / "noise.bin").write_bytes(os.urandom(3000))
    (tmp_path / "noise.elf").write_bytes(b"\x7fELF" + bytes(range(256)) * 9)
    one_line(simrec("run", tmp_path / "conter.asm"), 2, "no such file; did you mean", "counter.asm?")
    one_line(simrec("run", tmp_path / "no" / "x.asm"), 2, "there is no directory")
    one_line(simrec("run", tmp_path / "dir.asm"), 2, "Is a directory")
    one_line(simrec("run", tmp_path / "empty.asm"), 2, "nothing in it to run; begin with `main:`")
    one_line(simrec("run", tmp_path / "noise.bin"), 2, "neither an ELF file nor a source")
    one_line(simrec("run", tmp_path / "noise.elf"), 2, "an ELF file for machine 3854")
    one_line(simrec("disasm", tmp_path / "noise.elf"), 2, "simrec runs RISC-V, 64 bits")
    one_line(
        simrec("run", "--stack", "1024", PROGRAMS / "arguments.asm", "x" * 100_000, *["y" * 100_000] * 9),
        2,
        "don't fit",
    )
    assert simrec("runs").output == ""  # None of them left a run.


def test_all_errors_of_a_source_in_one_pass(simrec: Simrec, write: Callable[..., Path]) -> None:
    path = write(
        """        .globl main
main:   adi a0, a0, 1
        li a0
        .wrod 5
        addi a0, a0, 5000
        call prnt_int
"""
    )
    for command in ("run", "asm", "disasm"):
        answer = simrec(command, path)
        assert answer.status == 2
        assert answer.output == ""
        for line, text, hint in (
            (2, "unknown instruction `adi`", "did you mean `andi`?"),
            (3, "`li` takes 2 operands, 1 given", "write `li rd,imm`"),
            (4, "unknown directive `.wrod`", "did you mean `.word`?"),
            (5, "immediate 5000 is out of range", "load it into a register with li"),
            (6, "undefined symbol `prnt_int`", "did you mean `print_int`?"),
        ):
            assert f"{path}:{line}:" in answer.errors
            assert f": error: {text}" in answer.errors
            assert hint in answer.errors
        assert "        call prnt_int\n             ^~~~~~~~\n" in answer.errors


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("li t0, 0x123456789|lw a0, 0(t0)", 139, "program.asm:4 <main+16>: thread 1 loaded from 0x123456789"),
        ("li t0, 0|sd a0, 8(t0)", 139, "program.asm:4 <main+4>: thread 1 stored to 0x8, which"),
        ("la t0, d|jr t0|.data|d: .word 0x13", 139, "program.asm:4 <main+8>: thread 1 jumped to 0x11000 <d>"),
        ("li t0, 0|jalr t0", 139, "program.asm:4 <main+4>: thread 1 jumped to 0x0, where no code is (a null"),
        ("la t0, main|sd t0, 0(t0)", 139, "stored to 0x10000 <main>, which the process may not write"),
        ("nop|.word 0xffffffff", 132, "program.asm:3 <main>: thread 1 came to 0x10004"),
        ("ebreak", 133, "thread 1 ran into ebreak"),
        ("la t0, d|lr.w a0, (t0)|.data|.byte 0|d: .word 0", 135, "which is not aligned"),
        ("1: addi sp, sp, -1024|sd ra, 0(sp)|j 1b", 139, "thread 1 overflowed its stack"),
    ],
)
def test_faults_name_line_and_address(
    simrec: Simrec, write: Callable[..., Path], body: str, status: int, said: str
) -> None:
    answer = simrec("run", write(body))
    assert answer.status == status
    assert said in answer.errors
    assert f"ended by signal {status - 128} (SIG" in answer.errors
    last = answer.errors.splitlines()[-1]
    assert last.startswith("simrec: see it: simrec replay --at ")
    shown = simrec(*last.split("simrec ")[1].split())
    assert shown.status == 0
    assert "  fault on hart 0, thread 1: " in shown.output


def test_a_signal_that_ends_the_program_is_named(simrec: Simrec, write: Callable[..., Path]) -> None:
    answer = simrec("run", write("li a0, 1|li a1, 6|li a7, 129|ecall"))
    assert answer.status == 134
    assert "thread 1 took signal 6 (SIGABRT), which ended the process, at " in answer.errors
    assert "program.asm:6 <main+12> | ecall" in answer.errors
    assert "ended by signal 6 (SIGABRT), status 134" in answer.errors
    shown = simrec(*answer.errors.splitlines()[-1].split("simrec ")[1].split())
    assert (shown.status, "kill = 0" in shown.output) == (0, True)
    listed = simrec("events", "--kind", "signal")
    assert "SIGABRT sent to process 1 by thread 1" in listed.output


def test_a_threads_stack_overflow_names_the_thread(simrec: Simrec) -> None:
    answer = simrec("run", "examples/stack_overflow.asm")
    assert (answer.status, answer.output) == (139, "going down\n")
    assert "examples/stack_overflow.asm:21 <dig+8>: thread 2 overflowed its stack" in answer.errors
    assert "  21 | sd      a0, 0(sp)" in answer.errors


def test_division_by_zero_is_no_fault(simrec: Simrec, write: Callable[..., Path]) -> None:
    answer = simrec("run", write("li a1, 7|div a0, a1, zero|rem a2, a1, zero|add a0, a0, a2|" + EXIT))
    assert answer.status == 6  # -1 + 7


def test_a_deadlock_says_who_waits_for_what(simrec: Simrec) -> None:
    answer = simrec("run", "examples/deadlock.asm")
    assert answer.status == 3
    for line in (
        "deadlock: every thread is blocked",
        "thread 1 waits for thread 2 to end, at examples/deadlock.asm:85",
        "thread 2 waits for mutex second_lock, held by thread 3, at examples/deadlock.asm:57",
        "thread 3 waits for mutex first_lock, held by thread 2, at examples/deadlock.asm:57",
    ):
        assert line in answer.errors


def test_endless_loops_stop_and_stay_good(simrec: Simrec, write: Callable[..., Path]) -> None:
    for body in ("1: j 1b", "1: li a7, 124|ecall|j 1b"):
        answer = simrec("run", write(body), "--max-events", 1000)
        assert answer.status == 4
        assert "stopped by --max-events, status 4" in answer.errors
        assert "a larger --max-events records more" in answer.errors
        assert "the run has ended: max events, status 4" in simrec("replay").output


def test_wrong_options_and_words(simrec: Simrec) -> None:
    hello = "examples/hello.asm"
    one_line(simrec("evnts"), 2, "Did you mean 'events'?; see `simrec --help`")
    one_line(simrec("run"), 2, "Missing argument", "see `simrec run --help`")
    one_line(simrec("run", hello, "--frob"), 2, "--frob", "go behind --; see `simrec run --help`")
    one_line(simrec("run", hello, "--harts", 0), 2, "'--harts'", "greater than or equal to 1")
    one_line(simrec("run", hello, "--harts", 65), 2, "'--harts'", "less than or equal to 64")
    one_line(simrec("run", hello, "--cost", "laod=3"), 2, "did you mean load?")
    one_line(simrec("run", hello, "--cost", "load"), 2, "want load=TICKS")
    one_line(simrec("run", hello, "--store", "parket"), 2, "did you mean parquet?")
    one_line(simrec("run", hello, "--scheduler", "random2"), 2, "did you mean random?")
    one_line(simrec("run", hello, "--name", "latest"), 2, "choose another name")
    one_line(simrec("replay", "--at", "x"), 2, "'--at'", "see `simrec replay --help`")


def test_wrong_runs_events_and_places(simrec: Simrec, tmp_path: Path) -> None:
    one_line(simrec("replay"), 2, "no runs are recorded", "`simrec run PROGRAM`")
    run = simrec("run", "examples/hello.asm", "--name", "first").run
    last = simrec("replay").output.split(" of ")[1].split(",")[0]
    one_line(simrec("replay", "frist"), 2, f"did you mean {run} first? list them with `simrec runs`")
    one_line(simrec("replay", "hello"), 2, f"did you mean {run} of examples/hello.asm?")
    one_line(simrec("replay", "latst"), 2, "did you mean latest?")
    one_line(simrec("replay", "--at", 99999), 2, f"events 0 to {last}, not 99999", f"--at {last} {run}")
    one_line(simrec("replay", "--at", -1), 2, "not -1", f"--at 0 {run}")
    one_line(simrec("events", "--from", 7, "--to", 3), 2, "type the smaller one first")
    one_line(simrec("events", "--kind", "instrution"), 2, "did you mean instruction?")
    one_line(simrec("events", "--thread", 9), 2, "no thread 9; there are 1")
    one_line(simrec("events", "--kind", "fault"), 0, "none of the events")
    one_line(simrec("diff", run, "nosuch"), 2, "no run 'nosuch'")
    one_line(simrec("query", "selct 1"), 2, "selct")
    one_line(simrec("asm", "examples/hello.asm", "-o", tmp_path / "no" / "x.elf"), 2, "can't be written")
    one_line(simrec("timeline", "-o", tmp_path / "no" / "x.html"), 2, "x.html")


def test_ambiguous_prefixes(simrec: Simrec) -> None:
    ids: list[str] = []
    while len(ids) < 2 or len({run[0] for run in ids}) == len(ids):
        ids.append(simrec("run", "examples/hello.asm").run)
    first = next(run[0] for run in ids if sum(other[0] == run[0] for other in ids) > 1)
    one_line(simrec("replay", first), 2, "type more of it")


def test_homes_that_cannot_be_used(simrec: Simrec, home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for where in (tmp_path / "file", Path("/proc/nowhere")):
        one_line(simrec("runs", SIMREC_HOME=str(where)), 5, "choose another with --home")
        one_line(simrec("--home", where, "run", "examples/hello.asm"), 5, "choose another with --home")
    simrec("run", "examples/hello.asm")
    with sqlite3.connect(home / "catalog.db") as catalog:
        catalog.execute("update alembic_version set version_num = '9999'")
    one_line(simrec("runs"), 5, "newer than this simrec knows", "update simrec, or use another catalog")
    (home / "catalog.db").write_bytes(b"\x93" * 4096)
    one_line(simrec("runs"), 5, "catalog")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_cannot_be_written(simrec: Simrec, home: Path) -> None:
    simrec("run", "examples/hello.asm")
    for path in (home, *home.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222)
    try:
        one_line(simrec("run", "examples/hello.asm"), 5, "choose another with --home")
        assert simrec("replay").status == 0
    finally:
        for path in (home, *home.rglob("*")):
            path.chmod(path.stat().st_mode | 0o200)


def test_damaged_runs_show_what_is_left(simrec: Simrec, home: Path, write: Callable[..., Path]) -> None:
    run = simrec("run", write("1: j 1b"), "--max-events", 2_500_000).run
    directory = home / "runs" / run
    files = sorted((directory / "instruction" / "hart=0").iterdir())
    assert len(files) > 1
    files[-1].write_bytes(files[-1].read_bytes()[:500])
    for command in (("replay", "--at", 1000), ("replay",), ("events", "--from", 1000, "--to", 1002)):
        answer = simrec(*command)
        assert answer.status == 0
        assert answer.output
        assert answer.errors.count("\n") == 1
        assert f"run {run} is damaged" in answer.errors and "has 500 bytes instead of" in answer.errors
    good = answer.errors.split("--at ")[1].split("`")[0]
    assert f"just after event {good} of {good}" in simrec("replay", "--at", good).output
    late = simrec("replay", "--at", 2_400_000)
    assert late.status == 2
    assert f"events 0 to {good}, not 2400000" in late.errors
    (directory / "program" / "image.elf").unlink()
    (directory / "program" / "sources.json").unlink()
    nameless = simrec("replay", "--at", 1000)
    assert nameless.status == 0
    assert "functions and variables go without their names" in nameless.errors
    files[0].unlink()
    one_line(simrec("replay", "--at", 3), 5, "is missing", f"remove it with `simrec rm {run}`")
    assert simrec("rm", run).status == 0
    assert not directory.exists()


def test_schedulers_and_attributes_that_are_none(simrec: Simrec) -> None:
    def run(*options: str) -> object:
        return simrec("run", *options, PROGRAMS / "barrier.asm")

    one_line(run("--scheduler", "mlfp"), 2, "no scheduler is called 'mlfp'; did you mean mlfq?")
    one_line(run("--scheduler", "mlfq:level=3"), 2, "no parameter 'level'; did you mean levels?")
    one_line(run("--scheduler", "rr:quantum=3"), 2, "it has no parameters")
    one_line(run("--nice", "5"), 2, "--nice 5: want PID=VALUE")
    one_line(run("--affinity", "1=7"), 2, "harts are 0 to 1 (--harts)")
    one_line(run("--priority", "2=7"), 2, "--priority 2=...: the run begins with process 1")
    assert simrec("runs").output == ""  # None of them left a run.
