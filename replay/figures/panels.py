"""What timelines have in common: panels above each other over one axis of ticks, their words, their style."""

from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go

from recorder.reader import Log
from replay.figures import palette
from replay.figures.marks import Drawn
from replay.query import extent
from replay.recording import Recording
from sim.errors import UserError
from sim.events import KINDS

#: Pixels above and below the panels.
TOP_PIXELS, BOTTOM_PIXELS = 96, 60


class BadRange(UserError):
    """``--from`` and ``--to`` leave nothing."""

    exit_status = 2


@dataclass(frozen=True)
class Window:
    """What of a run is shown: events ``begin`` to ``end``, ticks ``low`` to ``high``."""

    begin: int
    end: int
    low: int
    high: int


def window(recording: Recording, first: int | None, last: int | None) -> Window:
    """From event ``first`` to event ``last`` (None: the run's first and last). Raises BadRange,
    NoSuchEvent."""
    log = recording.log
    begin = 0 if first is None else first
    reach = extent(log)
    end = reach.last_seq if last is None else last
    recording.check_seq(begin)
    recording.check_seq(end)
    low = _tick_of(log, begin) if first is not None else 0
    high = _tick_of(log, end) if last is not None else reach.ticks
    if high <= low:
        raise BadRange(f"no time passes from event {begin} to event {end}: choose them further apart")
    return Window(begin, end, low, high)


def _tick_of(log: Log, seq: int) -> int:
    """The tick of one event."""
    for kind in KINDS:
        found = log.table(kind, seq, seq, ["tick"])
        if found.num_rows:
            tick: int = found["tick"][0].as_py()
            return tick
    return 0


def merged_text(part: Drawn, index: int) -> str:
    """What to say of a mark that is drawn: of several, how many they are, and the first of them."""
    text = part.lane.describe(int(part.first[index]))
    count = int(part.count[index])
    if count == 1:
        return text
    span = f"ticks {part.start[index]:,} to {part.finish[index]:,}, {part.cover[index]:.0%} of them"
    return f"<b>{count:,} {part.lane.noun} merged</b><br>{span}<br><br>the first:<br>{text}"


def curve(figure: go.Figure, row: int, name: str, unit: str, ticks: list[int], values: list[float]) -> None:
    """A panel with a curve of steps."""
    figure.add_trace(
        go.Scatter(
            x=ticks, y=values, mode="lines", fill="tozeroy",
            line={"shape": "hv", "width": 1.2, "color": palette.CURVE},
            fillcolor=palette.CURVE_FILL, name=name, showlegend=False, meta=name,
            hovertemplate="tick %{x:,}: %{y:.3~f} " + unit + "<extra></extra>",
        ),
        row=row,
        col=1,
    )  # fmt: skip
    figure.update_yaxes(
        row=row,
        rangemode="tozero",
        fixedrange=True,
        gridcolor=palette.GRID,
        zeroline=False,
        nticks=4,
        ticks="outside",
        ticklen=6,
        tickcolor="#FFFFFF",
    )
    headline(figure, row, f"{name} ({unit})")


def headline(figure: go.Figure, row: int, text: str) -> None:
    """A panel's name, above its upper left corner."""
    axis = "" if row == 1 else str(row)
    figure.add_annotation(
        text=f"<b>{text}</b>", xref="paper", x=0, xanchor="left", yanchor="bottom",
        yref=f"y{axis} domain", y=1, showarrow=False, font={"size": 12, "color": palette.FAINT},
    )  # fmt: skip


def styled(figure: go.Figure, inner: int, low: int, high: int) -> None:
    """The axis of ticks, and the style of all panels, which are ``inner`` pixels high."""
    figure.update_xaxes(
        range=[low, high], gridcolor=palette.GRID, zeroline=False, showline=True, linecolor=palette.GRID,
        separatethousands=True, tickformat=",d", showspikes=True, spikemode="across", spikethickness=1,
        spikecolor=palette.FAINT, spikedash="dot", spikesnap="cursor",
    )  # fmt: skip
    last = max(int(name.removeprefix("xaxis") or 1) for name in figure.layout if name.startswith("xaxis"))
    figure.update_xaxes(title={"text": "tick", "standoff": 8}, row=last, col=1)
    figure.update_layout(
        barmode="overlay", bargap=0, template="none", height=inner + TOP_PIXELS + BOTTOM_PIXELS,
        paper_bgcolor="#FFFFFF", plot_bgcolor="#FFFFFF", hovermode="closest",
        font={"family": palette.FONT, "size": 12, "color": palette.INK},
        margin={"l": 150, "r": 24, "t": TOP_PIXELS, "b": BOTTOM_PIXELS},
        legend={"title": {"text": ""}, "font": {"size": 12}, "tracegroupgap": 2},
        hoverlabel={"align": "left", "bgcolor": "#FFFFFF", "font": {"family": palette.FONT, "size": 12}},
    )  # fmt: skip


def titled(
    figure: go.Figure,
    title: str,
    log: Log,
    shown: Window,
    marks: int,
    notes: tuple[str, ...],
) -> None:
    """Title, what is shown, and the notes, a line each."""
    begin, end, low, high = shown.begin, shown.end, shown.low, shown.high
    which = "" if (begin, end) == (0, extent(log).last_seq) else f"events {begin:,} to {end:,} · "
    facts = f"{which}ticks {low:,} to {high:,} · {log.run.options['harts']} harts · {marks:,} marks"
    lines = [facts, *(note for note in notes)]
    text = f"<b>{escape(title)}</b>" + "".join(
        f'<br><span style="font-size:12px;color:{palette.FAINT}">{escape(line)}</span>' for line in lines
    )
    extra = 15 * (len(lines) - 1)
    height = figure.layout.height + extra
    figure.update_layout(
        title={
            "text": text, "x": 0, "xref": "paper", "xanchor": "left", "font": {"size": 18},
            "y": 1 - 24 / height, "yref": "container", "yanchor": "top",
        },
        height=height,
        margin_t=TOP_PIXELS + extra,
    )  # fmt: skip
