"""simrec stats"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from simrec.arguments import JsonOption, RunArgument
from simrec.follow import FollowOption

if TYPE_CHECKING:
    import pyarrow as pa

    from recorder.reader import Log

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


def stats(run: RunArgument = "latest", follow: FollowOption = False, as_json: JsonOption = False) -> None:
    """What a run did, in numbers: utilisation, IPC, overhead, switches, latencies, system calls.

    --json has more: time by state and thread, events by hart and by thread. With --follow, the numbers of a
    run that is being recorded, anew for what has come (--json: an object a line).
    """
    from recorder.detail import MEMORY
    from replay.analyses import stats as analysis
    from simrec.follow import show
    from simrec.open import open_log
    from simrec.output import print_json

    with open_log(run, MEMORY) as log:
        if follow:
            show(_newest(log, as_json=as_json), as_json=as_json)
            return
        sections = analysis.stats(log)
    if as_json:
        print_json(_plain(sections))
        return
    for line in _lines(sections):
        print(line)


def _newest(log: "Log", *, as_json: bool) -> Iterator[str]:
    """The numbers whenever there are more events."""
    from replay.analyses import stats as analysis
    from simrec.follow import follow
    from simrec.output import json_text

    for sections in map(analysis.stats, follow(log)):
        yield json_text(_plain(sections), indent=None) if as_json else "\n".join(_lines(sections))


def _plain(sections: "Mapping[str, pa.Table]") -> dict[str, Any]:
    """Everything, for programs."""
    rows = {name: table.to_pylist() for name, table in sections.items()}
    return {"run": rows.pop("run")[0]} | rows


def _lines(sections: "Mapping[str, pa.Table]") -> Iterator[str]:
    """The totals, one to a line, and the tables that have rows."""
    from simrec.output import table_lines

    several = sections["processes"].num_rows > 1
    yield from _totals(sections["run"], several=several)
    for name, heading in _SECTIONS.items():
        if sections[name].num_rows and (several or name != "processes"):
            yield ""
            yield heading
            yield from table_lines([_readable(row, several=several) for row in sections[name].to_pylist()])


def _totals(table: "pa.Table", *, several: bool) -> Iterator[str]:
    from simrec.output import format_line

    for name, value in _readable(table.to_pylist()[0], several=several).items():
        text = (
            f"{value:,.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else value
        )
        yield format_line([name, text or ""], [18, 0], [False, False])


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
