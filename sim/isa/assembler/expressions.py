"""Expressions: what the parser makes of them, and what they are worth.

An expression is an int as soon as it can be one; otherwise a tree over symbols, which is worth
something when the sections are laid out (differences of labels) or linked (addresses).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from sim.isa.assembler.sections import Symbol

#: Binary operators, C's precedence (GNU as binds them otherwise: see docs of the package).
PRECEDENCE = {
    "||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<>": 6, "<": 7, ">": 7, "<=": 7, ">=": 7,
    "<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "%": 10,
}  # fmt: skip
_MASK = 0xFFFF_FFFF_FFFF_FFFF
_RELATIVE = frozenset(("-", "==", "!=", "<>", "<", ">", "<=", ">="))


@dataclass(frozen=True, eq=False, slots=True)
class Operation:
    """An operator over one or two expressions, not all of them known yet."""

    operator: str
    left: Expression
    right: Expression | None = None


Expression: TypeAlias = "int | Symbol | Operation"


class NotConstantError(Exception):
    """The expression depends on addresses that aren't known."""


class DivisionError(Exception):
    """A division by zero within an expression."""


class CircularError(Exception):
    """A symbol defined in terms of itself."""


def signed(value: int) -> int:
    """``value`` modulo 2^64, as a signed number."""
    return ((value + (1 << 63)) & _MASK) - (1 << 63)


def _divide(left: int, right: int) -> int:
    if right == 0:
        raise DivisionError
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


#: As GNU as: comparisons are -1 for true, && and || are 1, >> is logical.
_BINARY: dict[str, Callable[[int, int], int]] = {
    "||": lambda a, b: int(bool(a) or bool(b)),
    "&&": lambda a, b: int(bool(a) and bool(b)),
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "&": lambda a, b: a & b,
    "==": lambda a, b: -(a == b),
    "!=": lambda a, b: -(a != b),
    "<>": lambda a, b: -(a != b),
    "<": lambda a, b: -(a < b),
    ">": lambda a, b: -(a > b),
    "<=": lambda a, b: -(a <= b),
    ">=": lambda a, b: -(a >= b),
    "<<": lambda a, b: a << b if 0 <= b < 64 else 0,
    ">>": lambda a, b: (a & _MASK) >> b if 0 <= b < 64 else 0,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divide,
    "%": lambda a, b: a - b * _divide(a, b),
}
_UNARY: dict[str, Callable[[int], int]] = {"-": lambda a: -a, "~": lambda a: ~a, "!": lambda a: int(not a)}


def operate(operator: str, left: Expression, right: Expression | None = None) -> Expression:
    """The operation, worked out if its operands are numbers."""
    if isinstance(left, int):
        if right is None:
            return signed(_UNARY[operator](left))
        if isinstance(right, int):
            return signed(_BINARY[operator](left, right))
    return Operation(operator, left, right)


def evaluate(expression: Expression, address: Callable[[Symbol], int]) -> int:
    """The value once every symbol has an address."""
    if isinstance(expression, int):
        return expression
    if not isinstance(expression, Operation):
        return address(expression)
    left = evaluate(expression.left, address)
    if expression.right is None:
        return signed(_UNARY[expression.operator](left))
    return signed(_BINARY[expression.operator](left, evaluate(expression.right, address)))


def locate(expression: Expression) -> tuple[object | None, int]:
    """(what it is relative to, distance from that): None is a plain number.

    Labels are relative to their section once that is laid out, and to the chunk of it before;
    undefined symbols to themselves.
    """
    if isinstance(expression, int):
        return None, expression
    if not isinstance(expression, Operation):
        return expression.locate()
    base, left = locate(expression.left)
    if expression.right is None:
        if base is not None:
            raise NotConstantError
        return None, signed(_UNARY[expression.operator](left))
    other, right = locate(expression.right)
    value = signed(_BINARY[expression.operator](left, right))
    if base is other and (base is None or expression.operator in _RELATIVE):
        return None, value
    if expression.operator == "+" and (base is None or other is None):
        return base or other, value
    if expression.operator == "-" and other is None:
        return base, value
    raise NotConstantError


def constant(expression: Expression) -> int | None:
    """The value, if it is a plain number by now."""
    if isinstance(expression, int):
        return expression
    try:
        base, value = locate(expression)
    except NotConstantError:
        return None
    return value if base is None else None


def symbols_of(expression: Expression | None) -> Iterator[Symbol]:
    """The symbols that it names."""
    if isinstance(expression, Operation):
        yield from symbols_of(expression.left)
        yield from symbols_of(expression.right)
    elif expression is not None and not isinstance(expression, int):
        yield expression
