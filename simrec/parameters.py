"""What a varied name means: an option of `simrec run`, or else a name of the program's own (--define)."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args

import typer

from simrec.grid import Axis, BadGrid, Value

#: The option that gives names of the program's own their values.
DEFINE = "define"


@dataclass(frozen=True)
class Option:
    """An option of `simrec run`: the ``name`` of its parameter, and how it is typed. ``convert`` makes its
    value of a text and raises what Typer tells the user; a repeatable option takes texts as they are."""

    name: str
    typed: str
    metavar: str
    is_repeatable: bool
    convert: Callable[[str], Any]

    @property
    def is_named(self) -> bool:
        """Whether each is a name with its value (``--cost NAME=TICKS``)."""
        return self.is_repeatable and re.match(r"[A-Z]+=", self.metavar) is not None

    @property
    def has_parts(self) -> bool:
        """Whether the one value has parts with names (``--requests``, ``--scheduler NAME:OPTION=N,...``)."""
        return not self.is_repeatable and (self.metavar == "SPEC" or "[:" in self.metavar)


@dataclass(frozen=True)
class Parameter:
    """An axis of the grid and the option that it sets, or what of that is called ``key``. The names of
    options are in capitals however they were typed."""

    axis: Axis
    option: Option
    key: str

    def __str__(self) -> str:
        """As it would be typed."""
        return f"{self.option.typed} {self.key}" if self.key else self.option.typed

    @property
    def is_own(self) -> bool:
        """Whether it is the program's."""
        return self.option.name == DEFINE

    def applied(self, before: Any, value: Value) -> Any:
        """The option's value with this one in it; ``before`` is what it is without. Raises what Typer tells
        the user."""
        text = f"{self.key}={value}" if self.key else str(value)
        if self.option.is_repeatable:
            return [*(before or ()), text]
        if not self.key:
            return self.option.convert(text)
        head, colon, listed = ("", "", before) if self.option.metavar == "SPEC" else before.partition(":")
        parts = {part.partition("=")[0]: part for part in listed.split(",") if part} | {self.key: text}
        return self.option.convert(f"{head}{colon or ':' * bool(head)}{','.join(parts.values())}")


def read_option(parameter: inspect.Parameter) -> Option:
    """An option from the parameter of the command's function, annotated as Typer wants it."""
    kind, info = get_args(parameter.annotation)
    long = f"--{parameter.name.replace('_', '-')}"
    typed = next((text for text in info.param_decls or () if text.startswith("--")), long)
    is_repeatable = any(getattr(each, "__origin__", each) is list for each in (kind, *get_args(kind)))

    def give(**found: Any) -> Any:
        return found[parameter.name]

    give.__signature__ = inspect.Signature([parameter])  # type: ignore[attr-defined]
    app = typer.Typer(add_completion=False)
    app.command()(give)

    def convert(text: str) -> Any:
        command = typer.main.get_command(app)
        return command.main([f"{typed}={text}"], prog_name="simrec sweep", standalone_mode=False)

    return Option(parameter.name, typed, info.metavar or "", is_repeatable, convert)


def find_parameters(axes: Iterable[Axis], options: Mapping[str, Option]) -> list[Parameter]:
    """What each axis sets; ``options`` by the names of their parameters. Raises BadGrid."""
    found = [_find(axis, options) for axis in axes]
    targets = [str(parameter) for parameter in found]
    for parameter, target in zip(found, targets, strict=True):
        if targets.count(target) > 1:
            name = parameter.axis.name
            raise BadGrid(f"--vary {name} is there twice: put all its values behind one, as {name}=1,2,4")
    return found


def close_options(name: str, options: Iterable[str]) -> list[str]:
    """Options that may have been meant by a name that is none."""
    return [close.upper() for close in get_close_matches(name.lower(), options, 2)]


def _find(axis: Axis, options: Mapping[str, Option]) -> Parameter:
    head, _, key = axis.name.partition(".")
    option = options.get(head.lower().replace("-", "_"))
    if option is None or (key and not (option.is_named or option.has_parts)):
        return Parameter(axis, options[DEFINE], axis.name)
    if not key and option.is_named:
        raise BadGrid(f"--vary {axis.name}: {option.typed} takes {option.metavar}: vary {head.upper()}.NAME")
    name = option.name.upper()
    return Parameter(Axis(f"{name}.{key}" if key else name, axis.values), option, key)
