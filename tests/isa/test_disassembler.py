"""What the disassembler writes, and that it assembles to the same word."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.isa import INSTRUCTIONS, Instruction, decode
from sim.isa.assembler import Source, assemble, link
from sim.isa.decoder import CSRS
from sim.isa.disassembler import disassemble


def encode(instruction: Instruction, bits: int) -> int:
    """A legal word of that instruction, its operand bits taken from ``bits``."""
    word = instruction.match | bits & ~instruction.mask & 0xFFFF_FFFF
    if "csr" in instruction.fields and decode(word) is None:
        number = sorted(CSRS)[bits % len(CSRS)]
        word = instruction.match | number << 20 | word & 0xF80
    if "rm" in instruction.fields and decode(word) is None:
        word = word & ~(7 << 12) | bits % 5 << 12
    return word


@settings(deadline=None, max_examples=400)
@given(st.sampled_from(INSTRUCTIONS), st.integers(0, (1 << 32) - 1))
def test_what_it_writes_assembles_to_the_same_word(instruction: Instruction, bits: int) -> None:
    word = encode(instruction, bits)
    if decode(word) is None:
        assert instruction.mnemonic in ("csrrw", "csrrwi")
    text = disassemble(word, 0x10000)
    elf = link([assemble(Source("t.s", text))])
    assert elf[0x1000:0x1004] == word.to_bytes(4, "little"), text


@pytest.mark.parametrize(
    ("word", "text"),
    [
        (0x00000013, "nop"),
        (0x00500513, "li a0,5"),
        (0x00058513, "mv a0,a1"),
        (0xFFF5C513, "not a0,a1"),
        (0x40B00533, "neg a0,a1"),
        (0x0005851B, "sext.w a0,a1"),
        (0x0015B513, "seqz a0,a1"),
        (0x00B03533, "snez a0,a1"),
        (0x00008067, "ret"),
        (0x00050067, "jr a0"),
        (0x00450067, "jr 4(a0)"),
        (0x000500E7, "jalr a0"),
        (0x00000073, "ecall"),
        (0x0FF0000F, "fence"),
        (0x0100000F, "pause"),
        (0xC0002573, "rdcycle a0"),
        (0xC0001073, "unimp"),
        (0x00A5A023, "sw a0,0(a1)"),
        (0x06B6252F, "amoadd.w.aqrl a0,a1,(a2)"),
        (0x12345537, "lui a0,0x12345"),
        (0x00752013, "probe 7,a0"),
        (0x00000000, "unimp"),
        (0xFFFFFFFF, ".word 0xffffffff"),
    ],
)
def test_text(word: int, text: str) -> None:
    assert disassemble(word) == text


def test_targets_with_and_without_names() -> None:
    names = {0x10028: "loop"}
    assert disassemble(0xFE051EE3, 0x1002C, names.get) == "bnez a0,10028 <loop>"
    assert disassemble(0xFE051EE3, 0x1002C) == "bnez a0,0x10028"
    assert disassemble(0xFE051EE3, 0x10030, names.get) == "bnez a0,0x1002c"
    assert disassemble(0xFFDFF06F, 0) == "j 0xfffffffffffffffc"
