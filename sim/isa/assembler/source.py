"""Source text as the assembler reads it: from a file's text to statements, from a statement to tokens.

A `Line` is one statement (a source line may hold several, separated by ``;``). Its text has the
comments taken out and its columns are those of the file, so that errors can point at them.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from sim.isa.assembler.errors import StatementError

_STRING = r'"(?:\\[^\n]|[^"\\\n])*"'
_CHARACTER = r"'(?:\\x[0-9a-fA-F]+|\\[0-7]{1,3}|\\[^\n]|[^\\\n])'?"
_COMMENTS = re.compile(rf"{_STRING}|{_CHARACTER}|//[^\n]*|#[^\n]*|/\*.*?\*/|/\*.*", re.S)
_SEPARATORS = re.compile(rf"{_STRING}|{_CHARACTER}|;")
_TOKENS = re.compile(
    rf"""(?P<name>(?:[^\W\d]|[.$])[\w.$]*)
    |(?P<number>\d\w*)
    |(?P<operator><<|>>|<=|>=|==|!=|<>|&&|\|\||[-+*/%&|^~!<>=(),:@\\?])
    |(?P<string>{_STRING})
    |(?P<character>{_CHARACTER})
    |[ \t\r\f]+
    |(?P<bad>.)""",
    re.X,
)
_LOCAL = re.compile(r"\d+[fb]")
_BAD_CHARACTERS = {'"': "unterminated string", "'": "a character constant holds one character"}
_ESCAPES = {"n": 10, "t": 9, "r": 13, "b": 8, "f": 12, "a": 7, "v": 11, "e": 27, "\\": 92, '"': 34, "'": 39}
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]+|u[0-9a-fA-F]{1,4}|[0-7]{1,3}|.)", re.S)


@dataclass(frozen=True)
class Source:
    """A file's name, as errors and the line table show it, and its text."""

    path: str
    text: str


class Token(NamedTuple):
    """``kind``: name, number, local (``1f``), string, character, operator, or end."""

    kind: str
    text: str
    column: int


class Line:
    """One statement and where it stands.

    ``parent`` is the statement that brought it here (a macro's use, an ``.include``), ``via`` says how;
    ``in_macro`` if that, or one further out, is the use of a macro.
    """

    __slots__ = ("_tokens", "in_macro", "number", "parent", "path", "shown", "text", "via")

    def __init__(
        self,
        text: str,
        shown: str,
        path: str,
        number: int,
        parent: "Line | None" = None,
        via: str = "",
        in_macro: bool = False,
    ) -> None:
        self.text = text
        self.shown = shown
        self.path = path
        self.number = number
        self.parent = parent
        self.via = via
        self.in_macro = in_macro
        self._tokens: list[Token] | None = None

    @property
    def tokens(self) -> list[Token]:
        """The statement's tokens, an ``end`` behind the last."""
        if self._tokens is None:
            self._tokens = tokenize(self.text)
        return self._tokens

    @property
    def is_readable(self) -> bool:
        """Whether it has been read as tokens."""
        return self._tokens is not None

    def replace_tokens(self, tokens: list[Token]) -> None:
        """Take other tokens for the same text (an alias stands for them)."""
        self._tokens = tokens

    @property
    def use(self) -> "Line":
        """Where a debugger should show it: outside of all macros."""
        line = self
        while line.in_macro and line.parent is not None:
            line = line.parent
        return line


class Origin(NamedTuple):
    """A place to report: a token of a statement."""

    line: Line
    token: Token | None = None


def tokenize(text: str) -> list[Token]:
    """``text`` as tokens; `StatementError` at a character that starts none."""
    tokens: list[Token] = []
    for match in _TOKENS.finditer(text):
        kind = match.lastgroup
        if kind is None:
            continue
        token = Token(kind, match.group(), match.start())
        if kind == "number" and _LOCAL.fullmatch(token.text):
            token = Token("local", token.text, token.column)
        elif kind == "bad":
            message = _BAD_CHARACTERS.get(token.text, f"unexpected character `{token.text}`")
            raise StatementError(message, token)
        tokens.append(token)
    tokens.append(Token("end", "", len(text.rstrip())))
    return tokens


def names_in(line: Line) -> set[str]:
    """The names in a statement that need not make sense."""
    return {match.group() for match in _TOKENS.finditer(line.text) if match.lastgroup == "name"}


def _blank(match: re.Match[str]) -> str:
    """A comment as white space; strings and characters stay."""
    text = match.group()
    if text[0] in "\"'":
        return text
    return re.sub(r"[^\n]", " ", text) if text.startswith("/*") else ""


def read_lines(source: Source, parent: Line | None = None) -> tuple[list[Line], Line | None]:
    """The source's statements without comments; and the line of a ``/*`` that never ends."""
    raw = source.text.split("\n")
    cleaned = _COMMENTS.sub(_blank, source.text).split("\n")
    via = "included from here" if parent else ""
    in_macro = parent.in_macro if parent else False
    lines = []
    for number, (text, shown) in enumerate(zip(cleaned, raw, strict=True), 1):
        for statement in split_statements(text):
            lines.append(Line(statement, shown.rstrip("\r"), source.path, number, parent, via, in_macro))
    for match in _COMMENTS.finditer(source.text):
        if match.group().startswith("/*") and (len(match.group()) < 4 or not match.group().endswith("*/")):
            number = source.text.count("\n", 0, match.start()) + 1
            column = match.start() - (source.text.rfind("\n", 0, match.start()) + 1)
            return lines, Line(" " * column + "/*", raw[number - 1], source.path, number, parent, via)
    return lines, None


def split_statements(text: str) -> list[str]:
    """The statements of one line that aren't empty, each at its own columns."""
    if ";" not in text:
        return [] if not text or text.isspace() else [text]
    cuts = [match.start() for match in _SEPARATORS.finditer(text) if match.group() == ";"]
    pieces = []
    for start, stop in zip([0, *(cut + 1 for cut in cuts)], [*cuts, len(text)], strict=True):
        if text[start:stop].strip():
            pieces.append(" " * start + text[start:stop])
    return pieces


def number_value(token: Token, folds: bool = False) -> int:
    """A number token's value: decimal, 0x, 0b, or octal with a leading 0. ``folds``: up to eight hexadecimal
    digits are a signed number of 32 bits."""
    text = token.text
    try:
        if text[0] == "0" and text.isdigit():
            return int(text, 8)
        value = int(text, 0)
        if folds and len(text) <= len("0x") + 8 and value >> 31 and text[:2] in ("0x", "0X"):
            return value - (1 << 32)
        return value
    except ValueError:
        raise StatementError(f"`{text}` is not a number", token) from None


def string_bytes(token: Token) -> bytes:
    """What a string (or character) token stands for: escapes resolved, the rest in UTF-8."""
    body = token.text[1:]
    if token.kind == "string" or (len(body) > 1 and body.endswith("'")):
        body = body[:-1]
    result = bytearray()
    position = 0
    for match in _ESCAPE.finditer(body):
        result += body[position : match.start()].encode()
        result += _escaped(match.group(1), token)
        position = match.end()
    return bytes(result + body[position:].encode())


def _escaped(escape: str, token: Token) -> bytes:
    """What ``\\escape`` stands for: a byte, but for ``\\u2605``, a character."""
    if escape[0] == "u" and len(escape) > 1:
        return chr(int(escape[1:], 16)).encode(errors="replace")
    return bytes([_escape_value(escape, token)])


def _escape_value(escape: str, token: Token) -> int:
    """The byte that ``\\escape`` stands for."""
    if escape[0] == "x" and len(escape) > 1:
        return int(escape[1:], 16) & 0xFF
    if escape[0] in "01234567":
        return int(escape, 8) & 0xFF
    if escape not in _ESCAPES:
        raise StatementError(f"unknown escape `\\{escape}`", token)
    return _ESCAPES[escape]
