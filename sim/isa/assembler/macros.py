"""Macros, GNU's (``\\name``) and RARS's (``%name``), and the substitution that .irp shares with them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from sim.isa.assembler.errors import StatementError, did_you_mean
from sim.isa.assembler.source import Line, Token, split_statements, string_bytes, tokenize

_GNU_PARAMETER = re.compile(r"\\(\(\)|@|[^\W\d]\w*)")
_RARS_PARAMETER = re.compile(r"[%$]([^\W\d]\w*)")
_RARS_LABEL = re.compile(r"\s*([^\W\d][\w.$]*)\s*:")
_VALUES = ("name", "number", "local", "string", "character")


@dataclass(frozen=True)
class Parameter:
    """One formal parameter of a GNU macro."""

    name: str
    default: str = ""
    required: bool = False
    variadic: bool = False


@dataclass(frozen=True)
class Macro:
    """A macro's parameters and body. ``rars``: RARS's rules for parameters, strings and labels."""

    name: str
    parameters: tuple[Parameter, ...]
    body: tuple[Line, ...]
    rars: bool

    def expand(self, use: Line, tokens: list[Token], number: int) -> list[Line]:
        """The body's statements for the arguments in ``tokens``, the ``number``-th expansion of all."""
        if self.rars:
            values = self._rars_arguments(use, tokens)
            rename = {found.group(1) for line in self.body if (found := _RARS_LABEL.match(line.text))}
        else:
            values = self._gnu_arguments(use, tokens)
            rename = set()
        via = f"in this use of macro `{self.name}`"
        lines = []
        for line in self.body:
            text = substitute(line.text, values, number, self.rars)
            if rename:
                text = _rename_labels(text, rename, number)
            shown = line.shown if text == line.text else text
            lines += [
                Line(piece, shown, line.path, line.number, use, via, True) for piece in split_statements(text)
            ]
        return lines

    def _rars_arguments(self, use: Line, tokens: list[Token]) -> dict[str, str]:
        if tokens[0].text == "(" and tokens[-2].text == ")":
            tokens = [*tokens[1:-2], tokens[-1]]
        arguments = split_arguments(use.text, tokens)
        return dict(zip((parameter.name for parameter in self.parameters), arguments, strict=True))

    def _gnu_arguments(self, use: Line, tokens: list[Token]) -> dict[str, str]:
        values: dict[str, str] = {}
        names = [parameter.name for parameter in self.parameters]
        position = 0
        arguments = split_arguments(use.text, tokens)
        while position < len(arguments):
            argument = arguments[position]
            keyword = re.match(r"([^\W\d]\w*)\s*=(?!=)\s*", argument)
            if keyword and keyword.group(1) in names:
                values[keyword.group(1)] = _unquoted(argument[keyword.end() :])
                position += 1
                continue
            parameter = next((each for each in self.parameters if each.name not in values), None)
            if parameter is None:
                message = f"macro `{self.name}` takes {len(names)} arguments, more are given"
                raise StatementError(message, tokens[0])
            if parameter.variadic:
                values[parameter.name] = ",".join(arguments[position:])
                break
            values[parameter.name] = _unquoted(argument)
            position += 1
        return {parameter.name: self._value(parameter, values) for parameter in self.parameters}

    def _value(self, parameter: Parameter, values: Mapping[str, str]) -> str:
        value = values.get(parameter.name, "")
        if not value and parameter.required:
            raise StatementError(f"macro `{self.name}` needs a value for `{parameter.name}`")
        return value or parameter.default


def _unquoted(argument: str) -> str:
    """GNU as takes the quotes off an argument that is a string."""
    if len(argument) > 1 and argument[0] == argument[-1] == '"':
        return argument[1:-1]
    return argument


def _rename_labels(text: str, names: set[str], number: int) -> str:
    """``text`` with the macro's own labels made this expansion's."""
    result = []
    position = 0
    for token in tokenize(text):
        if token.kind == "name" and token.text in names:
            result += [text[position : token.column], f"{token.text}_M{number}"]
            position = token.column + len(token.text)
    return "".join(result) + text[position:]


def substitute(text: str, values: Mapping[str, str], number: int, rars: bool = False) -> str:
    """``text`` with parameters replaced; what is no parameter stays (``\\n`` in a string, ``%hi``)."""

    def gnu(match: re.Match[str]) -> str:
        name = match.group(1)
        if name == "()":
            return ""
        return str(number) if name == "@" else values.get(name, match.group())

    if rars:
        return _RARS_PARAMETER.sub(lambda match: values.get(match.group(1), match.group()), text)
    return _GNU_PARAMETER.sub(gnu, text) if "\\" in text else text


def split_arguments(text: str, tokens: list[Token]) -> list[str]:
    """The arguments of a macro: separated by commas, or by blanks that no operator touches."""
    arguments: list[str] = []
    start: int | None = None
    depth = stop = 0
    after_comma = False
    for token, after in pairwise(tokens):
        if token.text == "," and token.kind == "operator" and depth == 0:
            arguments.append("" if start is None else text[start:stop])
            start, after_comma = None, True
            continue
        start = token.column if start is None else start
        stop = token.column + len(token.text)
        depth += (token.text == "(") - (token.text == ")")
        apart = after.column > stop and depth == 0
        if apart and (token.kind in _VALUES or token.text == ")") and after.kind in _VALUES:
            arguments.append(text[start:stop])
            start, after_comma = None, False
    if start is not None or after_comma:
        arguments.append("" if start is None else text[start:stop])
    return arguments


def parse_macro(text: str, tokens: list[Token], body: list[Line], closer: str) -> Macro:
    """The macro that ``.macro name parameters`` (``tokens`` from the name on) and its body declare."""
    if tokens[0].kind != "name":
        raise StatementError("expected the macro's name", tokens[0])
    name, rest = tokens[0], tokens[1:]
    if rest[0].text == ",":
        rest = rest[1:]
    rars = closer == ".end_macro" or any(token.text == "%" for token in rest)
    if rars:
        found = _RARS_PARAMETER.findall(text[rest[0].column :])
        return Macro(name.text, tuple(Parameter(each) for each in found), tuple(body), True)
    if rest[0].text == "(" and rest[-2].text == ")":
        rest = [*rest[1:-2], rest[-1]]
    return Macro(name.text, tuple(_gnu_parameters(text, rest)), tuple(body), False)


def _gnu_parameters(text: str, tokens: list[Token]) -> list[Parameter]:
    """``a, b=1, c:req, d:vararg``."""
    parameters: list[Parameter] = []
    for argument in split_arguments(text, tokens):
        match = re.fullmatch(r"([^\W\d]\w*)\s*(?::\s*(\w+))?\s*(?:=\s*(.*))?", argument)
        if match is None:
            raise StatementError(f"`{argument}` is not a macro parameter", tokens[0])
        name, qualifier, default = match.group(1), match.group(2) or "", match.group(3) or ""
        if qualifier not in ("", "req", "vararg"):
            hint = did_you_mean(qualifier, ("req", "vararg"))
            raise StatementError(f"unknown parameter qualifier `:{qualifier}`", tokens[0], hint)
        if any(name == other.name for other in parameters):
            raise StatementError(f"parameter `{name}` is named twice", tokens[0])
        parameters.append(Parameter(name, _unquoted(default), qualifier == "req", qualifier == "vararg"))
    return parameters


def irp_values(text: str, tokens: list[Token]) -> list[str]:
    """The values of ``.irp``."""
    return [_unquoted(argument) for argument in split_arguments(text, tokens)] or [""]


def irpc_values(text: str, tokens: list[Token]) -> list[str]:
    """The values of ``.irpc``: one per character."""
    if tokens[0].kind == "string":
        return list(string_bytes(tokens[0]).decode("utf-8", "replace"))
    return list(text[tokens[0].column : tokens[-1].column]) or [""]


def repeat(body: list[Line], values: list[Mapping[str, str]], number: int) -> list[Line]:
    """The body once for every set of values."""
    lines = []
    for each in values:
        for line in body:
            text = substitute(line.text, each, number)
            if text == line.text:
                lines.append(line)
                continue
            for piece in split_statements(text):
                lines.append(Line(piece, text, line.path, line.number, line.parent, line.via, line.in_macro))
    return lines
