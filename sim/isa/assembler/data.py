"""Directives that put data into the current section."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.isa.assembler.directives import directive
from sim.isa.assembler.errors import StatementError
from sim.isa.assembler.expressions import Expression, constant
from sim.isa.assembler.fields import RangeError, data_bytes
from sim.isa.assembler.floats import FloatError, float_bytes
from sim.isa.assembler.parser import Parser
from sim.isa.assembler.sections import Alignment, Gap
from sim.isa.assembler.source import Token

if TYPE_CHECKING:
    from sim.isa.assembler.assembly import Assembly

_SIZES = {
    ".byte": 1, ".half": 2, ".short": 2, ".hword": 2, ".2byte": 2, ".word": 4, ".long": 4, ".int": 4,
    ".4byte": 4, ".dword": 8, ".quad": 8, ".8byte": 8,
}  # fmt: skip


#: Directives that a list follows.
LISTS = frozenset((*_SIZES, ".float", ".single", ".double", ".ascii", ".asciz", ".string"))


@directive(*_SIZES)
def _values(assembly: Assembly, name: Token, parser: Parser) -> None:
    """Integers, addresses and differences of labels; RARS's ``value:count`` repeats."""
    size = _SIZES[name.text.lower()]
    if parser.at_end():
        return
    _align_naturally(assembly, size)
    while True:
        _value(assembly, size, parser)
        if parser.at_end():
            return
        if not parser.accept(",") and parser.token.kind not in ("number", "name"):
            raise StatementError("expected a comma", parser.token)


def _align_naturally(assembly: Assembly, size: int) -> None:
    """Where the dialect has data at multiples of their size: put the next there, with its labels."""
    section = assembly.section
    chunk = section.chunks[-1]
    if not assembly.dialect.aligns or section.code:
        return
    if chunk.boundary < size or len(chunk.data) % size:
        section.alignment = max(section.alignment, size)
        section.close(Alignment(size, None, None))
        assembly.scope.move_labels(chunk, section.chunks[-1])


def _value(assembly: Assembly, size: int, parser: Parser) -> None:
    token = parser.token
    if token.text == "%":
        raise StatementError("data takes no % modifiers", token)
    expression = parser.expression()
    count = 1
    if parser.accept(":"):
        count = parser.constant("a count")
        assembly.check_space(count * size, parser.origin(token))
    value = constant(expression)
    if value is None and not assembly.section.zeros:
        for _ in range(count):
            assembly.fix(None, expression, "", parser.origin(token), size)
            assembly.data(bytes(size))
        return
    try:
        assembly.data(data_bytes(1 if value is None else value, size) * count)
    except RangeError as error:
        raise StatementError(error.message, token, error.hint) from None


@directive(".float", ".single", ".double")
def _floats(assembly: Assembly, name: Token, parser: Parser) -> None:
    """Floating-point numbers; RARS's ``value:count`` repeats."""
    size = 8 if name.text.lower() == ".double" else 4
    if parser.at_end():
        return
    _align_naturally(assembly, size)
    while True:
        start = parser.token
        while not parser.at_end() and parser.token.text not in (",", ":"):
            parser.take()
            if parser.token.text == ":" and parser.tokens[parser.position - 1].text in ("0x", "0f"):
                parser.take()
        text = parser.line.text[start.column : parser.token.column].strip()
        try:
            data = float_bytes(text.replace(" ", ""), size)
        except FloatError as error:
            width = Token("number", text or " ", start.column)
            raise StatementError(str(error), width) from None
        count = parser.constant("a count") if parser.accept(":") else 1
        assembly.check_space(count * size, parser.origin(start))
        assembly.data(data * count)
        if not parser.accept(","):
            break
    parser.finish()


@directive(".ascii", ".asciz", ".string")
def _text(assembly: Assembly, name: Token, parser: Parser) -> None:
    end = b"" if name.text.lower() == ".ascii" else b"\0"
    while True:
        text = parser.string()
        while parser.token.kind == "string":
            text += parser.string()
        assembly.data(text + end)
        if not parser.accept(","):
            break
    parser.finish()


@directive(".uleb128", ".sleb128")
def _leb128(assembly: Assembly, name: Token, parser: Parser) -> None:
    if not assembly.section.output:
        return
    while True:
        token = parser.token
        value = parser.constant()
        is_signed = name.text.lower() == ".sleb128"
        if value < 0 and not is_signed:
            raise StatementError(f"{value} is negative", token, "use `.sleb128`")
        assembly.data(leb128(value, is_signed))
        if not parser.accept(","):
            break
    parser.finish()


def leb128(value: int, is_signed: bool = False) -> bytes:
    """The variable-length number of DWARF."""
    result = bytearray()
    while True:
        low = value & 0x7F
        value >>= 7
        done = value in (0, -1) and (low >> 6) == (value & 1) if is_signed else value == 0
        result.append(low | (0 if done else 0x80))
        if done:
            return bytes(result)


@directive(".zero", ".space", ".skip")
def _space(assembly: Assembly, name: Token, parser: Parser) -> None:
    start = parser.token
    count = parser.expression()
    fill = parser.constant("a fill value") if parser.accept(",") else 0
    parser.finish()
    _fill(assembly, count, (fill & 0xFF).to_bytes(1, "little"), parser, start)


@directive(".fill")
def _fill_directive(assembly: Assembly, name: Token, parser: Parser) -> None:
    """``.fill repeat, size, value``: of the value, GNU as uses four bytes at most."""
    start = parser.token
    count = parser.expression()
    size = value = None
    if parser.accept(","):
        size = parser.constant("a size")
    if parser.accept(","):
        value = parser.constant("a value")
    parser.finish()
    size = 1 if size is None else min(size, 8)
    if size < 0:
        raise StatementError(f"the size is negative: {size}", start)
    mask = (1 << 8 * min(size, 4)) - 1
    _fill(assembly, count, ((value or 0) & mask).to_bytes(size, "little"), parser, start)


def _fill(assembly: Assembly, count: Expression, fill: bytes, parser: Parser, start: Token) -> None:
    """``count`` times ``fill``, now if the count is known, else when the section is laid out."""
    if not fill:
        return
    known = constant(count)
    origin = parser.origin(start)
    if any(fill) and assembly.section.zeros:
        hint = f"put it in `{assembly.section.filled}`"
        raise StatementError(f"section {assembly.section.name} holds zeros only", start, hint)
    if known is None or assembly.section.zeros:
        gap = Gap(count, fill, origin)
        assembly.section.close(gap)
        return
    assembly.check_space(known * len(fill), origin)
    assembly.data(fill * known)


@directive(".align", ".p2align", ".balign")
def _align(assembly: Assembly, name: Token, parser: Parser) -> None:
    """``boundary, fill, limit``; for .align and .p2align the boundary is a power of two's exponent."""
    start = parser.token
    value = 0 if parser.at_end() else parser.constant("an alignment")
    fill = limit = None
    if parser.accept(",") and parser.token.text != "," and not parser.at_end():
        fill = parser.constant("a fill value")
    if parser.accept(","):
        limit = parser.constant("a limit")
    parser.finish()
    boundary = value or 1
    if name.text.lower() != ".balign":
        if not 0 <= value <= 16:
            hint = f"`.balign {value}` aligns to {value} bytes"
            raise StatementError(f"alignment 2^{value} is out of range 2^0..2^16", start, hint)
        boundary = 1 << value
    if boundary < 0 or boundary & (boundary - 1) or boundary > 1 << 16:
        raise StatementError(f"alignment {boundary} is not a power of two up to 65536", start)
    section = assembly.section
    section.alignment = max(section.alignment, boundary)
    fill_bytes = None if fill is None else (fill & 0xFF).to_bytes(1, "little")
    section.close(Alignment(boundary, fill_bytes, limit))
