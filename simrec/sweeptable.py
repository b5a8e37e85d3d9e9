"""The rows of a sweep as tables: for people, and as plain data for JSON and CSV."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from replay.analyses.metrics import Metric
from replay.analyses.sweep import Group, Outcome, Row, Spread, endings, grouped, is_number, outcomes, texts_of

Line = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """``over`` is the parameter whose runs are summed up in one line, None for a line for each run."""

    rows: Sequence[Row]
    over: str | None
    metrics: Sequence[Metric]

    @cached_property
    def groups(self) -> list[Group]:
        """The runs that are in one line together."""
        return grouped(self.rows, self.over)

    @cached_property
    def texts(self) -> list[str]:
        """The metrics that are no numbers: they tell outcomes apart."""
        return texts_of(self.rows, self.metrics)

    def lines(self) -> list[Line]:
        """For people."""
        if self.over is None:
            return _without_empty([_row_line(row, self.metrics) for row in self.rows])
        lines = [_group_line(group, self.metrics, self.texts) for group in self.groups]
        names = list(dict.fromkeys(name for line in lines for name in line))
        return [{name: line.get(name) for name in names} for line in lines]

    def outcome_lines(self, most: int) -> tuple[list[Line], int]:
        """For people: how often what came out, the ``most`` frequent in each group; and how many have no
        line. Nothing where runs don't differ in such a way."""
        if self.over is None or not (self.texts or any("," in endings(group) for group in self.groups)):
            return [], 0
        lines, left_out = [], 0
        for group in self.groups:
            found = outcomes(group, self.texts)
            left_out += max(len(found) - most, 0)
            lines += [_outcome_line(group, outcome, self.over) for outcome in found[:most]]
        return _without_empty(lines), left_out

    def plain_lines(self) -> list[Line]:
        """For programs, with every digit."""
        if self.over is None:
            return [_plain_row(row) for row in self.rows]
        return [_plain_group(group, self.metrics, self.texts) for group in self.groups]

    def plain(self) -> dict[str, list[Line]]:
        """Everything, for programs: each run, and if they are summed up the groups and outcomes."""
        told = {"runs": [_plain_row(row) for row in self.rows]}
        if self.over is not None:
            told["groups"] = self.plain_lines()
            told["outcomes"] = [
                _plain_outcome(group, outcome, self.over)
                for group in self.groups
                for outcome in outcomes(group, self.texts)
            ]
        return told


def _plain_row(row: Row) -> Line:
    line: Line = {**row.point, "ended": row.ended, "exit": row.status, **row.values}
    if row.is_right is not None:
        line["right"] = row.is_right
    told = {"why": row.why, "name": row.name, "run": row.run, "digest": row.digest}
    return line | {name: text or None for name, text in told.items()}


def _plain_group(group: Group, metrics: Sequence[Metric], texts: Sequence[str]) -> Line:
    """Means, with the least and the most."""
    line: Line = {**group.point, **_counts(group, texts)}
    for metric in metrics:
        spread = group.spread(metric.name)
        if spread is not None:
            line[metric.name] = spread.mean
            line |= {f"{metric.name}_min": spread.least, f"{metric.name}_max": spread.most}
    return line


def _plain_outcome(group: Group, outcome: Outcome, over: str) -> Line:
    told = {"runs": len(outcome.rows), over: [row.point[over] for row in outcome.rows]}
    return {**group.point, "ended": outcome.ended, **outcome.values, **told}


def _row_line(row: Row, metrics: Sequence[Metric]) -> Line:
    line: Line = {**row.point, "ended": row.outcome}
    line |= {metric.heading: _shown(metric, row.values.get(metric.name)) for metric in metrics}
    if row.is_right is not None:
        line["right"] = row.is_right
    return line


def _group_line(group: Group, metrics: Sequence[Metric], texts: Sequence[str]) -> Line:
    line: Line = {**group.point, **_counts(group, texts), "ended": endings(group)}
    for metric in metrics:
        spread = group.spread(metric.name)
        if spread is not None:
            line[metric.heading] = _between(metric, spread)
    return line


def _outcome_line(group: Group, outcome: Outcome, over: str) -> Line:
    runs = len(outcome.rows)
    line = {**group.point, "ended": outcome.ended, **outcome.values, "runs": runs}
    first = outcome.rows[0].point[over]
    return line | {"share": f"{100 * runs / len(group.rows):.0f} %", f"first {over}": str(first)}


def _shown(metric: Metric, value: Any) -> Any:
    """A value for people: shares in percent."""
    return f"{100 * value:.1f} %" if metric.is_share and is_number(value) else value


def _between(metric: Metric, spread: Spread) -> str:
    """``14,704 (14,211 to 15,103)``: the mean, the least, the most."""
    mean, least, most = (_text(_shown(metric, value)) for value in (spread.mean, spread.least, spread.most))
    return mean if spread.least == spread.most else f"{mean} ({least} to {most})"


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 or value.is_integer() else f"{value:,.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _counts(group: Group, texts: Sequence[str]) -> Line:
    line: Line = {"runs": len(group.rows), "failed": sum(not row.ended_well for row in group.rows)}
    if any(row.is_right is not None for row in group.rows):
        line["wrong"] = sum(row.is_right is False for row in group.rows)
    return line | ({"outcomes": len(outcomes(group, texts))} if texts else {})


def _without_empty(lines: list[Line]) -> list[Line]:
    """Without the columns that have nothing in any line."""
    empty = {name for name in lines[0] if all(line[name] in (None, "") for line in lines)} if lines else set()
    return [{name: value for name, value in line.items() if name not in empty} for line in lines]
