"""simrec query"""

import sys
from typing import Annotated

import typer

from simrec.arguments import JsonOption, RunArgument

PANEL = "Analyse"
#: Rows that the aligned table prints; --csv and --json print all.
TABLE_ROWS = 10_000


def query(
    sql: Annotated[str, typer.Argument(help="SQL as DuckDB speaks it; every kind of event is a table.")],
    run: RunArgument = "latest",
    as_json: JsonOption = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
) -> None:
    """Ask a recording with SQL.

    Tables: `instruction`, `atomic`, `stack`, `context_switch`, `thread`, `syscall`, `futex`, ... (all kinds
    of docs/reference/events.md), `code` (what stands at each pc of a process), `run_options`; the views
    `thread_process` (tid, pid) and `instruction_code` (each instruction, its process and its row of code).

    Example: `simrec query "select reason, count(*) from context_switch group by reason"`
    """
    from recorder.detail import MEMORY
    from replay.query import QueryFailed, run_query
    from simrec.open import open_log
    from simrec.output import print_json, print_table

    if as_json and csv:
        raise QueryFailed("--json and --csv exclude each other: choose one")
    with open_log(run, MEMORY) as log:
        table = run_query(log, sql)
    if csv:
        from pyarrow.csv import write_csv

        sys.stdout.flush()
        write_csv(table, sys.stdout.buffer)
    elif as_json:
        print_json(table.to_pylist())
    else:
        print_table(table.slice(0, TABLE_ROWS).to_pylist(), empty="no rows")
        if table.num_rows > TABLE_ROWS:
            left_out = table.num_rows - TABLE_ROWS
            print(f"simrec: {left_out:,} more rows left out: --csv or --json prints all", file=sys.stderr)
