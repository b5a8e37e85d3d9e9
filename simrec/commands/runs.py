"""simrec runs"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from simrec.arguments import JsonOption

if TYPE_CHECKING:
    from recorder.run import RunRow

PANEL = "Catalog"
#: Options whose name on the command line is another, and those that count in MiB or KiB there.
_TYPED = {"environment": "env", "mounts": "mount", "defines": "define"}
_SHIFTS = {"ram": 20, "stack": 10}
_ADDRESSES = ("place", "pc", "sp")


def runs(
    pattern: Annotated[
        str, typer.Argument(metavar="PATTERN", help="Only those whose names fit (`'sweep-*'`).")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """List the recordings, newest first.

    `options` are those that weren't left at their defaults.
    """
    from recorder.catalog import Catalog
    from simrec.output import print_json, print_table

    catalog = Catalog.open()
    found = catalog.matching(pattern) if pattern else catalog.runs()
    if as_json:
        print_json([_plain(run) for run in found])
        return
    rows = [_row(run) for run in found]
    for name in ("name", "options"):
        if not any(row[name] for row in rows):
            rows = [{key: value for key, value in row.items() if key != name} for row in rows]
    none = "no runs yet; record one: simrec run examples/counter_race.asm"
    print_table(rows, empty=f"no run's name fits {pattern!r}; simrec runs lists all" if pattern else none)


def _row(run: "RunRow") -> dict[str, Any]:
    """What a reader wants first."""
    program = " ".join([run.short, *run.options.get("arguments", ())])
    return {
        "run": run.id,
        "name": run.name,
        "program": program if len(program) <= 28 else f"{program[:25]}...",
        "created": run.created.astimezone().strftime("%Y-%m-%d %H:%M"),
        "ended": _ending(run),
        "exit": run.exit_status,
        "events": run.events,
        "ticks": run.ticks,
        "options": _options(run),
    }


def _ending(run: "RunRow") -> str:
    if run.status in ("complete", "stopped"):
        return run.reason.replace("_", " ")
    return run.status


def _options(run: "RunRow") -> str:
    """The options as they were typed, but for those at their defaults."""
    from sim.kernel.attributes import typed
    from sim.kernel.options import Options

    default = Options(harts=1) if run.options.get("bare") else Options()
    usual = default.as_dict() | {"store": "parquet", "detail": "full", "compression": "zstd"}
    taken = {**run.options, "store": run.store, "detail": run.detail}
    if run.store == "parquet":
        taken["compression"] = run.compression
    given = [
        f"--{_TYPED.get(name, name).replace('_', '-')} {_typed(name, each)}".rstrip()
        for name, value in taken.items()
        if name in usual and name not in ("arguments", "attributes", "costs") and value != usual[name]
        for each in (value if isinstance(value, list) else [value])
    ]
    costs = default.costs.as_dict()
    changed = [(name, ticks) for name, ticks in taken.get("costs", {}).items() if ticks != costs.get(name)]
    given += [typed(*attribute) for attribute in taken.get("attributes", ())]
    return " ".join([*given, *(f"--cost {name}={ticks}" for name, ticks in changed)])


def _typed(name: str, value: Any) -> Any:
    """A value as it was typed; nothing for what is only said or not."""
    if name in _ADDRESSES:
        return f"{value:#x}"
    if isinstance(value, bool):
        return ""
    return value >> _SHIFTS[name] if name in _SHIFTS else value


def _plain(run: "RunRow") -> dict[str, Any]:
    """Everything, for programs."""
    return {
        "run": run.id,
        "name": run.name,
        "program": run.program,
        "programs": [program.path for program in run.programs],
        "created": run.created.isoformat(),
        "status": run.status,
        "reason": run.reason,
        "exit": run.exit_status,
        "events": run.events,
        "ticks": run.ticks,
        "bytes": run.bytes,
        "store": run.store,
        "detail": run.detail,
        "compression": run.compression,
        "digest": run.digest,
        "path": run.where,
        "options": run.options,
    }
