"""What goes wrong in assembling and linking, and how it is shown.

A statement's code raises `StatementError`; whoever drives the statements turns it into a `Diagnostic`
and goes on, so that one `AssemblyError` carries everything wrong with the input.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.isa.assembler.source import Line, Token
    from sim.isa.assembler.unit import Unit


@dataclass(frozen=True)
class Note:
    """A further place that explains an error: where a macro was used, a file included."""

    path: str
    line: int
    message: str
    source_line: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: note: {self.message}\n{self.source_line}"


@dataclass(frozen=True)
class Diagnostic:
    """One error in the compilers' form; line and column count from 1."""

    path: str
    line: int
    column: int
    message: str
    source_line: str
    hint: str = ""
    width: int = 1
    notes: tuple[Note, ...] = ()

    def __str__(self) -> str:
        before = self.source_line[: self.column - 1].ljust(self.column - 1)
        indent = "".join("\t" if character == "\t" else " " for character in before)
        lines = [f"{self.path}:{self.line}:{self.column}: error: {self.message}"]
        if self.source_line:
            lines += [self.source_line, indent + "^" + "~" * (self.width - 1)]
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines + [str(note) for note in self.notes])


class AssemblyError(Exception):
    """Everything wrong with the input, in the order of files and lines.

    ``unit`` is what could be assembled in spite of it, if its symbols are all known.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic], unit: Unit | None = None) -> None:
        self.diagnostics = list(diagnostics)
        self.unit = unit
        super().__init__(diagnostics)

    def __str__(self) -> str:
        return "\n".join(str(diagnostic) for diagnostic in self.diagnostics)


class UnreferredDefine(Exception):
    """No source mentions ``name``, which was defined for them; ``hint`` names one that they have."""

    def __init__(self, name: str, hint: str) -> None:
        super().__init__(name, hint)
        self.name = name
        self.hint = hint


class StatementError(Exception):
    """A statement that can't be assembled; ``token`` is the guilty part (None: the whole)."""

    def __init__(self, message: str, token: Token | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.token = token
        self.hint = hint


def diagnose(line: Line, bad: StatementError) -> Diagnostic:
    """The diagnostic for ``bad``, raised by the statement on ``line``."""
    if bad.token is None:
        stripped = line.text.strip()
        column, width = line.text.find(stripped[:1] or " "), len(stripped)
    else:
        column, width = bad.token.column, len(bad.token.text)
    notes = []
    inner = line
    while inner.parent is not None:
        notes.append(Note(inner.parent.path, inner.parent.number, inner.via, inner.parent.shown))
        inner = inner.parent
    return Diagnostic(
        line.path,
        line.number,
        max(column, 0) + 1,
        bad.message,
        line.shown,
        bad.hint,
        max(width, 1),
        tuple(notes),
    )


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """A hint naming the known name closest to ``name``; empty if none is close."""
    known = sorted(set(names))
    close = [other for other in known if sorted(other) == sorted(name)]
    close = close or difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    return f"did you mean `{close[0]}`?" if close else ""
