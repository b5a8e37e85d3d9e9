"""Reads one statement's tokens: expressions and operands, against the scope's names."""

from __future__ import annotations

from dataclasses import dataclass

from sim.isa.assembler.errors import StatementError
from sim.isa.assembler.expressions import (
    PRECEDENCE,
    DivisionError,
    Expression,
    constant,
    operate,
)
from sim.isa.assembler.scope import Scope
from sim.isa.assembler.source import Line, Origin, Token, number_value, string_bytes
from sim.isa.registers import REGISTER_NUMBERS, REGISTER_SLOTS, F

MODIFIERS = ("hi", "lo", "pcrel_hi", "pcrel_lo", "tprel_hi", "tprel_lo", "tprel_add")


@dataclass(slots=True)
class Operand:
    """One operand. Its shape: ``r`` an x register, ``f`` an f register, ``m`` memory (``base`` is an x
    register), ``v`` a value. Registers are given by their slots.

    A lone name is kept as ``token`` only, since what it names depends on the instruction (a symbol, a
    CSR, a set of fence bits, a rounding mode).
    """

    token: Token
    register: int | None = None
    base: int | None = None
    expression: Expression | None = None
    modifier: str = ""

    @property
    def shape(self) -> str:
        """One letter, see the class."""
        if self.register is not None:
            return "r" if self.register < F else "f"
        return "m" if self.base is not None else "v"

    @property
    def number(self) -> int:
        """The register's number, as encodings have it."""
        assert self.register is not None
        return self.register if self.register < F else self.register - F


class Parser:
    """A cursor over the tokens of ``line``."""

    def __init__(self, line: Line, position: int, scope: Scope) -> None:
        self.line = line
        self.tokens = line.tokens
        self.position = position
        self.scope = scope
        self._ends_name = ("end", "name", "number", "local") if scope.dialect.blanks else ("end",)

    @property
    def token(self) -> Token:
        """The token at the cursor."""
        return self.tokens[self.position]

    def take(self) -> Token:
        """The token at the cursor, which moves on."""
        token = self.tokens[self.position]
        if token.kind != "end":
            self.position += 1
        return token

    def accept(self, operator: str) -> bool:
        """Move over ``operator`` if it is next."""
        token = self.tokens[self.position]
        if token.text == operator and token.kind == "operator":
            self.position += 1
            return True
        return False

    def expect(self, operator: str) -> None:
        """Move over ``operator``."""
        if not self.accept(operator):
            raise StatementError(f"expected `{operator}`", self._guilty())

    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self.token.kind == "end"

    def finish(self) -> None:
        """Nothing may be left."""
        if not self.at_end():
            raise StatementError(f"unexpected `{self.token.text}` behind the statement", self.token)

    def rest(self) -> str:
        """The text from the cursor on."""
        return self.line.text[self.token.column :].strip()

    def name(self, what: str = "a name") -> Token:
        """A name token."""
        if self.token.kind != "name":
            raise StatementError(f"expected {what}", self._guilty())
        return self.take()

    def string(self) -> bytes:
        """A string token's bytes."""
        if self.token.kind != "string":
            raise StatementError("expected a string in double quotes", self._guilty())
        return string_bytes(self.take())

    def _guilty(self) -> Token:
        token = self.token
        return Token("end", " ", token.column) if token.kind == "end" else token

    def expression(self, level: int = 1) -> Expression:
        """An expression of operators that bind at least as tightly as ``level``."""
        left = self._unary()
        while True:
            token = self.tokens[self.position]
            precedence = PRECEDENCE.get(token.text, 0) if token.kind == "operator" else 0
            if precedence < max(level, 1):
                return left
            self.position += 1
            right = self.expression(precedence + 1)
            try:
                left = operate(token.text, left, right)
            except DivisionError:
                raise StatementError("division by zero", token) from None

    def constant(self, what: str = "a constant") -> int:
        """An expression whose value must be known here."""
        start = self.token
        value = constant(self.expression())
        if value is None:
            raise StatementError(f"expected {what} whose value is known at this point", start)
        return value

    def _unary(self) -> Expression:
        token = self.take()
        if token.kind == "number":
            return number_value(token, self.scope.dialect.folds)
        if token.kind == "name":
            if token.text in REGISTER_NUMBERS:
                raise StatementError(f"register `{token.text}` in an expression", token)
            return self.scope.reference(token, self.line)
        if token.kind == "character":
            return self._character(token)
        if token.kind == "local":
            return self.scope.local(token, self.line)
        if token.kind == "operator":
            if token.text == "(":
                inner = self.expression()
                self.expect(")")
                return inner
            if token.text == "+":
                return self._unary()
            if token.text in ("-", "~", "!"):
                return operate(token.text, self._unary())
        if token.text == "%" and self.token.text in MODIFIERS:
            raise StatementError(f"%{self.token.text}() must be the whole operand", token)
        if token.kind == "end":
            token = Token("end", " ", token.column)
        raise StatementError("expected an expression", token)

    @staticmethod
    def _character(token: Token) -> int:
        data = string_bytes(token).decode("utf-8", "replace")
        if len(data) != 1:
            raise StatementError("a character constant holds one character", token)
        return ord(data)

    def operands(self) -> list[Operand]:
        """The rest of the statement as operands, between which some dialects want no commas."""
        if self.at_end():
            return []
        found = [self._operand()]
        while self.accept(",") or (self.scope.dialect.blanks and not self.at_end()):
            found.append(self._operand())
        if not self.at_end():
            raise StatementError("expected a comma", self.token)
        return found

    def register(self, token: Token) -> int | None:
        """The slot of the register that a name means, also by ``.set`` or ``.eqv``."""
        if token.kind != "name":
            return None
        slot = REGISTER_SLOTS.get(token.text)
        return self.scope.registers.get(token.text) if slot is None else slot

    def _operand(self) -> Operand:
        token = self.token
        after = self.tokens[self.position + 1] if token.kind != "end" else token
        if token.kind == "name" and (after.kind in self._ends_name or after.text == ","):
            self.position += 1
            return Operand(token, self.register(token))
        if (register := self.register(token)) is not None:
            self.position += 1
            return Operand(token, register)
        if token.text == "(" and self.register(after) is not None:
            return Operand(token, base=self._base(), expression=0)
        if token.text == "%" and after.kind == "name":
            expression, modifier = self._modified()
        else:
            expression, modifier = self.expression(), ""
            self._skip_plt()
        operand = Operand(token, None, None, expression, modifier)
        if self.token.text == "(":
            operand.base = self._base()
        return operand

    def _skip_plt(self) -> None:
        """``symbol@plt``, as compilers write calls: a static program has no such table."""
        if self.accept("@") and self.name("plt").text != "plt":
            raise StatementError("only `@plt` can follow a symbol", self.tokens[self.position - 1])

    def _modified(self) -> tuple[Expression, str]:
        """``%hi(symbol)``."""
        self.position += 1
        name = self.take()
        if name.text not in MODIFIERS:
            message = f"%{name.text} is not supported: programs are linked statically"
            if self.token.text != "(":
                message = "expected an expression"
            raise StatementError(message, name, "use %hi, %lo, %pcrel_hi, %pcrel_lo, %tprel_hi or %tprel_lo")
        self.expect("(")
        expression = self.expression()
        self.expect(")")
        return expression, name.text

    def _base(self) -> int:
        """``(register)``."""
        self.expect("(")
        token = self.take()
        slot = self.register(token)
        if slot is None:
            raise StatementError("expected a register in the parentheses", token)
        if slot >= F:
            raise StatementError(f"an address is in an x register, `{token.text}` is an f register", token)
        self.expect(")")
        return slot

    def value(self, operand: Operand) -> Expression:
        """The operand as an expression; a lone name becomes a symbol."""
        if operand.expression is None:
            operand.expression = self.scope.reference(operand.token, self.line)
        return operand.expression

    def origin(self, token: Token | None = None) -> Origin:
        """The place of ``token`` for later errors."""
        return Origin(self.line, token)
