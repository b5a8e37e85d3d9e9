"""`simrec run --signature`: the words that a conformance test leaves, however it ends."""

from collections.abc import Callable
from pathlib import Path

import pytest
from console import Simrec

#: Two words and a half at the signature; `{end}` ends the program.
PROGRAM = """        .globl _start
_start: la      t0, begin_signature
        li      t1, 0x1122334455667788
        sd      t1, 0(t0)
{end}
        .data
        .globl  begin_signature, end_signature, first
        .align  3
first:
begin_signature:
        .dword  0
        .byte   0xab, 0xcd
end_signature:
        .byte   0xff
"""
EXIT = "li a7, 93|ecall"
WORDS = "55667788\n11223344\n0000cdab\n"


@pytest.fixture
def marked(write: Callable[..., Path]) -> Callable[[str], Path]:
    """``marked("how it ends")``: a program with a signature."""
    return lambda end: write(PROGRAM.format(end=end.replace("|", "\n")), name="marked.s")


@pytest.mark.parametrize(
    ("end", "options", "status"),
    [
        ("li a0, 0|" + EXIT, (), 0),
        ("li a0, 7|" + EXIT, ("--store", "sqlite"), 7),
        ("ld t0, 8(zero)", (), 139),
        ("ebreak", (), 133),
        ("1: addi t2, t2, 1|j 1b", ("--max-events", 5000), 4),
        ("la a0, first|li a1, 0|li a2, -1|li a3, 0|1: li a7, 98|lw a2, 0(a0)|ecall|j 1b", (), 3),
    ],
)
@pytest.mark.parametrize("jit", ["0", "1"])
def test_the_words_at_the_end(
    simrec: Simrec,
    marked: Callable[[str], Path],
    tmp_path: Path,
    end: str,
    options: tuple[object, ...],
    status: int,
    jit: str,
) -> None:
    path = tmp_path / "words"
    answer = simrec("run", marked(end), "--signature", path, *options, SIMREC_JIT=jit)
    assert answer.status == status
    assert path.read_text() == WORDS
    assert f"run {answer.run}: " in answer.errors


@pytest.mark.parametrize(
    ("granularity", "text"),
    [
        (1, "88 77 66 55 44 33 22 11 ab cd ".replace(" ", "\n")),
        (8, "1122334455667788\n000000000000cdab\n"),
        (16, "000000000000cdab1122334455667788\n"),
    ],
)
def test_granularity(
    simrec: Simrec, marked: Callable[[str], Path], tmp_path: Path, granularity: int, text: str
) -> None:
    path = tmp_path / "words"
    program = marked("li a0, 0|" + EXIT)
    simrec("run", program, "--signature", path, "--signature-granularity", granularity)
    assert path.read_text() == text


def test_what_has_no_signature_is_not_run(
    simrec: Simrec, marked: Callable[[str], Path], write: Callable[..., Path], tmp_path: Path
) -> None:
    def refused(program: Path, file: Path, *parts: str) -> None:
        answer = simrec("run", program, "--signature", file)
        assert (answer.status, answer.output, answer.errors.count("\n")) == (2, "", 1)
        assert all(part in answer.errors for part in parts), answer.errors
        assert not (tmp_path / "words").exists()

    plain, good = write("li a0, 0|" + EXIT, name="plain.s"), marked("li a0, 0|" + EXIT)
    refused(plain, tmp_path / "words", "plain.s: has no symbol begin_signature")
    refused(good, tmp_path / "no" / "words", "--signature", "name another")
    refused(good, tmp_path, "--signature", "name another")
    turned = good.read_text().replace("end_signature:", "").replace("first:", "end_signature: first: .word 0")
    refused(write(turned, name="turned.s"), tmp_path / "words", "enclose no signature")
    assert simrec("runs").output == ""
