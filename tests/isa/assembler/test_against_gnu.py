"""Byte for byte what GNU as and ld make of the same text."""

import random
from pathlib import Path

import pytest
from gnu import PREFIX, assert_same, contents, gnu, needs_gnu, ours, run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.isa import INSTRUCTIONS
from sim.isa.registers import ABI_NAMES, FLOAT_NAMES
from sim.isa.table import FLOAT_FIELDS, ROUNDING_MODES

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
