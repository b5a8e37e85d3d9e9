"""What a person sees who made a mistake."""

from pathlib import Path

import pytest
from gnu import errors

from sim.isa.assembler import AssemblyError, Source, assemble, build, link


def test_an_error_shows_place_line_caret_and_hint() -> None:
    assert errors("start:\n\taddii a0, a0, 1  # more\n") == (
        "t.s:2:2: error: unknown instruction `addii`\n"
        "\taddii a0, a0, 1  # more\n"
        "\t^~~~~\n"
        "hint: did you mean `addi`?"
    )


def test_all_errors_come_at_once_in_order_of_lines() -> None:
    text = """start:
    addi a0, a0, 5000
    li a0, 1 +
    la a1, mesage
    lw a0, 4[sp]
    beq a0, a1, 9f
start:
    .byte 256
    .data
message: .asciz "hi"
    ret
"""
    heads = [line for line in errors(text).splitlines() if ": error: " in line]
    assert heads == [
        "t.s:2:18: error: immediate 5000 is out of range -2048..2047",
        "t.s:3:15: error: expected an expression",
        "t.s:4:12: error: undefined symbol `mesage`",
        "t.s:5:13: error: unexpected character `[`",
        "t.s:6:17: error: no label `9:` follows",
        "t.s:7:1: error: `start` is defined already at t.s:1",
        "t.s:8:11: error: 256 does not fit into 1 byte (-128..255)",
        "t.s:11:5: error: an instruction in section .data",
    ]
    assert "did you mean `message`?" in errors(text)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("add a0, a1", "`add` takes 3 operands, 2 given"),
        ("addi a0, a8, 1", "operand 2 of `addi` must be a register"),
        ("lw a0, a1", "operand 2 of `lw` must be a value or an address as `offset(register)`"),
        ("slli a0, a0, 64", "shift amount 64 is out of range 0..63"),
        ("slliw a0, a0, 32", "shift amount 32 is out of range 0..31"),
        ("lui a0, 0x100000", "immediate 1048576 is out of range 0..1048575 (0xfffff)"),
        ("lw a0, %hi(start)(a0)", "%hi belongs in lui and auipc"),
        ("lui a0, %got_pcrel_hi(start)", "%got_pcrel_hi is not supported: programs are linked statically"),
        ("csrr a0, cycel", "unknown CSR `cycel`"),
        ("csrwi time, 32", "immediate 32 is out of range 0..31"),
        ("fadd.d fa0, a0, fa1", "operand 2 of `fadd.d` must be an f register, `a0` is an x register"),
        ("add a0, fa0, a1", "operand 2 of `add` must be an x register, `fa0` is an f register"),
        ("flw fa0, 0(fa1)", "an address is in an x register, `fa1` is an f register"),
        ("fadd.s fa0, fa1, fa2, rxx", "`rxx` is not a rounding mode"),
        ("fmv.x.w fa0, a0", "operand 1 of `fmv.x.w` must be an x register, `fa0` is an f register"),
        ("lw a0, fa1", "operand 2 of `lw` must be a value or an address as `offset(register)`"),
        ("c.and t0, a0", "`c.and` has no place for `t0`"),
        ("c.lw a0, 2(a1)", "immediate 2 is not a multiple of 4"),
        ("c.lw a0, 128(a1)", "immediate 128 is out of range 0..124"),
        ("c.lwsp a0, 0(a1)", "this operand of `c.lwsp` is sp"),
        ("c.mv a0, zero", "`c.mv` can't have zero here"),
        ("c.addi16sp sp, 0", "`c.addi16sp` can't have 0 here"),
        ("c.lui a0, 32", "immediate 32 is out of range 1..31 or 0xfffe0..0xfffff"),
        (".option pop", "`.option pop` without `.option push`"),
        (".float 1.2.3", "`1.2.3` is not a number"),
        (".float 1e39", "`1e39` is too large for 4 bytes"),
        (".double 1e99999", "the exponent of `1e99999` is absurd"),
        ("fence q, w", "`q` is not a set of fence bits: letters of iorw"),
        ("amoadd.w a0, a1, 4(a2)", "`amoadd.w` takes no offset"),
        ("addi a0, a0, start", "an immediate is a constant, this is an address"),
        ("li a0, start", "li loads constants, this is an address"),
        ("li a0, COUNT", "constant `COUNT` is not defined in this file"),
        ("j 1b", "no label `1:` stands before this"),
        ("j start + 1", "the target is at an odd address (+1 bytes from here)"),
        ("addi a0, a0, %pcrel_lo(start)", "no %pcrel_hi stands at this label"),
        ("call strat", "undefined symbol `strat`"),
        ("add a0, a1, a2 a3", "expected a comma"),
        ("li a0, 12abc", "`12abc` is not a number"),
        ("li a0, 'ab'", "a character constant holds one character"),
        ("li a0, 1/0", "division by zero"),
        ("probe 4000, a0", "immediate 4000 is out of range -2048..2047"),
        (".wrod 5", "unknown directive `.wrod`"),
        (".org 5", "`.org` is not supported"),
        (".byte 256", "256 does not fit into 1 byte (-128..255)"),
        (".string hello", "expected a string in double quotes"),
        (r'.string "\q"', "unknown escape `\\q`"),
        ('.string "open', "unterminated string"),
        (".align 40", "alignment 2^40 is out of range 2^0..2^16"),
        (".balign 3", "alignment 3 is not a power of two up to 65536"),
        (".space -1", "the size is negative: -1"),
        (".space 1 << 40", "1099511627776 bytes are more than the limit of 268435456"),
        (".rept 1 << 30\nnop\n.endr", "1073741824 repetitions are more than the limit of 5000000 statements"),
        (".space later - start\n.data\nlater:", "the size is not a constant"),
        (".section .x, \"awx\"", "a section can't be both writable and executable"),
        (".text 1", "subsections are not supported"),
        (".popsection", "`.popsection` without `.pushsection`"),
        (".include \"nofile.s\"", "no file `nofile.s`"),
        (".if later\n.endif", "expected a condition whose value is known at this point"),
        (".if 1", "`.if` without `.endif`"),
        (".else", "`.else` without `.if`"),
        (".endm", "`.endm` without `.macro`"),
        (".endr", "`.endr` without `.rept`"),
        (".macro m", "`.macro` without `.end_macro` or `.endm`"),
        (".rept 2", "`.rept` without `.endr`"),
        (".macro m a:req\n.endm\nm", "macro `m` needs a value for `a`"),
        (".macro m a\n.endm\nm 1, 2", "macro `m` takes 1 arguments, more are given"),
        (".macro m(%a)\n.end_macro\nm(1, 2)", "macro `m` takes 1 arguments, 2 given"),
        (".macro m\nm\n.endm\nm", "more than 200 macros or includes within each other"),
        (".equiv a, 1\n.equiv a, 2", "`a` is defined already at t.s:2"),
        ("x = y\ny = x\n.word x", "`y` is defined in terms of itself"),
        (".byte 1\nnop", "the instruction is at .text+0x1, not at a multiple of 4"),
        (".error \"stop here\"", "stop here"),
        (".option turbo", "unknown option `turbo`"),
        (".bss\n.word 1", "section .bss holds zeros only"),
        ("/* no end", "comment without end"),
        ("5", "expected an instruction, a directive or a label"),
    ],
)  # fmt: skip
def test_message(statement: str, message: str) -> None:
    said = errors(f"start:\n {statement}\n")
    assert f"error: {message}" in said, said


@pytest.mark.parametrize(
    ("statement", "hint"),
    [
        ("add a0, a1", "hint: write `add rd,rs1,rs2` or `add rd,rs,imm`"),
        ("csrr a0, cycel", "hint: did you mean `cycle`?"),
        ("call print_itn", "hint: did you mean `print_int`?"),
        ("call strat", "hint: did you mean `start`?"),
        (".wrod 5", "hint: did you mean `.word`?"),
        ("addi a0, zreo, 1", "hint: did you mean `zero`?"),
        (".macro twice\n.endm\ntwcie", "hint: did you mean `twice`?"),
        ("addi a0, a0, 4096", "hint: load it into a register with li"),
        (".byte 1\nnop", "hint: put `.align 2` before it"),
    ],
)
def test_hint(statement: str, hint: str) -> None:
    assert hint in errors(f"start:\n {statement}\n").splitlines()


def test_an_error_in_a_macro_names_the_macros_line_and_the_use() -> None:
    text = ".macro inc r, by\n    addi \\r, \\r, \\by\n.endm\n"
    text += ".macro twice r\n    inc \\r, 9999\n.endm\nstart: twice a0\n"
    assert errors(text) == (
        "t.s:2:18: error: immediate 9999 is out of range -2048..2047\n"
        "    addi a0, a0, 9999\n"
        "                 ^~~~\n"
        "hint: load it into a register with li\n"
        "t.s:5: note: in this use of macro `inc`\n"
        "    inc a0, 9999\n"
        "t.s:7: note: in this use of macro `twice`\n"
        "start: twice a0"
    )


def test_the_column_counts_behind_a_separator_and_a_comment() -> None:
    said = errors("start: nop; /* x */ addi a0, a0, 9999; nop\n").splitlines()
    assert said[0].startswith("t.s:1:34: error: ")
    assert said[2] == " " * 33 + "^~~~"


def test_an_error_in_an_included_file_says_from_where(tmp_path: Path) -> None:
    (tmp_path / "inner.s").write_text("nop\nbogus\n")
    (tmp_path / "outer.s").write_text('start:\n.include "inner.s"\n')
    with pytest.raises(AssemblyError) as caught:
        build([tmp_path / "outer.s"], entry="start")
    said = str(caught.value).splitlines()
    assert said[0] == f"{tmp_path}/inner.s:2:1: error: unknown instruction `bogus`"
    assert f"{tmp_path}/outer.s:2: note: included from here" in said


def test_errors_of_several_files_are_together() -> None:
    with pytest.raises(AssemblyError) as caught:
        build([Source("a.s", "main: bogus\n"), Source("b.s", "f: call g\n  addi a0, a0, 1 << 20\n")])
    assert [f"{each.path}:{each.line}" for each in caught.value.diagnostics] == ["a.s:1", "b.s:1", "b.s:2"]


def test_a_broken_definition_does_not_make_its_users_errors() -> None:
    said = errors('start: la a0, text\n.include "nofile.s"\n')
    assert said.count("error:") == 1
    said = errors('start: la a0, text\n.data\ntext: .asciz "open\n')
    assert said.count("error:") == 1


def test_names_defined_in_two_units() -> None:
    units = [assemble(Source(path, ".globl f\nf: ret\n")) for path in ("a.s", "b.s")]
    with pytest.raises(AssemblyError, match=r"b\.s:2:1: error: `f` is defined already at a\.s:2"):
        link(units)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "x.s").write_bytes(b"\x7fELF\xff\xfe")
    with pytest.raises(AssemblyError, match="this is no text: byte 0xff at 4"):
        build([tmp_path / "x.s"])


def test_jumps_out_of_reach() -> None:
    said = errors("start: j far\n .space 1 << 21\nfar: nop\n")
    assert "error: the target is +2097156 bytes away, out of range -1048576..1048574" in said
    assert "hint: use call, tail or jump" in said
