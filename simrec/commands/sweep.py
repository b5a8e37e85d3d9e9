"""simrec sweep"""

import inspect
import os
import sys
from collections.abc import Callable, Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from simrec.arguments import JsonOption
from simrec.commands.run import request

if TYPE_CHECKING:
    from simrec.grid import Axis
    from simrec.sweep import Sweep
    from simrec.sweeptable import Table

PANEL = "Record"
#: Options of `simrec run` that a run of a grid doesn't have.
_NOT_TAKEN = ("name", "signature", "signature_granularity")
_ARGUMENTS = ("program", "arguments")
#: The parameter that --aggregate sums over.
SEED = "SEED"
#: Outcomes listed for a group; --json has all.
OUTCOMES = 12
#: Runs that went wrong and are told of.
FAILURES = 5


def _options_of_run() -> dict[str, inspect.Parameter]:
    """Those that a sweep takes too, and that can be varied."""
    found = inspect.signature(request).parameters
    return {name: parameter for name, parameter in found.items() if name not in (*_NOT_TAKEN, *_ARGUMENTS)}


def _with_options_of_run(function: Callable[..., None]) -> Callable[..., None]:
    """The command also takes what `simrec run` takes, and finds it in its ``**given``."""
    arguments = [inspect.signature(request).parameters[name] for name in _ARGUMENTS]
    own = [p for p in inspect.signature(function).parameters.values() if p.kind is not p.VAR_KEYWORD]
    options = [p.replace(annotation=_in_panel(p.annotation)) for p in _options_of_run().values()]
    parameters = [p.replace(kind=p.KEYWORD_ONLY) for p in (*arguments, *own, *options)]
    function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return function


def _in_panel(annotation: Any) -> Any:
    """An option's annotation, under a heading of its own in the help."""
    kind, option = get_args(annotation)
    option = copy(option)
    option.rich_help_panel = "Options of every run, as for simrec run"
    return Annotated[kind, option]


@_with_options_of_run
def sweep(
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUES",
            help="`1..8`, `1..64*2` (doubling), `0..100+10`, `1,2,5` or words; repeatable, makes a grid. "
            "NAME is an option of `simrec run` (HARTS, SEED, SCHEDULER, COST.syscall ...) or a name of the "
            "program's (--define).",
        ),
    ] = None,
    repeat: Annotated[
        int, typer.Option(min=0, help="Make every run with so many seeds (SEED=1..N), and aggregate.")
    ] = 0,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|SQL",
            help="A column of the table: `ticks`, `utilisation`, `latency.p95`, a probe's name (its rate), "
            "`output` (the last line), `answer` (its first number) ... or SQL that gives one value; "
            "repeatable.",
        ),
    ] = None,
    expect: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The right last line of output: counts wrong ones.")
    ] = None,
    aggregate: Annotated[
        bool | None,
        typer.Option(
            "--aggregate/--no-aggregate",
            help="A row for all seeds together: mean, least and most, and which outcomes how often. The "
            "default if only SEED is varied.",
        ),
    ] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=0, max=256, help="Runs at a time (0: as many as cores).")
    ] = 0,
    keep: Annotated[str, typer.Option(help="Recordings to keep: `all`, `failed` or `none`.")] = "all",
    name: Annotated[str, typer.Option(help="The group's name (default: sweep-PROGRAM-NUMBER).")] = "",
    stdin: Annotated[
        Path | None,
        typer.Option("--input", metavar="FILE", help="What every run reads from its standard input."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Draw a chart: one HTML page.", dir_okay=False),
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the table as CSV.")] = None,
    as_json: JsonOption = False,
    **given: Any,
) -> None:
    """Run a program over a grid of parameters, and set the runs side by side.

    Every run is a recording, named GROUP-NAME=VALUE,... A run that fails or deadlocks is a row like any
    other; Ctrl-C keeps what is done. Exit status 1 if --expect was given and a run's output was wrong.

    Example: `simrec sweep examples/counter_race.asm --vary SEED=1..100 --metric output`
    """
    from recorder.catalog import Catalog
    from simrec.cell import KEEP
    from simrec.executors import compile_executor
    from simrec.grid import BadGrid, parse_grid
    from simrec.output import did_you_mean, write_csv
    from simrec.parameters import find_parameters, read_option
    from simrec.plan import OUTPUT, build_all, find_group, make_jobs, read_input, read_metrics
    from simrec.request import BadChoice
    from simrec.sweep import Wish, run_grid
    from simrec.sweeptable import Table

    if keep not in KEEP:
        raise BadChoice(f"--keep {keep}: {did_you_mean(keep, KEEP)}")
    axes = parse_grid([*(vary or ()), *([f"{SEED}=1..{repeat}"] if repeat else ())])
    if not axes:
        raise BadGrid("nothing varies: add --vary NAME=VALUES, or --repeat N for many seeds")
    options = {name: read_option(each) for name, each in _options_of_run().items()}
    parameters = find_parameters(axes, options)
    group = find_group(Catalog.open(), name, given["program"])
    planned = make_jobs(request, given, parameters, group)
    at_once = min(jobs or len(os.sched_getaffinity(0)), len(planned))
    programs = build_all(planned, at_once, parameters, options)
    metrics = read_metrics(metric or (), programs.values(), parameters)
    measured = metrics if expect is None or OUTPUT in metrics else (*metrics, OUTPUT)
    wish = Wish(measured, keep, read_input(stdin), expect, compile_executor())
    told = ", ".join(f"{parameter.axis.name} is {parameter}" for parameter in parameters)
    print(f"simrec: {told}: {len(planned):,} runs, {at_once} at a time", file=sys.stderr)
    made = run_grid(planned, programs, wish, at_once, _progress(len(planned)))

    varied = [parameter.axis for parameter in parameters]
    only_seeds = [axis.name for axis in varied] == [SEED]
    over = SEED if (only_seeds or repeat > 0 if aggregate is None else aggregate) else None
    table = Table(made.rows, over, metrics)
    _print(table, as_json=as_json, group=group)
    if csv is not None:
        _write(csv, lambda: write_csv(table.plain_lines(), csv))
    if output is not None:
        _write(output, lambda: _draw(output, given["program"], varied, table))
    _tell(made, len(planned), group, output)
    if made.is_interrupted:
        raise typer.Exit(130)
    raise typer.Exit(int(any(row.is_right is False for row in made.rows)))


def _progress(runs: int) -> Callable[[int], None]:
    """A line that counts, on a terminal."""

    def show(done: int) -> None:
        end = "\r" if done < runs else "\r\x1b[K"
        print(f"simrec: {done:,} of {runs:,} runs", end=end, file=sys.stderr, flush=True)

    return show if sys.stderr.isatty() else lambda done: None


def _print(table: "Table", group: str, *, as_json: bool) -> None:
    from simrec.output import print_json, print_table

    if as_json:
        print_json({"group": group, **table.plain()})
        return
    print_table(table.lines(), empty="no run is done")
    lines, left_out = table.outcome_lines(OUTCOMES)
    if lines:
        print("\nOutcomes")
        print_table(lines)
    if left_out:
        print(f"simrec: {left_out:,} more outcomes, rarer: --json has all", file=sys.stderr)


def _write(path: Path, write: Callable[[], None]) -> None:
    from sim.errors import UserError

    try:
        write()
    except OSError as error:
        raise UserError(f"{path} can't be written ({error.strerror}): name another file") from None


def _draw(path: Path, program: Path, varied: "Sequence[Axis]", table: "Table") -> None:
    from replay.figures.page import write_page
    from replay.figures.sweep import Parameter, sweep_figure

    shown = [Parameter(axis.name, axis.values) for axis in varied if axis.name != table.over]
    title = f"{program.name}: {' × '.join(axis.name for axis in varied)}"
    notes = [f"{len(table.rows):,} runs"]
    if table.over is not None:
        notes[0] += f"; lines are means over {table.over}, bands reach from the least to the most"
    write_page(sweep_figure(title, notes, shown, table.metrics, table.groups), title, path)


def _tell(made: "Sweep", planned: int, group: str, output: Path | None) -> None:
    """What went wrong, and where everything is."""
    failed = [row for row in made.rows if not row.ended_well]
    told = [row for row in failed if row.why]
    for row in told[:FAILURES]:
        print(f"simrec: {row.name.removeprefix(f'{group}-')}: {row.why}", file=sys.stderr)
    if len(told) > FAILURES:
        print(f"simrec: and {len(told) - FAILURES:,} more; --json has why", file=sys.stderr)
    kept = sum(bool(row.run) for row in made.rows)
    lines = [f"{len(made.rows):,} runs done, {len(failed):,} failed, {kept:,} recordings kept"]
    if made.is_interrupted:
        lines[0] = f"interrupted: {lines[0]}, {planned - len(made.rows):,} not made"
    if kept:
        lines.append(
            f"{made.bytes:,} bytes on disk: simrec runs '{group}-*' lists them, simrec rm removes them"
        )
    if output is not None:
        lines.append(f"chart: {output}")
    for line in lines:
        print(f"simrec: {line}", file=sys.stderr)
