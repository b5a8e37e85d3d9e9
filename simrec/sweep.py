"""A sweep: a program's runs over a grid, recorded by worker processes, measured, and set side by side.

Requests with their points in, rows out, in the order of the grid. Every program is built before the first
run, so that all runs are of the same source.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from recorder.catalog import Catalog
from replay.analyses.metrics import Metric
from replay.analyses.sweep import Row
from sim.errors import UserError
from simrec.cell import Cell, Measured, record_cell
from simrec.compiler import NotCompiled
from simrec.grid import Point
from simrec.programs import Executable, NotAssembled
from simrec.request import Request
from simrec.session import build
from simrec.workers import Workers

#: What programs are built with besides their sources: defines, ABI, place without an operating system, flags
#: of the compiler.
Recipe = tuple[tuple[str, ...], str, int, tuple[str, ...]]


@dataclass(frozen=True)
class Job:
    """A run to be made: a combination of the grid and what `simrec run` would be asked for."""

    point: Point
    request: Request

    @property
    def recipe(self) -> Recipe:
        """What its programs are built with."""
        options = self.request.options
        return options.defines, options.abi, options.place, self.request.cflags


@dataclass(frozen=True)
class Sweep:
    """``rows`` of the runs that are done; ``bytes`` of disk are used by the recordings that are kept."""

    rows: list[Row]
    bytes: int
    is_interrupted: bool


@dataclass(frozen=True)
class Wish:
    """What is wanted of every run, see `simrec.cell.Cell`."""

    metrics: tuple[Metric, ...]
    keep: str
    data: bytes
    expected: str | None
    cache: Path | None


def build_programs(jobs: Sequence[Job], at_once: int) -> dict[Recipe, list[Executable] | UserError]:
    """The programs of every job; where they can't be assembled or compiled with their defines, if others can,
    errors. Raises what `simrec.session.build` raises."""
    (recipe, request), *others = {job.recipe: job.request for job in jobs}.items()
    built = {recipe: _build(request)}
    # The first one's warnings are everybody's.
    with ThreadPoolExecutor(at_once) as pool, redirect_stderr(io.StringIO()):
        made = pool.map(lambda each: _build(each[1]), others)
        built |= zip([recipe for recipe, _ in others], made, strict=True)
    errors = [each for each in built.values() if isinstance(each, UserError)]
    if len(errors) == len(built):
        raise errors[0]
    return built


def _build(request: Request) -> list[Executable] | UserError:
    try:
        return build(request)
    except (NotAssembled, NotCompiled) as error:
        return error


def run_grid(
    jobs: Sequence[Job],
    programs: Mapping[Recipe, list[Executable] | UserError],
    wish: Wish,
    at_once: int,
    progress: Callable[[int], None] = lambda done: None,
) -> Sweep:
    """Make all runs, at most ``at_once`` at a time. Ctrl-C keeps what is done. Raises NoSuchMetric,
    QueryFailed."""
    began = datetime.now(UTC)
    done: dict[int, Measured] = {}
    cells: dict[int, Cell] = {}
    for number, job in enumerate(jobs):
        built = programs[job.recipe]
        if isinstance(built, list):
            cells[number] = _cell(job.request, built, wish)
        else:
            done[number] = Measured("not_built", built.exit_status, _first_error(built))
    numbers = list(cells)
    is_interrupted = False
    try:
        for place, measured in Workers(record_cell, at_once)(list(cells.values())):
            done[numbers[place]] = measured or Measured("failed", why="its process died")
            progress(len(done))
    except KeyboardInterrupt:
        is_interrupted = True
    finally:
        _drop_pieces(
            {job.request.keeping.name for number, job in enumerate(jobs) if number not in done}, began
        )
    rows = [_row(jobs[number], measured) for number, measured in sorted(done.items())]
    return Sweep(rows, sum(measured.bytes for measured in done.values()), is_interrupted)


def _first_error(error: UserError) -> str:
    """The line that tells what is wrong, of all that the assembler or compiler said."""
    lines = str(error).splitlines()
    return next((line for line in lines if "error:" in line), lines[0])


def _cell(request: Request, programs: Sequence[Executable], wish: Wish) -> Cell:
    return Cell(
        request,
        tuple((program.image, program.sources) for program in programs),
        wish.metrics,
        wish.keep,
        wish.data,
        wish.expected,
        wish.cache,
    )


def _row(job: Job, measured: Measured) -> Row:
    return Row(
        job.point,
        measured.ended,
        measured.status,
        measured.is_right,
        measured.why,
        measured.values,
        job.request.keeping.name,
        measured.run,
        measured.digest,
    )


def _drop_pieces(names: set[str], began: datetime) -> None:
    """Remove what was recorded since ``began`` under names whose results never came."""
    catalog = Catalog.open()
    for run in catalog.runs() if names else ():
        if run.name in names and run.created >= began:
            catalog.remove(run)
    catalog.close()
