"""What charts of measured numbers have in common: their words above, their style, how numbers are written.

Unlike a timeline, a chart shows no recording but figures of several: who draws one hands in plain numbers.
"""

from collections.abc import Sequence
from html import escape
from textwrap import wrap

import plotly.graph_objects as go

from replay.figures import palette

#: Pixels of a picture in the docs; in a browser the width follows the window.
WIDTH, HEIGHT = 1200, 700
#: Characters of the subtitle in a line.
_LINE = 170
Number = int | float | None


def number_text(value: Number) -> str:
    """Whole numbers with separators, others with three digits that count."""
    if value is None:
        return ""
    if float(value).is_integer() or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:,.3g}"


def headed(text: str, unit: str) -> str:
    """A panel's or axis' name with its unit, if that isn't its name already."""
    words = text.replace("_", " ")
    return f"{words} ({unit})" if unit and unit != words else words


def titled(figure: go.Figure, title: str, subtitle: str, height: int, left: int = 150) -> None:
    """Put title and subtitle above, and the style of all charts. ``height`` in pixels; ``left``: room for the
    labels on the left."""
    lines = wrap(subtitle, _LINE)
    text = f"<b>{escape(title)}</b>" + "".join(
        f'<br><span style="font-size:14px;color:{palette.FAINT}">{escape(line)}</span>' for line in lines
    )
    figure.update_layout(
        title={
            "text": text, "x": 0, "xref": "container", "xanchor": "left", "pad": {"l": 28},
            "font": {"size": 22}, "y": 1 - 34 / height, "yref": "container", "yanchor": "top",
        },
        template="none", height=height, paper_bgcolor="#FFFFFF", plot_bgcolor="#FFFFFF",
        font={"family": palette.FONT, "size": 14, "color": palette.INK},
        margin={"l": left, "r": 36, "t": 118 + 20 * len(lines), "b": 64},
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": -0.1, "yanchor": "top"},
        hoverlabel={"align": "left", "bgcolor": "#FFFFFF", "font": {"family": palette.FONT, "size": 13}},
    )  # fmt: skip


def headline(figure: go.Figure, name: str, unit: str, x: float) -> None:
    """A panel's name and below it its unit, above the panel whose left edge is at ``x``, of 0 to 1."""
    text = f'<b>{escape(headed(name, ""))}</b><br><span style="font-size:12px">{escape(unit) or " "}</span>'
    figure.add_annotation(
        text=text, align="left", xref="paper", x=x, xanchor="left", yref="paper", y=1, yanchor="bottom",
        yshift=8, showarrow=False, font={"size": 14, "color": palette.FAINT},
    )  # fmt: skip


def gaps(count: int, gap: float) -> Sequence[tuple[float, float]]:
    """``count`` equal spans of [0, 1] with ``gap`` between them."""
    width = (1 - gap * (count - 1)) / count
    return [(place * (width + gap), place * (width + gap) + width) for place in range(count)]
