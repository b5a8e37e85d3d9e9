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
from simrec.commands.run import Command, request

if TYPE_CHECKING:
    from replay.analyses.metrics import Metric
    from simrec.plan import Plan
    from simrec.sweep import Sweep
    from simrec.sweeptable import Table

#: ``Command``: what are the program's arguments is told as it is to `simrec run`.
__all__ = ["PANEL", "Command", "sweep"]
PANEL = "Record"
#: Options of `simrec run` that a run of a grid doesn't have.
_NOT_TAKEN = ("name", "signature", "signature_granularity")
_ARGUMENTS = ("context", "words")
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
    from replay.analyses.metrics import drawn_metrics
    from simrec.cell import KEEP
    from simrec.executors import compile_executor
    from simrec.output import check_place, did_you_mean, write_csv
    from simrec.parameters import read_option
    from simrec.plan import SEED, make_plan, read_input, sums_up
    from simrec.request import BadChoice
    from simrec.sweep import Wish, run_grid
    from simrec.sweeptable import Table

    if keep not in KEEP:
        raise BadChoice(f"--keep {keep}: {did_you_mean(keep, KEEP)}")
    for place in filter(None, (csv, output)):
        check_place(place)
    at_once = jobs or os.cpu_count() or 1
    options = {each: read_option(parameter) for each, parameter in _options_of_run().items()}
    plan = make_plan(request, options, {**given, "name": name}, vary or (), repeat, metric or (), at_once)
    over = SEED if sums_up(plan, repeat, wanted=aggregate) else None
    wish = Wish(plan.measured(expect), keep, read_input(stdin), expect, compile_executor())
    at_once = min(at_once, len(plan.jobs))
    told = ", ".join(f"{parameter.axis.name} is {parameter}" for parameter in plan.parameters)
    if doubt := plan.jobs[0].request.doubt:
        print(f"simrec: {doubt}", file=sys.stderr)
    print(f"simrec: {told}: {len(plan.jobs):,} runs, {at_once} at a time", file=sys.stderr)

    made = run_grid(plan.jobs, plan.programs, wish, at_once, _progress(len(plan.jobs)))

    table = Table(made.rows, over, plan.metrics)
    if csv is not None:
        write_csv(table.plain_lines(), csv)
    if output is not None:
        drawn = plan.metrics if metric else drawn_metrics(plan.metrics)
        _draw(output, plan, table, drawn)
    _print(table, plan, as_json=as_json)
    _tell(made, plan, output)
    if made.is_interrupted:
        raise typer.Exit(130)
    raise typer.Exit(int(any(row.is_right is False for row in made.rows)))


def _progress(runs: int) -> Callable[[int], None]:
    """A line that counts, on a terminal."""

    def show(done: int) -> None:
        end = "\r" if done < runs else "\r\x1b[K"
        print(f"simrec: {done:,} of {runs:,} runs", end=end, file=sys.stderr, flush=True)

    return show if sys.stderr.isatty() else lambda done: None


def _print(table: "Table", plan: "Plan", *, as_json: bool) -> None:
    from simrec.output import print_json, print_table

    if as_json:
        print_json({"group": plan.group, **table.plain()})
        return
    typed = [axis.name for axis in plan.axes]
    print_table(table.lines(), empty="no run is done", typed=typed)
    lines, left_out = table.outcome_lines(OUTCOMES)
    if lines:
        print("\nOutcomes")
        print_table(lines, typed=typed)
    if left_out:
        print(f"simrec: {left_out:,} more outcomes, rarer: --json has all", file=sys.stderr)


def _draw(path: Path, plan: "Plan", table: "Table", metrics: "Sequence[Metric]") -> None:
    from replay.figures.page import write_page
    from replay.figures.sweep import Parameter, sweep_figure
    from simrec.output import writing

    shown = [Parameter(axis.name, axis.values) for axis in plan.axes if axis.name != table.over]
    names = " × ".join(axis.name for axis in plan.axes if axis.name != table.over)
    programs = " and ".join(program.name for program in plan.jobs[0].request.programs)
    title = f"{programs}: {names or 'what came out'}"
    note = f"{len(table.rows):,} runs"
    for axis in plan.axes:
        if axis.name == table.over:
            note += f", {axis.name} {axis.values[0]} to {axis.values[-1]}"
    figure = sweep_figure(title, [note], shown, metrics, table.groups)
    with writing(path):
        write_page(figure, title, path)


def _tell(made: "Sweep", plan: "Plan", output: Path | None) -> None:
    """What went wrong, and where everything is."""
    group = plan.group
    failed = [row for row in made.rows if not row.ended_well]
    told = [row for row in failed if row.why]
    for row in told[:FAILURES]:
        print(f"simrec: {row.name.removeprefix(f'{group}-')}: {row.why}", file=sys.stderr)
    if len(told) > FAILURES:
        print(f"simrec: and {len(told) - FAILURES:,} more; --json has why", file=sys.stderr)
    kept = sum(bool(row.run) for row in made.rows)
    lines = [f"{len(made.rows):,} runs done, {len(failed):,} failed, {kept:,} recordings kept"]
    if made.is_interrupted:
        lines[0] = f"interrupted: {lines[0]}, {len(plan.jobs) - len(made.rows):,} not made"
    if kept:
        lines.append(
            f"{made.bytes:,} bytes on disk: simrec runs '{group}-*' lists them, simrec rm removes them"
        )
    if output is not None:
        lines.append(f"chart: {output}")
    for line in lines:
        print(f"simrec: {line}", file=sys.stderr)
