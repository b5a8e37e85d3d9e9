"""A figure as one HTML page that works offline: Plotly is inside."""

from html import escape
from pathlib import Path

import plotly.graph_objects as go

#: Plotly's own defaults offer to upload the chart; a recording stays here.
CONFIG = {
    "displaylogo": False,
    "scrollZoom": True,
    "responsive": True,
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "modeBarButtonsToRemove": ["select2d", "lasso2d"],
}


def write_page(figure: go.Figure, title: str, path: Path) -> None:
    """Write it. Raises OSError."""
    body = figure.to_html(full_html=False, include_plotlyjs=True, config=CONFIG)
    page = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        "<style>body{margin:0;background:#fff}</style></head>\n<body>\n" + body + "\n</body></html>\n"
    )
    path.write_text(page, encoding="utf-8")
