"""Curves over a parameter: how a quantity goes as the parameter grows, a curve for each series.

Plain numbers in, a Plotly figure out; panels side by side share the vertical axis' scale.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from replay.figures import palette
from replay.figures.chart import HEIGHT, Number, gaps, headline, number_text, titled

_GAP = 0.06


@dataclass(frozen=True)
class Panel:
    """A plot: ``series`` by name, a value for each of the figure's ``xs``."""

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
    """The figure. A series has the same colour in every panel; its last value is written behind it."""
    figure = go.Figure()
    titled(figure, title, subtitle, HEIGHT, 96)
    names = list(dict.fromkeys(name for panel in panels for name in panel.series))
    most = max(
        (v for p in panels for values in p.series.values() for v in values if v is not None), default=1
    )
    for number, (panel, span) in enumerate(zip(panels, gaps(len(panels), _GAP), strict=True), 1):
        axis = "" if number == 1 else str(number)
        for name, values in panel.series.items():
            _series(figure, axis, name, palette.thread_colour(names.index(name)), xs, values, x, y)
        if panel.name:
            headline(figure, panel.name, "", span[0])
        _axes(figure, axis, span, x, y, xs, most)
    shown: set[str] = set()
    for trace in figure.data:
        trace.showlegend = trace.name not in shown
        shown.add(trace.name)
    figure.update_layout(legend_y=-0.14, margin_b=96, showlegend=True)
    return figure


def _series(
    figure: go.Figure, axis: str, name: str, colour: str,
    xs: Sequence[int | float], values: Sequence[Number], x: Axis, y: Axis,
) -> None:  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=list(xs), y=list(values), xaxis=f"x{axis}", yaxis=f"y{axis}", name=name, legendgroup=name,
            mode="lines+markers+text", cliponaxis=False,
            line={"color": colour, "width": 2.6}, marker={"size": 8},
            text=["" if place + 1 < len(xs) else number_text(value) for place, value in enumerate(values)],
            textposition="top center", textfont={"color": colour, "size": 13},
            hovertext=[
                f"{name}<br>{x.name} {number_text(at)}: <b>{number_text(value)}</b> {y.name}"
                for at, value in zip(xs, values, strict=True)
            ],
            hoverinfo="text",
        )
    )  # fmt: skip


def _axes(
    figure: go.Figure, axis: str, span: tuple[float, float], x: Axis, y: Axis,
    xs: Sequence[int | float], most: int | float,
) -> None:  # fmt: skip
    ticks = {"tickvals": list(xs), "ticktext": [number_text(value) for value in xs]}
    scale = {"type": "log"} if y.log else {"range": [0, most * 1.1], "tickformat": ","}
    figure.update_layout(
        {
            f"xaxis{axis}": {
                "domain": span, "anchor": f"y{axis}", "type": "log" if x.log else "linear",
                "gridcolor": palette.GRID, "zeroline": False, "showline": True, "linecolor": palette.BLOCKED,
                "title": {"text": x.name, "standoff": 10}, "fixedrange": True, **ticks,
            },
            f"yaxis{axis}": {
                "anchor": f"x{axis}", "gridcolor": palette.GRID, "zeroline": False, "fixedrange": True,
                "title": {"text": y.name if not axis else "", "standoff": 12}, **scale,
            },
        }
    )  # fmt: skip
