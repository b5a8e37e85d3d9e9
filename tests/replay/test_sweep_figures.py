"""The chart of a sweep: every value is in it, at its place; and what came out of many seeds."""

import random
from collections.abc import Mapping
from typing import Any

from replay.analyses.metrics import Metric, read_metric
from replay.analyses.sweep import Row, grouped, outcomes
from replay.figures.sweep import Parameter, sweep_figure

TICKS, SHARE, OUTPUT = (read_metric(name, ()) for name in ("ticks", "utilisation", "output"))
SIZES = (1, 2, 4, 8)


def row(point: Mapping[str, Any], ended: str = "exited", status: int = 0, **values: Any) -> Row:
    return Row(point, ended, status, values=values)


def lines(figure: Any, metric: str) -> dict[str, dict[Any, float]]:
    """By the line's name, its values by their places."""
    return {
        trace.name: dict(zip(trace.x, trace.y, strict=True)) for trace in figure.data if trace.meta == metric
    }


def figure(rows: list[Row], parameters: list[Parameter], *metrics: Metric, over: str | None = None) -> Any:
    return sweep_figure("title", ["note"], parameters, metrics, grouped(rows, over))


def test_a_line_for_each_combination_and_a_plot_for_each_metric() -> None:
    points = [{"SCHEDULER": s, "SIZE": n, "HARTS": h} for s in ("rr", "fifo") for n in SIZES for h in (1, 2)]
    rows = [row(point, ticks=100 * n, utilisation=1 / (n + 1)) for n, point in enumerate(points)]
    random.Random(1).shuffle(rows)
    made = figure(
        rows,
        [Parameter("SCHEDULER", ("rr", "fifo")), Parameter("SIZE", SIZES), Parameter("HARTS", (1, 2))],
        TICKS,
        SHARE,
    )
    for metric in ("ticks", "utilisation"):
        found = lines(made, metric)
        assert set(found) == {f"SCHEDULER {s}, HARTS {h}" for s in ("rr", "fifo") for h in (1, 2)}
        for each in rows:
            point = each.point
            line = found[f"SCHEDULER {point['SCHEDULER']}, HARTS {point['HARTS']}"]
            assert line[point["SIZE"]] == each.values[metric]
            assert list(line) == sorted(line)
    assert made.layout.xaxis.type == "log" and list(made.layout.xaxis.tickvals) == list(SIZES)
    assert made.layout.yaxis2.tickformat == ".0%"
    assert sum(bool(trace.showlegend) for trace in made.data) == 4


def test_words_have_places_in_their_order() -> None:
    rows = [row({"SCHEDULER": name}, ticks=n) for n, name in enumerate(("rr", "mlfq", "fifo"))]
    made = figure(rows, [Parameter("SCHEDULER", ("rr", "mlfq", "fifo"))], TICKS)
    assert lines(made, "ticks") == {"ticks": {"rr": 0, "mlfq": 1, "fifo": 2}}
    assert list(made.layout.xaxis.categoryarray) == ["rr", "mlfq", "fifo"]
    even = figure([row({"N": n}, ticks=n) for n in (1, 2, 3)], [Parameter("N", (1, 2, 3))], TICKS)
    assert even.layout.xaxis.type is None


def test_seeds_make_a_mean_and_a_band() -> None:
    rows = [row({"N": n, "SEED": s}, ticks=10 * n + s) for n in (1, 2, 3) for s in (1, 2, 6)]
    made = figure(rows, [Parameter("N", (1, 2, 3))], TICKS, over="SEED")
    assert lines(made, "ticks")["ticks"] == {1: 13, 2: 23, 3: 33}
    (band,) = [trace for trace in made.data if trace.meta == "ticks range"]
    assert list(zip(band.x, band.y, strict=True)) == [(1, 16), (2, 26), (3, 36), (3, 31), (2, 21), (1, 11)]


def test_runs_that_failed_are_marked_and_missing_values_left_out() -> None:
    rows = [
        row({"N": 1}, ticks=5),
        row({"N": 2}, "deadlock", 3, ticks=7),
        Row({"N": 3}, "not_built", 2),
        row({"N": 4}, ticks=9),
    ]
    made = figure(rows, [Parameter("N", (1, 2, 3, 4))], TICKS)
    (line,) = made.data
    assert (list(line.x), list(line.y)) == ([1, 2, 4], [5, 7, 9])
    assert list(line.marker.symbol) == ["circle", "x", "circle"]
    assert "1 of 1 runs failed: deadlock" in line.hovertext[1]


def test_outcomes_are_counted() -> None:
    said = ["sum 1"] * 5 + ["sum 2"] * 2
    rows = [row({"SEED": n}, output=text) for n, text in enumerate(said)]
    rows.append(row({"SEED": 99}, "deadlock", 3, output=None))
    (group,) = grouped(rows, "SEED")
    found = [(each.ended, each.values["output"], len(each.rows)) for each in outcomes(group, ["output"])]
    assert found == [("exited 0", "sum 1", 5), ("exited 0", "sum 2", 2), ("deadlock", None, 1)]
    (bars,) = figure(rows, [], OUTPUT, over="SEED").data
    assert dict(zip(bars.y, bars.x, strict=True)) == {"sum 1": 5, "sum 2": 2, "deadlock": 1}


def test_many_different_outcomes_show_how_their_number_spreads() -> None:
    rows = [row({"SEED": n}, output=f"counter = {1000 + n}, expected 4000") for n in range(200)]
    (bars,) = figure(rows, [], OUTPUT, over="SEED").data
    assert (bars.meta, sum(bars.y)) == ("spread", 200)
    assert min(bars.x) > 1000 and max(bars.x) < 1200
