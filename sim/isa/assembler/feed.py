"""The stream of statements: the source's, and those that macros, repetitions and includes put in front."""

import re

from sim.isa.assembler.errors import StatementError
from sim.isa.assembler.source import Line

DEEPEST = 200
#: A block repeated without end would fill the memory.
LONGEST = 5_000_000
_FIRST_WORD = re.compile(r"\s*(?:[\w.$]+\s*:\s*)*(\.\w+)")


def directive_of(line: Line) -> str:
    """The directive that a statement is, ``.rept``; empty if it is something else."""
    match = _FIRST_WORD.match(line.text)
    return match.group(1).lower() if match else ""


class Feed:
    """A stack of statement lists; the innermost is read first."""

    def __init__(self, lines: list[Line]) -> None:
        self._lists = [lines]
        self._positions = [0]
        self._kinds = ["file"]
        self._pushed = 0

    def next_line(self) -> Line | None:
        """The next statement; None at the end."""
        while self._lists:
            position = self._positions[-1]
            if position < len(self._lists[-1]):
                self._positions[-1] += 1
                return self._lists[-1][position]
            self._pop()
        return None

    def _pop(self) -> None:
        self._lists.pop()
        self._positions.pop()
        self._kinds.pop()

    def push(self, lines: list[Line], kind: str) -> None:
        """Read ``lines`` before what would come next."""
        if len(self._lists) >= DEEPEST:
            raise StatementError(f"more than {DEEPEST} macros or includes within each other")
        self._pushed += len(lines)
        if self._pushed > LONGEST:
            raise StatementError(f"macros and repetitions expand to more than {LONGEST} statements")
        self._lists.append(lines)
        self._positions.append(0)
        self._kinds.append(kind)

    def leave_macro(self) -> bool:
        """Drop what is left of the innermost macro (``.exitm``); False outside of macros."""
        if "macro" not in self._kinds:
            return False
        while self._kinds[-1] != "macro":
            self._pop()
        self._pop()
        return True

    def stop(self) -> None:
        """Drop everything (``.end``)."""
        self._lists.clear()

    def capture(
        self, openers: frozenset[str], closers: frozenset[str], opener: str
    ) -> tuple[list[Line], Line]:
        """The statements up to the one that closes the block just opened, and that one."""
        depth = 1
        body: list[Line] = []
        lines, position = self._lists[-1], self._positions[-1]
        while position < len(lines):
            line = lines[position]
            position += 1
            directive = directive_of(line)
            depth += (directive in openers) - (directive in closers)
            if depth == 0:
                self._positions[-1] = position
                return body, line
            body.append(line)
        self._positions[-1] = position
        raise StatementError(f"`{opener}` without {' or '.join(f'`{name}`' for name in sorted(closers))}")
