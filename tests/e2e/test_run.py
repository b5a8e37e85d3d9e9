"""`simrec run`: whose output goes where, what the summary says, which status comes back."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from console import COMMAND, PROGRAMS, ROOT, Simrec, environment

EXIT = "li a7, 93|ecall"


@pytest.mark.parametrize(
    ("program", "output"),
    [
        ("hello.asm", "Hello, world!\n"),
        ("counter_mutex.asm", "counter = 4000, expected 4000\n"),
        ("generator.asm", "1 4 9 16 25 36 49 64 81 100 \nend of squares\n"),
        ("producer_consumer.asm", "consumed 100 items, sum = 5050\n"),
        ("barrier.asm", "2 meetings\n"),
        ("work_queue.asm", "210\n"),
        ("quicksort.asm", "sorted\n"),
    ],
)
def test_output_alone_on_stdout_summary_on_stderr(
    shelf: Callable[..., Simrec], program: str, output: str
) -> None:
    answer = shelf(program)("run")
    assert answer.status == 0
    assert answer.output == output
    lines = answer.errors.splitlines()
    assert all(line.startswith("simrec: ") for line in lines)
    assert f"run {answer.run}: exited with status 0" in answer.errors
    assert " events in " in lines[1] and " ticks, " in lines[1] and "events/s" in lines[1]
    assert "stored in " in lines[2] and "parquet" in lines[2]
    assert lines[3].startswith(f"simrec: see it: simrec events {answer.run}")


def test_programs_for_rars(simrec: Simrec, tmp_path: Path) -> None:
    program = tmp_path / "twice.asm"
    program.write_text(
        '.data\nask: .asciz "n? "\n.text\nla a0, ask\nli a7, 4\necall\nli a7, 5\necall\n'
        "slli a0, a0, 1\nandi a0, a0, 0xffffffff\nli a7, 1\necall\n"
    )
    answer = simrec("run", program, "--abi", "rars", stdin=b"21\n")
    assert (answer.output, answer.status) == ("n? 42", 0)
    assert "PrintInt(42" in simrec("events", "--kind", "syscall").output
    wrong = simrec("run", program, "--abi", "mars")
    assert (wrong.status, wrong.errors) == (2, "simrec: no ABI is called 'mars'; did you mean rars?\n")


def test_input_arguments_and_macros(simrec: Simrec) -> None:
    assert simrec("run", PROGRAMS / "sum_input.asm", stdin=b"1 2\n-30 4 end").output == "-23\n"
    echoed = simrec("run", PROGRAMS / "arguments.asm", "--harts", 1, "a", "b c", "ünï", "--", "--harts", "-x")
    assert (echoed.output, echoed.status) == ("a\nb c\nünï\n--harts\n-x\n", 5)
    macros = simrec("run", PROGRAMS / "macros.asm", "--store", "sqlite", "--name", "both macros")
    assert (macros.output, macros.status) == ("40\n", 42)
    assert "(both macros): exited with status 42" in macros.errors and "(sqlite, " in macros.errors
    assert "just after event 3 of" in simrec("replay", "both macros", "--at", 3).output


def test_the_reference_executor_records_the_same(simrec: Simrec) -> None:
    for jit in ("0", "1"):
        assert simrec("run", "examples/counter_race.asm", "--seed", 3, SIMREC_JIT=jit).status == 0
    runs = simrec("runs").output.splitlines()
    a, b = (line.split()[0] for line in runs[1:])
    same = simrec("diff", a, b)
    assert same.status == 0
    assert "equal, event for event" in same.output


def test_bytes_and_bulk_come_through_unchanged(simrec: Simrec, write: Callable[..., Path]) -> None:
    odd = (
        "la a1, b|li a0, 1|li a2, 8|li a7, 64|ecall|li a0, 0|"
        + EXIT
        + "|.data|b: .byte 0,255,254,27,10,13,128,9"
    )
    assert simrec("run", write(odd)).data == bytes([0, 255, 254, 27, 10, 13, 128, 9])
    # What steers a terminal doesn't reach it from a listing.
    shown = simrec("events", "--kind", "output").output + simrec("replay").output
    assert "\x1b" not in shown and "\r" not in shown and r"\x1b" in shown
    bulk = (
        "li s0, 256|1: la a1, b|li a0, 1|li a2, 4096|li a7, 64|ecall|addi s0, s0, -1|bnez s0, 1b|li a0, 0|"
        + EXIT
        + '|.data|b: .rept 512|.ascii "abcdefg\\n"|.endr'
    )
    assert simrec("run", write(bulk)).data == b"abcdefg\n" * (1 << 17)


def test_names_that_are_no_utf8(simrec: Simrec, write: Callable[..., Path], tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"pr\xff.asm")
    write("li a0, 7|" + EXIT).rename(path)
    assert simrec("run", path).status == 7
    assert "pr\ufffd.asm" in simrec("runs").output
    refused = simrec("runs", SIMREC_HOME=str(tmp_path / os.fsdecode(b"h\xff")))
    assert (refused.status, refused.errors.count("\n")) == (2, 1)
    assert "is no UTF-8 name: choose another" in refused.errors


def test_names_and_paths_of_all_kinds(home: Path, simrec: Simrec, write: Callable[..., Path]) -> None:
    path = write("li a0, 7|" + EXIT, "a dir/prög räm.asm")
    here = home.with_name("a höme with blanks")
    assert simrec("--home", here, "run", path).status == 7
    assert "prög räm.asm" in simrec("runs", SIMREC_HOME=str(here)).output
    listed = simrec("events", SIMREC_HOME=str(here), LC_ALL="C")
    assert listed.status == 0
    many = simrec("run", PROGRAMS / "arguments.asm", *range(3000))
    assert many.status == 3000 % 256
    assert many.output.splitlines()[-1] == "2999"


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_closed_streams_hurt_nobody(home: Path, closed: int) -> None:
    command = f"{sys.executable} -m simrec run tests/e2e/programs/sum_input.asm {closed}>&-"
    done = subprocess.run(
        ["sh", "-c", command], cwd=ROOT, env=environment(home), capture_output=True, input=b"5"
    )
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    assert done.stdout == {0: b"0\n", 1: b"", 2: b"5\n"}[closed]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_stdout_is_told(home: Path) -> None:
    def full(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        with open("/dev/full", "wb") as out:
            return subprocess.run(
                [*COMMAND, *arguments], cwd=ROOT, env=environment(home), stdout=out, stderr=subprocess.PIPE
            )

    recorded = full("run", "examples/hello.asm")
    assert recorded.returncode == 0
    assert b"the output is in the log: simrec events --kind output" in recorded.stderr
    listed = full("events")
    assert (listed.returncode, listed.stderr.count(b"\n")) == (2, 1)
    assert b"can't write the output: No space left on device" in listed.stderr


def test_a_reader_that_goes_away_is_no_error(home: Path) -> None:
    script = (
        f"{sys.executable} -m simrec run tests/e2e/programs/quicksort.asm 2>/dev/null | head -c 1; "
        + "".join(
            f"({sys.executable} -m simrec {command}; echo $? >&2) | head -1;"
            for command in ("events --all", "events --all --json", "disasm tests/e2e/programs/quicksort.asm")
        )
    )
    done = subprocess.run(
        ["bash", "-c", script], cwd=ROOT, env=environment(home), capture_output=True, text=True
    )
    assert set(done.stderr.split()) <= {"141", "0"}


def on_a_terminal(home: Path, *arguments: object) -> tuple[int, str]:
    """The status, and what a terminal that is all three streams gets."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=ROOT,
        env=environment(home, TERM="xterm", COLUMNS="90"),
    )
    os.close(slave)
    shown = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # Linux's way to say that the other end is closed.
            break
        if not piece:
            break
        shown += piece
    os.close(master)
    return process.wait(), shown.decode().replace("\r\n", "\n")


def test_on_a_terminal_the_summary_has_its_own_line(home: Path, write: Callable[..., Path]) -> None:
    body = "la a1, b|li a0, 1|li a2, 2|li a7, 64|ecall|li a0, 0|" + EXIT + '|.data|b: .ascii "hi"'
    status, shown = on_a_terminal(home, "run", write(body))
    assert status == 0
    assert shown.startswith("hi\nsimrec: run ")


def test_progress_makes_way_for_output(home: Path, write: Callable[..., Path]) -> None:
    # Two seconds' work, then half a line, then as much again.
    body = (
        """li s0, 2|1: li t0, 12000000|2: addi t0, t0, -1|bnez t0, 2b|la a1, b|li a0, 1|li a2, 2
        li a7, 64|ecall|addi s0, s0, -1|bnez s0, 1b|li a0, 0|"""
        + EXIT
        + '|.data|b: .ascii "hi"'
    )
    status, shown = on_a_terminal(home, "run", write(body))
    assert status == 0
    before, _, after = shown.partition("hi")
    assert after.startswith("hi\nsimrec: run ") or "events/s" in before
    assert "events/s" not in after.partition("simrec: run")[0]
    assert "hi" + "hi" in shown
