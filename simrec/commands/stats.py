"""simrec stats"""

from typing import TYPE_CHECKING, Any

from simrec.arguments import JsonOption, RunArgument

if TYPE_CHECKING:
    import pyarrow as pa

PANEL = "Analyse"

#: Sections in the order of printing, with their headings.
_SECTIONS = {
    "processes": "Processes (busy: ticks that its threads had a hart)",
    "harts": "Harts (busy: it had a thread; trap ticks: system calls, page faults, TLB misses)",
    "threads": "Threads (ticks in each state)",
    "latency": "Scheduling latency: ticks from runnable to running",
    "switches": "Context switches",
    "syscalls": "System calls (ticks that the caller was blocked)",
    "probes": "Probes",
    "output": "Output",
    "events": "Events",
}
_RATIOS = ("utilisation", "overhead", "share")


def stats(run: RunArgument = "latest", as_json: JsonOption = False) -> None:
    """What a run did, in numbers: utilisation, IPC, overhead, switches, latencies, system calls.

    --json has more: time by state and thread, events by hart and by thread.
    """
    from recorder.detail import MEMORY
    from replay.analyses import stats as analysis
    from simrec.open import open_log
    from simrec.output import print_json, print_table

    with open_log(run, MEMORY) as log:
        sections = analysis.stats(log)
    if as_json:
        run_row = sections.pop("run").to_pylist()[0]
        print_json({"run": run_row} | {name: table.to_pylist() for name, table in sections.items()})
        return
    several = sections["processes"].num_rows > 1
    _print_run(sections["run"], several=several)
    for name, heading in _SECTIONS.items():
        if sections[name].num_rows and (several or name != "processes"):
            print(f"\n{heading}")
            print_table([_readable(row, several=several) for row in sections[name].to_pylist()])


def _print_run(table: "pa.Table", *, several: bool) -> None:
    """The totals, one to a line."""
    from simrec.output import format_line

    for name, value in _readable(table.to_pylist()[0], several=several).items():
        text = (
            f"{value:,.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else value
        )
        print(format_line([name, text or ""], [18, 0], [False, False]))


def _readable(row: dict[str, Any], *, several: bool) -> dict[str, Any]:
    """Spaces in names, percent for ratios, ``all`` for the row of all threads; nothing of processes unless
    there are ``several``."""
    shown = {}
    for name, value in row.items():
        if name in ("pid", "processes") and not several:
            continue
        if name in _RATIOS and value is not None:
            value = f"{100 * value:.1f} %"
        elif name == "tid" and value is None:
            value = "all"
        shown[name.replace("_", " ")] = value
    return shown
