"""Every instruction of F and D under simrec and qemu: results and flags, special operands, all roundings.

A program applies one instruction to a table of operands, clears fflags before and reads them afterwards, with
each rounding mode that the instruction can name and with each that frm can hold.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import exact_floats as exact
import pytest
import qemu
from qemu import code, encode, table

from sim.isa import INSTRUCTIONS, Instruction
from sim.isa.table import FLOAT_FIELDS, ROUNDING_MODES

ROWS = [row for row in INSTRUCTIONS if not row.access and set(row.operands) & set(FLOAT_FIELDS)]
F0, A0, T0, T1 = 10, 10, 5, 6
FFLAGS, FRM = 1, 2

#: s0: rows left; s1: the next row of three operands; s2: where results go.
PROGRAM = """
_start: li      s0, {count}
        la      s1, operands
        la      s2, results
loop:   {body}
        addi    s1, s1, 24
        addi    s0, s0, -1
        bnez    s0, loop
        la      a1, results
        sub     a2, s2, a1
        sys     SYS_WRITE, 1
        sys     SYS_EXIT_GROUP, 0
        .data
        .align  3
operands:
{operands}
        .bss
        .align  3
results: .zero  {room}
"""


def variants(row: Instruction) -> list[tuple[int, int]]:
    """(rm, frm) to try; the destination is a source for some, and comes from x0 or to it."""
    if "rm" not in row.fields:
        return [(0, 0)]
    static = [(mode, (mode + 2) % 5) for mode in exact.MODES]
    return static + [(ROUNDING_MODES["dyn"], mode) for mode in exact.MODES]


def body(row: Instruction) -> Iterator[int]:
    """The words of the loop: per variant the result and the flags are kept."""
    offset = 0
    for number, (rm, frm) in enumerate(variants(row)):
        for n in range(3):
            yield encode("fld", fd=F0 + n, rs1=9, imm=8 * n)
        yield encode("ld", rd=A0, rs1=9, imm=0)
        yield encode("csrrwi", rd=0, csr=FRM, zimm=frm)
        yield encode("csrrwi", rd=0, csr=FFLAGS, zimm=0)
        alias = number % 4  # the destination: fa3, or one of the sources
        operands = {"rs1": A0, "rd": A0 if alias == 1 else T0}
        operands |= {"fs1": F0, "fs2": F0 + 1, "fs3": F0 + 2, "fd": F0 + (3, 0, 1, 2)[alias], "rm": rm}
        yield row.encode({name: operands[name] for name in row.fields})
        yield encode("csrrs", rd=T1, csr=FFLAGS, rs1=0)
        if "fd" in row.fields:
            yield encode("fsd", fs2=operands["fd"], rs1=18, imm=offset)
        else:
            yield encode("sd", rs2=operands["rd"], rs1=18, imm=offset)
        yield encode("sd", rs2=T1, rs1=18, imm=offset + 8)
        offset += 16
    yield encode("addi", rd=18, rs1=18, imm=offset)


def operands_of(row: Instruction) -> list[tuple[int, int, int]]:
    """Rows of three 64-bit registers' contents that try this instruction's corners."""
    random = Random(row.mnemonic)
    count = sum(name in row.operands for name in ("fs1", "fs2", "fs3"))
    single = row.mnemonic.endswith(".s") or row.mnemonic == "fmv.x.w"
    fraction = exact.F32 if single else exact.F64
    if count == 0:
        return [(value, 0, 0) for value in integers(random)]
    corners = exact.specials(fraction)
    if count == 1:
        found = [(a,) for a in corners + exact.near_integers(fraction)]
        found += [(exact.random_bits(random, fraction),) for _ in range(300)]
        if row.mnemonic == "fcvt.s.d":
            found += [(bits,) for bits in near_singles(random)]
    elif count == 2:
        found = [(a, b) for a in corners for b in corners]
        for _ in range(400):
            a = exact.random_bits(random, fraction)
            found.append((a, exact.random_bits(random, fraction, a)))
    else:
        found = [tuple(random.choices(corners, k=3)) for _ in range(1500)]
        for _ in range(800):
            a, b = (
                exact.random_bits(random, fraction),
                exact.random_bits(random, fraction, exact.one(fraction)),
            )
            product = exact.multiply(a, b, exact.RTZ, fraction)[0]
            found.append(
                (a, b, random.choice((product, -product, exact.random_bits(random, fraction, product))))
            )
    rows = [(*those, 0, 0)[:3] for those in found]
    return [tuple(map(boxed, those)) for those in rows] + unboxed(rows, random) if single else rows


def boxed(bits: int) -> int:
    return bits | -1 << 32


def unboxed(rows: list[tuple[int, ...]], random: Random) -> list[tuple[int, ...]]:
    """Singles of which one isn't boxed well."""
    found = []
    for those in random.sample(rows, 60):
        registers = list(map(boxed, those))
        registers[random.randrange(3)] &= random.choice((0xFFFF_FFFF, (1 << 63) - 1, -1 ^ 1 << 32))
        found.append(tuple(registers))
    return found


def integers(random: Random) -> list[int]:
    """What conversions from integers are given: corners, powers of two and their neighbours, ties."""
    values = [0, 1, -1, (1 << 63) - 1, -(1 << 63), -(1 << 31), (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32]
    for place in range(20, 64):
        values += [(1 << place) + near for near in (-1, 0, 1)]
        values += [(1 << place) + (1 << max(place - bits, 0)) for bits in (23, 24, 25, 52, 53, 54)]
        values += [-value for value in values[-6:]]
    values += [random.getrandbits(64) >> random.randrange(64) for _ in range(300)]
    return values


def near_singles(random: Random) -> Iterator[int]:
    """Doubles in and just outside a single's range, on ties and beside them."""
    for single in [*exact.specials(exact.F32), *(exact.random_bits(random, exact.F32) for _ in range(100))]:
        bits = exact.convert(single, exact.RNE, exact.F32, exact.F64)[0]
        yield from (bits, bits + (1 << 28), bits + (1 << 28) - 1, bits + (1 << 28) + 1, bits - (1 << 27))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.mnemonic)
def test_instruction(row: Instruction, tmp_path: Path) -> None:
    rows, width = operands_of(row), 16 * len(variants(row))
    source = PROGRAM.format(
        count=len(rows),
        body=code(body(row)),
        operands=table(value for those in rows for value in those),
        room=width * len(rows),
    )
    ours, theirs = qemu.outputs(source, tmp_path)
    assert len(theirs) == width * len(rows) > 1000
    for at in range(0, len(theirs), 16):
        if ours[at : at + 16] != theirs[at : at + 16]:
            registers = [hex(value % (1 << 64)) for value in rows[at // width]]
            rm, frm = variants(row)[at % width // 16]
            (bits, flags), (right, right_flags) = (
                (hex(int.from_bytes(out[at : at + 8], "little")), out[at + 8]) for out in (ours, theirs)
            )
            pytest.fail(f"{registers}, rm={rm} frm={frm}: {bits} {flags:#x}, qemu {right} {right_flags:#x}")


def test_every_instruction_of_f_and_d_is_here() -> None:
    others = {row.mnemonic for row in INSTRUCTIONS if row.extension in ("RV64F", "RV64D")}
    assert others - {row.mnemonic for row in ROWS} == {"flw", "fsw", "fld", "fsd"}
    assert len(ROWS) == 58
