"""Several programs on one command line, as the user types them and reads about them."""

import json
from collections.abc import Callable
from pathlib import Path

from console import PROGRAMS, ROOT, Simrec

LESSON = [f"examples/lessons/multitasking-{name}.asm" for name in ("primes", "fib", "clock")]
Write = Callable[..., Path]


def test_three_programs_on_one_hart(simrec: Simrec) -> None:
    answer = simrec("run", *LESSON, "--harts", 1, "--name", "tasks")
    lines = answer.output.splitlines()
    assert answer.status == 0
    assert lines[0] == "time 1" and lines[-1] == "95 primes below 500"
    assert {"time 4", "time 5"} <= set(lines) and "144" in answer.output
    assert answer.errors.splitlines()[:4] == [
        "simrec: process 1 multitasking-primes.asm: exited with status 0",
        "simrec: process 2 multitasking-fib.asm: exited with status 0",
        "simrec: process 3 multitasking-clock.asm: exited with status 0",
        f"simrec: run {answer.run} (tasks): exited with status 0",
    ]
    (row,) = json.loads(simrec("runs", "--json").output)
    assert row["programs"] == LESSON
    assert "multitasking-primes.asm, ..." in simrec("runs").output


def test_one_file_name_in_two_folders(simrec: Simrec, write: Write) -> None:
    """Each is quoted from its own source, though both have the same addresses."""
    one = write("la t0, near|ld a0, 0(t0)|ret|.data|near: .dword 3", "one/same.asm")
    write("la t0, far|ld a0, 0(t0)|ret|.data|far: .dword 4", "two/same.asm")
    folder = one.parents[1]
    answer = simrec("run", "one/same.asm", "two/same.asm", "--harts", 1, cwd=folder)
    assert answer.status == 3, "the first that isn't 0"
    assert "process 2 same.asm: exited with status 4" in answer.errors
    for pid, folder_name, name, value in ((1, "one", "near", 3), (2, "two", "far", 4)):
        found = [
            json.loads(line) for line in simrec("events", "--process", pid, "--json").output.splitlines()
        ]
        assert {event["pid"] for event in found if event["kind"] == "instruction"} == {pid}
        (load,) = [event for event in found if event["effect"] == f"a0 = {value} <- [{name}]"]
        assert load["source"] == f"{folder_name}/same.asm:4"
        shown = simrec("replay", "--at", load["seq"], "--process", pid).output
        assert f"{folder_name}/same.asm:4 | ld a0, 0(t0)" in shown
        assert any(line.startswith("  names: ") and f"t0 {name}" in line for line in shown.splitlines())


def test_words_that_are_no_programs_are_arguments_of_all(simrec: Simrec) -> None:
    echo = PROGRAMS / "arguments.asm"
    answer = simrec("run", echo, echo, "one", echo, "--harts", 1)
    assert (answer.output, answer.status) == (f"one\n{echo}\n" * 2, 2)
    answer = simrec("run", echo, "--", echo)
    assert (answer.output, answer.status) == (f"{echo}\n", 1)
    answer = simrec("run", echo, "argument.asm", cwd=PROGRAMS)
    assert answer.output == "argument.asm\n"
    assert "argument.asm: no such file; did you mean arguments.asm?; taken as an argument" in answer.errors


def test_what_goes_wrong_names_the_process(simrec: Simrec, write: Write) -> None:
    fault = write("li t0, 8|ld a0, 0(t0)")
    answer = simrec("run", "examples/hello.asm", fault, "examples/deadlock.asm")
    assert answer.status == 3 and "Hello, world!\n" in answer.output
    assert "thread 2 of process 2 loaded from 0x8" in answer.errors and "| ld a0, 0(t0)" in answer.errors
    waits = [line for line in answer.errors.splitlines() if " waits for " in line]
    assert any("of process 3 waits for mutex" in line and "examples/deadlock.asm:" in line for line in waits)
    assert "process 3 deadlock.asm, had not ended" in answer.errors
    wrong = simrec("replay", "--process", 4)
    assert (wrong.status, wrong.errors) == (
        2,
        f"simrec: run {answer.run} has no process 4; there are 1, 2, 3\n",
    )


def test_a_program_that_cannot_be_read_stops_all(simrec: Simrec, write: Write) -> None:
    answer = simrec("run", "examples/hello.asm", write("nop|frob"))
    assert (answer.output, answer.status) == ("", 2)
    assert "has errors" in answer.errors
    flags = simrec("run", "examples/hello.asm", "examples/fib.asm", "--cflags", "-O2")
    assert (flags.status, "--cflags are for C and C++ sources" in flags.errors) == (2, True)


def test_two_runs_are_compared_by_all_their_programs(simrec: Simrec) -> None:
    for name, second in (("a", "fib.asm"), ("b", "primes.asm")):
        simrec("run", "examples/hello.asm", f"examples/{second}", "--harts", 1, "--name", name)
    shown = simrec("diff", "a", "b")
    assert shown.status == 1
    assert "program: A examples/hello.asm (" in shown.output and ", examples/primes.asm (" in shown.output
    assert "process 2 thread 2" in shown.output


def test_lines_of_a_program_that_execve_brought_in(simrec: Simrec, write: Write, tmp_path: Path) -> None:
    write("li a0, 7                # lucky|ret", "other.asm")
    simrec("asm", "other.asm", "-o", "other", cwd=tmp_path)
    write('la a0, path|li a1, 0|li a2, 0|li a7, 221|ecall|.data|path: .asciz "/bin/other"', "first.asm")
    answer = simrec("run", "first.asm", "--mount", ".:/bin", cwd=tmp_path)
    assert answer.status == 7
    (tmp_path / "other.asm").unlink()
    found = [
        json.loads(line) for line in simrec("events", "--kind", "instruction", "--json").output.splitlines()
    ]
    (seq,) = [event["seq"] for event in found if event["source"] == "other.asm:3"]
    assert "  other.asm:3 | li a0, 7\n" in simrec("replay", "--at", seq, "--process", 1).output


def test_an_example_of_the_help_is_one(simrec: Simrec) -> None:
    text = " ".join(simrec("run", "--help", COLUMNS="200").output.split())
    assert "arguments for all of them" in text
    assert (ROOT / LESSON[0]).exists()
