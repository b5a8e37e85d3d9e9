"""The forms that a mnemonic has: rows of the ISA table, compressed forms, and pseudo-instructions.

Every mnemonic has one form per *shape* of its operands (``rrv``: two x registers and a value), so the
operands alone say which form is meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import sim.isa  # noqa: F401  (declares the table's rows)
from sim.isa.assembler.constants import constant_steps
from sim.isa.assembler.emitter import Emitter
from sim.isa.assembler.errors import StatementError
from sim.isa.assembler.expressions import Expression, constant, operate
from sim.isa.assembler.fields import immediate_bits
from sim.isa.assembler.operands import value_bits
from sim.isa.assembler.parser import Operand, Parser
from sim.isa.assembler.pseudo import PSEUDO_INSTRUCTIONS
from sim.isa.assembler.sections import Symbol
from sim.isa.assembler.source import Token
from sim.isa.compressed import COMPRESSED, Compressed
from sim.isa.registers import REGISTER_SLOTS, SP
from sim.isa.table import BY_MNEMONIC, FLOAT_FIELDS, INSTRUCTIONS, REGISTER_FIELDS, Field, Instruction

_REGISTERS = frozenset((*REGISTER_FIELDS, "rs", "rt", "sp"))
_FLOATS = frozenset((*FLOAT_FIELDS, "fs", "ft"))
_ORDERINGS = {"": 0, ".aq": 1, ".rl": 2, ".aqrl": 3}
_SHORT_NAMES = {"r": "s0, s1 and a0..a5 (x8..x15)", "f": "fs0, fs1 and fa0..fa5 (f8..f15)"}


def _shape(operands: tuple[str, ...]) -> str:
    return "".join(map(_kind, operands))


def _kind(operand: str) -> str:
    name = operand.rstrip("'")
    return "r" if name in _REGISTERS else "f" if name in _FLOATS else "m" if "(" in name else "v"


@dataclass(frozen=True)
class Row:
    """A row of the table, or a compressed one, as an assembler form. ``operands`` may lack the row's last;
    ``bits`` holds what they don't say (aq and rl, the usual rounding mode)."""

    row: Instruction | Compressed
    operands: tuple[str, ...]
    bits: int = 0

    @property
    def syntax(self) -> str:
        """For messages."""
        return self.row.syntax

    @property
    def shape(self) -> str:
        """See the module."""
        return _shape(self.operands)

    def emit(self, parser: Parser, operands: list[Operand], to: Emitter) -> None:
        """Encode and append."""
        word = self.row.match | self.bits
        target: tuple[Field, Operand] | None = None
        for name, operand in zip(self.operands, operands, strict=True):
            offset, parenthesis, base = name.partition("(")
            if parenthesis:
                word |= self._base(base.rstrip(")"), operand)
            if operand.register is not None:
                word |= self._register(name, operand)
            elif name == "offset":
                target = self.row.fields[name], operand
            elif not offset:
                if constant(operand.expression or 0) != 0 or operand.modifier:
                    raise StatementError(f"`{self.row.mnemonic}` takes no offset", operand.token)
            else:
                field = self.row.fields["imm" if offset == "imm20" else offset]
                bits = value_bits(self.row.mnemonic, offset, field, operand, parser, to)
                self._check_nonzero(field, bits, operand)
                word |= bits
        if target is None:
            to.instruction(word, parser.origin())
        else:
            self._jump(word, *target, parser, to)

    def _register(self, name: str, operand: Operand) -> int:
        """The bits of a register operand."""
        if name == "sp":
            if operand.register != SP:
                raise StatementError(f"this operand of `{self.row.mnemonic}` is sp", operand.token)
            return 0
        field = self.row.fields[name]
        least, greatest = field.bounds
        if not least <= operand.number <= greatest:
            hint = f"the registers are {_SHORT_NAMES[operand.shape]}"
            raise StatementError(
                f"`{self.row.mnemonic}` has no place for `{operand.token.text}`", operand.token, hint
            )
        bits = field.insert(operand.number)
        self._check_nonzero(field, bits, operand)
        return bits

    def _base(self, name: str, operand: Operand) -> int:
        """The bits of the register in parentheses."""
        return self._register(name, Operand(operand.token, operand.base))

    def _check_nonzero(self, field: Field, bits: int, operand: Operand) -> None:
        """Zero is another instruction's encoding."""
        if bits == 0 and isinstance(self.row, Compressed) and field.name in self.row.nonzero:
            what = "zero" if operand.register is not None else "0"
            raise StatementError(f"`{self.row.mnemonic}` can't have {what} here", operand.token)

    def _jump(self, word: int, field: Field, operand: Operand, parser: Parser, to: Emitter) -> None:
        """Append a branch or jump, whose target the layout or the linker fills in."""
        if operand.modifier:
            raise StatementError(
                f"`{self.row.mnemonic}` takes a label without %{operand.modifier}", operand.token
            )
        expression = parser.value(operand)
        if self.row.mnemonic == "jal" and word >> 7 & 31 and isinstance(expression, Symbol):
            expression.called = True
        origin = parser.origin(operand.token)
        if isinstance(self.row, Instruction) and not isinstance(expression, int):
            to.branch(word, field, expression, origin)
            return
        to.fix(field, expression, "pcrel", origin)
        to.instruction(word, parser.origin())


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
            to.instruction(lui.match | number, parser.origin(), fixed=True)
            to.instruction(addiw.match | number | number << 8, parser.origin(), fixed=True)
            return
        source = 0
        for mnemonic, operand in constant_steps(value):
            row = BY_MNEMONIC[mnemonic][0]
            field = row.fields["shamt" if mnemonic == "slli" else "imm"]
            word = row.match | number | immediate_bits(field, operand)
            to.instruction(word if mnemonic == "lui" else word | source, parser.origin())
            source = number << 8


@dataclass(frozen=True)
class AddThreadPointer:
    """``add`` between ``%tprel_hi`` and ``%tprel_lo``: the symbol tells linkers that relax which variable's
    address it is part of. Always four bytes long, as GNU as has it."""

    syntax: str = "add rd,rs1,tp,%tprel_add(symbol)"
    shape: str = "rrrv"

    def emit(self, parser: Parser, operands: list[Operand], to: Emitter) -> None:
        """Encode and append."""
        symbol = operands.pop()
        if symbol.modifier != "tprel_add":
            raise StatementError("the fourth operand of `add` is %tprel_add(symbol)", symbol.token)
        row = BY_MNEMONIC["add"][0]
        bits = [
            row.fields[name].insert(each.number) for name, each in zip(row.operands, operands, strict=True)
        ]
        to.instruction(row.match | sum(bits), parser.origin(), fixed=True)


@dataclass(frozen=True)
class Illegal:
    """``c.unimp``: the all-zero half word, which is no instruction in any version of the manual."""

    syntax: str = "c.unimp"
    shape: str = ""

    def emit(self, parser: Parser, operands: list[Operand], to: Emitter) -> None:
        """Append."""
        to.instruction(0, parser.origin())


Form = Row | Pseudo | LoadImmediate | AddThreadPointer | Illegal


def _template(text: str, syntax: list[str]) -> Template:
    """The maker of one operand of an expansion."""
    if text in syntax:
        index = syntax.index(text)
        return lambda _, operands: operands[index]
    if text in REGISTER_SLOTS:
        register = REGISTER_SLOTS[text]
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
        register = REGISTER_SLOTS[base] if base not in syntax else operands[syntax.index(base)].register
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


def _rows() -> Iterator[tuple[str, Row]]:
    """The table's rows by mnemonic: with ordering suffixes, and with and without rounding mode."""
    for instruction in INSTRUCTIONS:
        fields, usual = instruction.fields, instruction.usual_rounding
        for suffix, bits in _ORDERINGS.items() if instruction.orderings else [("", 0)]:
            ordering = 0
            if instruction.orderings:
                ordering = fields["aq"].insert(bits & 1) | fields["rl"].insert(bits >> 1)
            yield instruction.mnemonic + suffix, Row(instruction, instruction.operands, ordering)
        if usual is not None:
            yield (
                instruction.mnemonic,
                Row(instruction, instruction.operands[:-1], fields["rm"].insert(usual)),
            )
    for compressed in COMPRESSED:
        yield compressed.mnemonic, Row(compressed, compressed.operands)


@lru_cache(maxsize=1)
def forms() -> dict[str, dict[str, Form]]:
    """Every mnemonic's forms by shape."""
    table: dict[str, dict[str, Form]] = {}
    for mnemonic, row in _rows():
        table.setdefault(mnemonic, {}).setdefault(row.shape, row)
    for syntax, expansion in PSEUDO_INSTRUCTIONS:
        mnemonic, _, rest = syntax.partition(" ")
        names = rest.split(",") if rest else []
        steps = []
        for statement in expansion.split("; "):
            base, _, arguments = statement.partition(" ")
            templates = tuple(_template(text, names) for text in arguments.split(",") if text)
            steps.append((_row_for(table[base].values(), len(templates)), templates))
        pseudo = Pseudo(syntax, _shape(tuple(names)), tuple(steps))
        table.setdefault(mnemonic, {})[pseudo.shape] = pseudo
    table["li"] = {"rv": LoadImmediate()}
    table["add"]["rrrv"] = AddThreadPointer()
    table["c.unimp"] = {"": Illegal()}
    return table


def _row_for(forms_of: Iterable[Form], operands: int) -> Row:
    """The row that takes that many operands."""
    return next(form for form in forms_of if isinstance(form, Row) and len(form.operands) == operands)
