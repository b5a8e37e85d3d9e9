"""The runs of a sweep side by side: what differs between the runs of a group, and how often.

Rows in, a row for each run of the grid; groups of them and their sums out.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import TypeGuard

from replay.analyses.metrics import Metric, Value

#: The value of a parameter.
Setting = int | float | str


@dataclass(frozen=True)
class Row:
    """One run: the ``point`` of the grid; how it ended (a reason, an exit status, and ``why`` if it went
    wrong); whether its output was as expected (None: nothing was); its metrics' ``values``; its ``name``; and
    its recording, "" if that wasn't kept."""

    point: Mapping[str, Setting]
    ended: str
    status: int | None
    is_right: bool | None = None
    why: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)
    name: str = ""
    run: str = ""
    digest: str = ""

    @property
    def ended_well(self) -> bool:
        """Whether the program ended by itself, with status 0."""
        return self.ended in ("exited", "halted") and self.status == 0

    @property
    def is_good(self) -> bool:
        """Whether it ended well, and with no wrong output."""
        return self.ended_well and self.is_right is not False

    @property
    def outcome(self) -> str:
        """``exited 0``, ``deadlock``: the end in words."""
        reason = self.ended.replace("_", " ")
        return f"{reason} {self.status}" if self.ended in ("exited", "signalled") else reason


@dataclass(frozen=True)
class Group:
    """The runs that differ in one parameter only, which ``point`` leaves out."""

    point: Mapping[str, Setting]
    rows: Sequence[Row]

    def spread(self, metric: str) -> "Spread | None":
        """Of a metric's numbers; None if there are none."""
        numbers = [value for row in self.rows if is_number(value := row.values.get(metric))]
        return Spread(fmean(numbers), min(numbers), max(numbers)) if numbers else None


@dataclass(frozen=True)
class Spread:
    """Of some numbers."""

    mean: float
    least: int | float
    most: int | float


@dataclass(frozen=True)
class Outcome:
    """How runs ended, and the metrics' values that they then had; ``rows`` are those runs."""

    ended: str
    values: Mapping[str, Value]
    rows: Sequence[Row]


def grouped(rows: Iterable[Row], over: str | None) -> list[Group]:
    """Groups of runs that differ in ``over`` only; None: each run is a group."""
    groups: dict[tuple[tuple[str, Setting], ...], list[Row]] = {}
    for row in rows:
        key = tuple((name, value) for name, value in row.point.items() if name != over)
        groups.setdefault(key, []).append(row)
    return [Group(dict(key), found) for key, found in groups.items()]


def outcomes(group: Group, metrics: Sequence[str]) -> list[Outcome]:
    """What came out, the most frequent first; ``metrics`` are those that tell outcomes apart."""
    found: dict[tuple[object, ...], list[Row]] = {}
    for row in group.rows:
        key = (row.outcome, *(row.values.get(metric) for metric in metrics))
        found.setdefault(key, []).append(row)
    made = [
        Outcome(rows[0].outcome, {metric: rows[0].values.get(metric) for metric in metrics}, rows)
        for rows in found.values()
    ]
    return sorted(made, key=lambda outcome: -len(outcome.rows))


def endings(group: Group) -> str:
    """``exited 0``, or how many ended how: ``98 exited 0, 2 deadlock``."""
    counts = Counter(row.outcome for row in group.rows)
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())


def texts_of(rows: Sequence[Row], metrics: Iterable[Metric]) -> list[str]:
    """The metrics that are texts in some run."""
    return [m.name for m in metrics if any(isinstance(row.values.get(m.name), str) for row in rows)]


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether a metric's value can be averaged and drawn."""
    return isinstance(value, int | float) and not isinstance(value, bool)
