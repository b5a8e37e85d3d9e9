"""What an operand's value is worth in an instruction: immediates, CSRs, fence sets, rounding modes."""

from sim.isa.assembler.emitter import Emitter
from sim.isa.assembler.errors import StatementError, did_you_mean
from sim.isa.assembler.expressions import constant
from sim.isa.assembler.fields import RangeError, immediate_bits, low_part, upper_bits
from sim.isa.assembler.parser import Operand, Parser
from sim.isa.assembler.sections import Symbol
from sim.isa.decoder import CSRS
from sim.isa.table import ROUNDING_MODES, Field

CSR_NUMBERS = {name: number for number, name in CSRS.items()}
_FENCE_BITS = {"i": 8, "o": 4, "r": 2, "w": 1}
#: Which modifiers may stand in a field, by the operand's name in the table's syntax.
_ALLOWED = {"imm20": ("", "hi", "pcrel_hi", "tprel_hi"), "imm": ("", "lo", "pcrel_lo", "tprel_lo")}
#: Where modifiers belong, by how they end.
_PLACES = {"hi": "lui and auipc", "lo": "addi, loads and stores", "add": "add rd,rs,tp,%tprel_add(symbol)"}


def value_bits(mnemonic: str, name: str, field: Field, operand: Operand, parser: Parser, to: Emitter) -> int:
    """The bits of a value operand, named as in the table's syntax; 0 if they are to be fixed up."""
    if operand.modifier not in _ALLOWED.get(name, ("",)):
        where = _PLACES[operand.modifier.rpartition("_")[2]]
        raise StatementError(f"%{operand.modifier} belongs in {where}", operand.token)
    if name in ("pred", "succ"):
        return field.insert(_fence_set(operand))
    if name == "csr":
        return field.insert(_csr_number(operand, parser))
    if name == "rm":
        return field.insert(_rounding_mode(operand))
    if mnemonic == "probe" and operand.expression is None:
        symbol = parser.scope.symbols.get(operand.token.text)
        if symbol is None or constant(symbol) is None:
            to.fix(field, 0, "probe", parser.origin(operand.token), probe=operand.token.text)
            return 0
    return _immediate(field, operand, parser, to)


def _immediate(field: Field, operand: Operand, parser: Parser, to: Emitter) -> int:
    expression = parser.value(operand)
    value = constant(expression)
    modifier = operand.modifier
    if value is None or modifier.startswith(("pcrel", "tprel")):
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


def _fence_set(operand: Operand) -> int:
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


def _rounding_mode(operand: Operand) -> int:
    """A rounding mode by name."""
    text = operand.token.text
    if operand.expression is not None or text not in ROUNDING_MODES:
        hint = f"the modes are {', '.join(ROUNDING_MODES)}"
        raise StatementError(f"`{text}` is not a rounding mode", operand.token, hint)
    return ROUNDING_MODES[text]


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
