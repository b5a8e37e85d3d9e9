"""Writes the ELF64 executable: headers, segments, sections, symbol table, DWARF."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from sim.isa.assembler.dwarf import debug_sections

PAGE = 4096
_ET_EXEC, _EM_RISCV = 2, 243
_SHT_PROGBITS, _SHT_SYMTAB, _SHT_STRTAB, _SHT_NOBITS = 1, 2, 3, 8
_SHF_WRITE, _SHF_ALLOC, _SHF_EXECINSTR, _SHF_TLS = 1, 2, 4, 0x400
_PT_LOAD, _PT_TLS = 1, 7
_SHN_ABS = 0xFFF1
#: e_flags of the psABI.
_RVC, _FLOAT_ABI_DOUBLE = 1, 4
_FLAGS = {
    ".text": _SHF_ALLOC | _SHF_EXECINSTR,
    ".rodata": _SHF_ALLOC,
    ".tdata": _SHF_ALLOC | _SHF_WRITE | _SHF_TLS,
    ".tbss": _SHF_ALLOC | _SHF_WRITE | _SHF_TLS,
}
#: Threads write to their copies of .tdata, nobody to the image itself.
_PERMISSIONS = {".text": 5, ".rodata": 4, ".tdata": 4}
_KINDS = {"notype": 0, "object": 1, "function": 2, "file": 4, "tls": 6}
_BINDINGS = {"local": 0, "global": 1, "weak": 2}


@dataclass
class OutputSection:
    """A loaded section of the executable."""

    name: str
    address: int
    size: int
    alignment: int
    data: bytes = b""


@dataclass(frozen=True)
class ImageSymbol:
    """An entry of the symbol table; ``section`` "" is an absolute value."""

    name: str
    value: int
    size: int
    section: str
    kind: str
    binding: str


@dataclass
class Image:
    """A linked program. ``lines``: per unit its path, address range, and (address, file, line) rows;
    ``is_short``: whether instructions of two bytes are in it; ``headers``: the address of a page that the
    file's headers are loaded to, 0 if nobody reads them."""

    sections: list[OutputSection]
    entry: int
    symbols: list[ImageSymbol]
    lines: list[tuple[str, int, int, list[tuple[int, str, int]]]]
    directory: str
    is_short: bool = False
    headers: int = 0


@dataclass
class _Header:
    """A section header, and the bytes it describes."""

    name: str
    kind: int
    flags: int = 0
    address: int = 0
    data: bytes = b""
    size: int = 0
    link: int = 0
    info: int = 0
    alignment: int = 1
    entry_size: int = 0
    offset: int = 0


class _Strings:
    """A string table."""

    def __init__(self) -> None:
        self.data = bytearray(1)
        self._places = {"": 0}

    def place(self, text: str) -> int:
        """The offset of ``text``."""
        if text not in self._places:
            self._places[text] = len(self.data)
            self.data += text.encode() + b"\0"
        return self._places[text]


def write_elf(image: Image) -> bytes:
    """The file's bytes: a function of the image alone."""
    headers = [_Header("", 0)]
    for section in image.sections:
        kind = _SHT_NOBITS if section.name in (".bss", ".tbss") else _SHT_PROGBITS
        flags = _FLAGS.get(section.name, _SHF_ALLOC | _SHF_WRITE)
        header = _Header(section.name, kind, flags, section.address, section.data, section.size)
        header.alignment = section.alignment
        headers.append(header)
    for name, data in debug_sections(image.lines, image.directory).items():
        headers.append(_Header(name, _SHT_PROGBITS, data=data, size=len(data)))
    headers += _symbol_headers(image, headers)
    names = _Strings()
    places = [names.place(header.name) for header in headers] + [names.place(".shstrtab")]
    headers.append(_Header(".shstrtab", _SHT_STRTAB, data=bytes(names.data), size=len(names.data)))
    body = _place_contents(headers)
    table = _up(len(body), 8)
    body = body.ljust(table, b"\0") + b"".join(map(_pack_header, headers, places))
    segments = _segments(headers, image.headers)
    head = _file_header(image, table, len(segments), len(headers)) + b"".join(segments)
    return bytes(head + body[len(head) :])


def _place_contents(headers: list[_Header]) -> bytes:
    """The file up to the section headers, the first page's start left for the other headers."""
    body = bytearray(PAGE)
    for header in headers[1:]:
        if header.flags & _SHF_ALLOC and header.kind != _SHT_NOBITS:
            body += bytes((header.address - len(body)) % PAGE)
        elif header.kind != _SHT_NOBITS:
            body += bytes(-len(body) % header.alignment)
        header.offset = len(body)
        body += header.data
    return bytes(body)


def _segments(headers: list[_Header], head: int) -> list[bytes]:
    """A program header for each permission; .bss is the end of .data's, or one of its own. Before them the
    headers themselves at ``head``, if anywhere; behind them thread-local variables' image."""
    loaded = [h for h in headers if h.flags & _SHF_ALLOC and h.size and h.name != ".tbss"]
    image = [header for header in headers if header.name in (".tdata", ".tbss")]
    result = []
    for position, header in enumerate(loaded):
        if header.name == ".bss" and position and loaded[position - 1].name == ".data":
            continue
        memory = header.size
        behind = loaded[position + 1] if position + 1 < len(loaded) else None
        if header.name == ".data" and behind is not None:
            memory = behind.address + behind.size - header.address
        offset = header.offset if header.data else header.offset + (header.address - header.offset) % PAGE
        permissions = _PERMISSIONS.get(header.name, 6)
        place = (offset, header.address, header.address, len(header.data), memory, PAGE)
        result.append(struct.pack("<IIQQQQQQ", _PT_LOAD, permissions, *place))
    result += [_image_segment(image)] if image else []
    if head:
        size = 64 + 56 * (len(result) + 1)
        result.insert(0, struct.pack("<IIQQQQQQ", _PT_LOAD, 4, 0, head, head, size, size, PAGE))
    return result


def _image_segment(image: list[_Header]) -> bytes:
    """PT_TLS: .tdata, then .tbss, of which one may be missing."""
    first, last = image[0], image[-1]
    memory = last.address + last.size - first.address
    place = (first.offset, first.address, first.address, len(first.data), memory)
    alignment = max(header.alignment for header in image)
    return struct.pack("<IIQQQQQQ", _PT_TLS, 4, *place, alignment)


def _file_header(image: Image, table: int, segments: int, sections: int) -> bytes:
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    flags = _FLOAT_ABI_DOUBLE | (_RVC if image.is_short else 0)
    sizes = (64, 56, segments, 64, sections, sections - 1)
    kind = (_ET_EXEC, _EM_RISCV, 1, image.entry, 64, table, flags)
    return ident + struct.pack("<HHIQQQIHHHHHH", *kind, *sizes)


def _pack_header(header: _Header, name: int) -> bytes:
    return struct.pack(
        "<IIQQQQIIQQ",
        name,
        header.kind,
        header.flags,
        header.address,
        header.offset,
        header.size,
        header.link,
        header.info,
        header.alignment,
        header.entry_size,
    )


def _symbol_headers(image: Image, headers: list[_Header]) -> list[_Header]:
    """.symtab, locals first, and .strtab."""
    numbers = {header.name: number for number, header in enumerate(headers) if header.name}
    symbols = sorted(image.symbols, key=lambda symbol: symbol.binding != "local")
    strings = _Strings()
    table = bytearray(24)
    for symbol in symbols:
        info = _BINDINGS[symbol.binding] << 4 | _KINDS[symbol.kind]
        section = numbers.get(symbol.section, _SHN_ABS)
        value = symbol.value & 0xFFFF_FFFF_FFFF_FFFF
        table += struct.pack("<IBBHQQ", strings.place(symbol.name), info, 0, section, value, symbol.size)
    local = 1 + sum(symbol.binding == "local" for symbol in symbols)
    symtab = _Header(".symtab", _SHT_SYMTAB, data=bytes(table), size=len(table))
    symtab.link, symtab.info, symtab.alignment, symtab.entry_size = len(headers) + 1, local, 8, 24
    return [symtab, _Header(".strtab", _SHT_STRTAB, data=bytes(strings.data), size=len(strings.data))]


def _up(value: int, boundary: int) -> int:
    return (value + boundary - 1) // boundary * boundary
