"""Curves over a parameter: how a quantity goes as the parameter grows, a curve for each series.

Plain numbers in, a Plotly figure out; panels side by side share the vertical axis' scale.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from replay.figures import palette
from replay.figures.chart import HEIGHT, Number, gaps, headline, number_text, titled

_GAP = 0.06


@dataclass(frozen=True)
class Panel:
    """A plot: ``series`` by name, a value for each of the figure's ``xs``; None where it has no point."""

    name: str
    series: Mapping[str, Sequence[Number]]


@dataclass(frozen=True)
class Axis:
    """What an axis counts; ``log``: logarithmic."""

    name: str
    log: bool = False


def curves(
    title: str, subtitle: str, x: Axis, y: Axis, xs: Sequence[int | float], panels: Sequence[Panel]
) -> go.Figure:
    """The figure. A series has the same colour in every panel."""
    figure = go.Figure()
    titled(figure, title, subtitle, HEIGHT, 96)
    names = list(dict.fromkeys(name for panel in panels for name in panel.series))
    known = [
        value for panel in panels for values in panel.series.values() for value in values if value is not None
    ]
    scale = _scale(y, min(known, default=1), max(known, default=1))
    for number, (panel, span) in enumerate(zip(panels, gaps(len(panels), _GAP), strict=True), 1):
        axis = "" if number == 1 else str(number)
        for name, values in panel.series.items():
            colour = palette.thread_colour(names.index(name))
            _series(figure, axis, name, colour, xs, values, x, y)
        headline(figure, panel.name, "", span[0])
        _axes(figure, axis, span, x, y, xs, scale)
    shown: set[str] = set()
    for trace in figure.data:
        trace.showlegend = trace.name not in shown
        shown.add(trace.name)
    figure.update_layout(legend_y=-0.16, margin_b=104, showlegend=len(names) > 1)
    return figure


def _series(
    figure: go.Figure, axis: str, name: str, colour: str,
    xs: Sequence[int | float], values: Sequence[Number], x: Axis, y: Axis,
) -> None:  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=list(xs), y=list(values), xaxis=f"x{axis}", yaxis=f"y{axis}", name=name, legendgroup=name,
            mode="lines+markers", connectgaps=True, cliponaxis=False,
            line={"color": colour, "width": 2.6}, marker={"size": 9},
            hovertext=[
                f"{name}<br>{x.name} {number_text(at)}: <b>{number_text(value)}</b> {y.name}"
                for at, value in zip(xs, values, strict=True)
            ],
            hoverinfo="text",
        )
    )  # fmt: skip


def _axes(
    figure: go.Figure, axis: str, span: tuple[float, float], x: Axis, y: Axis,
    xs: Sequence[int | float], scale: Mapping[str, object],
) -> None:  # fmt: skip
    figure.update_layout(
        {
            f"xaxis{axis}": {
                "domain": span, "anchor": f"y{axis}", "type": "log" if x.log else "linear",
                "gridcolor": palette.GRID, "zeroline": False, "showline": True, "linecolor": palette.BLOCKED,
                "tickvals": list(xs), "ticktext": [number_text(value) for value in xs],
                "title": {"text": x.name, "standoff": 10, "font": {"size": 14}}, "fixedrange": True,
            },
            f"yaxis{axis}": {
                "anchor": f"x{axis}", "gridcolor": palette.GRID, "zeroline": False, "fixedrange": True,
                "title": {"text": "" if axis else y.name, "standoff": 12, "font": {"size": 14}}, **scale,
            },
        }
    )  # fmt: skip


def _scale(axis: Axis, least: int | float, most: int | float) -> dict[str, object]:
    """The same range for all panels; a logarithmic one has ticks at 1, 2 and 5 times the powers of ten."""
    if not axis.log:
        return {"range": [0, most * 1.08], "tickformat": ","}
    low, high = math.log10(least), math.log10(most)
    powers = range(math.floor(low), math.ceil(high) + 1)
    ticks = [digit * 10.0**power for power in powers for digit in (1, 2, 5)]
    return {
        "type": "log",
        "range": [low - 0.05 * (high - low), high + 0.05 * (high - low)],
        "tickvals": ticks,
        "ticktext": [number_text(tick) for tick in ticks],
    }
