"""A grid of runs: parameters with their values, as typed (``THREADS=1..32``), and every combination of them.

VALUES are a list of items: a number or word, ``A..B`` (every integer), ``A..B+K`` (every K-th), ``A..B*K``
(each K times the one before).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from sim.errors import UserError

Value = int | float | str
#: One combination: a value of each parameter, by name.
Point = dict[str, Value]

#: More runs than this are a slip of the fingers.
MOST_RUNS = 10_000
_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)(?:([*+])(\d+))?")
_INTEGER = re.compile(r"-?(?:0|[1-9]\d*)")
_DECIMAL = re.compile(r"-?\d+\.\d+")


class BadGrid(UserError):
    """``--vary`` can't be read, or asks for too much."""

    exit_status = 2


@dataclass(frozen=True)
class Axis:
    """A parameter and the values that it takes, in order, each once."""

    name: str
    values: tuple[Value, ...]

    @property
    def is_numeric(self) -> bool:
        """Whether all values are numbers."""
        return not any(isinstance(value, str) for value in self.values)


def parse_axis(text: str) -> Axis:
    """From NAME=VALUES. Raises BadGrid."""
    name, separator, listed = text.partition("=")
    if not separator or not name or not listed:
        raise BadGrid(f"--vary {text}: write it as NAME=VALUES, such as THREADS=1..8 or HARTS=1,2,4")
    values: dict[Value, None] = {}
    for item in listed.split(","):
        if not item:
            raise BadGrid(f"--vary {text}: a value is missing beside a comma")
        for value in _item(item, text):
            values.setdefault(value)
    return Axis(name, tuple(values))


def parse_grid(texts: Sequence[str]) -> list[Axis]:
    """An axis for each text. Raises BadGrid."""
    axes = [parse_axis(text) for text in texts]
    runs = 1
    for axis in axes:
        runs *= len(axis.values)
    if runs > MOST_RUNS:
        raise BadGrid(f"the grid has {runs:,} runs, more than {MOST_RUNS:,}: vary less, or in larger steps")
    return axes


def points(axes: Sequence[Axis]) -> Iterator[Point]:
    """Every combination; the last parameter changes fastest."""
    for values in product(*(axis.values for axis in axes)):
        yield {axis.name: value for axis, value in zip(axes, values, strict=True)}


def label(point: Point) -> str:
    """``THREADS=4,HARTS=2``."""
    return ",".join(f"{name}={value}" for name, value in point.items())


def _item(item: str, text: str) -> Sequence[Value]:
    """The values that one item of a list stands for."""
    found = _RANGE.fullmatch(item)
    if found is None:
        return [_value(item)]
    first, last, kind, step = int(found[1]), int(found[2]), found[3] or "+", int(found[4] or 1)
    if first > last:
        raise BadGrid(f"--vary {text}: {item} has no values; the smaller number comes first")
    if kind == "*":
        return _geometric(first, last, step, text)
    if step < 1:
        raise BadGrid(f"--vary {text}: {item} never ends; its step must be at least 1")
    values = range(first, last + 1, step)
    if len(values) > MOST_RUNS:
        raise BadGrid(f"--vary {text}: {item} are {len(values):,} values, more than {MOST_RUNS:,}")
    return values


def _geometric(first: int, last: int, factor: int, text: str) -> list[Value]:
    if first < 1 or factor < 2:
        raise BadGrid(f"--vary {text}: A..B*K multiplies a number from 1 up by a K from 2 up")
    values: list[Value] = []
    while first <= last:
        values.append(first)
        first *= factor
    return values


def _value(word: str) -> Value:
    if _INTEGER.fullmatch(word):
        return int(word)
    return float(word) if _DECIMAL.fullmatch(word) else word
