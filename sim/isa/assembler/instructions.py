"""From a mnemonic and its operands to instruction words: the ISA table's rows and the pseudo-instructions.

Every mnemonic has one form per *shape* of its operands (``rrv``: two registers and a value), so the
operands alone say which form is meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import sim.isa  # noqa: F401  (declares the table's rows)
from sim.isa.assembler.constants import constant_steps
from sim.isa.assembler.errors import StatementError, did_you_mean
from sim.isa.assembler.expressions import Expression, constant, operate
from sim.isa.assembler.fields import RangeError, immediate_bits, low_part, upper_bits
from sim.isa.assembler.parser import Operand, Parser
from sim.isa.assembler.pseudo import PSEUDO_INSTRUCTIONS
from sim.isa.assembler.sections import Symbol
from sim.isa.assembler.source import Origin, Token
from sim.isa.decoder import CSRS
from sim.isa.registers import REGISTER_NUMBERS
from sim.isa.table import BY_MNEMONIC, INSTRUCTIONS, Field, Instruction

CSR_NUMBERS = {name: number for number, name in CSRS.items()}
_REGISTERS = ("rd", "rs", "rt", "rs1", "rs2")
_FENCE_BITS = {"i": 8, "o": 4, "r": 2, "w": 1}
_ORDERINGS = {"": 0, ".aq": 1, ".rl": 2, ".aqrl": 3}
#: Which modifiers may stand in a field, by the operand's name in the table's syntax.
_ALLOWED = {"imm20": ("", "hi", "pcrel_hi"), "imm": ("", "lo", "pcrel_lo")}


class Emitter(Protocol):
    """Where instruction words go."""

    def instruction(self, word: int, origin: Origin) -> None:
        """Append a word."""

    def branch(self, word: int, field: Field, target: Expression, origin: Origin) -> None:
        """Append a conditional branch."""

    def fix(
        self,
        field: Field | None,
        expression: Expression,
        modifier: str,
        origin: Origin,
        size: int = 4,
        probe: str = "",
    ) -> None:
        """Fill in a field of the word appended next, once its value is known."""


def _shape(syntax: tuple[str, ...]) -> str:
    return "".join("r" if part in _REGISTERS else "m" if "(" in part else "v" for part in syntax)


@dataclass(frozen=True)
class Row:
    """A row of the table as an assembler form; ``ordering`` has the aq and rl bits."""

    row: Instruction
    ordering: int = 0

    @property
    def syntax(self) -> str:
        """For messages."""
        return self.row.syntax

    @property
    def shape(self) -> str:
        """See the module."""
        return _shape(self.row.operands)

    def emit(self, parser: Parser, operands: list[Operand], to: Emitter) -> None:
        """Encode and append."""
        word = self.row.match | self.ordering
        target: tuple[Field, Operand] | None = None
        fields = self.row.fields
        for name, operand in zip(self.row.operands, operands, strict=True):
            if name in fields and operand.register is not None:
                word |= operand.register << fields[name].pieces[0][0]
            elif name == "offset":
                target = fields[name], operand
            elif name == "(rs1)":
                if constant(operand.expression or 0) != 0 or operand.modifier:
                    raise StatementError(f"`{self.row.mnemonic}` takes no offset", operand.token)
                word |= (operand.base or 0) << fields["rs1"].pieces[0][0]
            else:
                if operand.base is not None:
                    word |= operand.base << fields["rs1"].pieces[0][0]
                word |= self._value(name.partition("(")[0], operand, parser, to)
        if target is None:
            to.instruction(word, parser.origin())
        else:
            self._jump(word, *target, parser, to)

    def _jump(self, word: int, field: Field, operand: Operand, parser: Parser, to: Emitter) -> None:
        """Append a branch or jump, whose target the layout or the linker fills in."""
        if operand.modifier:
            raise StatementError(
                f"`{self.row.mnemonic}` takes a label without %{operand.modifier}", operand.token
            )
        expression = parser.value(operand)
        origin = parser.origin(operand.token)
        if field.top == 12 and not isinstance(expression, int):
            to.branch(word, field, expression, origin)
            return
        if word >> 7 & 31 and isinstance(expression, Symbol):
            expression.called = True
        to.fix(field, expression, "pcrel", origin)
        to.instruction(word, parser.origin())

    def _value(self, name: str, operand: Operand, parser: Parser, to: Emitter) -> int:
        """The bits of a value operand, 0 if they are to be fixed up."""
        field = self.row.fields["imm" if name == "imm20" else name]
        if operand.modifier not in _ALLOWED.get(name, ("",)):
            where = "lui and auipc" if operand.modifier.endswith("hi") else "addi, loads and stores"
            raise StatementError(f"%{operand.modifier} belongs in {where}", operand.token)
        if name in ("pred", "succ"):
            return field.insert(_fence_set(operand, parser))
        if name == "csr":
            return field.insert(_csr_number(operand, parser))
        if self.row.mnemonic == "probe" and operand.expression is None:
            symbol = parser.scope.symbols.get(operand.token.text)
            if symbol is None or constant(symbol) is None:
                to.fix(field, 0, "probe", parser.origin(operand.token), probe=operand.token.text)
                return 0
        return _immediate(field, operand, parser, to)


def _immediate(field: Field, operand: Operand, parser: Parser, to: Emitter) -> int:
    expression = parser.value(operand)
    value = constant(expression)
    modifier = operand.modifier
    if value is None or modifier.startswith("pcrel"):
        if modifier == "pcrel_hi" and isinstance(expression, Symbol):
            expression.called = True
        to.fix(field, expression, modifier, parser.origin(operand.token))
        return 0
    try:
        if modifier == "hi":
            return upper_bits(field, value)
        return immediate_bits(field, low_part(value) if modifier == "lo" else value)
    except RangeError as error:
        raise StatementError(error.message, operand.token, error.hint) from None


def _fence_set(operand: Operand, parser: Parser) -> int:
    """``rw``, ``iorw``, or a number."""
    text = operand.token.text
    if operand.expression is None:
        if not set(text) <= set(_FENCE_BITS) or len(set(text)) != len(text):
            raise StatementError(f"`{text}` is not a set of fence bits: letters of iorw", operand.token)
        return sum(_FENCE_BITS[letter] for letter in text)
    value = constant(operand.expression)
    if value is None or not 0 <= value < 16:
        raise StatementError("fence bits are letters of iorw, or a number 0..15", operand.token)
    return value


def _csr_number(operand: Operand, parser: Parser) -> int:
    """A CSR by name or number."""
    text = operand.token.text
    if operand.expression is None and text in CSR_NUMBERS:
        return CSR_NUMBERS[text]
    symbol = parser.scope.symbols.get(text) if operand.expression is None else None
    value = constant(operand.expression if operand.expression is not None else symbol or 0)
    if value is None or (operand.expression is None and symbol is None):
        hint = did_you_mean(text, CSR_NUMBERS) or f"the CSRs are {', '.join(CSR_NUMBERS)}"
        raise StatementError(f"unknown CSR `{text}`", operand.token, hint)
    if not 0 <= value < 1 << 12:
        raise StatementError(f"CSR number {value} is out of range 0..4095", operand.token)
    return value


Template = Callable[[Parser, list[Operand]], Operand]


@dataclass(frozen=True)
class Pseudo:
    """A pseudo-instruction: for every instruction it expands to, the row and its operands' makers."""

    syntax: str
    shape: str
    steps: tuple[tuple[Row, tuple[Template, ...]], ...]

    def emit(self, parser: Parser, operands: list[Operand], to: Emitter) -> None:
        """Expand, encode and append."""
        for row, templates in self.steps:
            row.emit(parser, [make(parser, operands) for make in templates], to)


@dataclass(frozen=True)
class LoadImmediate:
    """``li``: for a value that isn't known yet, lui and addiw, which hold 32 bits."""

    syntax: str = "li rd,imm"
    shape: str = "rv"

    def emit(self, parser: Parser, operands: list[Operand], to: Emitter) -> None:
        """Expand, encode and append."""
        rd, immediate = operands
        if immediate.modifier:
            raise StatementError(f"li takes no %{immediate.modifier}", immediate.token)
        expression = parser.value(immediate)
        value = constant(expression)
        rd_place = 7
        number = (rd.register or 0) << rd_place
        if value is None:
            lui, addiw = BY_MNEMONIC["lui"][0], BY_MNEMONIC["addiw"][0]
            to.fix(None, expression, "li", parser.origin(immediate.token))
            to.instruction(lui.match | number, parser.origin())
            to.instruction(addiw.match | number | number << 8, parser.origin())
            return
        source = 0
        for mnemonic, operand in constant_steps(value):
            row = BY_MNEMONIC[mnemonic][0]
            field = row.fields["shamt" if mnemonic == "slli" else "imm"]
            word = row.match | number | immediate_bits(field, operand)
            to.instruction(word if mnemonic == "lui" else word | source, parser.origin())
            source = number << 8


Form = Row | Pseudo | LoadImmediate


def _template(text: str, syntax: list[str]) -> Template:
    """The maker of one operand of an expansion."""
    if text in syntax:
        index = syntax.index(text)
        return lambda _, operands: operands[index]
    if text in REGISTER_NUMBERS:
        register = REGISTER_NUMBERS[text]
        return lambda parser, operands: Operand(operands[0].token if operands else _first(parser), register)
    memory = re.fullmatch(r"(.+)\((\w+)\)", text)
    if text.startswith("%pcrel_hi"):
        index = syntax.index(text[len("%pcrel_hi(") : -1])
        return lambda parser, operands: _upper(parser, operands[index])
    if memory:
        return _memory_template(memory.group(1), memory.group(2), syntax)
    if re.fullmatch(r"-?\d+", text):
        return lambda parser, _: Operand(_first(parser), expression=int(text))
    if text == "%pcrel_lo(.-4)":
        return lambda parser, _: Operand(_first(parser), None, None, _before(parser), "pcrel_lo")
    return lambda parser, _: Operand(Token("name", text, _first(parser).column))


def _memory_template(offset: str, base: str, syntax: list[str]) -> Template:
    """The maker of ``offset(base)``."""

    def make(parser: Parser, operands: list[Operand]) -> Operand:
        register = REGISTER_NUMBERS[base] if base not in syntax else operands[syntax.index(base)].register
        if offset == "%pcrel_lo(.-4)":
            return Operand(_first(parser), None, register, _before(parser), "pcrel_lo")
        if offset in syntax:
            given = operands[syntax.index(offset)]
            return Operand(given.token, None, register, parser.value(given), given.modifier)
        return Operand(_first(parser), None, register, int(offset))

    return make


def _first(parser: Parser) -> Token:
    """A token to blame when an expansion's own operand fails, which it doesn't."""
    return parser.tokens[0]


def _before(parser: Parser) -> Expression:
    """The address of the instruction before."""
    return operate("-", parser.scope.here(), 4)


def _upper(parser: Parser, operand: Operand) -> Operand:
    if operand.modifier:
        raise StatementError(f"expected a symbol without %{operand.modifier}", operand.token)
    return Operand(operand.token, None, None, parser.value(operand), "pcrel_hi")


def _rows() -> dict[str, dict[str, Form]]:
    """The table's rows by mnemonic (with ordering suffixes) and shape."""
    forms: dict[str, dict[str, Form]] = {}
    for instruction in INSTRUCTIONS:
        for suffix, bits in _ORDERINGS.items() if instruction.orderings else [("", 0)]:
            ordering = 0
            if instruction.orderings:
                ordering = instruction.fields["aq"].insert(bits & 1) | instruction.fields["rl"].insert(
                    bits >> 1
                )
            row = Row(instruction, ordering)
            forms.setdefault(instruction.mnemonic + suffix, {}).setdefault(row.shape, row)
    return forms


@lru_cache(maxsize=1)
def forms() -> dict[str, dict[str, Form]]:
    """Every mnemonic's forms by shape."""
    table = _rows()
    for syntax, expansion in PSEUDO_INSTRUCTIONS:
        mnemonic, _, rest = syntax.partition(" ")
        names = rest.split(",") if rest else []
        steps = []
        for statement in expansion.split("; "):
            base, _, arguments = statement.partition(" ")
            templates = tuple(_template(text, names) for text in arguments.split(",") if text)
            row = next(form for form in table[base].values() if isinstance(form, Row))
            steps.append((row, templates))
        pseudo = Pseudo(syntax, _shape(tuple(names)), tuple(steps))
        table.setdefault(mnemonic, {})[pseudo.shape] = pseudo
    table["li"] = {"rv": LoadImmediate()}
    return table


def assemble_instruction(name: Token, parser: Parser, to: Emitter) -> None:
    """Assemble the statement whose mnemonic is ``name`` and whose operands are next."""
    found = forms().get(name.text) or forms().get(name.text.lower())
    if found is None:
        raise StatementError(
            f"unknown instruction `{name.text}`", name, did_you_mean(name.text.lower(), forms())
        )
    operands = parser.operands()
    form = found.get("".join([operand.shape for operand in operands]))
    if form is None:
        raise _mismatch(name, operands, list(found.values()), parser)
    form.emit(parser, operands, to)


_KINDS = {"r": "a register", "m": "an address as `offset(register)`", "v": "a value"}


def _mismatch(name: Token, operands: list[Operand], found: list[Form], parser: Parser) -> StatementError:
    """Why no form of ``name`` takes these operands."""
    usage = "write " + " or ".join(f"`{form.syntax}`" for form in found[:3])
    given = "".join(operand.shape for operand in operands)
    for index, operand in enumerate(operands):
        wanted = {
            form.shape[index] for form in found if form.shape[:index] == given[:index] and form.shape[index:]
        }
        if wanted and operand.shape not in wanted:
            hint = usage
            if "r" in wanted and operand.token.kind == "name":
                hint = did_you_mean(operand.token.text, REGISTER_NUMBERS) or usage
            kinds = " or ".join(_KINDS[kind] for kind in sorted(wanted, key="rvm".index))
            return StatementError(
                f"operand {index + 1} of `{name.text}` must be {kinds}", operand.token, hint
            )
    counts = sorted({len(form.shape) for form in found})
    takes = " or ".join(map(str, counts))
    plural = "" if counts == [1] else "s"
    message = f"`{name.text}` takes {takes} operand{plural}, {len(operands)} given"
    return StatementError(message, name, usage)
