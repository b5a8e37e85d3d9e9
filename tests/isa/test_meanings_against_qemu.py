"""Every instruction against an independent implementation: the same ELF under simrec and qemu-riscv64.

For each row of the table a program runs it over corner and random operands, with destinations that alias
a source or are x0, keeps what registers and memory hold afterwards, and writes all of it out.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import qemu
import rig

from sim.isa import INSTRUCTIONS, Instruction
from sim.isa.table import FLOAT_FIELDS

#: Left out: they trap, or read clocks that differ, or are of f registers. Other tests have them.
EXCEPT = {"ecall", "ebreak", "fence.i", "probe"}
ROWS = [
    row for row in INSTRUCTIONS if row.mnemonic not in EXCEPT and not {"csr", *FLOAT_FIELDS} & set(row.fields)
]

_random = Random("operands")
CORNERS = [
    *(0, 1, -1, 2, -2, 7, 31, 32, 33, 63, 64, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF),
    *(0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000, -(1 << 31), -(1 << 31) - 1),
    *((1 << 63) - 1, -(1 << 63), -(1 << 63) + 1, 0x5555_5555_5555_5555, -0x5555_5555_5555_5556),
]
PAIRS = [(a, b) for a in CORNERS for b in CORNERS]
PAIRS += [(_random.getrandbits(64), _random.getrandbits(_random.choice((64, 32, 8)))) for _ in range(80)]
#: For what is slow.
FEW = (0, 1, -1, 31, 1 << 31, -(1 << 31), (1 << 63) - 1, -(1 << 63), 0x1234_5678_9ABC_DEF0)
IMMEDIATES = (0, 1, -1, 2, 31, 127, -128, 2047, -2048, _random.randint(-2048, 2047))

#: s0: pairs left; s1: the next pair; s2: where results go; s3: 64 bytes of scratch memory, in the middle.
PROGRAM = """
_start: li      s0, {count}
        la      s1, pairs
        la      s2, results
        la      s3, scratch + 32
loop:
{body}
        addi    s1, s1, 16
        addi    s0, s0, -1
        bnez    s0, loop
next:   la      s4, results
        mv      a1, s4
        sub     a2, s2, s4
        sys     SYS_WRITE, 1
        sys     SYS_EXIT_GROUP, 0
        .data
        .align  3
pairs:
{pairs}
        .align  6
scratch: .zero  128
        .bss
        .align  3
results: .zero  {room}
"""
FRESH = "ld a0, 0(s1)\nld a1, 8(s1)\n"


def keep(*registers: str) -> str:
    """Store registers as results."""
    stores = "".join(f"sd {name}, {8 * i}(s2)\n" for i, name in enumerate(registers))
    return f"{stores}addi s2, s2, {8 * len(registers)}\n"


def pieces(row: Instruction) -> Iterator[str]:
    """Stretches of assembly that begin with operands in a0 and a1 and end with results kept."""
    name, operands = row.mnemonic, row.operands
    if row.atomic:
        yield from atomic_pieces(row)
    elif row.load:
        for offset in (0, 1, -3, 8):
            yield (f"sd a0, -8(s3)\nsd a1, 0(s3)\nsd a0, 8(s3)\n{name} a2, {offset}(s3)\n" + (keep("a2")))
        yield f"sd a0, 0(s3)\nmv a2, s3\n{name} a2, 0(a2)\n{name} zero, 0(s3)\n" + keep("a2", "zero")
    elif row.store:
        for offset in (0, 1, -3, 8):
            memory = "ld t0, -8(s3)\nld t1, 0(s3)\nld t2, 8(s3)\n"
            fill = "sd a0, -8(s3)\nsd a0, 0(s3)\nsd a0, 8(s3)\n"
            yield f"{fill}{name} a1, {offset}(s3)\n{memory}" + keep("t0", "t1", "t2")
        yield f"sd s3, 0(s3)\n{name} s3, 0(s3)\n{name} zero, 8(s3)\nld t0, 0(s3)\nld t1, 8(s3)\n" + (
            keep("t0", "t1")
        )
    elif operands == ("rd", "rs1", "rs2"):
        yield f"{name} a2, a0, a1\n" + keep("a2", "a0", "a1")
        yield f"{name} a0, a0, a1\n" + keep("a0")
        yield f"{name} a1, a0, a1\n" + keep("a1")
        yield f"{name} a0, a0, a0\n" + keep("a0")
        yield f"{name} zero, a0, a1\n{name} a2, zero, a1\n{name} a3, a0, zero\n" + keep("zero", "a2", "a3")
    elif operands == ("rd", "rs1"):
        yield f"{name} a2, a0\n{name} a3, a1\n{name} a0, a0\n" + keep("a2", "a3", "a0")
        yield f"{name} zero, a0\n{name} a2, zero\n" + keep("zero", "a2")
    elif operands == ("rd", "rs1", "imm"):
        for imm in IMMEDIATES:
            yield f"{name} a2, a0, {imm}\n{name} a0, a0, {imm}\n" + keep("a2", "a0")
        yield f"addi zero, a0, 1\n{name} a2, zero, -1\n" + keep("zero", "a2")
    elif operands == ("rd", "rs1", "shamt"):
        top = row.fields["shamt"].bounds[1]
        for shamt in sorted({0, 1, 31, top, top // 2}):
            yield f"{name} a2, a0, {shamt}\n{name} a0, a0, {shamt}\n" + keep("a2", "a0")
        yield f"{name} zero, a0, 1\n" + keep("zero")
    elif operands == ("rd", "imm20"):
        for imm in (0, 1, 0x7FFFF, 0x80000, 0xFFFFF, 0x12345):
            yield f"{name} a2, {imm}\n{name} zero, {imm}\n" + keep("a2", "zero")
    elif operands == ("rs1", "rs2", "offset"):
        for left, right in (("a0", "a1"), ("a1", "a0"), ("a0", "a0"), ("a0", "zero"), ("zero", "a1")):
            yield f"li a2, 1\n{name} {left}, {right}, 1f\nli a2, 2\n1: " + keep("a2")
        yield f"li a2, 0\nj 2f\n1: addi a2, a2, 1\nj 3f\n2: {name} a0, a1, 1b\n3: " + keep("a2")
    elif name == "jal":
        yield "jal a2, 1f\nli a2, 0\n1: jal zero, 2f\nli a2, 1\n2: " + keep("a2", "zero")
    elif name == "jalr":
        yield "la a2, 1f\njalr a3, 1(a2)\nli a3, 0\n1: " + keep("a2", "a3")  # the lowest bit is dropped
        yield "la a2, 1f + 2044\njalr a2, -2044(a2)\nli a2, 0\n1: " + keep("a2")
        yield "la a2, 1f\njalr zero, 0(a2)\nli a2, 0\n1: " + keep("zero")
    else:
        assert name.startswith("fence"), name
        for how in ("fence", "fence rw, w", "fence.tso", "fence i, o"):
            yield f"sd a0, 0(s3)\n{how}\nld a2, 0(s3)\n" + keep("a2")


def atomic_pieces(row: Instruction) -> Iterator[str]:
    name, size = row.mnemonic, row.mnemonic[-1]
    cell = "sd a0, 0(s3)\nsd a0, 8(s3)\n"
    dump = "ld t0, 0(s3)\nld t1, 8(s3)\n"
    if name.startswith("lr"):
        yield f"{cell}{name} a2, (s3)\n{name} zero, (s3)\nmv a3, s3\n{name} a3, (a3)\n" + keep("a2", "a3")
        return
    if name.startswith("sc"):
        kept = keep("a2", "t0", "t1")
        yield f"{cell}lr.{size} a3, (s3)\n{name} a2, a1, (s3)\n{dump}{kept}"
        yield f"{cell}lr.{size} a2, (s3)\n{name} a2, a2, (s3)\n{dump}{kept}"  # rd is rs2
        yield f"{cell}lr.{size} a3, (s3)\n{name} zero, a1, (s3)\nmv a2, zero\n{dump}{kept}"
        yield f"{cell}lr.{size} a3, (s3)\n{name} a3, a1, (s3)\n{name} a2, a0, (s3)\n{dump}{kept}"  # twice
        yield f"{cell}{name} a2, a1, (s3)\n{dump}{kept}"  # without a reservation
        return
    for orderings in ("", ".aq", ".rl", ".aqrl"):
        yield f"{cell}{name}{orderings} a2, a1, (s3)\n{dump}" + keep("a2", "t0", "t1")
    yield f"{cell}{name} a1, a1, (s3)\n{dump}" + keep("a1", "t0", "t1")
    yield f"{cell}{name} zero, a1, (s3)\n{dump}" + keep("zero", "t0", "t1")
    yield f"{cell}mv a3, s3\n{name} a3, a1, (a3)\n{dump}" + keep("a3", "t0", "t1")
    yield f"{cell}{name} a2, zero, (s3)\n{dump}" + keep("a2", "t0", "t1")


def source_for(row: Instruction, pairs: list[tuple[int, int]]) -> tuple[str, int]:
    """(program, stretches)."""
    stretches = list(pieces(row))
    body = "\n".join(FRESH + text for text in stretches)
    assert row.mnemonic in body
    kept = body.count("sd a") + body.count("sd t") + body.count("sd z")
    source = PROGRAM.format(
        count=len(pairs),
        body=body,
        pairs="\n".join(f".dword {a}, {b}" for a, b in pairs),
        room=8 * kept * len(pairs),
    )
    return source, len(stretches)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.mnemonic)
def test_both_executors_agree_on_corners(row: Instruction) -> None:
    source, _ = source_for(row, [(a, b) for a in FEW for b in FEW])
    left, right = (rig.run(source, keep=False, executor_name=name) for name in ("compiled", "reference"))
    assert left.ended == right.ended == ("exited", 0)
    assert left.out == right.out != b""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.mnemonic)
def test_instruction(row: Instruction, tmp_path: Path) -> None:
    pairs = [those for those in PAIRS if row.mnemonic != "ctzw" or not any(map(is_zero_word, those))]
    source, stretches = source_for(row, pairs)
    ours, theirs = qemu.outputs(source, tmp_path)
    assert len(theirs) >= 8 * len(pairs) * stretches
    words = (ours, theirs)
    differ = [i for i in range(0, len(theirs), 8) if words[0][i : i + 8] != words[1][i : i + 8]]
    per_pair = len(theirs) // len(pairs)
    assert ours == theirs, (
        f"first for operands {pairs[differ[0] // per_pair]}, result {differ[0] % per_pair // 8}"
    )


def is_zero_word(value: int) -> bool:
    """Where qemu before version 8 gets ctzw wrong: it counts on into the upper word."""
    return value != 0 and value & 0xFFFF_FFFF == 0


def test_ctzw_of_a_zero_word(executor: str) -> None:
    for value in (0, 1 << 32, 1 << 63):
        live = rig.run(f"_start: li a0, {value}\n ctzw a0, a0\n sys SYS_EXIT_GROUP\n", executor_name=executor)
        assert live.ended == ("exited", 32)
