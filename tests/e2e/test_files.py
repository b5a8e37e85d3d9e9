"""Files from the command line: --mount, --env, what is told of pipes."""

import json
from pathlib import Path

import pytest
from console import Simrec

CAT = """
        .globl  main
main:   la      a1, path
        li      a0, -100
        li      a2, 0
        li      a7, 56
        ecall
        bltz    a0, 1f
        la      a1, buffer
        li      a2, 100
        li      a7, 63
        ecall
        mv      a2, a0
        la      a1, buffer
        li      a0, 1
        li      a7, 64
        ecall
        li      a0, 0
        ret
1:      neg     a0, a0
        ret
        .data
path:   .asciz  "/in/text"
        .bss
buffer: .zero   100
"""


@pytest.fixture
def cat(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "text").write_text("hello, file\n")
    (tmp_path / "cat.asm").write_text(CAT)
    return tmp_path


def test_a_program_reads_what_is_mounted(simrec: Simrec, cat: Path) -> None:
    done = simrec("run", "--mount", f"{cat}/data:/in", f"{cat}/cat.asm")
    assert (done.status, done.output) == (0, "hello, file\n")
    listed = simrec("events", "--kind", "input", "--kind", "file", "--kind", "host")
    assert "fd 3: 'hello, file\\n'" in listed.output
    assert "/in/text looked up" in listed.output and str(cat) not in listed.output
    shown = simrec("replay", "--at", "60")
    assert shown.status == 0


def test_and_nothing_else(simrec: Simrec, cat: Path) -> None:
    assert simrec("run", f"{cat}/cat.asm").status == 2  # ENOENT


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--mount", "data"], "HOSTDIR:/GUESTDIR"),
        (["--mount", "/no/such/place:/in"], "does not exist"),
        (["--mount", "{cat}/cat.asm:/in"], "is not a directory"),
        (["--mount", "{cat}:/in/../.."], "plain path"),
        (["--mount", "{cat}:/in", "--mount", "{cat}:/in/"], "two directories"),
        (["--env", "NAME"], "NAME=VALUE"),
    ],
)
def test_what_is_mistyped(simrec: Simrec, cat: Path, options: list[str], words: str) -> None:
    done = simrec("run", *(option.format(cat=cat) for option in options), f"{cat}/cat.asm")
    assert done.status == 2
    assert words in done.errors and len(done.errors.splitlines()) == 1
    assert simrec("runs").output == ""  # None of them left a run.


def test_who_waits_for_a_pipe(simrec: Simrec, tmp_path: Path) -> None:
    (tmp_path / "wait.asm").write_text("""
        .globl  main
main:   la      a0, fds
        li      a1, 0
        li      a7, 59
        ecall
        li      a0, 3
        la      a1, fds
        li      a2, 1
        li      a7, 63
        ecall
        ret
        .bss
fds:    .zero   8
""")
    done = simrec("run", tmp_path / "wait.asm")
    assert done.status == 3 and "thread 1 waits for pipe 4, at " in done.errors
    shown = simrec("replay").output
    assert "fd 3: read end of pipe 4, which holds 0 bytes" in shown
    state = json.loads(simrec("replay", "--json").output)
    assert [entry["fd"] for entry in state["files"]] == [0, 1, 2, 3, 4] and state["pipes"] == {"4": 0}
