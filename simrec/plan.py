"""From what was typed to a sweep's runs: a request for each point of the grid, programs, metrics, names."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from recorder.catalog import Catalog
from replay.analyses.metrics import Metric, read_metric, usual_metrics
from sim.errors import UserError
from simrec.defines import BadDefine
from simrec.grid import BadGrid, label, points
from simrec.parameters import Parameter, close_options
from simrec.programs import Executable, NoProgram, shown_name
from simrec.request import Request, check_choices
from simrec.sweep import Job, Recipe, build_programs

#: A program's own probes that have a column if no metric is asked for.
USUAL_PROBES = 3
#: Columns that are there whatever is measured.
_COLUMNS = ("ended", "exit", "right", "wrong", "why", "name", "run", "runs", "failed", "digest")
OUTPUT = Metric("output", "output", ("output",))


def make_jobs(
    request: Callable[..., Request],
    given: Mapping[str, Any],
    parameters: Sequence[Parameter],
    group: str,
) -> list[Job]:
    """A job for each point: ``request`` is called with what was ``given``, changed to the point's values.
    Raises what Typer raises for a value that an option can't have, BadChoice, UnknownScheduler, ..."""
    jobs = []
    for point in points([parameter.axis for parameter in parameters]):
        chosen = {**given, "name": f"{group}-{label(point)}"}
        for parameter in parameters:
            option, text = parameter.option, parameter.text(point[parameter.axis.name])
            if option.is_repeatable:
                chosen[option.name] = [*(chosen[option.name] or ()), text]
            else:
                chosen[option.name] = option.convert(text)
        made = request(**chosen)
        check_choices(made.options, made.store, made.name)
        jobs.append(Job(point, made))
    return jobs


def find_group(catalog: Catalog, name: str, program: Path) -> str:
    """What the names of a sweep's runs begin with: ``name``, else ``sweep-PROGRAM-`` and a number that no
    other sweep has."""
    if name:
        return name
    stem = f"sweep-{shown_name(Path(program.stem))}-"
    pattern = re.compile(re.escape(stem) + r"(\d+)-")
    numbers = [int(found[1]) for run in catalog.runs() if (found := pattern.match(run.name))]
    return f"{stem}{max(numbers, default=0) + 1}"


def build_all(
    jobs: Sequence[Job], at_once: int, parameters: Sequence[Parameter], options: Iterable[str]
) -> dict[Recipe, Executable | UserError]:
    """See `build_programs`. A name that is no option and that the program doesn't mention may be a slip
    for either."""
    try:
        return build_programs(jobs, at_once)
    except BadDefine as error:
        varied = [parameter.key for parameter in parameters if parameter.is_own]
        close = close_options(error.name, options) if error.name in varied else []
        if close:
            raise BadDefine(f"{error}; an option of `simrec run` is {' or '.join(close)}") from None
        raise


def read_metrics(
    texts: Sequence[str], programs: Iterable[Executable | UserError], parameters: Iterable[Parameter]
) -> tuple[Metric, ...]:
    """The metrics to show: those that were asked for, else the usual ones. Raises NoSuchMetric, QueryFailed,
    BadGrid."""
    built = [each.program for each in programs if isinstance(each, Executable)]
    probes = dict.fromkeys(
        name for program in built for number, name in sorted(program.probes.items()) if number >= 0
    )
    asked = dict.fromkeys(read_metric(text, probes) for text in texts)
    found = tuple(asked or usual_metrics(list(probes)[:USUAL_PROBES]))
    _check_columns(parameters, found)
    return found


def _check_columns(parameters: Iterable[Parameter], metrics: Iterable[Metric]) -> None:
    """No two columns may have one name. Raises BadGrid."""
    names = [*_COLUMNS, *(parameter.axis.name for parameter in parameters)]
    for metric in metrics:
        if metric.name in names:
            raise BadGrid(f"two columns would be called {metric.name}: give the metric a name, as n=SQL")
        names.append(metric.name)


def read_input(path: Path | None) -> bytes:
    """What every run reads from its standard input. Raises NoProgram."""
    if path is None:
        return b""
    try:
        return path.read_bytes()
    except OSError as error:
        raise NoProgram(f"--input {path}: can't be read: {error.strerror}") from None
