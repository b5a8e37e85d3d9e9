"""What plots of several runs have in common: sizes, title, fonts."""

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go

from replay.figures import palette

#: Pixels: one plot, the gap between plots, and what is above and below.
PLOT_PIXELS, GAP_PIXELS, TOP_PIXELS, BOTTOM_PIXELS = 320, 56, 104, 64


def style(figure: go.Figure, title: str, notes: Sequence[str], height: int, *, with_legend: bool) -> None:
    """Title, with ``notes`` in small print below it, around plots of ``height`` pixels altogether."""
    small = f'<br><span style="font-size:12px;color:{palette.FAINT}">'
    below = "".join(f"{small}{escape(note)}</span>" for note in notes)
    top = TOP_PIXELS + 15 * max(len(notes) - 1, 0)
    total = height + top + BOTTOM_PIXELS
    figure.update_layout(
        title={
            "text": f"<b>{escape(title)}</b>{below}", "font": {"size": 18},
            "x": 0, "xref": "paper", "xanchor": "left",
            "y": 1 - 24 / total, "yref": "container", "yanchor": "top",
        },
        template="none", height=total, paper_bgcolor="#FFFFFF", plot_bgcolor="#FFFFFF", hovermode="closest",
        font={"family": palette.FONT, "size": 12, "color": palette.INK}, showlegend=with_legend,
        margin={"l": 88, "r": 32, "t": top, "b": BOTTOM_PIXELS}, legend={"font": {"size": 12}},
        hoverlabel={"align": "left", "bgcolor": "#FFFFFF", "font": {"family": palette.FONT, "size": 12}},
    )  # fmt: skip
