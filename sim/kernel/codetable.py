"""Code rows of a page: what the log says about each instruction of the program (`sim.code`)."""

import struct

from sim.code import CodeRow
from sim.isa import decode
from sim.isa.disassembler import disassemble
from sim.program import Program
from sim.space import PAGE


def code_rows(program: Program, seq: int, pid: int, address: int, data: bytes) -> list[CodeRow]:
    """A row for each legal instruction in the page at ``address``, valid from event ``seq`` on."""
    rows = []
    for offset, (word,) in zip(range(0, PAGE, 4), struct.iter_unpack("<I", data), strict=True):
        decoded = decode(word) if word else None
        if decoded is None:
            continue
        pc = address + offset
        place = program.locate(pc)
        text = disassemble(word, pc, program.symbol_at)
        row = decoded.instruction
        rd = decoded.operands.get("rd", 0) if "rd" in row.writes else 0
        rows.append(
            CodeRow(
                seq,
                pid,
                pc,
                word,
                row.length,
                row.effect,
                rd,
                row.access,
                text,
                place.function,
                place.file,
                place.line,
            )
        )
    return rows
