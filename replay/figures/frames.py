"""Physical memory as a picture: a cell for each frame, coloured by the process that has it."""

from html import escape

import numpy as np
import plotly.graph_objects as go

from replay.describe import readable_size
from replay.figures import palette
from replay.memory import Memory
from sim.space import PAGE, PAGE_SHIFT

#: Cells in a row, of a few frames and of more; rows at most, a cell then stands for several frames.
NARROW, WIDE, MOST_ROWS = 32, 64, 48
#: Pixels of a cell's height.
CELL = 12
#: Categories of cells; from the last on, processes in order.
FREE, OWN, SHARED, FIRST_PROCESS = range(4)


def draw_frames(figure: go.Figure, memory: Memory, pixels: float, colours: list[str]) -> None:
    """Draw the frames up to the highest that is in use into the second subplot, at the top of its ``pixels``.
    ``colours`` are the processes'."""
    last = max(memory.owners, default=0)
    per_cell = 1
    while last // per_cell >= WIDE * MOST_ROWS:
        per_cell *= 2
    across = NARROW if last // per_cell < NARROW * NARROW // 2 else WIDE
    rows = last // per_cell // across + 1
    places = {process.pid: place for place, process in enumerate(memory.processes)}
    cells = np.full(rows * across, FREE)
    cells[0] = OWN
    texts = [_free_text(cell, per_cell) for cell in range(rows * across)]
    texts[0] = "frame 0: the machine's own"
    for frame in sorted(memory.owners):
        owners = memory.owners[frame]
        pids = {pid for pid, _ in owners}
        cell = frame // per_cell
        cells[cell] = SHARED if len(pids) > 1 else FIRST_PROCESS + places[owners[0][0]]
        listed = "<br>".join(_owner_text(memory, pid, page) for pid, page in owners)
        texts[cell] = f"<b>frame {frame}</b>, physical {frame * PAGE:#x}<br>{listed}"
    palettes = ["#F1F2F4", "#B9BEC7", palette.SHARED, *colours]
    figure.add_trace(
        go.Heatmap(
            z=cells.reshape(rows, across), zmin=-0.5, zmax=len(palettes) - 0.5,
            colorscale=_steps(palettes), showscale=False, xgap=1.5, ygap=1.5,
            text=np.array(texts, object).reshape(rows, across), hoverinfo="text", meta="frames",
        ),
        row=1,
        col=2,
    )  # fmt: skip
    span = min(rows * CELL / pixels, 1.0)
    figure.update_yaxes(
        row=1, col=2, domain=[1 - span, 1], range=[rows - 0.5, -0.5], fixedrange=True, showgrid=False,
        zeroline=False, showticklabels=False, ticks="",
    )  # fmt: skip
    figure.update_xaxes(
        row=1, col=2, range=[-0.5, across - 0.5], fixedrange=True, showgrid=False, zeroline=False,
        showticklabels=False, ticks="",
    )  # fmt: skip
    _tell(figure, memory, per_cell, rows * across * per_cell, colours)


def _free_text(cell: int, per_cell: int) -> str:
    first = cell * per_cell
    return f"frame {first}: free" if per_cell == 1 else f"frames {first} to {first + per_cell - 1}: free"


def _owner_text(memory: Memory, pid: int, page: int) -> str:
    process = next(process for process in memory.processes if process.pid == pid)
    address = page << PAGE_SHIFT
    area = process.area_at(address)
    return f"process {pid}: {address:#x} {escape(area.name) if area else ''}"


def _steps(colours: list[str]) -> list[tuple[float, str]]:
    """A colour scale with a step for each category."""
    count = len(colours)
    return [(edge / count, colour) for place, colour in enumerate(colours) for edge in (place, place + 1)]


def _tell(figure: go.Figure, memory: Memory, per_cell: int, drawn: int, colours: list[str]) -> None:
    """The heading above, and below it what the colours mean."""
    frames = memory.ram // PAGE
    rest = f"; those behind {min(drawn, frames) - 1:,} are free" if drawn < frames else ""
    each = f", {per_cell:,} to a cell" if per_cell > 1 else ""
    used = f"{len(memory.owners):,} of {frames:,} frames in use, {memory.shared_frames:,} shared{each}{rest}"
    figure.add_annotation(
        x=0, xref="x2 domain", xanchor="left", y=1, yref="y2 domain", yanchor="bottom", showarrow=False,
        align="left", text=f"<b>physical memory, {readable_size(memory.ram)}</b><br>"
        f'<span style="font-size:11px;color:{palette.FAINT}">{used}</span>',
        font={"size": 12, "color": palette.FAINT},
    )  # fmt: skip
    named = [
        *(
            (colours[place], f"process {p.pid}'s own")
            for place, p in enumerate(memory.processes[: len(colours)])
        ),
        *([(palette.SHARED, "shared by several processes")] if memory.shared_frames else []),
        ("#DADDE2", "free"),
    ]
    key = "<br>".join(f'<span style="color:{colour}">■</span> {name}' for colour, name in named[:12])
    figure.add_annotation(
        x=0, xref="x2 domain", xanchor="left", y=0, yref="y2 domain", yanchor="top", yshift=-8,
        showarrow=False, align="left", text=key, font={"size": 11, "color": palette.INK},
    )  # fmt: skip
