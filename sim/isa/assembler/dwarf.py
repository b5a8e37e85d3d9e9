"""The line table, DWARF 4: .debug_line, and the least .debug_info that leads debuggers to it."""

import struct

from sim.isa.assembler.data import leb128

#: Per unit with code: its path, first and last address, and (address, file, line) rows by address.
LineTable = tuple[str, int, int, list[tuple[int, str, int]]]

_PRODUCER = "simrec assembler"
_DW_LANG_MIPS_ASSEMBLER = 0x8001
_LINE_BASE, _LINE_RANGE, _OPCODE_BASE = -5, 14, 13
_COPY, _ADVANCE_PC, _ADVANCE_LINE, _SET_FILE = b"\1", b"\2", b"\3", b"\4"
_END_SEQUENCE = b"\0\1\1"
#: Operands of the standard opcodes 1..12.
_OPCODE_LENGTHS = bytes((0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1))


def debug_sections(tables: list[LineTable], directory: str) -> dict[str, bytes]:
    """The debug sections by name; none if there are no lines."""
    if not tables:
        return {}
    lines = info = b""
    for table in tables:
        info += _compilation_unit(table, directory, len(lines))
        lines += _line_program(table)
    return {".debug_line": lines, ".debug_info": info, ".debug_abbrev": _abbreviations()}


def _string(text: str) -> bytes:
    return text.encode() + b"\0"


def _abbreviations() -> bytes:
    """One abbreviation: a compile unit without children."""
    form_string, form_addr, form_data8, form_data2, form_offset = 0x08, 0x01, 0x07, 0x05, 0x17
    attributes = (
        (0x25, form_string),  # producer
        (0x13, form_data2),  # language
        (0x03, form_string),  # name
        (0x1B, form_string),  # comp_dir
        (0x11, form_addr),  # low_pc
        (0x12, form_data8),  # high_pc, as a length
        (0x10, form_offset),  # stmt_list
    )
    return b"\1\x11\0" + bytes(byte for pair in attributes for byte in pair) + b"\0\0\0"


def _compilation_unit(table: LineTable, directory: str, place: int) -> bytes:
    path, low, high, _ = table
    body = struct.pack("<HIB", 4, 0, 8) + b"\1" + _string(_PRODUCER)
    body += struct.pack("<H", _DW_LANG_MIPS_ASSEMBLER) + _string(path) + _string(directory)
    body += struct.pack("<QQI", low, high - low, place)
    return struct.pack("<I", len(body)) + body


def _line_program(table: LineTable) -> bytes:
    path, _, high, rows = table
    files = list(dict.fromkeys([path, *(file for _, file, _ in rows)]))
    prologue = struct.pack("<BBBbBB", 1, 1, 1, _LINE_BASE, _LINE_RANGE, _OPCODE_BASE) + _OPCODE_LENGTHS
    prologue += b"\0" + b"".join(_string(file) + b"\0\0\0" for file in files) + b"\0"
    program = _opcodes(rows, {file: number for number, file in enumerate(files, 1)}, high)
    body = struct.pack("<HI", 4, len(prologue)) + prologue + program
    return struct.pack("<I", len(body)) + body


def _opcodes(rows: list[tuple[int, str, int]], files: dict[str, int], high: int) -> bytes:
    """The line program: one sequence from the first row to ``high``."""
    address, file, line = rows[0][0], 1, 1
    code = bytearray(b"\0\x09\2" + struct.pack("<Q", address))
    for place, path, number in rows:
        if files[path] != file:
            file = files[path]
            code += _SET_FILE + leb128(file)
        special = number - line - _LINE_BASE + _LINE_RANGE * (place - address) + _OPCODE_BASE
        if _LINE_BASE <= number - line < _LINE_BASE + _LINE_RANGE and special < 256:
            code.append(special)
        else:
            code += _ADVANCE_LINE + leb128(number - line, is_signed=True)
            code += _ADVANCE_PC + leb128(place - address) + _COPY
        address, line = place, number
    return bytes(code + _ADVANCE_PC + leb128(high - address) + _END_SEQUENCE)
