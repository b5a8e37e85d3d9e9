"""From what was typed to a sweep's runs: a request for each point of the grid, programs, metrics, names."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recorder.catalog import Catalog
from recorder.detail import FULL
from replay.analyses.metrics import Metric, read_metric, usual_metrics
from sim.errors import UserError
from simrec.defines import BadDefine
from simrec.grid import Axis, BadGrid, label, parse_grid, points
from simrec.parameters import Option, Parameter, close_options, find_parameters
from simrec.programs import Executable, NoProgram, shown_name
from simrec.request import Request, check_choices
from simrec.sweep import Job, Recipe, build_programs

#: The parameter whose runs can be summed up.
SEED = "SEED"
#: A program's own probes that have a column if no metric is asked for.
USUAL_PROBES = 3
#: Columns that are there whatever is measured.
_COLUMNS = ("ended", "exit", "right", "wrong", "why", "name", "run", "runs", "failed", "outcomes", "digest")
OUTPUT = Metric("output", "output", ("output",))


@dataclass(frozen=True)
class Plan:
    """``group`` is how the names of the recordings begin; ``programs`` are built."""

    parameters: Sequence[Parameter]
    group: str
    jobs: Sequence[Job]
    programs: Mapping[Recipe, list[Executable] | UserError]
    metrics: tuple[Metric, ...]

    @property
    def axes(self) -> list[Axis]:
        """What varies, and over which values."""
        return [parameter.axis for parameter in self.parameters]

    def measured(self, expected: str | None) -> tuple[Metric, ...]:
        """The metrics, and what it takes to tell whether the output is as expected."""
        return self.metrics if expected is None or OUTPUT in self.metrics else (*self.metrics, OUTPUT)


def make_plan(
    request: Callable[..., Request],
    options: Mapping[str, Option],
    given: Mapping[str, Any],
    vary: Sequence[str],
    repeat: int,
    metrics: Sequence[str],
    at_once: int,
) -> Plan:
    """Everything that can be known before the first run. ``request`` is the command's function, ``options``
    are its options; it was ``given`` the values that all runs have; ``repeat`` are that many seeds. Raises
    BadGrid, NoSuchMetric, and what making requests and building programs raises."""
    axes = parse_grid([*vary, *([f"{SEED}=1..{repeat}"] if repeat else ())])
    if not axes:
        raise BadGrid("nothing varies: add --vary NAME=VALUES, or --repeat N for many seeds")
    parameters = find_parameters(axes, options)
    catalog = Catalog.open()
    group = find_group(catalog, given["name"], Path(given["words"][0]))
    catalog.close()
    jobs = make_jobs(request, given, parameters, group)
    programs = build_all(jobs, at_once, parameters, options)
    with_requests = any(job.request.options.requests is not None for job in jobs)
    found = read_metrics(metrics, programs.values(), parameters, with_requests=with_requests)
    return Plan(parameters, group, jobs, programs, found)


def sums_up(plan: Plan, repeat: int, *, wanted: bool | None) -> bool:
    """Whether the runs of all seeds are summed up: as ``wanted``, else if they are what the sweep is about.
    Raises BadGrid."""
    names = [axis.name for axis in plan.axes]
    if wanted and SEED not in names:
        raise BadGrid("--aggregate sums up many seeds: add --repeat N, or --vary SEED=1..N")
    return (names == [SEED] or repeat > 0) if wanted is None else wanted


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
            name = parameter.option.name
            chosen[name] = parameter.applied(chosen[name], point[parameter.axis.name])
        made = request(**chosen)
        check_choices(made)
        if made.keeping.detail != FULL:
            raise BadGrid(f"--detail {made.keeping.detail}: a sweep measures whole runs; leave it out")
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
) -> dict[Recipe, list[Executable] | UserError]:
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
    texts: Sequence[str],
    programs: Iterable[list[Executable] | UserError],
    parameters: Iterable[Parameter],
    *,
    with_requests: bool,
) -> tuple[Metric, ...]:
    """The metrics to show: those that were asked for, else the usual ones. Raises NoSuchMetric, QueryFailed,
    BadGrid."""
    built = [each.program for made in programs if isinstance(made, list) for each in made]
    probes = dict.fromkeys(
        name for program in built for number, name in sorted(program.probes.items()) if number >= 0
    )
    asked = dict.fromkeys(read_metric(text, probes) for text in texts)
    found = tuple(asked or usual_metrics(list(probes)[:USUAL_PROBES], with_requests=with_requests))
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
