"""A sweep as a Plotly figure: metrics over the first parameter that is a number, a line for each combination
of the others.

Groups of rows in, a figure out. Where a group has several runs, the line is their mean, with a band from the
least to the most.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from replay.analyses.metrics import Metric
from replay.analyses.sweep import Group, Setting, is_number
from replay.figures import palette
from replay.figures.look import GAP_PIXELS, PLOT_PIXELS, style
from replay.figures.outcomes import outcomes_figure

#: Metrics drawn at most, and values that an axis names.
MOST_PLOTS, MOST_TICKS = 4, 24
#: When colours begin again, lines are dashed.
_DASHES = ("solid", "dash", "dot", "dashdot")


@dataclass(frozen=True)
class Parameter:
    """What was varied, and over which values, in order."""

    name: str
    values: Sequence[Setting]

    @property
    def is_numeric(self) -> bool:
        """Whether it has a place on an axis of numbers."""
        return all(is_number(value) for value in self.values)

    @property
    def is_geometric(self) -> bool:
        """Whether each value is the same multiple of the one before: a logarithmic axis shows them evenly."""
        numbers = [value for value in self.values if is_number(value)]
        if len(numbers) < max(len(self.values), 3) or min(numbers) <= 0:
            return False
        ratios = [after / before for before, after in pairwise(numbers)]
        return min(ratios) > 1.2 and max(ratios) - min(ratios) < 1e-9


def sweep_figure(
    title: str,
    notes: Sequence[str],
    parameters: Sequence[Parameter],
    metrics: Sequence[Metric],
    groups: Sequence[Group],
) -> go.Figure:
    """The figure; ``parameters`` are those that the groups differ in. Without any, or without a metric that
    is a number, it tells outcomes (`outcomes_figure`)."""
    drawn = [metric for metric in metrics if any(group.spread(metric.name) for group in groups)][:MOST_PLOTS]
    if not parameters or not drawn:
        return outcomes_figure(title, notes, metrics, groups)
    x = next((each for each in parameters if each.is_numeric), parameters[0])
    figure = make_subplots(
        rows=len(drawn),
        cols=1,
        shared_xaxes=True,
        vertical_spacing=GAP_PIXELS / (PLOT_PIXELS * len(drawn) + GAP_PIXELS * (len(drawn) - 1)),
    )
    lines = _lines(x, groups)
    for row, metric in enumerate(drawn, 1):
        for place, (name, members) in enumerate(lines.items()):
            _line(figure, row, x, metric, name, place, members)
        _vertical(figure, row, metric)
        _headline(figure, row, metric)
    _horizontal(figure, x, len(drawn))
    height = PLOT_PIXELS * len(drawn) + GAP_PIXELS * (len(drawn) - 1)
    if any(len(group.rows) > 1 for group in groups):
        notes = [*notes, "lines are means, bands reach from the least to the most"]
    style(figure, title, notes, height, with_legend=len(lines) > 1)
    return figure


def _lines(x: Parameter, groups: Sequence[Group]) -> dict[str, list[Group]]:
    """The groups of each line, by its name: what of their points isn't on the axis."""
    lines: dict[str, list[Group]] = {}
    for group in groups:
        name = ", ".join(f"{key} {value}" for key, value in group.point.items() if key != x.name)
        lines.setdefault(name, []).append(group)
    order = {value: place for place, value in enumerate(x.values)}
    return {
        name: sorted(members, key=lambda group: order[group.point[x.name]]) for name, members in lines.items()
    }


def _line(
    figure: go.Figure, row: int, x: Parameter, metric: Metric, name: str, place: int, groups: list[Group]
) -> None:
    """One line, and the band around it."""
    found = [(group, spread) for group in groups if (spread := group.spread(metric.name)) is not None]
    at = [_place(x, group) for group, _ in found]
    colour = palette.thread_colour(place)
    if any(spread.least != spread.most for _, spread in found):
        edges = [spread.most for _, spread in found] + [spread.least for _, spread in reversed(found)]
        figure.add_trace(
            go.Scatter(
                x=at + at[::-1], y=edges, fill="toself", mode="none", fillcolor=_pale(colour),
                hoverinfo="skip", showlegend=False, legendgroup=name, name=f"{name} range",
                meta=f"{metric.name} range",
            ),
            row=row,
            col=1,
        )  # fmt: skip
    bad = [any(not each.is_good for each in group.rows) for group, _ in found]
    figure.add_trace(
        go.Scatter(
            x=at,
            y=[spread.mean for _, spread in found],
            mode="lines+markers",
            name=name or metric.name,
            legendgroup=name,
            showlegend=row == 1 and bool(name),
            line={"color": colour, "width": 2, "dash": _DASHES[place // len(palette.THREADS) % len(_DASHES)]},
            marker={
                "opacity": 1,
                "size": [10 if failed else 7 for failed in bad],
                "symbol": ["x" if failed else "circle" for failed in bad],
                "color": [palette.INK if failed else colour for failed in bad],
            },
            hovertext=[_hover(group, metric) for group, _ in found],
            hoverinfo="text",
            meta=metric.name,
        ),
        row=row,
        col=1,
    )


def _place(x: Parameter, group: Group) -> Setting:
    value = group.point[x.name]
    return value if x.is_numeric else str(value)


def _hover(group: Group, metric: Metric) -> str:
    """Everything of a point: where it is, the metric, and what failed."""
    spread = group.spread(metric.name)
    assert spread is not None
    lines = [f"<b>{', '.join(f'{name} {value}' for name, value in group.point.items())}</b>"]
    value = f"{metric.name}: {_number(spread.mean)}"
    if spread.least != spread.most:
        value += f" ({_number(spread.least)} to {_number(spread.most)}, {len(group.rows)} runs)"
    lines.append(value)
    failed = [row for row in group.rows if not row.is_good]
    if failed:
        wrong = "wrong output" if failed[0].is_right is False else failed[0].outcome
        lines.append(f"{len(failed)} of {len(group.rows)} runs failed: {wrong}")
    return "<br>".join(lines)


def _number(value: float) -> str:
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def _vertical(figure: go.Figure, row: int, metric: Metric) -> None:
    figure.update_yaxes(
        row=row, rangemode="tozero", gridcolor=palette.GRID, zeroline=True, zerolinecolor=palette.GRID,
        separatethousands=True, nticks=6, ticks="outside", ticklen=6, tickcolor="#FFFFFF",
        tickformat=".0%" if metric.is_share else None,
    )  # fmt: skip


def _horizontal(figure: go.Figure, x: Parameter, rows: int) -> None:
    figure.update_xaxes(
        gridcolor=palette.GRID, zeroline=False, showline=True, linecolor=palette.GRID, showticklabels=True,
        separatethousands=True,
    )  # fmt: skip
    if not x.is_numeric:
        figure.update_xaxes(type="category", categoryorder="array", categoryarray=[str(v) for v in x.values])
    elif x.is_geometric:
        figure.update_xaxes(type="log")
    if x.is_numeric and len(x.values) <= MOST_TICKS:
        figure.update_xaxes(tickmode="array", tickvals=list(x.values), ticktext=[f"{v:,}" for v in x.values])
    figure.update_xaxes(title={"text": x.name, "standoff": 8}, row=rows, col=1)


def _headline(figure: go.Figure, row: int, metric: Metric) -> None:
    """A plot's name, above its upper left corner."""
    axis = "" if row == 1 else str(row)
    unit = f" ({metric.unit})" if metric.unit and metric.unit != metric.name else ""
    figure.add_annotation(
        text=f"<b>{metric.heading}</b>{unit}", xref="paper", x=0, xanchor="left",
        yanchor="bottom", yref=f"y{axis} domain", y=1.02, showarrow=False,
        font={"size": 13, "color": palette.INK},
    )  # fmt: skip


def _pale(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.16)"
