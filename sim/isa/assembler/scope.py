"""The names of one unit: symbols, numeric local labels, and the place where the next byte goes."""

from collections.abc import Mapping

from sim.isa.assembler.dialect import GNU, Dialect
from sim.isa.assembler.errors import StatementError
from sim.isa.assembler.expressions import Expression, constant, signed
from sim.isa.assembler.sections import Chunk, Section, Symbol
from sim.isa.assembler.source import Line, Origin, Token


class Scope:
    """Defines names and looks them up. ``section`` is where labels point, ``dialect`` how things are
    written. ``defines`` are names with values from outside, which the source can't change; ``unreferred``
    those of them that it hasn't mentioned yet."""

    def __init__(
        self, section: Section, dialect: Dialect = GNU, defines: Mapping[str, int] | None = None
    ) -> None:
        self.section = section
        self.dialect = dialect
        self.defines = {name: signed(value) for name, value in (defines or {}).items()}
        self.unreferred = set(self.defines)
        self.symbols = {name: Symbol(name, value=value) for name, value in self.defines.items()}
        self.registers: dict[str, int] = {}
        self.anonymous: list[Symbol] = []
        self._past: dict[str, Symbol] = {}
        self._future: dict[str, Symbol] = {}

    def symbol(self, name: str) -> Symbol:
        """The symbol of that name, made if it is new."""
        found = self.symbols.get(name)
        if found is None:
            found = self.symbols[name] = Symbol(name)
        return found

    def reference(self, token: Token, line: Line) -> Expression:
        """What a name in an expression stands for: its value now, if it has one, else the symbol."""
        if token.text == ".":
            return self.here()
        symbol = self.symbol(token.text)
        if symbol.used is None:
            symbol.used = Origin(line, token)
        if symbol.name in self.defines:
            self.unreferred.discard(symbol.name)
            return self.defines[symbol.name]
        if symbol.value is not None and symbol.redefinable:
            return symbol.value
        return symbol

    def is_defined(self, name: str) -> bool:
        """Whether ``.ifdef`` finds it here."""
        symbol = self.symbols.get(name)
        return name in self.registers or (symbol is not None and symbol.is_defined)

    def here(self) -> Symbol:
        """The current place."""
        chunk = self.section.chunks[-1]
        return Symbol("", chunk, len(chunk.data))

    def local(self, token: Token, line: Line) -> Symbol:
        """``1b`` or ``1f``."""
        number = token.text[:-1].lstrip("0") or "0"
        if token.text[-1] == "b":
            if number not in self._past:
                raise StatementError(f"no label `{number}:` stands before this", token)
            return self._past[number]
        if number not in self._future:
            self._future[number] = Symbol(number, used=Origin(line, token))
        return self._future[number]

    def pending_locals(self) -> list[Symbol]:
        """Forward references that no label has answered."""
        return list(self._future.values())

    def define_local(self, token: Token, line: Line) -> None:
        """``1:``"""
        number = token.text.lstrip("0") or "0"
        symbol = self._future.pop(number, None) or Symbol(number)
        self._place(symbol, Origin(line, token))
        self._past[number] = symbol
        self.anonymous.append(symbol)

    def define_label(self, token: Token, line: Line) -> None:
        """``name:``"""
        symbol = self.symbol(token.text)
        self.check_new(symbol, token)
        self._place(symbol, Origin(line, token))

    def _place(self, symbol: Symbol, origin: Origin) -> None:
        symbol.chunk = self.section.chunks[-1]
        symbol.offset = len(symbol.chunk.data)
        symbol.defined = origin

    def move_labels(self, old: Chunk, new: Chunk) -> None:
        """Labels at the end of a chunk go to the beginning of another one."""
        for symbol in [*self.symbols.values(), *self.anonymous]:
            if symbol.chunk is old and symbol.offset == len(old.data):
                symbol.chunk, symbol.offset = new, 0

    def check_new(self, symbol: Symbol, token: Token) -> None:
        """`StatementError` if the symbol is defined already."""
        self.check_free(token)
        if symbol.is_defined or symbol.common:
            where = f" at {symbol.defined.line.path}:{symbol.defined.line.number}" if symbol.defined else ""
            raise StatementError(f"`{symbol.name}` is defined already{where}", token)

    def check_free(self, token: Token) -> None:
        """`StatementError` if the name has its value from outside."""
        name = token.text
        if name in self.defines:
            raise StatementError(
                f"`{name}` is defined already, by --define {name}={self.defines[name]}",
                token,
                f"for a default that --define can change, put `.ifndef {name}` before and `.endif` behind it",
            )

    def assign(self, token: Token, value: Expression, line: Line, redefinable: bool) -> None:
        """``.set name, value``; values that are known are kept as plain numbers."""
        symbol = self.symbol(token.text)
        if not symbol.redefinable:
            self.check_new(symbol, token)
        number = constant(value)
        symbol.value = value if number is None else number
        symbol.redefinable = redefinable
        symbol.defined = Origin(line, token)
