"""The figures of a lesson: drawn from what was measured, or by a command from a recording.

The declaration's ``[figure]``, and each further ``[[picture]]`` with a ``name``, has one of

    bars = ["ticks", ...]      a panel for each measure, a row for each case; ``log``: those on a logarithmic
                               axis; ``group``: the parameter whose values are bars of one row
    curve = "ticks"            the measure over the parameter ``x``, a curve for each run, a panel for each
                               value of the parameter ``panel``; ``log``: the logarithmic axes (x, y)
    gantt = 0                  who had this hart and when, a row for each run, a panel for each value of the
                               parameter ``panel``; ``threads``: the names of those that are to be seen, by
                               number; ``unit``: its ticks and its name; ``cases``: names of those
                               that are shown (else all)
    command = "timeline {mutex} -o {output}"   ``find``: as in ``[[look]]``; ``height`` of the picture
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simrec.tour.lesson import BadLesson, Lesson, Measure, Value
from simrec.tour.recording import Outcome, Row, run_command

#: The keys of each kind of figure.
_KEYS = {
    "bars": {"log", "group"},
    "curve": {"x", "panel", "log"},
    "gantt": {"panel", "threads", "unit", "cases"},
    "command": {"height", "find"},
}


def figures(lesson: Lesson, path: Path) -> dict[Path, Mapping[str, Any]]:
    """What is drawn where if the lesson's figure is to be at ``path``; further pictures stand beside it."""
    others = {path.with_stem(f"{path.stem}-{name}"): spec for name, spec in lesson.pictures.items()}
    return {path: lesson.figure, **others}


def draw(outcome: Outcome, path: Path) -> None:
    """Write the lesson's figure, and the further ones beside it, as an HTML page each. Raises BadLesson,
    LessonFailed, OSError."""
    for where, spec in figures(outcome.lesson, path).items():
        _draw(outcome, where, spec)


def _draw(outcome: Outcome, path: Path, spec: Mapping[str, Any]) -> None:
    kind = next((kind for kind in _KEYS if kind in spec), None)
    if kind is None or not spec.keys() - {kind} <= _KEYS[kind]:
        raise BadLesson(
            f"lesson {outcome.lesson.name}: [figure] wants one of {', '.join(_KEYS)} and its keys"
        )
    if kind == "command":
        import shlex

        where = shlex.quote(str(path))
        run_command(shlex.split(outcome.filled_in(spec["command"], spec.get("find", ""), output=where)))
        return
    from replay.figures.page import write_page

    figure = {"bars": _bars, "curve": _curves, "gantt": _gantt}[kind](outcome, spec)
    write_page(figure, outcome.lesson.title["en"], path)


def _bars(outcome: Outcome, spec: Mapping[str, Any]) -> Any:
    from replay.figures.bars import Panel, bars

    group = spec.get("group", "")
    alone = len({row.case.step.name for row in outcome.measured()}) == 1
    rows = [(_label(row, group, alone), row) for row in outcome.measured()]
    labels = list(dict.fromkeys(label for label, _ in rows))
    groups = list(dict.fromkeys(str(row.case.values.get(group, "")) for row in outcome.measured()))
    panels = []
    for name in spec["bars"]:
        measure = _measure(outcome, name)
        found = {
            (label, str(row.case.values.get(group, ""))): _number(row.measured[name]) for label, row in rows
        }
        values = {
            f"{group} {each}" if _is_number(each) else each: [found.get((label, each)) for label in labels]
            for each in groups
        }
        panels.append(Panel(name, measure.unit, values, name in spec.get("log", ())))
    lesson = outcome.lesson
    return bars(lesson.title["en"], lesson.claim["en"], labels, panels)


def _curves(outcome: Outcome, spec: Mapping[str, Any]) -> Any:
    from replay.figures.chart import headed
    from replay.figures.curves import Axis, Panel, curves

    measure, x, panel = _measure(outcome, spec["curve"]), spec["x"], spec.get("panel", "")
    xs = sorted({at for row in outcome.measured() if (at := _number(row.case.values[x])) is not None})
    found: dict[str, dict[str, dict[Value, Any]]] = {}
    for row in outcome.measured():
        where = f"{panel} {row.case.values[panel]}" if panel else ""
        rest = {name: value for name, value in row.case.values.items() if name not in (x, panel)}
        series = " ".join([row.case.step.label, *(f"{name} {value}" for name, value in rest.items())])
        found.setdefault(where, {}).setdefault(series, {})[row.case.values[x]] = _number(
            row.measured[measure.name]
        )
    panels = [
        Panel(where, {name: [values.get(at) for at in xs] for name, values in series.items()})
        for where, series in found.items()
    ]
    log = spec.get("log", ())
    lesson = outcome.lesson
    return curves(
        lesson.title["en"],
        lesson.claim["en"],
        Axis(x.replace("_", " "), "x" in log),
        Axis(headed(measure.name, measure.unit), "y" in log),
        xs,
        panels,
    )


def _gantt(outcome: Outcome, spec: Mapping[str, Any]) -> Any:
    from recorder.catalog import Catalog
    from recorder.reader import Log
    from replay.figures.gantt import Lane, gantt, turns

    names = {int(tid): name for tid, name in spec["threads"].items()}
    panels: dict[str, list[Lane]] = {}
    catalog = Catalog.open()
    for row in outcome.measured():
        if row.case.name not in spec.get("cases", (row.case.name,)):
            continue
        rest = dict(row.case.values)
        where = str(rest.pop(spec.get("panel", ""), ""))
        others = (f"{name.replace('_', ' ')} {value}" for name, value in rest.items())
        label = ", ".join([row.case.step.label, *others])
        with Log(catalog, row.runs[0]) as log:
            panels.setdefault(where, []).append(turns(log, spec["gantt"], names, label))
    lesson = outcome.lesson
    return gantt(lesson.title["en"], lesson.claim["en"], panels, *spec.get("unit", (1, "ticks")))


def _label(row: Row, group: str, alone: bool) -> str:
    """The row's name: the run, unless it is the only one, and its parameters, but for the one that makes
    groups."""
    rest = [f"{name} {value}" for name, value in row.case.values.items() if name != group]
    return ", ".join(rest if alone and rest else [row.case.step.label, *rest])


def _measure(outcome: Outcome, name: str) -> Measure:
    found = {measure.name: measure for measure in outcome.lesson.measures}
    if name not in found:
        raise BadLesson(f"lesson {outcome.lesson.name}: [figure] names {name!r}, which no [[measure]] has")
    return found[name]


def _is_number(text: str) -> bool:
    """Whether a group's name wants to be told of what there are so many."""
    return text.replace(".", "", 1).isdigit()


def _number(value: Value) -> int | float | None:
    return value if isinstance(value, int | float) else None
