"""Single values that sum a run up, to set many runs side by side: a log and metrics in, a value each out.

A metric is typed as a name (``ticks``, ``latency.p95``, a probe's ``served`` or ``served.count``, ``output``)
or as SQL that gives one value.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import pyarrow as pa

from recorder.reader import Log
from replay.analyses import requests
from replay.analyses.stats import stats
from replay.query import ask, check_query, connect, run_query
from sim.errors import UserError

Value = int | float | str | bool | None

#: Columns of the run's row in `simrec stats` -> their units.
RUN = {
    "events": "events",
    "ticks": "ticks",
    "harts": "harts",
    "threads": "threads",
    "instructions": "instructions",
    "ipc": "instructions per hart and tick",
    "utilisation": "busy ticks / hart ticks",
    "overhead": "share of busy ticks in traps, switches and coroutine saves",
    "busy_ticks": "ticks",
    "idle_ticks": "ticks",
    "trap_ticks": "ticks",
    "switch_ticks": "ticks",
    "coroutine_ticks": "ticks",
    "context_switches": "switches",
    "syscalls": "system calls",
    "page_faults": "pages",
    "tlb_refills": "translations",
    "run_queue_mean": "ready threads",
    "run_queue_max": "ready threads",
    "output_bytes": "bytes",
}
#: Columns of its scheduling latency, over all threads, as ``latency.NAME``.
LATENCY = ("count", "mean", "p50", "p95", "max")
#: Columns of a probe, as ``PROBE.NAME``; a probe's name alone is the first.
PROBE = {
    "per_1000_ticks": "per 1,000 ticks",
    "per_1000_ticks_between": "per 1,000 ticks, from the first to the last",
    "count": "times",
    "first_tick": "tick of the first",
    "last_tick": "tick of the last",
}
#: What the program wrote last: ``output`` is its last line, ``answer`` the first number in that.
OUTPUT = ("output", "answer")
#: A line longer than this is cut; and a line may be written in so many pieces.
LINE_BYTES, LINE_WRITES = 200, 1000
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?!\w)")
_SQL_BEGINS = re.compile(r"\s*(select|with|from)\b", re.IGNORECASE)


class NoSuchMetric(UserError):
    """``--metric`` names none, or its SQL gives no single value."""

    exit_status = 2


@dataclass(frozen=True)
class Metric:
    """``name`` heads its column; ``source`` is run, latency, requests, probe, output or sql, and ``key`` what
    is asked of that: (column), (probe, column) or (SQL)."""

    name: str
    source: str
    key: tuple[str, ...]

    @property
    def heading(self) -> str:
        """Its name for people."""
        return self.name.replace("_", " ") if self.source == "run" else self.name

    @property
    def is_share(self) -> bool:
        """Whether its values are parts of 1."""
        return self.source == "run" and self.key[0] in ("utilisation", "overhead")

    @property
    def unit(self) -> str:
        """What its values count, for an axis; empty if nobody knows."""
        if self.source == "probe":
            return PROBE[self.key[1]]
        if self.source == "latency":
            return "waits" if self.key[0] == "count" else "ticks from runnable to running"
        if self.source == "requests":
            return requests.VALUES[self.key[0]]
        return RUN.get(self.key[0], "") if self.source == "run" else ""


def read_metric(text: str, probes: Collection[str]) -> Metric:
    """A metric as it is typed, for a program that has these ``probes``; SQL may have a name before it
    (``waits=select ...``). Raises NoSuchMetric, QueryFailed."""
    found = _named(text, probes)
    if found is not None:
        return found
    name, separator, rest = text.partition("=")
    if separator and name.replace("_", "").isalnum():
        return Metric(name, "sql", (_checked(rest),))
    if re.search(r"[\s(]", text):
        return Metric(" ".join(text.split()), "sql", (_checked(text),))
    known = [*RUN, *OUTPUT, *(f"latency.{column}" for column in LATENCY), *probes]
    served = [f"requests.{name}" for name in requests.VALUES]
    close = get_close_matches(text, [*known, *served], 2)
    hint = (
        f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(known)}, {served[3]} ..."
    )
    raise NoSuchMetric(f"no metric is called {text!r}: {hint} Or SQL that gives one value")


def usual_metrics(probes: Iterable[str], *, with_requests: bool = False) -> list[Metric]:
    """What is shown when nothing is asked for: first what the program itself is about."""
    served = ("throughput", "latency.p95") if with_requests else ()
    own = [Metric(f"requests.{name}", "requests", (name,)) for name in served]
    own += [Metric(probe, "probe", (probe, "per_1000_ticks")) for probe in probes]
    common = [Metric(name, "run", (name,)) for name in ("ticks", "instructions", "utilisation")]
    switches = Metric("context_switches", "run", ("context_switches",))
    return [*own, *common, switches, Metric("output", "output", ("output",))]


def drawn_metrics(usual: Sequence[Metric]) -> list[Metric]:
    """Those of the usual metrics that make a chart: rates, or ticks if there are none, and utilisation."""
    rates = [metric for metric in usual if metric.source in ("probe", "requests")]
    wanted = ("utilisation",) if rates else ("ticks", "utilisation")
    return [*rates, *(metric for metric in usual if metric.name in wanted or metric.source == "output")]


def measure(log: Log, metrics: Sequence[Metric]) -> dict[str, Value]:
    """The value of each, by name. Raises NoSuchMetric, QueryFailed, RunDamaged."""
    sections = stats(log)
    last_line = _last_line(log)
    served = requests.requests(log) if any(metric.source == "requests" for metric in metrics) else None
    found: dict[str, Value] = {}
    for metric in metrics:
        if metric.source == "sql":
            found[metric.name] = _ask(log, metric.key[0])
        elif metric.source == "output":
            found[metric.name] = last_line if metric.key == ("output",) else number_in(last_line or "")
        elif metric.source == "requests" and served is not None:
            found[metric.name] = requests.value_of(served, metric.key[0])
        else:
            found[metric.name] = _of_stats(sections, metric)
    return found


def _named(text: str, probes: Collection[str]) -> Metric | None:
    head, _, tail = text.rpartition(".")
    if text in RUN:
        return Metric(text, "run", (text,))
    if text in OUTPUT:
        return Metric(text, "output", (text,))
    if text in probes:
        return Metric(text, "probe", (text, "per_1000_ticks"))
    if head in probes and tail in PROBE:
        return Metric(text, "probe", (head, tail))
    if head == "latency" and tail in LATENCY:
        return Metric(text, "latency", (tail,))
    if text.startswith("requests.") and text.removeprefix("requests.") in requests.VALUES:
        return Metric(text, "requests", (text.removeprefix("requests."),))
    return None


def _checked(text: str) -> str:
    """SQL, or what a select would give. Raises NoSuchMetric, QueryFailed."""
    sql = text if _SQL_BEGINS.match(text) else f"select {text}"
    columns = check_query(sql)
    if len(columns) != 1:
        raise NoSuchMetric(f"a metric is one value, and this SQL gives {', '.join(columns)}: {text}")
    return sql


def _of_stats(sections: Mapping[str, pa.Table], metric: Metric) -> Value:
    """A value out of the tables of `stats`; a probe that wasn't passed has the count and the rate 0."""
    if metric.source == "run":
        value: Value = sections["run"][metric.key[0]][0].as_py()
        return value
    if metric.source == "latency":
        rows = [row for row in sections["latency"].to_pylist() if row["tid"] is None]
        return rows[0][metric.key[0]] if rows else None
    probe, column = metric.key
    for row in sections["probes"].to_pylist():
        if row["name"] == probe:
            found: Value = row[column]
            return found
    return 0 if column in ("count", "per_1000_ticks") else None


def _ask(log: Log, sql: str) -> Value:
    """None where there is no row."""
    table = run_query(log, sql)
    if table.num_rows > 1:
        raise NoSuchMetric(f"a metric is one value, and this SQL gives {table.num_rows:,} rows: {sql}")
    value: Any = table.column(0)[0].as_py() if table.num_rows else None
    return value if value is None or isinstance(value, int | float | str) else str(value)


def _last_line(log: Log) -> str | None:
    """The last line on standard output that isn't empty; None if there is none."""
    connection = connect(log, ("output",))
    try:
        written = ask(connection, "last_output", {"writes": LINE_WRITES})["data"].to_pylist()
    finally:
        connection.close()
    text = b"".join(written).decode(errors="replace")
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip()[:LINE_BYTES] if lines else None


def number_in(line: str) -> int | float | None:
    """The first number in a line; None if there is none."""
    found = _NUMBER.search(line)
    if found is None:
        return None
    return float(found[0]) if "." in found[0] else int(found[0])
