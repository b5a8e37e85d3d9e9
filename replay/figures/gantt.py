"""Gantt charts that compare runs: who had a hart and when, a row for each run, a panel for each workload.

`turns` reads a lane from a log; lanes in, a Plotly figure out. Time begins with the first thread's arrival.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import plotly.graph_objects as go

from recorder.reader import Log
from replay.figures import palette
from replay.figures.chart import HEIGHT, gaps, headline, number_text, titled

#: Pixels: a character of a label, the least room for labels.
_CHARACTER, _LABELS = 8, 90
_GAP = 0.045
#: The part of a row that its bar takes; the least part of the axis that has room for a letter.
_THICK, _LETTER = 0.56, 0.02


@dataclass(frozen=True)
class Lane:
    """A run. ``spans``: (thread, first tick, tick after the last) in order; ``arrivals``: tick by thread."""

    label: str
    spans: Sequence[tuple[str, int, int]]
    arrivals: Mapping[str, int]


def turns(log: Log, hart: int, names: Mapping[int, str], label: str) -> Lane:
    """Who of the threads with ``names`` (by tid) had ``hart``; ticks from the first of their arrivals."""
    arrivals: dict[str, int] = {}
    for row in log.table("thread").sort_by("seq").to_pylist():
        if row["tid"] in names and row["action"] == "ready":
            arrivals.setdefault(names[row["tid"]], row["tick"])
    begin = min(arrivals.values(), default=0)
    switches = [
        (row["tick"] - begin, row["next"])
        for row in log.table("context_switch").sort_by("seq").to_pylist()
        if row["hart"] == hart
    ]
    spans: list[tuple[str, int, int]] = []
    for (start, tid), (end, _) in pairwise([*switches, (log.last_tick - begin, 0)]):
        if tid not in names or start == end:
            continue
        # Who is chosen again at the end of a slice goes on; the switch itself is a tick.
        if spans and spans[-1][0] == names[tid] and start - spans[-1][2] <= 1:
            spans[-1] = (names[tid], spans[-1][1], end)
        else:
            spans.append((names[tid], start, end))
    came = {name: arrivals[name] - begin for name in names.values() if name in arrivals}
    return Lane(label, spans, came)


def gantt(
    title: str, subtitle: str, panels: Mapping[str, Sequence[Lane]], ticks: int, unit: str
) -> go.Figure:
    """The figure; the axis counts ``unit``, of so many ticks. A thread has the same colour everywhere."""
    figure = go.Figure()
    lanes = [lane for each in panels.values() for lane in each]
    labels = list(dict.fromkeys(lane.label for lane in lanes))
    names = list(dict.fromkeys(name for lane in sorted(lanes, key=_known) for name in lane.arrivals))
    titled(figure, title, subtitle, HEIGHT, max(_LABELS, 30 + _CHARACTER * max(map(len, labels))))
    for number, ((panel, shown), domain) in enumerate(
        zip(panels.items(), gaps(len(panels), _GAP), strict=True), 1
    ):
        axis = "" if number == 1 else str(number)
        last = max((end for lane in shown for _, _, end in lane.spans), default=1) / ticks
        for place, name in enumerate(names):
            _bars(figure, axis, name, palette.thread_colour(place), shown, labels, ticks, last)
        _arrivals(figure, axis, shown, ticks)
        headline(figure, panel, "dotted lines: arrivals", domain[0])
        figure.update_layout(
            {
                f"xaxis{axis}": {
                    "domain": domain, "anchor": f"y{axis}", "range": [0, last * 1.01],
                    "title": {"text": unit, "font": {"size": 14}}, "nticks": 12,
                    "gridcolor": palette.GRID, "zeroline": False,
                },
                f"yaxis{axis}": {
                    "anchor": f"x{axis}", "range": [len(labels) - 0.5, -0.5], "showgrid": False,
                    "tickvals": list(range(len(labels))),
                    "ticktext": ["" if axis else each for each in labels],
                    "ticks": "outside", "ticklen": 6, "tickcolor": "#FFFFFF",
                    "zeroline": False, "fixedrange": True,
                },
            }
        )  # fmt: skip
    figure.update_layout(barmode="overlay", showlegend=True, legend_y=-0.14, margin_b=96)
    shown_names: set[str] = set()
    for trace in figure.data:
        trace.showlegend = trace.name not in shown_names
        shown_names.add(trace.name)
    return figure


def _known(lane: Lane) -> int:
    """Those with the most threads first: their order is the legend's."""
    return -len(lane.arrivals)


def _bars(
    figure: go.Figure, axis: str, name: str, colour: str,
    lanes: Sequence[Lane], labels: Sequence[str], ticks: int, last: float,
) -> None:  # fmt: skip
    """A thread's bars in all rows of a panel, with its name in them where there is room."""
    spans = [
        (labels.index(lane.label), start / ticks, end / ticks)
        for lane in lanes
        for who, start, end in lane.spans
        if who == name
    ]
    figure.add_trace(
        go.Bar(
            orientation="h", xaxis=f"x{axis}", yaxis=f"y{axis}", name=name, legendgroup=name, width=_THICK,
            base=[start for _, start, _ in spans],
            x=[end - start for _, start, end in spans],
            y=[row for row, _, _ in spans],
            marker={"color": colour, "line": {"width": 1, "color": "#FFFFFF"}},
            text=[name if end - start > _LETTER * last else "" for _, start, end in spans],
            textposition="inside", insidetextanchor="middle", textangle=0, constraintext="none",
            textfont={"color": "#FFFFFF", "size": 13},
            hovertext=[
                f"{labels[row]}<br>{name}: {number_text(start)} to {number_text(end)}"
                for row, start, end in spans
            ],
            hoverinfo="text",
        )
    )  # fmt: skip


def _arrivals(figure: go.Figure, axis: str, lanes: Sequence[Lane], ticks: int) -> None:
    """A dotted line with its name where each thread came."""
    for name, tick in {name: tick for lane in lanes for name, tick in lane.arrivals.items()}.items():
        figure.add_shape(
            type="line", xref=f"x{axis}", yref=f"y{axis} domain", x0=tick / ticks, x1=tick / ticks,
            y0=0, y1=1, line={"color": palette.FAINT, "width": 1, "dash": "dot"},
        )  # fmt: skip
        figure.add_annotation(
            text=name, xref=f"x{axis}", yref=f"y{axis} domain", x=tick / ticks, y=1,
            yanchor="bottom", yshift=-3, showarrow=False,
            font={"size": 11, "color": palette.FAINT},
        )  # fmt: skip
