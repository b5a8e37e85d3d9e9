"""Bars that compare runs: a row of bars for each run, a panel for each quantity, values written on them.

Plain numbers in, a Plotly figure out. Panels stand side by side and share the rows, since quantities of
different units have no axis in common.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from replay.figures import palette
from replay.figures.chart import HEIGHT, Number, gaps, headed, headline, number_text, titled

#: Pixels: a character of a label, the least room for labels.
_CHARACTER, _LABELS = 8, 90
#: The part of a row that stays free at least; pixels of a row's bars at most.
_LEAST_GAP, _THICKEST = 0.34, 76
#: The part of the paper between two panels, and of a panel that values may stand in beyond the longest bar.
_GAP, _ROOM = 0.045, 0.24


@dataclass(frozen=True)
class Panel:
    """A quantity. ``groups``: by name of the group, the values in the order of the rows; a single group is
    coloured by row. ``log``: a logarithmic axis, for values that are powers apart."""

    name: str
    unit: str
    groups: Mapping[str, Sequence[Number]]
    log: bool = False


def bars(title: str, subtitle: str, rows: Sequence[str], panels: Sequence[Panel]) -> go.Figure:
    """The figure; the first row stands at the top."""
    figure = go.Figure()
    left = max(_LABELS, 30 + _CHARACTER * max(map(len, rows)))
    titled(figure, title, subtitle, HEIGHT, left)
    for number, (panel, span) in enumerate(zip(panels, gaps(len(panels), _GAP), strict=True), 1):
        _panel(figure, number, panel, rows, span)
        headline(figure, panel.name, panel.unit, span[0])
    most = max(len(panel.groups) for panel in panels)
    gap = max(_LEAST_GAP, 1 - len(rows) * _THICKEST * min(most, 2) / HEIGHT)
    figure.update_layout(barmode="group", bargap=gap, bargroupgap=0.08, showlegend=most > 1)
    return figure


def _panel(
    figure: go.Figure, number: int, panel: Panel, rows: Sequence[str], span: tuple[float, float]
) -> None:
    axis = "" if number == 1 else str(number)
    places = list(range(len(rows)))
    for place, (group, values) in enumerate(panel.groups.items()):
        alone = len(panel.groups) == 1
        colours = [palette.thread_colour(row if alone else place) for row in places]
        texts = [number_text(value) for value in values]
        figure.add_trace(
            go.Bar(
                orientation="h", x=list(values), y=places, xaxis=f"x{axis}", yaxis=f"y{axis}",
                text=texts, textposition="outside", cliponaxis=False, marker={"color": colours},
                textfont={"size": 14, "color": palette.INK}, name=group, legendgroup=group,
                showlegend=number == 1,
                hovertext=[
                    f"{rows[row]}{'' if alone else f', {group}'}<br>{headed(panel.name, panel.unit)}: "
                    f"<b>{texts[row]}</b>"
                    for row in places
                ],
                hoverinfo="text",
            )
        )  # fmt: skip
    figure.update_layout(
        {
            f"xaxis{axis}": {
                "domain": span, "anchor": f"y{axis}", "gridcolor": palette.GRID, "zeroline": False,
                "showline": False, "tickfont": {"color": palette.FAINT, "size": 12}, "nticks": 5,
                "fixedrange": True, **_scale(panel),
            },
            f"yaxis{axis}": {
                "anchor": f"x{axis}", "range": [len(rows) - 0.5, -0.5], "tickvals": places,
                "ticktext": list(rows) if number == 1 else [""] * len(rows), "showgrid": False,
                "zeroline": False, "ticks": "", "ticklabelstandoff": 8, "fixedrange": True,
                "showline": True, "linecolor": palette.BLOCKED,
            },
        }
    )  # fmt: skip


def _scale(panel: Panel) -> dict[str, object]:
    """The axis' type and range: room for the values behind the bars."""
    known = [value for values in panel.groups.values() for value in values if value is not None]
    most = max(known, default=0)
    if panel.log:
        least = min((value for value in known if value > 0), default=1)
        low, high = math.floor(math.log10(least)) - 0.3, math.log10(max(most, 1))
        return {"type": "log", "range": [low, high + (high - low) * _ROOM], "dtick": 1}
    return {"range": [0, (most or 1) * (1 + _ROOM)], "tickformat": "~s" if most >= 1000 else ""}
