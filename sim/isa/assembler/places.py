"""Directives about sections and symbols."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.isa.assembler.directives import directive
from sim.isa.assembler.errors import StatementError
from sim.isa.assembler.expressions import operate
from sim.isa.assembler.parser import Parser
from sim.isa.assembler.sections import Gap, Section, Symbol
from sim.isa.assembler.source import Origin, Token

if TYPE_CHECKING:
    from sim.isa.assembler.assembly import Assembly

#: Section names (and what begins with them and a dot) -> the section of the executable.
OUTPUTS = {
    ".text": ".text", ".init": ".text", ".fini": ".text", ".rodata": ".rodata", ".srodata": ".rodata",
    ".data": ".data", ".sdata": ".data", ".bss": ".bss", ".sbss": ".bss", ".init_array": ".data",
    ".tdata": ".tdata", ".tbss": ".tbss",
    ".fini_array": ".data", ".preinit_array": ".data", ".eh_frame": "", ".comment": "", ".note": "",
    ".debug": "", ".riscv": "",
}  # fmt: skip
_KINDS = {"function": "function", "object": "object", "gnu_indirect_function": "function", "notype": "notype",
          "common": "object", "gnu_unique_object": "object", "tls_object": "object",
          "STT_FUNC": "function", "STT_OBJECT": "object", "STT_NOTYPE": "notype"}  # fmt: skip


def _output(name: str) -> str | None:
    """Where a section with a known name goes; None for other names."""
    for known, output in OUTPUTS.items():
        if name == known or name.startswith((known + ".", known + "_")):
            return output
    return None


@directive(".text", ".data", ".bss", ".rodata")
def _plain(assembly: Assembly, name: Token, parser: Parser) -> None:
    section = _section(assembly, name.text.lower(), None, "")
    start = {".text": assembly.dialect.text, ".data": assembly.dialect.data}.get(section.name)
    if parser.at_end():
        assembly.enter(section)
        return
    if not assembly.dialect.data or start is None:
        raise StatementError("subsections are not supported", parser.token, "use `.section .text.name`")
    token = parser.token
    address = parser.constant("an address")
    parser.finish()
    assembly.enter(section)
    _go_to(assembly, address - start, parser.origin(token))


def _go_to(assembly: Assembly, offset: int, origin: Origin) -> None:
    """RARS's ``.data 0x10010040``: go on so far behind the section's start."""
    section = assembly.section
    place = operate("-", assembly.scope.here(), Symbol("", section.chunks[0], 0))
    section.close(Gap(operate("-", offset, place), b"\0", origin))


def _section(assembly: Assembly, name: str, flags: str | None, kind: str) -> Section:
    """The section of that name, made if it is new."""
    if name in assembly.sections:
        return assembly.sections[name]
    output = _output(name)
    if output is None:
        output = _output_by_flags(flags or "", kind)
    zeros = output in (".bss", ".tbss")
    section = Section(name, output, zeros, alignment=4 if output == ".text" else 1)
    assembly.sections[name] = section
    return section


def _output_by_flags(flags: str, kind: str) -> str:
    if "a" not in flags:
        return ""
    if "w" in flags and "x" in flags:
        raise StatementError("a section can't be both writable and executable")
    if "T" in flags:
        return ".tbss" if kind == "nobits" else ".tdata"
    if "w" in flags:
        return ".bss" if kind == "nobits" else ".data"
    return ".text" if "x" in flags else ".rodata"


def _named_section(assembly: Assembly, parser: Parser) -> Section:
    """``name, "flags", @type, ...``."""
    start = parser.token
    if start.kind == "string":
        name = parser.string().decode()
    else:
        name = parser.name("a section").text
        while parser.token.kind != "end" and parser.token.text != ",":
            name += parser.take().text
    flags, kind = None, ""
    if parser.accept(","):
        flags = parser.string().decode()
        if parser.accept(","):
            if not (parser.accept("@") or parser.accept("%")):
                raise StatementError("expected @progbits or @nobits", parser.token)
            kind = parser.name("progbits or nobits").text
            parser.position = len(parser.tokens) - 1
    parser.finish()
    return _section(assembly, name, flags, kind)


@directive(".section")
def _section_directive(assembly: Assembly, name: Token, parser: Parser) -> None:
    assembly.enter(_named_section(assembly, parser))


@directive(".pushsection")
def _pushsection(assembly: Assembly, name: Token, parser: Parser) -> None:
    section = _named_section(assembly, parser)
    assembly.section_stack.append((assembly.section, assembly.previous))
    assembly.enter(section)


@directive(".popsection")
def _popsection(assembly: Assembly, name: Token, parser: Parser) -> None:
    if not assembly.section_stack:
        raise StatementError("`.popsection` without `.pushsection`", name)
    section, previous = assembly.section_stack.pop()
    assembly.enter(section)
    assembly.previous = previous


@directive(".previous")
def _previous(assembly: Assembly, name: Token, parser: Parser) -> None:
    assembly.enter(assembly.previous)


@directive(".globl", ".global", ".local", ".weak", ".hidden", ".protected", ".internal", ".extern")
def _binding(assembly: Assembly, name: Token, parser: Parser) -> None:
    """Visibility beyond the executable has no meaning here; undefined names are extern anyway."""
    while True:
        symbol = assembly.scope.symbol(parser.name("a symbol").text)
        directive_name = name.text.lower()
        symbol.is_global |= directive_name in (".globl", ".global", ".weak")
        symbol.weak |= directive_name == ".weak"
        if not parser.accept(","):
            break
    parser.finish()


@directive(".type")
def _type(assembly: Assembly, name: Token, parser: Parser) -> None:
    symbol = assembly.scope.symbol(parser.name("a symbol").text)
    parser.accept(",")
    if not parser.accept("@"):
        parser.accept("%")
    token = parser.token
    kind = parser.string().decode() if token.kind == "string" else parser.name("a type").text
    if kind not in _KINDS:
        raise StatementError(f"unknown symbol type `{kind}`", token, "the types are @function and @object")
    symbol.kind = _KINDS[kind]
    parser.finish()


@directive(".size")
def _size(assembly: Assembly, name: Token, parser: Parser) -> None:
    symbol = assembly.scope.symbol(parser.name("a symbol").text)
    parser.expect(",")
    symbol.size = parser.expression()
    parser.finish()


@directive(".comm", ".lcomm")
def _common(assembly: Assembly, name: Token, parser: Parser) -> None:
    """``name, size, alignment``: zeros; .comm's are shared by all units that name them."""
    token = parser.name("a symbol")
    parser.expect(",")
    size = parser.constant("a size")
    alignment = (
        parser.constant("an alignment") if parser.accept(",") else min(1 << max(size - 1, 0).bit_length(), 16)
    )
    parser.finish()
    assembly.check_space(size, parser.origin(token))
    if alignment < 1 or alignment & (alignment - 1):
        raise StatementError(f"alignment {alignment} is not a power of two", token)
    symbol = assembly.scope.symbol(token.text)
    assembly.scope.check_new(symbol, token)
    symbol.kind = "object"
    symbol.size = size
    if name.text.lower() == ".comm":
        symbol.common = size, alignment
        symbol.is_global = True
        symbol.defined = parser.origin(token)
        return
    section = _section(assembly, ".bss", None, "")
    assembly.reserve(section, token, parser.line, size, alignment)
