"""What a run did, in numbers: per run, process, hart and thread.

The log in, Arrow tables out. Terms as in perf and Perfetto: *utilisation* is busy ticks / (window x harts),
*IPC* instructions retired / hart tick, *scheduling latency* the ticks from runnable to running, *overhead*
the ticks in traps, context switches and coroutine saves / busy ticks. The window is the whole run, from
tick 0 to the end of the log; a hart is busy while it has a thread. Each section is one file in queries/.
"""

from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa

from recorder.reader import Log
from recorder.schema import columns
from replay.query import add, ask, connect, define, extent
from replay.recording import Recording
from sim.isa import decode

#: Kinds of events that belong to a hart, or to a thread, and are counted so; instructions apart.
KINDS = (
    *("instruction", "atomic", "stack", "probe", "context_switch", "thread", "syscall", "futex"),
    *("coroutine", "kernel_write", "choice", "output", "input", "fault"),
)
_SECTIONS = (
    *("processes", "harts", "threads", "states", "latency", "switches", "syscalls", "probes", "output"),
)
COROUTINE_FUNCTIONS = ("coroutine_resume", "coroutine_yield", "coroutine_switch_back")


def stats(log: Log) -> dict[str, pa.Table]:
    """Sections by name; columns as in queries/stats_*.sql, ticks throughout.

    ``run``: one row of totals. ``processes``, ``harts``, ``threads``: a row each. ``states``: time in each
    state by thread. ``latency``: scheduling latency, of all threads (tid null) and of each. ``switches`` by
    reason, ``syscalls`` by name, ``events`` by kind, ``events_by_hart``, ``events_by_thread``; ``probes``
    with their names and rates; ``output`` by process and file descriptor. What is damaged of the log doesn't
    count (`extent`).
    """
    connection = connect(log, (*KINDS, "process", "memory_map"))
    try:
        prepare(connection, log)
        add(connection, "cost", _costs(log))
        _add_programs(connection, log)
        define(connection, "retired")
        sections = {name: ask(connection, f"stats_{name}") for name in _SECTIONS}
        kinds = extent(log).counts
        sections["events"] = pa.table({"kind": list(kinds), "count": pa.array(kinds.values(), pa.int64())})
        for whose in ("hart", "tid"):
            name = "events_by_hart" if whose == "hart" else "events_by_thread"
            sections[name] = connection.sql(_counts(whose)).to_arrow_table()
        depth = ask(connection, "depth")
    finally:
        connection.close()
    return {"run": _totals(log, sections, depth)} | sections


def prepare(connection: "duckdb.DuckDBPyConnection", log: Log) -> None:
    """Add the tables ``bounds`` (ticks, harts), ``state`` and ``slice`` to a connection that has the views
    ``thread`` and ``context_switch``."""
    bounds = {"ticks": pa.array([extent(log).ticks], pa.int64()), "harts": [int(log.run.options["harts"])]}
    add(connection, "bounds", pa.table(bounds))
    define(connection, "states")
    define(connection, "slices")


def _costs(log: Log) -> pa.Table:
    """What an instruction costs, by pid and pc: (pid, pc, ticks, coroutine)."""
    costs = log.run.options["costs"]
    rows = []
    for (pid, pc), found in log.code.items():
        decoded = decode(found[-1].word)
        ticks = costs[decoded.instruction.cost] if decoded is not None else 1
        rows.append((pid, pc, ticks, found[-1].function in COROUTINE_FUNCTIONS))
    types = {"pid": pa.int32(), "pc": pa.int64(), "ticks": pa.int64(), "coroutine": pa.bool_()}
    return _table(types, rows)


def _counts(whose: str) -> str:
    """SQL that counts events by hart or tid and kind."""
    parts = [
        f"SELECT {whose}, 'instruction' AS kind, sum(instructions)::BIGINT AS count FROM retired GROUP BY 1"
    ]
    for kind in KINDS[1:]:
        if whose in (column.name for column in columns(kind)):
            parts.append(f"SELECT {whose}, '{kind}', count(*) FROM \"{kind}\" WHERE {whose} >= 0 GROUP BY 1")
    return " UNION ALL ".join(parts) + " ORDER BY 1, 3 DESC, 2"


def _add_programs(connection: "duckdb.DuckDBPyConnection", log: Log) -> None:
    """Add the tables ``ran`` (pid, program: what each process ran last) and ``probe_name`` (the names of a
    process's probes from event ``since`` up to ``until``)."""
    recording = Recording(log)
    uses = recording.processes.uses
    ran = {use.pid: use.name for use in uses}
    named = []
    for index, use in enumerate(uses):
        last = index + 1 == len(uses) or uses[index + 1].pid != use.pid
        span = (use.seq, extent(log).last_seq + 1 if last else uses[index + 1].seq)
        probes = recording.names_in(index).program.probes
        named += [(use.pid, *span, number, name) for number, name in probes.items()]
    add(connection, "ran", _table({"pid": pa.int32(), "program": pa.string()}, list(ran.items())))
    spans = {"pid": pa.int32(), "since": pa.int64(), "until": pa.int64()}
    add(connection, "probe_name", _table({**spans, "number": pa.int16(), "name": pa.string()}, named))


def _table(types: dict[str, pa.DataType], rows: Sequence[tuple[object, ...]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(types)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, types.values(), strict=True)]
    return pa.table(dict(zip(types, arrays, strict=True)))


def _totals(log: Log, sections: dict[str, pa.Table], depth: pa.Table) -> pa.Table:
    """The one row of the run."""
    harts = sections["harts"]
    total = {
        name: sum(harts[name].to_pylist())
        for name in ("instructions", "busy_ticks", "trap_ticks", "switch_ticks", "coroutine_ticks")
    }
    ticks = extent(log).ticks
    hart_ticks = ticks * harts.num_rows
    overhead = total["trap_ticks"] + total["switch_ticks"] + total["coroutine_ticks"]
    mean, most = _depth(depth, ticks)
    row = {
        "run": log.run.id,
        "program": log.run.program,
        "events": extent(log).last_seq + 1,
        "ticks": ticks,
        "harts": harts.num_rows,
        "processes": sections["processes"].num_rows,
        "threads": sections["threads"].num_rows,
        "instructions": total["instructions"],
        "ipc": _ratio(total["instructions"], hart_ticks),
        "utilisation": _ratio(total["busy_ticks"], hart_ticks),
        "overhead": _ratio(overhead, total["busy_ticks"]),
        "busy_ticks": total["busy_ticks"],
        "idle_ticks": hart_ticks - total["busy_ticks"],
        "trap_ticks": total["trap_ticks"],
        "switch_ticks": total["switch_ticks"],
        "coroutine_ticks": total["coroutine_ticks"],
        "context_switches": sum(sections["switches"]["count"].to_pylist()),
        "syscalls": sum(sections["syscalls"]["count"].to_pylist()),
        "page_faults": sum(sections["processes"]["page_faults"].to_pylist()),
        "tlb_refills": extent(log).counts.get("tlb", 0),
        "run_queue_mean": mean,
        "run_queue_max": most,
        "output_bytes": sum(sections["output"]["bytes"].to_pylist()),
    }
    return pa.Table.from_pylist([row])


def _depth(depth: pa.Table, ticks: int) -> tuple[float | None, int]:
    """Mean over time and maximum of the run queue's depth."""
    if not depth.num_rows:
        return (0.0 if ticks else None), 0
    levels = depth["depth"].to_numpy()
    lasting = np.diff(np.append(depth["tick"].to_numpy(), ticks))
    return _ratio(float((levels * lasting).sum()), ticks), int(levels.max())


def _ratio(part: float, whole: float) -> float | None:
    """None where there is nothing to divide by."""
    return part / whole if whole else None
