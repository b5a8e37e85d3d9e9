"""simrec schedule"""

from typing import Annotated, Any

import typer

from simrec.arguments import JsonOption, RunArgument

PANEL = "Analyse"

#: How the summary's rows are called.
_SUMMARY = {
    "mean_turnaround": "mean turnaround",
    "mean_response": "mean response",
    "mean_waiting": "mean waiting",
    "fairness": "fairness (Jain's index of the shares)",
    "throughput": "finished per 1,000 ticks",
    "switches": "context switches",
    "preemptions": "preemptions",
}


def schedule(
    run: RunArgument = "latest",
    by: Annotated[
        str, typer.Option(metavar="thread|process", help="A row for each thread, or for each process.")
    ] = "thread",
    without: Annotated[
        list[int] | None,
        typer.Option(metavar="N", help="Leave out thread (or process) N; may be given several times."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """What the scheduler made of each thread: turnaround, response, waiting, and how fair that was.

    Arrival is when it was first ready; waiting are its ticks ready without a hart; its share is running /
    (running + waiting). All in ticks. `simrec timeline` draws the same as a Gantt chart.
    """
    from recorder.detail import MEMORY
    from replay.analyses import schedule as analysis
    from sim.errors import UserError
    from simrec.open import open_log
    from simrec.output import did_you_mean, print_json, print_table

    if by not in ("thread", "process"):
        raise UserError(f"--by {by}: {did_you_mean(by, ('thread', 'process'))}")
    with open_log(run, MEMORY) as log:
        found = analysis.schedule(log, by_process=by == "process", without=without or ())
        scheduler = log.run.options["scheduler"]
    rows, (summary,) = found["rows"].to_pylist(), found["summary"].to_pylist()
    if as_json:
        print_json({"scheduler": scheduler, "by": by, "summary": summary, "rows": rows})
        return
    print_table([_readable(row, by) for row in rows])
    print(f"\n{summary['finished']:,} of {summary['count']:,} finished; scheduler {scheduler}")
    for name, heading in _SUMMARY.items():
        value = summary[name]
        text = "" if value is None else f"{value:,.3f}" if isinstance(value, float) else f"{value:,}"
        print(f"{heading:<38}{text:>14}".rstrip())


def _readable(row: dict[str, Any], by: str) -> dict[str, Any]:
    """The columns that say something, with spaces in their names; the share in per cent."""
    kept = dict(row)
    for name in ("tid",) if by == "process" else ("program", "threads"):
        del kept[name]
    kept["share"] = "" if row["share"] is None else f"{100 * row['share']:.1f} %"
    return {name.replace("_", " "): value for name, value in kept.items()}
