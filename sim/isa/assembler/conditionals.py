"""Conditional assembly: ``.if`` and its kin, kept as a stack of branches."""

from collections.abc import Callable
from dataclasses import dataclass

from sim.isa.assembler.errors import StatementError
from sim.isa.assembler.macros import split_arguments
from sim.isa.assembler.parser import Parser
from sim.isa.assembler.source import Line


@dataclass
class Condition:
    """One open ``.if``: whether its current branch is assembled, and whether any has been."""

    line: Line
    active: bool
    taken: bool
    in_else: bool = False


def _compare(test: Callable[[int], bool]) -> Callable[[Parser], bool]:
    return lambda parser: test(parser.constant("a condition"))


def _defined(parser: Parser) -> bool:
    return parser.scope.is_defined(parser.name("a symbol").text)


def _blank(parser: Parser) -> bool:
    blank = parser.at_end()
    parser.position = len(parser.tokens) - 1
    return blank


def _same(parser: Parser) -> bool:
    arguments = split_arguments(parser.line.text, parser.tokens[parser.position :])
    if len(arguments) == 1:
        arguments.append("")
    if len(arguments) != 2:
        raise StatementError("expected two texts separated by a comma", parser.token)
    parser.position = len(parser.tokens) - 1
    return arguments[0] == arguments[1]


_TESTS: dict[str, Callable[[Parser], bool]] = {
    ".if": _compare(lambda value: value != 0),
    ".ifne": _compare(lambda value: value != 0),
    ".ifeq": _compare(lambda value: value == 0),
    ".ifgt": _compare(lambda value: value > 0),
    ".ifge": _compare(lambda value: value >= 0),
    ".iflt": _compare(lambda value: value < 0),
    ".ifle": _compare(lambda value: value <= 0),
    ".ifdef": _defined,
    ".ifndef": lambda parser: not _defined(parser),
    ".ifnotdef": lambda parser: not _defined(parser),
    ".ifb": _blank,
    ".ifnb": lambda parser: not _blank(parser),
    ".ifc": _same,
    ".ifnc": lambda parser: not _same(parser),
    ".ifeqs": _same,
    ".ifnes": lambda parser: not _same(parser),
}
CONDITIONALS = frozenset(_TESTS) | {".else", ".elseif", ".endif"}


class Conditions:
    """The open conditions, outermost first."""

    def __init__(self) -> None:
        self.open: list[Condition] = []

    @property
    def active(self) -> bool:
        """Whether statements are assembled here."""
        return not self.open or self.open[-1].active

    def leave(self, line: Line) -> None:
        """Close the conditions opened in the macro expansion that ``line`` is part of (``.exitm``)."""
        while self.open and self.open[-1].line.parent is line.parent:
            self.open.pop()

    def step(self, directive: str, parser: Parser) -> None:
        """Take ``.if``, ``.else``, ``.elseif`` or ``.endif``, whose operands are next."""
        if directive in _TESTS:
            self._begin(directive, parser)
            return
        if not self.open:
            raise StatementError(f"`{directive}` without `.if`")
        condition = self.open[-1]
        if directive == ".endif":
            self.open.pop()
            return
        if condition.in_else:
            raise StatementError(f"`{directive}` behind `.else`")
        enclosing = len(self.open) < 2 or self.open[-2].active
        condition.active = False
        if directive == ".else":
            condition.in_else = True
            condition.active = enclosing and not condition.taken
        elif enclosing and not condition.taken:
            condition.active = parser.constant("a condition") != 0
        condition.taken |= condition.active

    def _begin(self, directive: str, parser: Parser) -> None:
        """A condition that can't be tested counts as true, so that its ``.endif`` finds it."""
        if not self.active:
            self.open.append(Condition(parser.line, False, True))
            return
        condition = Condition(parser.line, True, True)
        self.open.append(condition)
        condition.active = condition.taken = _TESTS[directive](parser)
        parser.finish()
