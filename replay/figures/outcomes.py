"""What came out of runs that differ in their seeds: how often which outcome, or how a number spreads where
nearly every run has an outcome of its own.

Groups of rows in, a figure out; a group is a colour.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go

from replay.analyses.metrics import Metric, number_in
from replay.analyses.sweep import Group, Row, is_number, outcomes, texts_of
from replay.figures import palette
from replay.figures.look import PLOT_PIXELS, style

#: Outcomes that have a bar of their own; and bars over a number.
MOST_BARS, STEPS = 24, 32
BAR_PIXELS = 26
_AXIS = {"gridcolor": palette.GRID, "zeroline": False, "separatethousands": True}


def outcomes_figure(
    title: str, notes: Sequence[str], metrics: Sequence[Metric], groups: Sequence[Group]
) -> go.Figure:
    """The figure. The number that spreads is that in the text that tells outcomes apart, if there is one,
    else the first metric's."""
    texts = texts_of([row for group in groups for row in group.rows], metrics)
    what = next((name for name in texts), metrics[0].name)
    counts = [_counted(group, texts) for group in groups]
    numbers = [_numbers(group.rows, what) for group in groups]
    if any(numbers) and (not texts or max(map(len, counts)) > MOST_BARS / 2):
        return _spread(title, notes, f"number in {what}" if texts else what, groups, numbers)
    figure = go.Figure()
    for place, (group, counted) in enumerate(zip(groups, counts, strict=True)):
        figure.add_trace(
            go.Bar(
                orientation="h", x=list(counted.values()), y=list(counted), name=_name(group),
                text=[f"{count:,}" for count in counted.values()], textposition="outside",
                cliponaxis=False, hoverinfo="x+y", meta="outcomes", marker=_marker(place),
            )
        )  # fmt: skip
    bars = len({told for counted in counts for told in counted}) * len(groups)
    style(figure, title, notes, max(PLOT_PIXELS, BAR_PIXELS * bars), with_legend=len(groups) > 1)
    most = max((count for counted in counts for count in counted.values()), default=1)
    figure.update_layout(barmode="group", bargap=0.3)
    figure.update_xaxes(title={"text": "runs", "standoff": 8}, rangemode="tozero", dtick=_step(most), **_AXIS)
    figure.update_yaxes(autorange="reversed", ticksuffix="  ", automargin=True, **_AXIS)
    return figure


def _spread(
    title: str, notes: Sequence[str], what: str, groups: Sequence[Group], numbers: Sequence[Sequence[float]]
) -> go.Figure:
    """How often the number is in which step of its range."""
    edges = np.histogram_bin_edges(np.concatenate([np.asarray(each) for each in numbers]), STEPS)
    figure = go.Figure()
    most = 1
    for place, (group, values) in enumerate(zip(groups, numbers, strict=True)):
        heights = np.histogram(values, edges)[0]
        most = max(most, int(heights.max()))
        spans = [f"{low:,.6g} to {high:,.6g}" for low, high in pairwise(edges)]
        figure.add_trace(
            go.Bar(
                x=((edges[:-1] + edges[1:]) / 2).tolist(), y=heights.tolist(), width=np.diff(edges).tolist(),
                hovertext=[f"{span}: {runs} runs" for span, runs in zip(spans, heights, strict=True)],
                hoverinfo="text", name=_name(group), meta="spread", marker=_marker(place),
                opacity=1 if len(groups) == 1 else 0.6,
            )
        )  # fmt: skip
    style(figure, title, notes, PLOT_PIXELS, with_legend=len(groups) > 1)
    figure.update_layout(barmode="overlay")
    figure.update_xaxes(title={"text": what, "standoff": 8}, **_AXIS)
    figure.update_yaxes(title={"text": "runs"}, rangemode="tozero", dtick=_step(most), **_AXIS)
    return figure


def _numbers(rows: Sequence[Row], metric: str) -> list[float]:
    """Of each run that has one."""
    values = [row.values.get(metric) for row in rows]
    numbers = [number_in(value) if isinstance(value, str) else value for value in values]
    return [number for number in numbers if is_number(number)]


def _counted(group: Group, texts: Sequence[str]) -> dict[str, int]:
    """The outcomes of a group, the most frequent first; those that have no bar of their own together."""
    found = outcomes(group, texts)
    counts: dict[str, int] = {}
    for outcome in found[:MOST_BARS]:
        said = " ".join(str(value) for value in outcome.values.values() if value is not None)
        is_plain = outcome.ended == "exited 0" and said
        counts[said if is_plain else " – ".join(filter(None, (said, outcome.ended)))] = len(outcome.rows)
    rest = found[MOST_BARS:]
    if rest:
        counts[f"{len(rest)} others"] = sum(len(outcome.rows) for outcome in rest)
    return counts


def _name(group: Group) -> str:
    return ", ".join(f"{name} {value}" for name, value in group.point.items())


def _marker(place: int) -> dict[str, object]:
    return {"color": palette.thread_colour(place), "line": {"width": 1, "color": "#FFFFFF"}}


def _step(most: int) -> int:
    """Between the ticks of an axis that counts runs up to ``most``: whole, and about six of them."""
    for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000):
        if most <= 6 * step:
            return step
    return 2000
