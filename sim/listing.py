"""A program's code as text: every instruction with its address, word, label and source line."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from sim.isa.disassembler import disassemble
from sim.program import Program


@dataclass
class ListedInstruction:
    """``label`` is empty but where a function or label begins; ``line`` is 0 if the source is unknown."""

    address: int
    word: int
    text: str
    label: str
    file: str
    line: int


def listing(program: Program) -> Iterator[ListedInstruction]:
    """The instructions of every executable segment, in order of address."""
    for segment in program.segments:
        if "x" not in segment.permissions:
            continue
        whole = len(segment.data) & -4
        for offset, (word,) in zip(
            range(0, whole, 4), struct.iter_unpack("<I", segment.data[:whole]), strict=True
        ):
            address = segment.address + offset
            place = program.locate(address)
            text = disassemble(word, address, program.name_of)
            yield ListedInstruction(
                address, word, text, program.symbol_at(address) or "", place.file, place.line
            )
