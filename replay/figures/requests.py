"""How a server did, as a Plotly figure: requests arrived and done, in the backlog and in service over time,
and how their latencies are distributed.

The tables of `replay.analyses.requests` in, one HTML file out that needs no network. Curves have at most
POINTS points: of more, every so-manieth is left, the extremes of a level with it.
"""

from html import escape
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from replay.analyses.requests import Served
from replay.figures import palette
from replay.figures.page import write_page

POINTS, BINS = 2_000, 60
_HEIGHTS = (240, 200, 220)
_TOP, _GAP, _BOTTOM = 110, 62, 56
_HEADLINES = (
    "requests, counted: arrived, and done",
    "requests at a time: in the backlog, and in service",
    "latency of the requests that are done: from arrival to end",
)

IntArray = NDArray[np.int64]


def write_requests(found: Served, path: Path) -> None:
    """Write the page. Raises OSError."""
    total = found.run.to_pylist()[0]
    write_page(requests_figure(found), f"{total['program']} – requests of run {total['run']}", path)


def requests_figure(found: Served) -> go.Figure:
    """The figure; something must have arrived."""
    inner = sum(_HEIGHTS) + _GAP * (len(_HEIGHTS) - 1)
    figure = make_subplots(rows=3, cols=1, row_heights=_HEIGHTS, vertical_spacing=_GAP / inner)
    arrived = found.requests["arrived"].to_numpy()
    done = np.sort(found.requests["done"].drop_null().to_numpy())
    end = int(max(arrived[-1], done[-1] if len(done) else 0))
    for name, ticks, colour in (("arrived", arrived, palette.THREADS[0]), ("done", done, palette.THREADS[2])):
        _steps(figure, 1, name, ticks, np.arange(1, len(ticks) + 1), colour, end)
    ticks = found.levels["tick"].to_numpy()
    for name, label, colour in (
        ("backlog", "in the backlog", palette.THREADS[1]),
        ("in_service", "in service", palette.THREADS[2]),
    ):
        _steps(figure, 2, label, ticks, found.levels[name].to_numpy(), colour, end, filled=True)
    _histogram(figure, found)
    _styled(figure, found, inner, int(arrived[0]), end)
    return figure


def _steps(
    figure: go.Figure,
    row: int,
    name: str,
    ticks: IntArray,
    values: IntArray,
    colour: str,
    end: int,
    *,
    filled: bool = False,
) -> None:
    ticks, values = _thinned(ticks, values)
    figure.add_trace(
        go.Scatter(
            x=[*ticks.tolist(), end],
            y=[*values.tolist(), *values[-1:].tolist()],
            mode="lines",
            line={"shape": "hv", "width": 1.6, "color": colour},
            fill="tozeroy" if filled else None,
            name=name,
            hovertemplate="tick %{x:,}: %{y:,} " + name + "<extra></extra>",
        ),
        row=row,
        col=1,
    )


def _thinned(ticks: IntArray, values: IntArray) -> tuple[IntArray, IntArray]:
    """At most POINTS: of every stretch its highest."""
    if len(ticks) <= POINTS:
        return ticks, values
    starts = np.linspace(0, len(ticks), POINTS, endpoint=False).astype(np.int64)
    return ticks[starts], np.maximum.reduceat(values, starts)


def _histogram(figure: go.Figure, found: Served) -> None:
    """Latencies as bars, the percentiles as lines through them."""
    latencies = found.requests["latency"].drop_null().to_numpy()
    if not len(latencies):
        return
    counts, edges = np.histogram(latencies, bins=BINS)
    figure.add_trace(
        go.Bar(
            x=((edges[:-1] + edges[1:]) / 2).tolist(),
            y=counts.tolist(),
            width=np.diff(edges).tolist(),
            marker={"color": palette.CURVE, "line": {"width": 0}},
            hovertext=[
                f"{count:,} requests: {low:,.0f} to {high:,.0f} ticks"
                for count, low, high in zip(counts.tolist(), edges[:-1], edges[1:], strict=True)
            ],
            hoverinfo="text",
            showlegend=False,
        ),
        row=3,
        col=1,
    )
    times = next(row for row in found.times.to_pylist() if row["part"] == "latency")
    for name in ("p50", "p95", "p99"):
        figure.add_vline(
            x=times[name], row=3, col=1, line={"width": 1, "dash": "dot", "color": palette.INK},
            annotation={"text": f"{name} {times[name]:,.0f}", "font": {"size": 11, "color": palette.INK}},
        )  # fmt: skip


def _styled(figure: go.Figure, found: Served, inner: int, begin: int, end: int) -> None:
    total = found.run.to_pylist()[0]
    facts = [escape(str(total["workload"])), f"{total['done']:,} of {total['arrived']:,} requests done"]
    if total["throughput"] is not None:
        facts.append(f"{total['throughput']:.3f} per 1,000 ticks")
    height = inner + _TOP + _BOTTOM
    for row, text in enumerate(_HEADLINES, 1):
        axis = "" if row == 1 else str(row)
        figure.add_annotation(
            text=f"<b>{text}</b>", xref="paper", x=0, xanchor="left", yanchor="bottom",
            yref=f"y{axis} domain", y=1.02, showarrow=False, font={"size": 12, "color": palette.FAINT},
        )  # fmt: skip
        figure.update_xaxes(
            row=row, col=1, gridcolor=palette.GRID, zeroline=False, showline=True, linecolor=palette.GRID,
            tickformat=",d", title={"text": "tick" if row < 3 else "latency, ticks", "standoff": 4},
            **({"range": [begin, end]} if row < 3 else {}),
        )  # fmt: skip
        figure.update_yaxes(row=row, col=1, gridcolor=palette.GRID, zeroline=False, rangemode="tozero")
    figure.update_layout(
        template="none", height=height, bargap=0, hovermode="closest",
        paper_bgcolor="#FFFFFF", plot_bgcolor="#FFFFFF",
        font={"family": palette.FONT, "size": 12, "color": palette.INK},
        margin={"l": 70, "r": 24, "t": _TOP, "b": _BOTTOM},
        title={
            "text": f"<b>{escape(Path(total['program']).name)} – requests of run {total['run']}</b>"
            f'<br><span style="font-size:12px;color:{palette.FAINT}">{" · ".join(facts)}</span>',
            "x": 0, "xref": "paper", "xanchor": "left", "font": {"size": 18},
            "y": 1 - 24 / height, "yref": "container", "yanchor": "top",
        },
    )  # fmt: skip
