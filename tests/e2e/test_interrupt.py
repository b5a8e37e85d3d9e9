"""Ctrl-C and worse, in the compiled loop, in the kernel and at a read: what was recorded stays good."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from console import COMMAND, PROGRAMS, Simrec, environment

LOOPS = {
    "loop": 'la a1, b|li a0, 1|li a2, 1|li a7, 64|ecall|1: j 1b|.data|b: .ascii "x"',
    "calls": 'la a1, b|li a0, 1|li a2, 1|li a7, 64|ecall|1: li a7, 124|ecall|j 1b|.data|b: .ascii "x"',
}


def started(home: Path, path: Path, jit: str = "1") -> "subprocess.Popen[bytes]":
    """The program at work: it has written its first byte."""
    process = subprocess.Popen(
        [*COMMAND, "run", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(home, SIMREC_JIT=jit),
    )
    assert process.stdout is not None
    assert process.stdout.read(1) == b"x"
    return process


def replayed(simrec: Simrec, errors: str) -> None:
    """The last command that a summary names works and shows the end."""
    command = errors.splitlines()[-1].split("simrec ")[1].split()
    answer = simrec(*command)
    assert answer.status == 0
    assert "the run has ended: interrupted, status 130" in answer.output


@pytest.mark.parametrize("jit", ["1", "0"])
@pytest.mark.parametrize("name", LOOPS)
def test_ctrl_c_ends_the_run_and_keeps_it(
    simrec: Simrec, home: Path, write: Callable[..., Path], name: str, jit: str
) -> None:
    process = started(home, write(LOOPS[name]), jit)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert b"interrupted, status 130" in errors
    replayed(simrec, errors.decode())


def test_ctrl_c_ends_a_wait_for_input(simrec: Simrec, home: Path, write: Callable[..., Path]) -> None:
    reading = 'la a1, b|li a0, 1|li a2, 1|li a7, 64|ecall|li a0, 0|li a7, 63|ecall|.data|b: .ascii "x"'
    process = started(home, write(reading))
    wait_for_read(process.pid)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert process.stderr is not None
    replayed(simrec, process.stderr.read().decode())
    assert "read = -4 (EINTR)" in simrec("events", "--kind", "syscall").output


def wait_for_read(pid: int) -> None:
    """Until the process's main thread sleeps in a read of its standard input (or, where the kernel doesn't
    tell, sleeps)."""
    for _ in range(600):
        try:
            inside = Path(f"/proc/{pid}/syscall").read_text().split()[:2]
            if inside[1:] == ["0x0"]:
                return
        except PermissionError:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S":
                return
        time.sleep(0.02)
    raise AssertionError("it never waited for input")


def test_a_killed_recording_opens_up_to_its_last_segment(
    simrec: Simrec, home: Path, write: Callable[..., Path]
) -> None:
    process = started(home, write(LOOPS["loop"]))
    wanted = home / "runs"
    for _ in range(3000):
        if sum(1 for _ in wanted.glob("*/instruction/hart=0/*.parquet")) > 2:
            break
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    listed = simrec("runs").output.splitlines()[1]
    assert " interrupted " in listed
    shown = simrec("replay")
    assert shown.status == 0
    events = int(shown.output.split(" of ")[1].split(",")[0])
    assert events > 1_000_000
    assert simrec("rm", "latest").status == 0


def test_ctrl_c_while_reading_a_long_log(home: Path, simrec: Simrec) -> None:
    simrec("run", "examples/counter_mutex.asm")
    process = subprocess.Popen(
        [*COMMAND, "events", "--all"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(home)
    )
    assert process.stdout is not None
    process.stdout.read(100)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    # It may have been done already, all of it being in the pipe.
    assert (process.returncode, errors) in ((130, b"simrec: interrupted\n"), (0, b""))


def test_input_that_has_been_read_is_in_the_log(simrec: Simrec) -> None:
    assert simrec("run", PROGRAMS / "sum_input.asm", stdin=b"40 2").output == "42\n"
    assert "fd 0: '40 2'" in simrec("events", "--kind", "input").output
