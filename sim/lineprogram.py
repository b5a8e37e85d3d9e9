"""A unit's line table: the address ranges of its source lines, from .debug_line (DWARF 2 to 5).

pyelftools reads the header; the opcodes are run here, since it makes an object of each, which for the
270,000 rows of a C++ program with its libraries takes 1.2 s, against 0.2.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sim.symbols import Unreadable, printable

#: (address, file, line): ascending by address, each up to the next. Line 0: unknown.
Row = tuple[int, int, int]

_COPY, _ADVANCE_PC, _ADVANCE_LINE, _SET_FILE = 1, 2, 3, 4
_CONST_ADD_PC, _FIXED_ADVANCE_PC = 8, 9
_END_SEQUENCE, _SET_ADDRESS = 1, 2
#: The file that a row of no line has.
NO_FILE = -1


@dataclass(frozen=True)
class SourceFile:
    """``name`` as the compiler was given it; ``directory`` it was relative to."""

    name: str
    directory: str


def file_table(program: Any, directory: str) -> dict[int, SourceFile]:
    """File number -> file, of a pyelftools ``LineProgram``; ``directory``: where the compiler ran."""
    modern = program["version"] >= 5
    directories = [
        (entry if isinstance(entry, bytes) else entry["DW_LNCT_path"]).decode("utf-8", "backslashreplace")
        for entry in program["include_directory"]
    ]
    names = {}
    for number, entry in enumerate(program["file_entry"], 0 if modern else 1):
        name, at = printable(entry.name), entry.dir_index
        # Directory 0 is where the compiler ran; before DWARF 5 it has no entry.
        inside = directories[at if modern else at - 1] if 0 < at < len(directories) + (not modern) else ""
        inside = "" if inside == directory else inside
        names[number] = SourceFile(printable(f"{inside}/{name}".encode()) if inside else name, directory)
    return names


def line_rows(program: Any, code: Collection[range]) -> list[Row]:
    """The rows of the sequences that begin in ``code``, those of each sequence ending with one of no line.
    Raises Unreadable."""
    start, end = program.program_start_offset, program.program_end_offset
    program.stream.seek(start)
    data: bytes = program.stream.read(end - start)
    try:
        return _run(program.header, data, code)
    except (IndexError, ZeroDivisionError) as error:
        raise Unreadable("a line table is damaged") from error


def _run(header: Any, data: bytes, code: Collection[range]) -> list[Row]:
    step, base, width = header["minimum_instruction_length"], header["line_base"], header["line_range"]
    first_special, lengths = header["opcode_base"], header["standard_opcode_lengths"]
    rows: list[Row] = []
    sequence: list[Row] = []
    address, file, line = 0, 1, 1
    at = 0
    while at < len(data):
        opcode = data[at]
        at += 1
        if opcode >= first_special:
            advance, ahead = divmod(opcode - first_special, width)
            address += advance * step
            line += base + ahead
            sequence.append((address, file, line))
        elif opcode == 0:
            size, at = _uleb(data, at)
            kind, operand = data[at], data[at + 1 : at + size]
            at += size
            if kind == _SET_ADDRESS:
                address = int.from_bytes(operand, "little")
            elif kind == _END_SEQUENCE:
                if sequence and any(sequence[0][0] in span for span in code):
                    rows += sequence
                    rows.append((address, NO_FILE, 0))
                sequence = []
                address, file, line = 0, 1, 1
        elif opcode == _COPY:
            sequence.append((address, file, line))
        elif opcode == _ADVANCE_PC:
            value, at = _uleb(data, at)
            address += value * step
        elif opcode == _ADVANCE_LINE:
            value, at = _sleb(data, at)
            line += value
        elif opcode == _SET_FILE:
            file, at = _uleb(data, at)
        elif opcode == _CONST_ADD_PC:
            address += (255 - first_special) // width * step
        elif opcode == _FIXED_ADVANCE_PC:
            address += data[at] | data[at + 1] << 8
            at += 2
        else:
            for _ in range(lengths[opcode - 1]):
                _, at = _uleb(data, at)
    return rows


def _uleb(data: bytes, at: int) -> tuple[int, int]:
    """(value, place behind it) of an unsigned LEB128 of at most 64 bits."""
    value = shift = 0
    while (byte := data[at]) & 0x80 and shift < 63:
        value |= (byte & 0x7F) << shift
        shift += 7
        at += 1
    return value | (byte & 0x7F) << shift, at + 1


def _sleb(data: bytes, at: int) -> tuple[int, int]:
    """The same, of a signed one."""
    value, behind = _uleb(data, at)
    bits = 7 * (behind - at)
    return value - (1 << bits) if data[behind - 1] & 0x40 else value, behind
