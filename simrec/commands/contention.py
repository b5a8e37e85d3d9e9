"""simrec contention"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simrec.arguments import JsonOption, RunArgument

if TYPE_CHECKING:
    import pyarrow as pa

    from replay.analyses.contention import Contention

PANEL = "Analyse"
#: Rows of call sites and blockers that the tables print; --json prints all.
TABLE_ROWS = 20


def contention(
    run: RunArgument = "latest",
    locks: Annotated[
        Path | None, typer.Option(help="A TOML file that says which functions take and give locks.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Who waited for which lock, how long, where, and for whom.

    Locks are found by the calls of functions that take and give them: those of the runtime library, of
    POSIX and C threads and of C++, and what --locks names (the form is that of replay/locks.toml). What the
    compiler put into the caller in place of a call isn't seen. Times are in ticks.
    """
    from replay.analyses import contention as analysis
    from replay.locks import read_roles
    from simrec.open import open_log
    from simrec.output import print_json

    roles = read_roles(locks) if locks is not None else None
    with open_log(run) as log:
        found = analysis.contention(log, roles)
    if as_json:
        tables = {"locks": found.locks, "points": found.points, "blockers": found.blockers}
        print_json({name: table.to_pylist() for name, table in tables.items()} | {"notes": list(found.notes)})
    elif found.locks.num_rows:
        _print(found)
    else:
        print(f"simrec: {_why_none(found)}", file=sys.stderr)


def _print(found: "Contention") -> None:
    from simrec.output import print_table

    print("Locks: contentions are acquisitions that had to wait; times in ticks")
    rows = found.locks.to_pylist()
    several = len({row["pid"] for row in rows}) > 1
    print_table([_lock_row(row, several=several) for row in rows])
    if found.points.num_rows:
        print("\nWhere threads waited")
        _print_top(found.points, several=several)
        print(
            "\nWhom they waited for (blocker: held the lock, posted the semaphore, signalled the condition,\n"
            "or came last to the barrier; 0: not known)"
        )
        _print_top(found.blockers, several=several)
    else:
        print("\nNobody ever had to wait.")
    for note in found.notes:
        print(f"simrec: {note}", file=sys.stderr)


def _lock_row(row: dict[str, Any], *, several: bool) -> dict[str, Any]:
    """The columns that a reader wants first; the process if locks are those of ``several``."""
    names = ("lock", *(("pid",) if several else ()), "kind", "acquisitions", "contentions")
    shown = {name: row[name] for name in names}
    for what in ("wait", "hold"):
        for measure in ("total", "avg", "min", "max"):
            shown[f"{what} {measure}"] = _tenth(row[f"{what}_{measure}"])
    if row["reads"]:
        shown["lock"] += f" ({row['reads']:,} for reading)"
    if row["failed_tries"]:
        shown["lock"] += f" ({row['failed_tries']:,} failed tries)"
    return shown


def _tenth(value: float | int | None) -> float | int | None:
    return round(value) if isinstance(value, float) and value >= 100 else value


def _print_top(table: "pa.Table", *, several: bool) -> None:
    from simrec.output import print_table

    rows = [
        {name.replace("_", " "): _tenth(value) for name, value in row.items() if several or name != "pid"}
        for row in table.slice(0, TABLE_ROWS).to_pylist()
    ]
    print_table(rows)
    if table.num_rows > TABLE_ROWS:
        print(f"... {table.num_rows - TABLE_ROWS:,} more: --json prints all")


def _why_none(found: "Contention") -> str:
    if found.functions:
        return f"no lock was taken: the program never called {', '.join(found.functions)}"
    return (
        "the program has no function that is known to take a lock; name yours with --locks FILE.toml, "
        "a [[function]] for each, with name, kind (mutex, ...), role (acquire, try, release)"
    )
