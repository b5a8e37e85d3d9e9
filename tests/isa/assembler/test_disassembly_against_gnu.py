"""What the disassembler writes against objdump, and that it assembles to what it was made from."""

import random
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from gnu import PREFIX, needs_gnu, run, words

from sim.isa import INSTRUCTIONS, Instruction, decode
from sim.isa.decoder import CSRS, length_of
from sim.isa.disassembler import disassemble

#: This version of objdump names what has an immediate like what has registers: `add a0,a1,5`.
WITH_IMMEDIATE = re.compile(
    r"(add|and|or|xor|sll|srl|sra|csrrw|csrrs|csrrc|csrs|csrc|csrw)(w?)( .*,)(-?\d+|0x[0-9a-f]+)"
)
#: c.addi16sp sp,0, which is reserved: objdump reads it all the same.
RESERVED = 0x6101
SHORT_WORDS = [word for word in range(1 << 16) if length_of(word) == 2]


def objdump(code: Sequence[int], folder: Path) -> list[str]:
    """What objdump makes of these instructions one behind the other."""
    (folder / "code").write_bytes(b"".join(word.to_bytes(length_of(word), "little") for word in code))
    dump = run(PREFIX + "objdump", "-D", "-z", "-b", "binary", "-m", "riscv:rv64", str(folder / "code"))
    found = re.findall(r"^ *[0-9a-f]+:\t[0-9a-f]+ *\t(.*)", dump, re.M)
    assert len(found) == len(code)
    return [as_written_here(" ".join(text.split("#")[0].split())) for text in found]


def as_written_here(text: str) -> str:
    """objdump's text with the differences taken out that are known and harmless."""
    text = text.replace(".2byte 0x", ".half 0x").replace(".4byte 0x", ".word 0x").replace("unknown", "0")
    if text == "fence w,0":
        return "pause"
    if match := re.fullmatch(r"slti zero,(\w+),(-?\d+)", text):
        return f"probe {match[2]},{match[1]}"
    if match := re.fullmatch(r"\.(half|word) 0x(\w+)", text):
        return f".{match[1]} 0x{match[2].rjust(4 if match[1] == 'half' else 8, '0')}"
    if match := re.fullmatch(r"add (\w+),\1,0", text):
        return f"c.addi {match[1]},0"
    match = WITH_IMMEDIATE.fullmatch(text)
    return "{}i{}{}{}".format(*match.groups()) if match else text


def random_word(instruction: Instruction, chance: random.Random) -> int:
    """A legal word of that instruction; operands are often 0, equal, or at their limits."""
    while True:
        word = instruction.match | chance.getrandbits(32) & ~instruction.mask & 0xFFFF_FFFF
        registers = [name for name in instruction.fields if name[-1:].isdigit() or name in ("rd", "fd")]
        for name, field in instruction.fields.items():
            if chance.randrange(4) == 0:
                word &= ~field.insert(-1)
                word |= field.insert(chance.choice((0, 1, 2, -1)) << field.low)
            if name == "csr":
                word = word & 0xFFFFF | chance.choice(sorted(CSRS)) << 20
        if chance.randrange(3) == 0 and len(registers) > 1:
            one, other = (instruction.fields[name] for name in chance.sample(registers, 2))
            word = word & ~one.insert(-1) | one.insert(other.extract(word))
        decoded = decode(word)
        if decoded is not None and not _is_odd_mode(instruction, decoded.operands):
            return word


def _is_odd_mode(instruction: Instruction, operands: dict[str, int]) -> bool:
    """A rounding mode where none matters, which this version of objdump doesn't read."""
    usual = instruction.usual_rounding
    return usual == 0 and operands["rm"] != usual


@pytest.mark.slow
@needs_gnu
def test_every_half_word_reads_as_in_objdump(tmp_path: Path) -> None:
    found = objdump(SHORT_WORDS, tmp_path)
    for place, (word, theirs) in enumerate(zip(SHORT_WORDS, found, strict=True)):
        if word != RESERVED:
            assert disassemble(word, 2 * place) == theirs, hex(word)


@needs_gnu
def test_random_words_of_every_instruction_read_as_in_objdump(tmp_path: Path) -> None:
    chance = random.Random(1)
    # objdump takes code without an ELF around it for plain RV64GC.
    known = [row for row in INSTRUCTIONS if not row.extension.startswith("ZB")]
    code = [random_word(instruction, chance) for instruction in known for _ in range(200)]
    for place, (word, theirs) in enumerate(zip(code, objdump(code, tmp_path), strict=True)):
        assert disassemble(word, 4 * place) == theirs, hex(word)


@pytest.mark.slow
def test_what_is_written_for_a_half_word_assembles_to_what_it_stands_for() -> None:
    code = [word for word in SHORT_WORDS if decode(word) is not None]
    names = {2 * place: f". + {place * 2 - 4096}" for place in range(4096)}
    text = "\n".join(re.sub("[0-9a-f]+ <(.*)>", r"\1", disassemble(word, 4096, names.get)) for word in code)
    assert decode(RESERVED) is None
    for word, made in zip(code, words(f".option rvc\n{text}\n.balign 4\n"), strict=False):
        before, after = decode(word), decode(made)
        assert before is not None
        assert after is not None
        assert (after.instruction, after.length) == (before.instruction, 2), hex(word)
