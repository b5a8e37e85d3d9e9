"""The generated parts of the docs. `make docs` writes them (cog), `make docs-check` fails if they are stale.

Run ids, times and sizes differ from run to run: `transcript` puts fixed ids in their place and leaves times
and sizes out (...); every other character is as the command printed it.
"""

import inspect
import json
import re
import shlex
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from docs import commands

ROOT = Path(__file__).parents[1]


def events_page() -> str:
    """Every kind of event with its columns."""
    from sim.events import KINDS, VERSION, columns

    parts = [f"Version {VERSION} of the vocabulary. Every kind has `seq` and `tick` besides its columns."]
    for kind, cls in KINDS.items():
        rows = ["| column | type |", "|---|---|"]
        for column in columns(kind)[2:]:
            names = ", ".join(f"`{name}`" for name in column.names if name)
            rows.append(f"| `{column.name}` | {column.type}{f' ({names})' if names else ''} |")
        parts.append(f"## {kind}\n\n{_markdown(cls.__doc__)}\n\n" + "\n".join(rows))
    return "\n\n".join(parts)


def rars_page() -> str:
    """RARS's environment calls."""
    from sim.kernel.syscalls.rars import RARS

    rows = ["| a7 | call |", "|---|---|"]
    for number, handler in sorted(RARS.handlers.items()):
        rows.append(f"| {number} | {_markdown(handler.__doc__)} |")
    return "\n".join(rows)


def schedulers_page() -> str:
    """Every scheduler: what its class says, and its parameters."""
    from sim.kernel.schedulers import names, scheduler_class

    parts = []
    for name in names():
        made = scheduler_class(name)
        parts.append(f"### {name}\n\n{_markdown(made.__doc__)}")
        rows = ["| parameter | | default | least |", "|---|---|---|---|"]
        for key, parameter in made.parameters.items():
            quanta = f" quant{'um' if parameter.default == 1 else 'a'}" if parameter.quanta else ""
            rows.append(
                f"| `{key}` | {parameter.meaning} | {parameter.default:,}{quanta} | {parameter.least} |"
            )
        parts += ["\n".join(rows)] if made.parameters else []
    return "\n\n".join(parts)


def code_page() -> str:
    """The code table's columns."""
    from sim.code import COLUMNS, CodeRow

    rows = "\n".join(f"| `{name}` | {kind} |" for name, kind in COLUMNS.items())
    return f"## code (not an event)\n\n{_markdown(CodeRow.__doc__)}\n\n| column | type |\n|---|---|\n{rows}"


def syscalls_page() -> str:
    """Every system call that has a handler: number, name, what the handler's docstring says."""
    from sim.kernel.syscalls import ABIS

    linux = ABIS["linux"]
    rows = ["| number | name | |", "|---|---|---|"]
    for number, handler in sorted(linux.handlers.items()):
        told = (handler.__doc__ or "").split("\n\n")[0].replace("\n", " ")
        rows.append(f"| {number} | `{linux.name(number)}` | {' '.join(told.split())} |")
    return "\n".join(rows)


def isa_page() -> str:
    """The instruction table."""
    from sim.isa.reference import render

    return render().strip()


def runtime_page() -> str:
    """The runtime library, from the comments in its sources."""
    from docs.runtimelibrary import render

    return render()


def cli_page() -> str:
    """The help of every command, as plain text."""
    import pkgutil

    import simrec.commands

    names = sorted(module.name.rstrip("_") for module in pkgutil.iter_modules(simrec.commands.__path__))
    helps = [("simrec", output_of("--help"))]
    names.insert(names.index("lessons") + 1, "lessons run")
    helps += [(f"simrec {name}", output_of(f"{name} --help")) for name in names]
    return "\n\n".join(f"## {title}\n\n```text\n{text}\n```" for title, text in helps)


def comparison() -> str:
    """The simulators side by side, a table for each program (`python -m benchmarks compare --save`)."""
    parts = []
    measured = _benchmarks().get("compare", {"runs": []})
    for program in dict.fromkeys(run["program"] for run in measured["runs"]):
        runs = [run for run in measured["runs"] if run["program"] == program]
        recorded = next(run for run in runs if run["command"].startswith("simrec run"))
        rows = [
            "| simulator | seconds | M instructions/s | times simrec's | log, bytes/instruction | command |",
            "|---|---:|---:|---:|---:|---|",
        ]
        for run in runs:
            size = run["bytes_per_instruction"]
            rows.append(
                f"| {run['simulator']} | {run['seconds']:.2f} | {run['rate'] / 1e6:.2f} "
                f"| {run['rate'] / recorded['rate']:.2f} | {'' if size is None else f'{size:,.1f}'} "
                f"| `{run['command']}` |"
            )
        title = f"### {program}: {runs[0]['instructions']:,} instructions"
        parts.append(f"{title}\n\n" + "\n".join(rows))
    if measured["runs"]:
        versions = ", ".join(f"{name} {number}" for name, number in measured["versions"].items())
        left_out = f" Left out: {'; '.join(measured['missing'])}." if measured["missing"] else ""
        parts.append(f"From PyPI: {versions}.{left_out}")
    return "\n\n".join(parts)


def figures() -> str:
    """simrec's own figures (`python -m benchmarks --save`)."""
    return _table(_FIGURES)


def recording() -> str:
    """Those of recording."""
    return _table(_RECORDING)


def asking() -> str:
    """Those of questions."""
    return _table(_ASKING)


def _table(figures: Iterable[tuple[str, str, str, float, str]]) -> str:
    """Those that were measured."""
    measured = _benchmarks()
    rows = ["| | |", "|---|---:|"]
    for name, figure, text, scale, unit in figures:
        if figure in measured.get(name, ()):
            rows.append(f"| {text} | {measured[name][figure] / scale:,.2f} {unit} |")
    return "\n".join(rows)


def stages() -> str:
    """Where recording's time goes, by stage and program."""
    measured = _benchmarks()["recording_stages"]
    rows = ["| stage | loop | mixed |", "|---|---:|---:|"]
    for name, text in _STAGES.items():
        rows.append(f"| {text} | {measured[f'loop_{name}']:.1f} | {measured[f'mixed_{name}']:.1f} |")
    sums = [sum(measured[f"{program}_{name}"] for name in _STAGES) for program in ("loop", "mixed")]
    return "\n".join([*rows, f"| together | {sums[0]:.1f} | {sums[1]:.1f} |"])


def measured_on() -> str:
    """The machine of the figures."""
    measured = _benchmarks()
    return f"{measured['machine']}, Python {measured['python']}."


_STAGES = {
    "loop": "the compiled loop, with its rows",
    "kernel": "the kernel: traps, context switches, its events",
    "copy": "rows into columns",
    "digest": "the digest",
    "index": "the write index",
    "encode": "encoding, compressing, hashing, writing",
    "snapshot": "snapshots",
}
#: As `_FIGURES`.
_ASKING = (
    ("opening", "p50_ms", "opening a run of 500 M events, p50", 1, "ms"),
    ("opening", "p99_ms", "  p99", 1, "ms"),
    ("replay_library", "loop_state_p50_ms", "the state at a random event of 500 M, p50", 1, "ms"),
    ("replay_library", "loop_view_p50_ms", "  and all of it in words, p50", 1, "ms"),
    ("replay_library", "loop_view_p99_ms", "  p99", 1, "ms"),
    ("replay_library", "mixed_state_p50_ms", "the state, 8 threads on 4 harts, 100 M events, p50", 1, "ms"),
    ("replay_library", "mixed_view_p50_ms", "  and all of it in words, p50", 1, "ms"),
    ("replay_library", "mixed_view_p99_ms", "  p99", 1, "ms"),
    ("replay_library", "mixed_first_ms", "  the first time, which goes through all lock calls", 1, "ms"),
    ("last_write", "hot_p50_ms", "who last wrote what is written all the time, 500 M events, p50", 1, "ms"),
    ("last_write", "old_p50_ms", "  what was written at the start only, p50", 1, "ms"),
    ("last_write", "any_p50_ms", "  any place of the mixed program, p50", 1, "ms"),
    ("last_write", "any_p99_ms", "  p99", 1, "ms"),
    ("first_divergence", "same_p50_ms", "where two runs of 100 M events part, near their ends", 1, "ms"),
    ("first_divergence", "other_p50_ms", "  with other options", 1, "ms"),
)
#: As `_FIGURES`.
_RECORDING = (
    ("record_parquet", "events_per_second", "loop, 100 M events, Parquet", 1e6, "M events/s"),
    ("record_parquet", "bytes_per_event", "  bytes an event, all files", 1, ""),
    ("record_mixed", "events_per_second", "mixed, 100 M events, Parquet", 1e6, "M events/s"),
    ("record_mixed", "bytes_per_event", "  bytes an event, all files", 1, ""),
    ("record_mixed", "cores_busy", "  cores busy, on the average of the whole command", 1, ""),
    ("record_sqlite", "events_per_second", "loop, 20 M events, SQLite", 1e6, "M events/s"),
    ("growth", "events_per_second_10M", "loop, 10 M events", 1e6, "M events/s"),
    ("growth", "events_per_second_100M", "loop, 100 M events", 1e6, "M events/s"),
    ("growth", "events_per_second_500M", "loop, 500 M events", 1e6, "M events/s"),
    (
        "growth",
        "further_per_second_100M",
        "  the events from 10 M to 100 M, without the start",
        1e6,
        "M events/s",
    ),
    ("growth", "further_per_second_500M", "  those from 100 M to 500 M", 1e6, "M events/s"),
    ("growth", "peak_mib_10M", "  the recorder's memory at 10 M", 1, "MiB"),
    ("growth", "peak_mib_500M", "  at 500 M", 1, "MiB"),
    ("record_mixed", "peak_mib", "  mixed, 100 M", 1, "MiB"),
    ("compression", "events_per_second_zstd", "mixed, 50 M events, `--compression zstd`", 1e6, "M events/s"),
    ("compression", "bytes_per_event_zstd", "  bytes an event", 1, ""),
    ("compression", "events_per_second_lz4", "mixed, `--compression lz4`", 1e6, "M events/s"),
    ("compression", "bytes_per_event_lz4", "  bytes an event", 1, ""),
    ("compression", "events_per_second_none", "mixed, `--compression none`", 1e6, "M events/s"),
    ("compression", "bytes_per_event_none", "  bytes an event", 1, ""),
)
#: benchmark, its figure, how people call it, what it is divided by, its unit.
_FIGURES = (
    ("executor_compiled", "instructions_per_second", "compiled executor, nothing recorded", 1e6, "M/s"),
    ("executor_reference", "instructions_per_second", "reference executor (`SIMREC_JIT=0`)", 1e6, "M/s"),
    ("executor_start", "first_seconds", "executor: compiled for the first time", 1, "s"),
    ("executor_start", "cached_seconds", "executor: from the cache, the whole process", 1, "s"),
    ("record_parquet", "events_per_second", "events recorded to Parquet, 100 M of a loop", 1e6, "M/s"),
    ("record_mixed", "events_per_second", "  of a mixed program, 8 threads on 4 harts", 1e6, "M/s"),
    ("record_sqlite", "events_per_second", "events recorded to SQLite, 20 M of a loop", 1e6, "M/s"),
    ("record_hello", "seconds", "a static musl `hello`, recorded: the whole command", 1, "s"),
    ("record_locks", "seconds", "400,000 contended pthread lock/unlock pairs, recorded", 1, "s"),
    ("record_locks", "events", "  the events of that run", 1e6, "M"),
    ("system_calls", "recorded_per_second", "system calls recorded", 1e3, "k/s"),
    (
        "context_switches",
        "preempted_per_second",
        "context switches recorded, of preempted threads",
        1e3,
        "k/s",
    ),
    ("context_switches", "yielded_per_second", "  of threads that yield", 1e3, "k/s"),
    ("context_switches", "futex_per_second", "  of threads that wake each other by futex", 1e3, "k/s"),
    ("coroutines", "seconds", "100,000 coroutines alive at once, recorded", 1, "s"),
    ("coroutines", "peak_mib", "  the host's memory for that", 1, "MiB"),
    ("threads", "seconds", "1,000 threads alive at once, recorded", 1, "s"),
    ("threads", "peak_mib", "  the host's memory for that", 1, "MiB"),
    ("start_up", "small_run_seconds", "`simrec run` of a 1,000-instruction program", 1, "s"),
    ("start_up", "help_seconds", "`simrec --help`", 1, "s"),
    ("replay_at", "median_seconds", "`simrec replay --at N`, random N of 50 M events", 1, "s"),
    ("replay_library", "loop_view_p50_ms", "  the same as a call, of 500 M events", 1, "ms"),
    ("last_write", "hot_p50_ms", "who last wrote an address, of 500 M events, as a call", 1, "ms"),
    ("first_divergence", "same_p50_ms", "where two runs of 100 M events part, as a call", 1, "ms"),
)


@cache
def _benchmarks() -> dict[str, Any]:
    measured: dict[str, Any] = json.loads((ROOT / "docs" / "benchmarks.json").read_text(encoding="utf-8"))
    return measured


def transcript(*commands: str, lines: slice = slice(None)) -> str:
    """A console block: each command (without "simrec") and what it prints, stdout and stderr as on a
    terminal. ``lines`` cuts the last command's output, and says so by ellipses."""
    parts = []
    for command in commands:
        output = _masked(output_of(command)).splitlines()
        if command is commands[-1] and output[lines] != output:
            shown = output[lines]
            output = [*(["..."] * (shown[0] != output[0])), *shown, *(["..."] * (shown[-1] != output[-1]))]
        parts += [f"$ simrec {command}", *output]
    return "```console\n" + "\n".join(parts) + "\n```"


@cache
def home() -> tempfile.TemporaryDirectory[str]:
    """Where the commands record."""
    return tempfile.TemporaryDirectory()


def output_of(arguments: str, status: int | None = None) -> str:
    """What `simrec arguments` prints, stdout and stderr as on a terminal. Raises ValueError if it ends with
    another exit status than the one that is wanted."""
    ended, text = commands.output(shlex.split(arguments), home().name)
    if status not in (None, ended):
        raise ValueError(f"simrec {arguments}: status {ended}\n{text}")
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


#: The ids of runs, in order of appearance, become these.
_IDS = ("5d0c71a2", "9be84f06", "c3a15e97", "e7f20b4d", "1c66d8f3", "a94be215", "0f3be7a9", "7d24c610")
_IDS += ("b8a5e3d2", "42e9170c", "f61c8ad5", "93d70b4e")
_IDS += ("e20b6f4c", "35d9c8a1", "8c41f7e6", "d7f05b29", "1b68e3ca", "64a2d90f", "fa937c15", "2e5d08b4")
_IDS += ("c81e6a3f", "790b4d2e", "a5c3f916", "4f82e07b", "be16d5c8", "53f9a0e4", "06d7b81c", "e94c25fa")
_seen: dict[str, str] = {}


def _masked(text: str) -> str:
    for found in re.findall(r"\brun ([0-9a-f]{8})\b", text):
        _seen.setdefault(found, _IDS[len(_seen)])
    for real, shown in _seen.items():
        text = text.replace(real, shown)
    return without_times(text)


def without_times(text: str) -> str:
    """Without what differs from run to run: the home, times, sizes, what is said the first time only."""
    text = re.sub(r"^simrec: compiling .*\n", "", text, flags=re.MULTILINE)
    text = text.replace(home().name, "~/.local/share/simrec")
    text = re.sub(r", \d+\.\d\d s \([\d,]+ events/s\)", ", ...", text)
    text = re.sub(r"[\d,]+ bytes on disk", "... bytes on disk", text)
    return re.sub(r"\((parquet|sqlite), [\d,]+ bytes(, [\d.]+ per event)?\)", r"(\1, ...)", text)


def _markdown(text: str | None) -> str:
    return inspect.cleandoc(text or "").replace("``", "`")


def write(text: Any) -> None:
    """What a cog block calls."""
    import cog

    cog.out(f"\n{text}\n\n")
