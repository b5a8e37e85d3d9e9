"""The timeline of a run as a Plotly figure: harts by thread, threads by state, locks, coroutines, and the
run queue's depth and throughput over time, all over one axis of ticks.

The log in, one HTML file out that needs no network. At most BUDGET marks are drawn; what was merged is
said in the figure itself.
"""

from collections import Counter
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa
from plotly.subplots import make_subplots

from recorder.reader import Log
from replay.figures.marks import Drawn, merge, peaks
from replay.figures.page import write_page
from replay.figures.panels import Window, curve, headline, merged_text, styled, titled, window
from replay.figures.scene import FIRST_THREAD, KINDS, PANELS, Scene, scene
from replay.query import ask, connect
from replay.recording import Recording

#: Marks drawn at most, and points of each curve.
BUDGET = 5_000
POINTS = 600
#: Pixels: a row of each panel, a curve, the gap between panels.
ROW_PIXELS = {"harts": 30, "threads": 26, "locks": 52, "coroutines": 26}
CURVE_PIXELS, GAP_PIXELS = 84, 30
#: How far from an event its thread's instruction is looked for, for the source line.
PLACE_WINDOW = 1 << 11
_HEADLINES = {
    "harts": "harts: which thread runs",
    "threads": "threads: running, ready, blocked",
    "locks": "locks: held (upper half), waited for (hatched, a line for each thread)",
    "coroutines": "coroutines: running on a thread, or suspended on the heap",
}
_CURVES = {"run queue": "ready threads", "throughput": "instructions / tick"}


@dataclass(frozen=True)
class Timeline:
    """A figure, and what it shows: ``marks`` are drawn, ``merged`` of the run's marks stand in others;
    ``notes`` say what is merged or left out, a line each."""

    figure: go.Figure
    marks: int
    merged: int
    notes: tuple[str, ...]
    title: str


def timeline(log: Log, first: int | None = None, last: int | None = None) -> Timeline:
    """The timeline from event ``first`` to event ``last`` (None: the run's first and last). Raises BadRange,
    NoSuchEvent, RunDamaged."""
    shown = window(Recording(log), first, last)
    low, high = shown.low, shown.high
    connection = connect(log, KINDS)
    try:
        made = scene(log, connection)
        drawn = merge([lane.clipped(low, high) for lane in made.lanes], BUDGET)
        _find_places(made, drawn)
        figure = _figure(made, drawn, _curves(made, shown), low, high)
    finally:
        connection.close()
    marks, merged, notes = _told(made, drawn)
    title = f"{log.run.short} – run {log.run.id}{f' ({log.run.name})' if log.run.name else ''}"
    titled(figure, title, log, shown, marks, notes)
    return Timeline(figure, marks, merged, notes, title)


def write_timeline(log: Log, path: Path, first: int | None = None, last: int | None = None) -> Timeline:
    """Write it as one HTML page with Plotly inside. Raises what `timeline` raises, and OSError."""
    made = timeline(log, first, last)
    write_page(made.figure, made.title, path)
    return made


def _find_places(made: Scene, drawn: list[Drawn]) -> None:
    """The source lines that hover texts name: where the thread goes on, else where it was."""
    firsts = [(part.lane.seq[part.first], part.lane.tid[part.first]) for part in drawn]
    seqs, chosen = np.unique(
        np.concatenate([seq for seq, _ in firsts] or [np.empty(0, np.int64)]), return_index=True
    )
    tids = np.concatenate([tid for _, tid in firsts] or [np.empty(0, np.int64)])[chosen]
    recording = made.recording
    owners = {seq: recording.pids.get(tid, 0) for seq, tid in zip(seqs.tolist(), tids.tolist(), strict=True)}
    asked = pa.table({"seq": seqs, "tid": tids.astype(np.int32)})
    made.connection.register("asked", asked)
    for row in ask(made.connection, "timeline_places", {"window": PLACE_WINDOW}).to_pylist():
        pc = row["after_pc"] if row["after_pc"] is not None else row["before_pc"]
        if pc is not None:
            names = recording.names(owners[row["seq"]], row["seq"])
            place = names.place(pc)
            line = names.source_line(place.file, place.line)
            made.places[row["seq"]] = escape(f"{place}  {line}" if line else str(place))
    made.connection.unregister("asked")


def _curves(made: Scene, shown: Window) -> dict[str, tuple[list[int], list[float]]]:
    """Ticks and values of the curves, as steps."""
    low, high = shown.low, shown.high
    depth = ask(made.connection, "depth")
    ticks, levels = depth["tick"].to_numpy(), depth["depth"].to_numpy()
    step = max(1, -(-(high - low) // POINTS))
    if len(ticks) > POINTS:
        ticks, levels = peaks(ticks, levels, low, high, step)
    before = int(np.searchsorted(ticks, low, side="right")) - 1
    inside = (ticks > low) & (ticks < high)
    queue = (
        [low, *ticks[inside].tolist(), high],
        [levels[before] if before >= 0 else 0, *levels[inside].tolist()],
    )
    queue[1].append(queue[1][-1])
    rate = ask(
        made.connection,
        "timeline_throughput",
        {"first": shown.begin, "last": shown.end, "low": low, "step": step},
    )
    per_tick = np.zeros(-(-(high - low) // step) + 1)
    per_tick[np.clip((rate["tick"].to_numpy() - low) // step, 0, len(per_tick) - 1)] = rate[
        "per_tick"
    ].to_numpy()
    return {
        "run queue": queue,
        "throughput": ([low + step * place for place in range(len(per_tick))], per_tick.tolist()),
    }


def _figure(
    made: Scene, drawn: list[Drawn], curves: dict[str, tuple[list[int], list[float]]], low: int, high: int
) -> go.Figure:
    panels = [panel for panel in PANELS if made.rows[panel]]
    pixels = [len(made.rows[panel]) * ROW_PIXELS[panel] for panel in panels] + [CURVE_PIXELS] * len(curves)
    inner = sum(pixels) + GAP_PIXELS * (len(pixels) - 1)
    figure = make_subplots(
        rows=len(pixels), cols=1, shared_xaxes=True, row_heights=pixels, vertical_spacing=GAP_PIXELS / inner
    )
    shown: set[str] = set()
    for part in drawn:
        _draw(figure, made, part, panels.index(part.lane.panel) + 1, shown)
    for row, panel in enumerate(panels, 1):
        labels = made.rows[panel]
        figure.update_yaxes(
            row=row, tickvals=list(range(len(labels))), ticktext=labels, range=[len(labels) - 0.45, -0.55],
            fixedrange=True, showgrid=False, zeroline=False, ticks="outside", ticklen=6, tickcolor="#FFFFFF",
        )  # fmt: skip
        headline(figure, row, _HEADLINES[panel])
    for row, (name, (ticks, values)) in enumerate(curves.items(), len(panels) + 1):
        curve(figure, row, name, _CURVES[name], ticks, values)
    styled(figure, inner, low, high)
    return figure


def _draw(figure: go.Figure, made: Scene, part: Drawn, row: int, shown: set[str]) -> None:
    """A lane's bars, a trace for each key."""
    lane = part.lane
    for number in np.unique(part.key).tolist():
        mine = np.flatnonzero(part.key == number)
        key = made.keys[number]
        group = "waits for a lock" if lane.hatched else key.name
        texts = [merged_text(part, int(index)) for index in mine]
        figure.add_trace(
            go.Bar(
                orientation="h",
                base=part.start[mine].tolist(),
                x=(part.finish[mine] - part.start[mine]).tolist(),
                y=[lane.y] * len(mine),
                width=lane.height,
                marker=_marker(key.colour, part.cover[mine].tolist(), hatched=lane.hatched),
                name=group,
                legendgroup=group,
                showlegend=group not in shown,
                legendrank=_legend_rank(number, hatched=lane.hatched),
                hovertext=texts,
                hoverinfo="text",
                meta=f"{lane.panel}:{lane.noun}",
            ),
            row=row,
            col=1,
        )
        shown.add(group)


def _legend_rank(key: int, *, hatched: bool) -> int:
    """Threads by tid, then states, then waits."""
    rank = key if key >= FIRST_THREAD else 1_000_000 + key
    return rank + 2_000_000 * hatched


def _marker(colour: str, cover: list[float], *, hatched: bool) -> dict[str, object]:
    """Merged marks are as pale as their ticks are thin; waiting is hatched."""
    marker: dict[str, object] = {
        "color": colour,
        "opacity": [0.25 + 0.75 * part for part in cover],
        "line": {"width": 0},
    }
    if hatched:
        marker |= {
            "color": "#FFFFFF",
            "line": {"width": 1, "color": colour},
            "pattern": {"shape": "/", "fgcolor": colour, "bgcolor": "#FFFFFF", "size": 5, "solidity": 0.4},
        }
    return marker


def _told(made: Scene, drawn: list[Drawn]) -> tuple[int, int, tuple[str, ...]]:
    """Marks drawn, marks merged away, and what to say about it. (What lasts 0 ticks has no width.)"""
    merged: Counter[str] = Counter()
    for part in drawn:
        merged[part.lane.noun] += len(part.lane) - len(part)
    notes = list(made.left_out)
    if merged.total():
        listed = ", ".join(f"{count:,} {noun}" for noun, count in merged.most_common() if count)
        notes.append(
            f"{listed} merged into their neighbours (the paler, the thinner): zoom in with --from and --to"
        )
    return sum(len(part) for part in drawn), merged.total(), tuple(notes)
