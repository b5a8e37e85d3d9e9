"""Byte for byte what GNU as and ld make of the same text."""

import random
import re
from pathlib import Path

import pytest
from gnu import PREFIX, assert_same, contents, gnu, needs_gnu, ours, run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.isa import INSTRUCTIONS
from sim.isa.compressed import COMPRESSED, Compressed
from sim.isa.registers import ABI_NAMES, FLOAT_NAMES
from sim.isa.table import FLOAT_FIELDS, REGISTER_FIELDS, ROUNDING_MODES

pytestmark = needs_gnu
HERE = Path(__file__).parent
#: Exact conversions, for which this version of GNU as takes no rounding mode.
WITHOUT_MODE = ("fcvt.d.s", "fcvt.d.w", "fcvt.d.wu")
EDGES = [0, 1, -1, 2047, 2048, -2048, -2049, 4095, 4096, 0x7FFFF7FF, 0x7FFFF800, 0x7FFFFFFF, 0x80000000]
EDGES += [-0x80000000, 0xFFFFFFFF, 0xFFFFF800, 1 << 32, 1 << 63, (1 << 63) - 1, (1 << 64) - 1, -(1 << 63)]


def test_every_pseudo_instruction_and_data_directive(tmp_path: Path) -> None:
    assert_same((HERE / "corpus.s").read_text(), tmp_path)


def test_li_at_the_edges(tmp_path: Path) -> None:
    assert_same("\n".join(f"li a0, {value}" for value in EDGES), tmp_path)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(-(1 << 63), (1 << 64) - 1), min_size=150, max_size=150), st.randoms())
def test_li_of_any_value(tmp_path: Path, values: list[int], chance: random.Random) -> None:
    sparse = [value >> chance.randrange(64) << chance.randrange(32) for value in values]
    lines = [
        f"li a{chance.randrange(8)}, {value}" for value in values + sparse if -(1 << 63) <= value < 1 << 64
    ]
    assert_same("\n".join(lines), tmp_path)


def random_operand(name: str, chance: random.Random) -> str:
    register = chance.choice(ABI_NAMES)
    if name in FLOAT_FIELDS:
        return chance.choice((chance.choice(FLOAT_NAMES), f"f{chance.randrange(32)}"))
    choices = {
        "imm(rs1)": f"{chance.randrange(-2048, 2048)}({register})",
        "(rs1)": f"({register})",
        "imm": str(chance.randrange(-2048, 2048)),
        "imm20": str(chance.randrange(1 << 20)),
        "offset": chance.choice(("near", "ahead")),
        "shamt": str(chance.randrange(32)),
        "csr": chance.choice(("cycle", "time", "instret", "0xc01", "fcsr", "frm", "fflags")),
        "rm": chance.choice(sorted(ROUNDING_MODES)),
        "zimm": str(chance.randrange(32)),
        "pred": chance.choice(("r", "rw", "iorw", "io")),
        "succ": chance.choice(("w", "rw", "iorw", "i")),
    }
    return choices.get(name, register)


@pytest.mark.parametrize("seed", range(4))
def test_every_instruction_with_random_operands(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    lines = ["near:"]
    for instruction in INSTRUCTIONS:
        if instruction.event == "probe":
            continue
        suffixes = ("", ".aq", ".rl", ".aqrl") if instruction.orderings else ("",)
        for suffix in suffixes:
            operands = [random_operand(name, chance) for name in instruction.operands]
            if instruction.operands[-1:] == ("rm",):
                lines.append(f"{instruction.mnemonic} {','.join(operands[:-1])}")
                if instruction.mnemonic in WITHOUT_MODE:
                    continue
            lines.append(f"{instruction.mnemonic}{suffix} {','.join(operands)}")
    assert_same("\n".join([*lines, "ahead: nop"]), tmp_path)


NEAR_LIMITS = (0, 1, -1, 31, 32, -32, -33, 4, 8, 16, -16, 48, 124, 128, 248, 252, 256, 496, 504)
SHORT_REGISTERS = ("a0", "a1", "s0", "s1", "sp", "ra", "zero", "t0")


#: GNU as leaves these long, though they could be c.jr and c.j.
LONG_IN_GNU = re.compile(r"(jr|jalr)\s.*\(|jalr\s.*,.*0$|jal\s+(zero|x0)")


def short_operand(name: str, chance: random.Random) -> str:
    """Operands that often have a short form, and often just don't."""
    register = chance.choice(SHORT_REGISTERS)
    small = chance.choice(NEAR_LIMITS)
    if name in FLOAT_FIELDS:
        return chance.choice(("fa0", "fs1", "ft0"))
    choices = {
        "imm(rs1)": f"{small}({register})",
        "(rs1)": f"({register})",
        "imm": str(small),
        "imm20": str(chance.choice((0, 1, 31, 32, 0xFFFFF, 0xFFFE0, 0xFFFDF))),
    }
    if name in REGISTER_FIELDS:
        return register
    return choices.get(name) or random_operand(name, chance)


@pytest.mark.parametrize("seed", range(4))
def test_short_forms_are_taken_where_gnu_takes_them(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    shortest = sorted({row.base.number for row in COMPRESSED if row.base.mnemonic != "jalr"})
    lines = [".option rvc", "near:"]
    for _ in range(1500):
        instruction = INSTRUCTIONS[chance.choice(shortest)]
        operands = ",".join(short_operand(name, chance) for name in instruction.operands)
        lines.append(f"{instruction.mnemonic} {operands}".strip().replace("jal zero,", "j "))
        if chance.randrange(200) == 0:
            lines.append(f".option rvc\n.align {chance.randrange(2, 5)}")
        if chance.randrange(100) == 0:
            lines.append(f".option {chance.choice(('rvc', 'norvc', 'rvc'))}")
    assert_same("\n".join([*lines, ".option rvc", "ahead: nop"]), tmp_path)


@pytest.mark.parametrize("distance", [4084, 4088, 4092, 4096, 4100])
def test_branches_around_the_limit_of_their_reach(distance: int, tmp_path: Path) -> None:
    ahead = f"b: beq a0,a1,f\n .space {distance}\nf: bne a1,a2,b\n bltu a0,a1,f\n bgez a0,b\n"
    back = f"c: nop\n .space {distance}\n bne a1,a2,c\n blt a0,a1,c\n bleu a0,a3,c\n"
    assert_same(ahead + back, tmp_path)


def test_long_branches_that_push_others_out_of_reach(tmp_path: Path) -> None:
    lines = [f"l{i}: beq a0,a1,l{(i * 7 + 3) % 1500}\n addi a0,a0,1" for i in range(1500)]
    assert_same("\n".join(lines), tmp_path)
    text = "a: beq a0,a1,z\n .align 4\n .space 4080\n beq a0,a1,z\n .align 5\n beqz a0,a\n .space 20\nz: nop"
    assert_same(text + "\n .align 5\n", tmp_path)


@pytest.mark.parametrize("distance", range(242, 264, 2))
def test_short_branches_around_the_limit_of_their_reach(distance: int, tmp_path: Path) -> None:
    ahead = f".option rvc\nb: beqz a0,f\n bnez a1,f\n .space {distance}\nf: bnez a1,b\n beq a0,a1,f\n"
    back = f"c: nop\n .space {distance}\n bnez a2,c\n beqz a0,c\n"
    assert_same(ahead + back, tmp_path)


@pytest.mark.parametrize("distance", range(2034, 2056, 2))
def test_short_jumps_around_the_limit_of_their_reach(distance: int, tmp_path: Path) -> None:
    text = f".option rvc\nb: j f\n j f\n .space {distance}\nf: j b\n jal f\n j f\n"
    assert_same(text + f"c: nop\n .space {distance}\n j c\n jal c\n", tmp_path)


def test_short_branches_that_push_others_out_of_reach(tmp_path: Path) -> None:
    lines = [f"l{i}: beqz a0,l{(i * 7 + 3) % 1500}\n addi a0,a0,100\n j l{i * 5 % 1500}" for i in range(1500)]
    assert_same(".option rvc\n" + "\n".join(lines), tmp_path)


def test_short_forms_of_pseudo_instructions(tmp_path: Path) -> None:
    lines = [line for line in (HERE / "corpus.s").read_text().splitlines() if not LONG_IN_GNU.search(line)]
    assert_same("\n".join([".option rvc", *lines]), tmp_path)


def test_short_branches_to_weak_symbols_and_other_sections_are_long(tmp_path: Path) -> None:
    text = '.weak w\nbeqz a0,w\nw: nop\n.section .text.x,"ax"\nx: nop\nnop\n.text\nbnez a0,x\nj x\n'
    assert_same(".option rvc\n" + text, tmp_path)


def test_branches_to_weak_symbols_and_other_sections_are_long(tmp_path: Path) -> None:
    text = '.weak w\nbeq a0,a1,w\nw: nop\n.section .text.x,"ax"\nx: nop\n.text\nbne a0,a1,x\nj x\n'
    assert_same(text, tmp_path)


def test_alignment_in_code(tmp_path: Path) -> None:
    text = "nop\n.align 3\nnop\n.byte 1,2,3\n.align 4\nnop\n.align 4,0\nnop\n.balign 32,,8\nnop\n.p2align 5\n"
    assert_same(text + ".balign 64,0xab\nnop\n.half 1\n.align 3\nnop", tmp_path)


def test_macros_repetitions_and_conditions(tmp_path: Path) -> None:
    assert_same((HERE / "macros.s").read_text(), tmp_path)


def test_constants_by_name(tmp_path: Path) -> None:
    text = """
 .equ A, 5
 B = A + 1
 li a0, A
 li a1, B*2
 addi a0, a0, B
 .data
m: .ascii "hello"
 .set len, . - m
 .equ LATER, 77
 .text
 li a2, len
 lw a0, A(sp)
 sw a0, -A(sp)
 .set A, 9
 li a0, A
"""
    assert_same(text, tmp_path)


def test_objdump_finds_our_lines_and_functions(tmp_path: Path) -> None:
    macro = ".macro twice r\n add \\r, \\r, \\r\n nop\n.endm\n"
    text = macro + ".globl f\nf: li a0, 0x12345678\n twice a0\n\n\n ret\n"
    (tmp_path / "t.elf").write_bytes(ours(text))
    dump = run(PREFIX + "objdump", "-dl", str(tmp_path / "t.elf")).splitlines()
    shown = [line.split("t.s:")[1] for line in dump if "t.s:" in line]
    assert shown == ["8", "9", "12"]
    assert any("<_start>:" in line for line in dump)
    assert [line.split("\t")[2] for line in dump if line.count("\t") >= 2] == [
        "lui",
        "addw",
        "add",
        "nop",
        "ret",
    ]


def test_the_reference_sees_the_same_addresses(tmp_path: Path) -> None:
    text = "nop\n.data\nd: .dword d, e\n.bss\ne: .zero 8\n"
    mine = contents(ours(text))
    assert contents(gnu(text, tmp_path, {name: place for name, (place, _) in mine.items()})) == mine


COMPRESSED_OPERANDS = {"sp": "sp", "rs1'": "s1", "rd'": "a5", "rs2'": "s0", "fd'": "fa5", "fs2'": "fs0"}


def explicit(row: Compressed, chance: random.Random) -> str:
    """A statement that asks for this short form."""

    def number(name: str) -> str:
        field = row.fields[name]
        least, greatest = field.bounds
        step = 1 << field.low
        if name == "imm" and field.low == 12:
            return str(chance.choice((1, 31, 0xFFFE0, 0xFFFFF)))
        value = chance.randrange(max(least, 0) + step, greatest + step, step)
        return str(value if name not in ("imm",) else chance.choice((value, least)))

    def operand(name: str) -> str:
        offset, parenthesis, base = name.partition("(")
        if parenthesis:
            return f"{number(offset)}({operand(base.rstrip(')'))})"
        if name in COMPRESSED_OPERANDS:
            return COMPRESSED_OPERANDS[name]
        if name in ("rd", "rs1", "rs2"):
            return chance.choice([each for each in ABI_NAMES if each not in ("zero", "sp")])
        if name in FLOAT_FIELDS:
            return chance.choice(FLOAT_NAMES)
        return "near" if name == "offset" else number("imm" if name == "imm20" else name)

    return f"{row.mnemonic} {','.join(map(operand, row.operands))}"


@pytest.mark.parametrize("seed", range(4))
def test_every_short_form_written_as_such(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    rows = [row for row in COMPRESSED if row.mnemonic != "c.nop"]
    lines = [".option rvc", "near: c.nop", "c.unimp", *(explicit(row, chance) for row in rows)]
    assert_same("\n".join(lines), tmp_path)


def test_floating_point_data(tmp_path: Path) -> None:
    numbers = (
        "0, 1, -1.5, .5, 5., 3.14159265358979, 1e10, -1E-10, +2.5e+3, 0f1.25, inf, -Inf, Infinity, nan, -nan"
    )
    text = f".data\n.float {numbers}, 0x:3f800000, 1.17549435e-38, 3.40282347e38\n.single 0.1\n.float\n"
    text += f".double {numbers}, 0f:3ff8000000000000, 1e308, 2.2250738585072014e-308\n"
    assert_same(text, tmp_path)
