"""Address spaces as a picture: a column for each process, low addresses at the bottom, its regions as blocks
with the pages that are in memory beside them; and physical memory, frame by frame, by who has it.

A `Memory` in, one HTML page out. Where neighbouring processes have the same frame, a ribbon joins them;
where they have different ones at the same address, that is marked.
"""

from collections.abc import Iterator
from html import escape
from itertools import pairwise
from pathlib import Path

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from replay.addressview import hexdump
from replay.describe import readable_size
from replay.figures import palette
from replay.figures.addressscale import Scale, scale_for
from replay.figures.frames import draw_frames
from replay.figures.page import write_page
from replay.memory import Area, Memory, ProcessMemory, Run, runs
from replay.recording import Recording
from sim.errors import UserError
from sim.isa.registers import SP
from sim.space import PAGE, PAGE_SHIFT

#: Columns drawn; and the widths of one's parts, a column being 1 wide.
MOST_PROCESSES = 8
BLOCK, STRIP, LEFT = 0.52, 0.15, 0.2
#: Pixels: a page's height, at most and at least; a column; the frames; what is above and below.
TALL, SHORT, HIGHEST = 26, 7, 2600
COLUMN, FRAMES, TOP, BOTTOM = 330, 400, 110, 40
#: Bytes of contents on a line of a hover text, and lines.
PREVIEW_BYTES, PREVIEW_LINES = 16, 4

_TINTS = {
    "text": "#D9E4F2",
    "rodata": "#E5E1F1",
    "data": "#DBEEDF",
    "heap": "#FBEACB",
    "stack": "#F7DDE1",
    "sp": "#F7DDE1",
    "unused": "#F4F5F7",
    "guard": "#F2F2F2",
}
_OTHER_TINT = "#E6E9ED"


class NoMemory(UserError):
    """There is nothing to draw."""

    exit_status = 2


def write_memory(recording: Recording, memory: Memory, path: Path) -> list[str]:
    """Write the page; returns what is left out or merged, a line each. Raises NoMemory, OSError."""
    figure, title, notes = memory_figure(recording, memory)
    write_page(figure, title, path)
    return notes


def memory_figure(recording: Recording, memory: Memory) -> tuple[go.Figure, str, list[str]]:
    """The figure, its title, and what it leaves out. Raises NoMemory."""
    if not memory.processes:
        raise NoMemory(
            f"no process has memory at event {memory.seq}: choose another with --at, "
            f"or none for the last that has"
        )
    shown = memory.processes[:MOST_PROCESSES]
    scale = scale_for(memory)
    columns = [_Column(recording, memory, scale, process, place) for place, process in enumerate(shown)]
    # Without an operating system the one column is physical memory.
    widths = [COLUMN * len(columns)] + ([] if memory.bare else [FRAMES])
    figure = make_subplots(rows=1, cols=len(widths), column_widths=widths, horizontal_spacing=0.06)
    for column in columns:
        column.draw(figure)
    _draw_gaps(figure, scale, len(columns))
    for left, right in pairwise(columns):
        _compare(figure, memory, scale, left, right)
    pixels = min(max(scale.top * TALL, 420), max(HIGHEST, scale.top * SHORT))
    if not memory.bare:
        draw_frames(figure, memory, pixels, [_colour(place) for place in range(len(memory.processes))])
    title = f"{recording.log.run.short} – run {recording.log.run.id}"
    notes = list(_notes(memory, scale))
    _style(figure, recording, memory, scale, columns, pixels, title, notes)
    return figure, title, notes


def _notes(memory: Memory, scale: Scale) -> Iterator[str]:
    left_out = len(memory.processes) - MOST_PROCESSES
    if left_out > 0:
        yield f"{left_out:,} of {len(memory.processes):,} processes have no column"
    if scale.join:
        yield f"pages that are at most {scale.join:,} pages apart are drawn as one (the paler, the fewer)"


def _colour(place: int) -> str:
    return palette.thread_colour(place)


class _Column:
    """A process's column: blocks for its regions, a strip for their pages, marks for threads."""

    def __init__(
        self, recording: Recording, memory: Memory, scale: Scale, process: ProcessMemory, place: int
    ) -> None:
        self.recording, self.memory, self.scale = recording, memory, scale
        self.process, self.place = process, place
        self.left = place + LEFT
        self.strip = self.left + BLOCK
        self.right = self.strip + STRIP
        self.names = recording.names(process.pid, memory.seq)
        self.noun = "ram" if memory.bare else f"process {process.pid}"
        self.space = memory.world.processes[process.pid].space

    def draw(self, figure: go.Figure) -> None:
        """Add its traces to the first subplot."""
        areas = self.process.areas
        for kind in dict.fromkeys(_kind(area) for area in areas):
            self._blocks(figure, [area for area in areas if _kind(area) == kind], kind)
        self._pages(figure)
        self._threads(figure)

    def _blocks(self, figure: go.Figure, areas: list[Area], kind: str) -> None:
        marker: dict[str, object] = {
            "color": _TINTS.get(kind, _OTHER_TINT),
            "line": {"width": 1, "color": "#FFFFFF"},
        }
        if kind == "guard":
            marker["pattern"] = {"shape": "/", "fgcolor": "#C9CDD3", "size": 6, "solidity": 0.3}
        self._bars(
            figure, [(area.start, area.end) for area in areas], self.left, BLOCK, marker,
            [self._block_text(area) for area in areas], f"{kind}:{self.process.pid}",
            text=[self._label(area) for area in areas], textposition="inside", insidetextanchor="middle",
            textangle=0, constraintext="both", insidetextfont={"color": palette.INK, "size": 11},
        )  # fmt: skip

    def _bars(
        self,
        figure: go.Figure,
        spans: list[tuple[int, int]],
        left: float,
        width: float,
        marker: dict[str, object],
        hover: list[str],
        meta: str,
        **rest: object,
    ) -> None:
        low = [self.scale.height(start) for start, _ in spans]
        high = [self.scale.height(end) for _, end in spans]
        figure.add_trace(
            go.Bar(
                x=[left + width / 2] * len(spans), width=width, base=low,
                y=[top - bottom for top, bottom in zip(high, low, strict=True)],
                marker=marker, hovertext=hover, hoverinfo="text", showlegend=False, meta=meta, **rest,
            ),
            row=1,
            col=1,
        )  # fmt: skip

    def _pages(self, figure: go.Figure) -> None:
        """The strip: pale where no page is, in the process's colour where one is its own, in another
        where it shares it."""
        areas = self.process.areas
        self._bars(
            figure, [(area.start, area.end) for area in areas], self.strip, STRIP,
            {"color": "#F4F5F7", "line": {"width": 1, "color": "#FFFFFF"}},
            [f"{area.name}: pages that aren't there read as zeros" for area in areas],
            f"absent:{self.process.pid}",
        )  # fmt: skip
        found = [(area, run) for area in areas for run in runs(area, self.scale.join)]
        for shared in (False, True):
            mine = [(area, run) for area, run in found if (run.shared > 0) == shared]
            self._bars(
                figure, [(run.start, run.end) for _, run in mine], self.strip, STRIP,
                {
                    "color": palette.SHARED if shared else _colour(self.place),
                    "opacity": [0.3 + 0.7 * run.cover for _, run in mine],
                    "line": {"width": 0.5, "color": "#FFFFFF"},
                },
                [self._run_text(area, run) for area, run in mine],
                f"{'shared' if shared else 'own'}:{self.process.pid}",
            )  # fmt: skip

    def _label(self, area: Area) -> str:
        return f"{escape(area.name)} · {area.permissions} · {readable_size(area.size)}"

    def _block_text(self, area: Area) -> str:
        used = f", {area.used:,} bytes used" if area.used else ""
        there = "used" if self.memory.bare else "in memory"
        lines = [
            f"<b>{self.noun}: {escape(area.name)}</b>",
            f"{area.start:#x} to {area.end:#x}, {readable_size(area.size)}, {_permitted(area)}{used}",
            f"{len(area.pages):,} of {area.size // PAGE:,} pages {there}",
        ]
        if area.pages:
            first = min(area.pages) << PAGE_SHIFT
            if area.name.startswith("stack"):
                first = (max(area.pages) + 1 << PAGE_SHIFT) - PREVIEW_BYTES * PREVIEW_LINES
            lines += self._preview(first)
        return "<br>".join(lines)

    def _run_text(self, area: Area, run: Run) -> str:
        frames = [area.pages[page] for page in range(run.first, run.last + 1) if page in area.pages]
        pages = "1 page" if run.count == 1 else f"{run.count:,} pages"
        lines = [
            f"<b>{self.noun}: {pages} of {escape(area.name)}</b>",
            f"{run.start:#x} to {run.end:#x} in frame{'s' if len(frames) > 1 else ''} {_numbers(frames)}",
        ]
        others = {pid for frame in frames for pid, _ in self.memory.owners[frame]} - {self.process.pid}
        if others:
            lines.append(f"shared with process {_numbers(sorted(others))}")
        return "<br>".join([*lines, *self._preview(run.start)])

    def _preview(self, address: int) -> list[str]:
        """A few lines of contents."""
        data = self.space.read(self.memory.world, address, PREVIEW_BYTES * PREVIEW_LINES)
        rows = range(0, len(data), PREVIEW_BYTES)
        dumped = [f"{address + at:#x}  {hexdump(data[at : at + PREVIEW_BYTES])}" for at in rows]
        return [f'<span style="font-family:monospace">{_spaced(escape(line))}</span>' for line in dumped]

    def _threads(self, figure: go.Figure) -> None:
        """Where the threads' stack pointers and program counters point."""
        threads = [
            self.memory.world.threads[tid] for tid in self.memory.world.processes[self.process.pid].threads
        ]
        for name, symbol in (("sp", "triangle-right"), ("pc", "circle")):
            placed: dict[float, list[tuple[int, int]]] = {}
            for thread in threads:
                address = thread.registers[SP] if name == "sp" else thread.pc
                if self.process.area_at(address) is not None:
                    height = round(self.scale.height(address) * 2) / 2
                    placed.setdefault(height, []).append((thread.tid, address))
            if not placed:
                continue
            hover = [
                "<br>".join(
                    f"{name} of thread {tid}: {address:#x}"
                    f" {escape(self.names.program.name_of(address))}".rstrip()
                    for tid, address in each
                )
                for each in placed.values()
            ]
            figure.add_trace(
                go.Scatter(
                    x=[self.left - 0.012] * len(placed),
                    y=[self.scale.height(each[0][1]) for each in placed.values()],
                    mode="markers+text", textposition="middle left",
                    text=[f"{name} {_numbers([tid for tid, _ in each])}" for each in placed.values()],
                    textfont={"size": 10, "color": palette.FAINT},
                    marker={"symbol": symbol, "size": 7, "color": palette.INK},
                    hovertext=hover, hoverinfo="text", showlegend=False,
                    meta=f"{name}:{self.process.pid}", cliponaxis=False,
                ),
                row=1,
                col=1,
            )  # fmt: skip


def _kind(area: Area) -> str:
    """What it is coloured by."""
    word = "guard" if area.permissions.startswith("---") else area.name.split()[0].strip(",")
    return word if word in _TINTS else "other"


def _permitted(area: Area) -> str:
    words = {"r": "read", "w": "write", "x": "execute", "p": "private", "s": "shared"}
    told = [words[letter] for letter in area.permissions if letter != "-"]
    return f"{area.permissions} ({', '.join(told)})"


def _numbers(numbers: list[int]) -> str:
    """Up to six of them."""
    shown = " ".join(str(each) for each in numbers[:6])
    return shown + (f" and {len(numbers) - 6:,} more" if len(numbers) > 6 else "")


def _spaced(text: str) -> str:
    """Blanks that a browser keeps."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _draw_gaps(figure: go.Figure, scale: Scale, columns: int) -> None:
    """What nobody has mapped, and how much of it there is."""
    for start, end in scale.gaps:
        middle = (scale.height(start) + scale.height(end)) / 2
        for place in range(columns):
            figure.add_annotation(
                x=place + LEFT + (BLOCK + STRIP) / 2, y=middle, showarrow=False,
                text=f"⋮  {readable_size(end - start)} not mapped", font={"size": 10, "color": palette.FAINT},
                row=1, col=1,
            )  # fmt: skip


def _compare(figure: go.Figure, memory: Memory, scale: Scale, left: _Column, right: _Column) -> None:
    """Ribbons between two columns where they have the same frames; a sign where the frames of the same
    pages differ."""
    ours, theirs = left.space.pages, right.space.pages
    x0, x1 = left.right, right.left
    signs: list[tuple[float, str]] = []
    for start, end in _alike(scale, left, right):
        page = start >> PAGE_SHIFT
        middle = (scale.height(start) + scale.height(end)) / 2
        if ours[page] != theirs[page]:
            pair = f"frame {ours[page]} in process {left.process.pid}, {theirs[page]} in {right.process.pid}"
            signs.append((middle, f"{start:#x}: the same address, but {pair}"))
            continue
        low, high = scale.height(start), scale.height(end)
        figure.add_trace(
            go.Scatter(
                x=[x0, x1, x1, x0, x0], y=[low, low, high, high, low], mode="lines", fill="toself",
                line={"width": 0}, fillcolor=palette.SHARED_FILL, hoveron="fills", hoverinfo="text",
                text=f"processes {left.process.pid} and {right.process.pid} have the same frames here",
                showlegend=False, meta=f"same:{left.process.pid}:{right.process.pid}",
            ),
            row=1,
            col=1,
        )  # fmt: skip
    if signs:
        figure.add_trace(
            go.Scatter(
                x=[(x0 + right.left) / 2 - 0.03] * len(signs), y=[height for height, _ in signs], mode="text",
                text=["≠"] * len(signs), textfont={"size": 15, "color": palette.DIFFERENT},
                hovertext=[text for _, text in signs], hoverinfo="text", showlegend=False,
                meta=f"differ:{left.process.pid}:{right.process.pid}",
            ),
            row=1,
            col=1,
        )  # fmt: skip


def _alike(scale: Scale, left: _Column, right: _Column) -> Iterator[tuple[int, int]]:
    """Stretches of pages that both have, each all in the same frames or all in different ones."""
    ours, theirs = left.space.pages, right.space.pages
    both = sorted(ours.keys() & theirs.keys())
    start = None
    for page, following in zip(both, [*both[1:], -1], strict=True):
        start = page if start is None else start
        joins = following == page + 1 and (ours[page] == theirs[page]) == (
            ours[following] == theirs[following]
        )
        if not joins:
            yield start << PAGE_SHIFT, (page + 1) << PAGE_SHIFT
            start = None


def _style(
    figure: go.Figure,
    recording: Recording,
    memory: Memory,
    scale: Scale,
    columns: list[_Column],
    pixels: float,
    title: str,
    notes: list[str],
) -> None:
    """Axes, headings and margins."""
    edges = {area.start for column in columns for area in column.process.areas}
    edges |= {area.end for column in columns for area in column.process.areas}
    ticks = sorted(edges)
    figure.update_yaxes(
        row=1, col=1, range=[-0.3, scale.top + 0.3], tickvals=[scale.height(address) for address in ticks],
        ticktext=[f"{address:#x}" for address in ticks], tickfont={"family": "monospace", "size": 10},
        showgrid=False, zeroline=False, fixedrange=False,
    )  # fmt: skip
    figure.update_xaxes(
        row=1, col=1, range=[0, 2 if memory.bare else len(columns)], showgrid=False, zeroline=False,
        showticklabels=False, fixedrange=True,
    )  # fmt: skip
    for column in columns:
        process = column.process
        where = "used" if memory.bare else "in memory"
        told = f"{process.resident:,} pages {where}" + (
            f", {process.shared:,} shared" if process.shared else ""
        )
        figure.add_annotation(
            x=column.left, xanchor="left", y=1, yref="y domain", yanchor="bottom", showarrow=False,
            text=f"<b>{column.noun} {escape(process.name)}</b><br>"
            f'<span style="font-size:11px;color:{palette.FAINT}">{told}</span>',
            align="left", font={"size": 12, "color": _colour(column.place)}, xref="x",
        )  # fmt: skip
    state = "were ever used" if memory.bare else "are in memory"
    facts = (
        f"just after event {memory.seq:,} of {recording.last_seq:,}, tick {memory.tick:,} · "
        f"heights grow with the logarithm of the size; the strip: pages that {state}"
    )
    text = f"<b>{escape(title)}</b>" + "".join(
        f'<br><span style="font-size:12px;color:{palette.FAINT}">{escape(line)}</span>'
        for line in (facts, *notes)
    )
    top = TOP + 16 * len(notes)
    height = pixels + top + BOTTOM
    figure.update_layout(
        barmode="overlay", bargap=0, template="none", height=height, paper_bgcolor="#FFFFFF",
        plot_bgcolor="#FFFFFF", hovermode="closest", showlegend=False,
        font={"family": palette.FONT, "size": 12, "color": palette.INK},
        margin={"l": 110, "r": 24, "t": top, "b": BOTTOM},
        hoverlabel={"align": "left", "bgcolor": "#FFFFFF", "font": {"family": palette.FONT, "size": 12}},
        title={
            "text": text, "x": 0, "xref": "paper", "xanchor": "left", "font": {"size": 18},
            "y": 1 - 24 / height, "yref": "container", "yanchor": "top",
        },
    )  # fmt: skip
