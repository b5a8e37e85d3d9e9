"""Names that get their values from outside the source (`simrec run --define`, GNU as's --defsym)."""

import subprocess
from pathlib import Path

import pytest
from gnu import PREFIX, contents, needs_gnu, run

from sim.isa.assembler import AssemblyError, Dialect, Source, UnreferredDefine, assemble, build, link
from sim.isa.assembler.dialect import GNU, RARS

DEFAULTS = """
        .ifndef N
        .equ    N, 3
        .endif
        .globl  _start
_start: li      a0, N
        .if     N > 4
        addi    a0, a0, N * 2
        .endif
        .ifdef  TRACE
        nop
        .endif
        .rept   N & 7
        nop
        .endr
        .data
table:  .zero   N
        .byte   N
"""


def image(text: str, **defines: int) -> bytes:
    return link([assemble(Source("t.s", text), defines=defines)])


def test_a_define_wins_over_a_guarded_default() -> None:
    same = DEFAULTS.replace(".equ    N, 3", ".equ    N, 6")
    assert contents(image(DEFAULTS, N=6)) == contents(image(same))
    assert contents(image(DEFAULTS, N=3)) == contents(image(DEFAULTS))


@needs_gnu
@pytest.mark.parametrize("value", [0, 3, 6, 100, 1000])
def test_values_mean_what_they_mean_to_gnu_as(value: int, tmp_path: Path) -> None:
    text = DEFAULTS.replace(".byte   N", ".dword  N, -N, N + table - table")
    (tmp_path / "t.s").write_text(text)
    march = "-march=rv64imafd_zicsr_zifencei"
    command = [PREFIX + "as", march, "-mno-relax", "--defsym", f"N={value}", "--defsym", "TRACE=1"]
    run(*command, "-o", str(tmp_path / "t.o"), str(tmp_path / "t.s"))
    for section in (".text", ".data"):
        copy = [
            PREFIX + "objcopy",
            "-O",
            "binary",
            "-j",
            section,
            str(tmp_path / "t.o"),
            str(tmp_path / "out"),
        ]
        subprocess.run(copy, check=True)
        assert contents(image(text, N=value, TRACE=1))[section][1] == (tmp_path / "out").read_bytes()


def test_any_64_bit_value() -> None:
    for value in (-(1 << 63), -1, (1 << 63) - 1, (1 << 64) - 1):
        data = contents(image("_start: .data\n.dword N\n", N=value))[".data"][1]
        assert int.from_bytes(data, "little") == value % (1 << 64)


@pytest.mark.parametrize(
    "statement", [".equ N, 4", "N = 4", ".set N, 4", ".equiv N, 4", "N: nop", "N = t0", ".comm N, 8"]
)
def test_a_definition_of_the_same_name_must_be_guarded(statement: str) -> None:
    with pytest.raises(AssemblyError) as caught:
        image(f"_start: li a0, N\n{statement}\n", N=5)
    (found,) = caught.value.diagnostics
    assert (found.line, found.message) == (2, "`N` is defined already, by --define N=5")
    assert ".ifndef N" in found.hint


@pytest.mark.parametrize(
    ("dialect", "statement"), [(GNU, ".eqv N, 4"), (RARS, ".eqv N 4"), (RARS, ".eqv N (t0)")]
)
def test_aliases_of_rars_must_be_guarded_too(dialect: Dialect, statement: str) -> None:
    with pytest.raises(AssemblyError, match="defined already, by --define N=5"):
        assemble(Source("t.s", f"{statement}\nli a0, 1\n"), dialect=dialect, defines={"N": 5})


def test_a_name_that_no_source_mentions_is_a_mistake() -> None:
    with pytest.raises(UnreferredDefine) as caught:
        build([Source("t.s", 'N = 3\nmain: ret\n.data\n.asciz "M" # M\n')], defines={"M": 1})
    assert caught.value.name == "M"
    with pytest.raises(UnreferredDefine, match="did you mean `THREADS`"):
        build([Source("t.s", ".equ THREADS, 3\nmain: li a0, THREADS\nret\n")], defines={"THREDS": 1})
    # The source's own errors come first.
    with pytest.raises(AssemblyError, match="nonsense"):
        build([Source("t.s", "nonsense\n")], defines={"M": 1})


@pytest.mark.parametrize(
    "mention",
    [
        ".if 0\nli a0, M\n.endif",
        ".if 0\n.if M\n.endif\n.endif",
        ".ifdef M\n.endif",
        ".macro load\nli a0, M\n.endm\nload",
        ".if 1\n.elseif M\n.endif",
    ],
)
def test_a_name_mentioned_anywhere_is_none(mention: str) -> None:
    assert build([Source("t.s", f"{mention}\nmain: ret\n")], defines={"M": 1})


def test_one_of_several_sources_may_mention_it() -> None:
    sources = [Source("a.s", ".globl main\nmain: j f\n"), Source("b.s", ".globl f\nf: li a0, M\nret\n")]
    assert build(sources, defines={"M": 1})
