"""Stacks over time as a Plotly figure: for each thread its calls, the function it began in at the bottom and
each call on top of its caller, and below that how many bytes of stack were in use; then heap and coroutine
frames.

The log in, one HTML page out that needs no network. At most BUDGET frames are drawn; what was merged is said
in the figure itself.
"""

from pathlib import Path

import duckdb
import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from recorder.reader import Log
from replay.figures.marks import Drawn, merge, peaks
from replay.figures.page import write_page
from replay.figures.panels import Window, curve, headline, merged_text, styled, titled, window
from replay.figures.stackscene import KINDS, Curve, StackScene, find_words, stack_scene
from replay.figures.timeline import BUDGET, POINTS, Timeline
from replay.query import connect
from replay.recording import Recording
from sim.errors import UserError

#: Pixels: a frame's height and that of all frames of a thread at most; a curve, and the gap between panels.
FRAME_PIXELS, STACK_PIXELS, CURVE_PIXELS, GAP_PIXELS = 18, 380, 52, 30
#: The part of the window that a frame takes to bear its name, and the least height.
NAMED, NAMED_PIXELS = 0.018, 11
#: Calls that are followed at most.
MOST_CALLS = 2_000_000


class TooManyCalls(UserError):
    """More calls than a picture is made of."""

    exit_status = 2


def stacks(log: Log, first: int | None = None, last: int | None = None) -> Timeline:
    """Stacks from event ``first`` to event ``last`` (None: the run's first and last). Raises BadRange,
    TooManyCalls, NoSuchEvent, RunDamaged."""
    recording = Recording(log)
    shown = window(recording, first, last)
    connection = connect(log, KINDS)
    try:
        _check_calls(connection, shown)
        made = stack_scene(recording, connection, shown)
        drawn = merge([lane.clipped(shown.low, shown.high) for lane in made.lanes], BUDGET)
        find_words(made, connection, drawn)
    finally:
        connection.close()
    figure = _figure(made, drawn)
    marks, merged = sum(map(len, drawn)), sum(len(part.lane) - len(part) for part in drawn)
    notes = [*made.left_out]
    if merged:
        notes.append(
            f"{merged:,} frames merged into their neighbours (the paler, the thinner): "
            f"zoom in with --from and --to"
        )
    title = f"{log.run.short} – stacks of run {log.run.id}"
    titled(figure, title, log, shown, marks, tuple(notes))
    return Timeline(figure, marks, merged, tuple(notes), title)


def write_stacks(log: Log, path: Path, first: int | None = None, last: int | None = None) -> Timeline:
    """Write it as one HTML page. Raises what `stacks` raises, and OSError."""
    made = stacks(log, first, last)
    write_page(made.figure, made.title, path)
    return made


def _check_calls(connection: "duckdb.DuckDBPyConnection", shown: Window) -> None:
    """Raises TooManyCalls."""
    found = connection.sql(
        "SELECT seq FROM stack WHERE action = 'call' AND seq BETWEEN $first AND $last ORDER BY seq "
        f"LIMIT 1 OFFSET {MOST_CALLS}",
        params={"first": shown.begin, "last": shown.end},
    ).fetchall()
    if found:
        raise TooManyCalls(
            f"events {shown.begin} to {shown.end} have more than {MOST_CALLS:,} calls: "
            f"zoom in, as with --from {shown.begin} --to {found[0][0] - 1}"
        )


def _figure(made: StackScene, drawn: list[Drawn]) -> go.Figure:
    deepest = {
        tid: max((int(part.lane.y) for part in drawn if part.lane.panel == str(tid)), default=0) + 1
        for tid in made.threads
    }
    frame_pixels = {tid: min(FRAME_PIXELS, STACK_PIXELS / deep) for tid, deep in deepest.items()}
    pixels = [
        height
        for tid in made.threads
        for height in (max(deepest[tid] * frame_pixels[tid], FRAME_PIXELS), CURVE_PIXELS)
    ]
    pixels += [CURVE_PIXELS] * len(made.heaps)
    inner = int(sum(pixels)) + GAP_PIXELS * (len(pixels) - 1)
    figure = make_subplots(
        rows=len(pixels), cols=1, shared_xaxes=True, row_heights=pixels, vertical_spacing=GAP_PIXELS / inner
    )
    legend: set[int] = set()
    for place, tid in enumerate(made.threads):
        row = 2 * place + 1
        mine = [part for part in drawn if part.lane.panel == str(tid)]
        _draw(figure, made, mine, row, legend, named=frame_pixels[tid] >= NAMED_PIXELS)
        figure.update_yaxes(
            row=row, range=[-0.55, deepest[tid] - 0.45], fixedrange=True, showgrid=False, zeroline=False,
            nticks=min(deepest[tid], 4) + 1, tickformat=",d", ticks="outside", ticklen=6, tickcolor="#FFFFFF",
        )  # fmt: skip
        headline(figure, row, f"{made.thread(tid)}: calls, the innermost on top")
        _curve(figure, made, row + 1, f"stack of thread {tid}", made.depths.get(tid))
    for row, (name, points) in enumerate(made.heaps.items(), 2 * len(made.threads) + 1):
        _curve(figure, made, row, name, points)
    styled(figure, inner, made.shown.low, made.shown.high)
    figure.update_layout(uniformtext={"minsize": 9, "mode": "hide"})
    return figure


def _draw(
    figure: go.Figure, made: StackScene, parts: list[Drawn], row: int, legend: set[int], *, named: bool
) -> None:
    """A thread's frames, a trace for each function."""
    if not parts:
        return
    start, finish, key, cover = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("start", "finish", "key", "cover")
    )
    depth = np.concatenate([np.full(len(part), part.lane.y) for part in parts])
    height = max(part.lane.height for part in parts)
    texts = [merged_text(part, index) for part in parts for index in range(len(part))]
    wide = (finish - start) / (made.shown.high - made.shown.low) >= NAMED
    firsts = np.concatenate([part.lane.seq[part.first] for part in parts])
    for number in np.unique(key).tolist():
        mine = np.flatnonzero(key == number)
        labels = [
            made.function(int(firsts[index])) if named and wide[index] else "" for index in mine.tolist()
        ]
        figure.add_trace(
            go.Bar(
                orientation="h", base=start[mine].tolist(), x=(finish[mine] - start[mine]).tolist(),
                y=depth[mine].tolist(), width=height,
                marker={
                    "color": made.keys[number].colour,
                    "line": {"width": np.where(wide[mine] & named, 1, 0).tolist(), "color": "#FFFFFF"},
                    "opacity": (0.25 + 0.75 * cover[mine]).tolist(),
                },
                text=labels, textposition="inside", insidetextanchor="middle", textangle=0,
                insidetextfont={"size": 11}, constraintext="inside",
                name=made.keys[number].name, legendgroup=str(number), legendrank=number,
                showlegend=number not in legend, hovertext=[texts[index] for index in mine.tolist()],
                hoverinfo="text", meta=f"frames:{parts[0].lane.panel}",
            ),
            row=row,
            col=1,
        )  # fmt: skip
        legend.add(number)


def _curve(figure: go.Figure, made: StackScene, row: int, name: str, points: Curve | None) -> None:
    """Bytes over time, from one end of the window to the other."""
    low, high = made.shown.low, made.shown.high
    ticks, sizes = points if points is not None and len(points[0]) else (np.array([low]), np.array([0]))
    before = int(np.searchsorted(ticks, low, side="right")) - 1
    inside = (ticks > low) & (ticks < high)
    if int(inside.sum()) > POINTS:
        steps, levels = peaks(ticks, sizes, low, high, -(-(high - low) // POINTS))
        x, y = [*steps.tolist(), high], levels.tolist()
    else:
        x = [low, *ticks[inside].tolist(), high]
        y = [int(sizes[before]) if before >= 0 else 0, *sizes[inside].tolist()]
    curve(figure, row, name, "bytes", x, [*y, y[-1]])
