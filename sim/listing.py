"""A program's code as text: every instruction with its address, word, label and source line."""

from collections.abc import Iterator
from dataclasses import dataclass

from sim.isa.decoder import length_of
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
        for address, word in _instructions(segment.address, segment.data):
            place = program.locate(address)
            text = disassemble(word, address, program.name_of)
            yield ListedInstruction(
                address, word, text, program.symbol_at(address) or "", place.file, place.line
            )


def _instructions(address: int, data: bytes) -> Iterator[tuple[int, int]]:
    """Addresses and words, of two bytes or four; what is cut off at the end isn't there."""
    place = 0
    while place + 2 <= len(data):
        length = length_of(data[place])
        word = int.from_bytes(data[place : place + length], "little")
        if place + length <= len(data):
            yield address + place, word
        place += length
