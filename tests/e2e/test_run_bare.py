"""`simrec run --bare` as the user types it: what has to be decided, what is said, what can be looked at."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from console import ROOT, Simrec
from test_bad_input import one_line

LESSON = ROOT / "examples" / "lessons" / "bare.asm"
AT = ("--place", "0x1000", "--pc", "0x1000")


def test_what_the_user_has_to_decide(simrec: Simrec, tmp_path: Path) -> None:
    both = simrec("run", "--bare", LESSON)
    one_line(
        both, 2, "no operating system decides this for you", "(--place 0x1000) and at which", "(--pc 0x1000)"
    )
    one_line(simrec("run", "--bare", "--place", "0x1000", LESSON), 2, "address the hart begins (--pc 0x1000)")
    one_line(simrec("run", "--bare", "--pc", "0x1000", LESSON), 2, "the code stands (--place 0x1000)")
    assert simrec("runs").output == ""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--place", "here", "--pc", "0x1000"), "--place here: an address is a number, as in --place 0x1000"),
        (("--place", "0x1001", "--pc", "0x1000"), "--place 0x1001: instructions stand at even addresses"),
        (
            ("--place", "0x1000", "--pc", "0x4000000"),
            "--pc 0x4000000: outside of ram, which ends at 0x4000000",
        ),
        (("--place", "0x1000", "--pc", "-2"), "--pc -2: outside of ram"),
        ((*AT, "--sp", "0x4000001"), "--sp 0x4000001: outside of ram"),
        ((*AT, "--env", "A=1"), "--bare: there is no operating system for --env; leave it out"),
        ((*AT, "--abi", "rars"), "no operating system for --abi"),
        ((*AT, "--scheduler", "random"), "no operating system for --scheduler"),
        ((*AT, "--nice", "1=5"), "no operating system for --nice"),
        (
            ("--place", "0x3fffff0", "--pc", "0x3fffff0"),
            "and ram ends at 0x4000000: try another place, or --ram",
        ),
    ],
)
def test_what_cannot_be(simrec: Simrec, options: tuple[str, ...], words: str) -> None:
    one_line(simrec("run", "--bare", *options, LESSON), 2, words)
    assert simrec("runs").output == ""


def test_addresses_are_for_bare_runs(simrec: Simrec) -> None:
    one_line(
        simrec("run", "--pc", "0x1000", LESSON), 2, "--pc 0x1000: the operating system sees to that", "--bare"
    )


def test_one_program_at_a_time(simrec: Simrec) -> None:
    one_line(
        simrec("run", "--bare", *AT, LESSON, LESSON), 2, "--bare: one program at a time, and ", "is another"
    )
    one_line(simrec("run", "--bare", *AT, LESSON, "word"), 2, "there is no operating system for ARGS")


def test_there_is_no_library(simrec: Simrec) -> None:
    answer = simrec("run", "--bare", *AT, ROOT / "examples" / "hello.asm")
    assert answer.status == 2
    assert "undefined symbol `print_str`" in answer.errors
    assert (
        "hint: it is the runtime library's: without an operating system there is no library" in answer.errors
    )


def test_the_lesson(shelf: Callable[..., Simrec]) -> None:
    ask = shelf("lessons/bare.asm", "--bare", *AT)
    run = ask("run")
    assert (run.status, run.output) == (0, "")
    assert f"simrec: run {run.run}: the machine halted with status 0\n" in run.errors
    assert f"see it: simrec memory {run.run}, simrec replay {run.run}" in run.errors
    memory = ask("memory", "--address", "sum").output
    for line in (
        "\nram: 64 MiB, 2 pages (8 KiB) used so far\n",
        "0x1000     0x2000  4 KiB   rwx    1 of 1       text, data\n",
        "0x3000     0x4000  4 KiB   rwx    1 of 1       sp of hart 0\n",
        "0x4000  0x4000000  64 MiB  rwx    0 of 16,380  unused\n",
        "  ram: text, data <sum>\n    ba 13 00 00 ",
        "64 bits: 0x13ba, 5050\n",
        "last written by hart 0, event ",
    ):
        assert line in memory, line
    assert "physical" not in memory
    plain = json.loads(ask("memory", "--address", "sum", "--json").output)
    assert plain["address"]["processes"][0]["frame"] == 1
    assert plain["address"]["processes"][0]["word"] == 5050
    assert plain["frames"] == {"used": 2, "shared": 0, "free": 16_382}
    state = ask("replay").output
    for line in (
        "thread 1: running on hart 0\n",
        "sp 0x4000",
        "names: ra _start+32, t1 sum",
        "the run has ended: halted, status 0",
    ):
        assert line in state, line
    assert "run queue" not in state
    assert "sum_to" in ask("replay", "--at", 100).output
    listed = ask("events", "--to", 9).output
    for line in (
        "mapped ram 0x0..0x4000000 rwx",
        "ram 0x1000..0x2000 is used for the first time",
        "the program's 104 bytes at _start",
        "thread 1 created: pc _start, sp 0x0, a0 0",
        "hart 0 runs thread 1, and nothing else",
    ):
        assert line in listed, line
    counted = next(line for line in ask("stats").output.splitlines() if line.startswith("instructions"))
    assert counted.split()[-1] == "1,215"


def test_runs_say_it_as_it_was_typed(simrec: Simrec) -> None:
    simrec("run", "--bare", *AT, "--sp", "0x8000", "--harts", 2, LESSON)
    simrec("run", "--bare", *AT, LESSON)
    one, two = simrec("runs").output.splitlines()[1:]
    assert one.endswith("  --bare --place 0x1000 --pc 0x1000")
    assert two.endswith("  --harts 2 --bare --place 0x1000 --pc 0x1000 --sp 0x8000")
    assert " halted " in one


@pytest.mark.parametrize(
    ("pc", "words"),
    [
        ("0x1010", None),
        ("0x1070", "came to 0x1072 <count+2>, where 0x00000000 stands, which is no instruction: it is data"),
        (
            "0x3000",
            "came to 0x3000, where 0x00000000 stands, which is no instruction: nothing was placed there",
        ),
    ],
)
def test_what_the_lesson_says_to_try(simrec: Simrec, pc: str, words: str | None) -> None:
    answer = simrec("run", "--bare", "--place", "0x1000", "--pc", pc, LESSON)
    if words is None:
        assert answer.status == 0
        assert "64 bits: 0x0, 0\n" in simrec("memory", "--address", "sum").output
    else:
        assert answer.status == 6
        assert words in answer.errors
        assert "the machine stopped, status 6" in answer.errors
        assert "simrec replay --at" in answer.errors


def test_the_lesson_elsewhere(simrec: Simrec) -> None:
    assert simrec("run", "--bare", "--place", "0x200000", "--pc", "0x200000", LESSON).status == 0
    text = simrec("memory", "--address", "sum").output
    assert "address 0x200078\n  ram: text, data <sum>\n" in text
    assert "5050" in text


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("nop|ecall", "hart 0 made an ecall at 0x1004 <_start+4>: there is no operating system to call"),
        ("addi sp, sp, -16|sd ra, 8(sp)", "hart 0 stored to -0x8: ram is 0 to 0x4000000"),
        ("li t0, 0x80000000|jr t0", "hart 0 went to 0x80000000: ram is 0 to 0x4000000"),
        (
            "nop",
            "hart 0 came to 0x1004, where 0x00000000 stands, which is no instruction: nothing was placed",
        ),
    ],
)
def test_faults_are_told(simrec: Simrec, write: Callable[..., Path], body: str, words: str) -> None:
    lines = "\n".join(f"        {line}" for line in body.split("|"))
    path = write(f"        .globl _start\n_start:\n{lines}\n")
    answer = simrec("run", "--bare", *AT, path)
    assert answer.status == 6
    assert words in answer.errors
    assert "signal" not in answer.errors
    assert "program.asm:" in answer.errors
    assert "signal" not in simrec("events").output


def test_raw_bytes(simrec: Simrec, tmp_path: Path) -> None:
    path = tmp_path / "seven.bin"
    path.write_bytes(bytes.fromhex("1305700073001000"))
    assert simrec("run", "--bare", "--place", "0", "--pc", "0", path).status == 7
    assert "li a0,7" in simrec("events").output
    (tmp_path / "none.bin").write_bytes(b"")
    one_line(simrec("run", "--bare", *AT, tmp_path / "none.bin"), 2, "nothing in it to run")
    one_line(simrec("run", "--bare", "--pc", "0", tmp_path / "none.bin"), 2, "--place 0x1000")


def test_an_elf_has_its_own_addresses(simrec: Simrec, write: Callable[..., Path], tmp_path: Path) -> None:
    elf = tmp_path / "p.elf"
    simrec("asm", write("        .globl _start\n_start: li a0, 3\n        ebreak\n"), "-o", elf)
    assert simrec("run", "--bare", "--pc", "0x10000", elf).status == 3
    assert simrec("run", "--bare", "--place", "0x10000", "--pc", "0x10000", elf).status == 3
    wrong = simrec("run", "--bare", "--place", "0x1000", "--pc", "0x1000", elf)
    one_line(wrong, 2, "is linked for 0x10000, and --place says 0x1000: leave --place out")


def test_bare_runs_are_drawn(shelf: Callable[..., Simrec], tmp_path: Path) -> None:
    ask = shelf("lessons/bare.asm", "--bare", *AT)
    assert ask("timeline", "-o", tmp_path / "t.html").status == 0
    assert ask("memory", "--figure", tmp_path / "m.html").status == 0
    page = (tmp_path / "m.html").read_text()
    assert "text, data" in page
    assert "frame 0: the machine" not in page
