"""What is measured of a recording, and of several recordings together.

A recording in, one value for each measure of the lesson out; `together` makes a row of the values of a case's
recordings. A source of values is one function of the table `TAKEN`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from recorder.reader import Log
from recorder.run import RunRow
from replay.query import run_query
from replay.recording import Recording
from sim.errors import UserError
from simrec.tour.lesson import BadLesson, Measure, Value

if TYPE_CHECKING:
    from replay.analyses.requests import Served


class NotMeasured(UserError):
    """A recording has nothing of what a measure asks for."""


class Measured:
    """A recording, and what has been computed of it."""

    def __init__(self, log: Log) -> None:
        self.log = log

    @cached_property
    def stats(self) -> Mapping[str, Any]:
        """The sections of `simrec stats`."""
        from replay.analyses.stats import stats

        return stats(self.log)

    @cached_property
    def locks(self) -> list[dict[str, Any]]:
        """The rows of `simrec contention`."""
        from replay.analyses.contention import contention

        rows: list[dict[str, Any]] = contention(self.log).locks.to_pylist()
        return rows

    def schedule(self, without: Sequence[int]) -> Mapping[str, Any]:
        """The rows and the summary of `simrec schedule`."""
        from replay.analyses.schedule import schedule

        return schedule(self.log, without=without)

    @cached_property
    def served(self) -> "Served":
        """What `simrec requests` is made of."""
        from replay.analyses.requests import requests

        return requests(self.log)

    @cached_property
    def probes(self) -> list[dict[str, Any]]:
        """The programs' own probes, in order, with their names."""
        recording = Recording(self.log)
        found = []
        for row in self.log.table("probe").to_pylist():
            probes = recording.names(recording.pids[row["tid"]], row["seq"]).program.probes
            found.append(row | {"name": probes.get(row["number"], str(row["number"]))})
        return found

    def passed(self, name: str) -> list[dict[str, Any]]:
        """The passings of a probe. Raises NotMeasured if there are none."""
        found = [row for row in self.probes if row["name"] == name]
        if not found:
            raise NotMeasured(f"run {self.log.run.id} never passed probe {name!r}: see `simrec stats`")
        return found


def _of_run(measured: Measured, asked: str) -> Value:
    """A column of the catalog's row: ``events``, ``ticks``, ``exit_status``, ``reason``."""
    run: RunRow = measured.log.run
    value: Value = getattr(run, asked)
    return value


def _of_events(measured: Measured, asked: str) -> Value:
    """How many events of a kind there are."""
    return measured.log.kinds().get(asked, 0)


def _of_stats(measured: Measured, asked: str) -> Value:
    """``SECTION.COLUMN`` of `simrec stats --json`, summed over the section's rows."""
    section, _, column = asked.partition(".")
    values = measured.stats[section][column].to_pylist()
    if len(values) == 1:
        only: Value = values[0]
        return only
    return sum(value or 0 for value in values)


def _of_probe(measured: Measured, asked: str) -> Value:
    """The value that the probe of this name had last."""
    value: int = measured.passed(asked)[-1]["value"]
    return value


def _count(measured: Measured, asked: str) -> Value:
    """How often the probe of this name was passed."""
    return len([row for row in measured.probes if row["name"] == asked])


def _between(measured: Measured, asked: Sequence[str]) -> Value:
    """Ticks from the first passing of one probe to the last of another."""
    first, last = asked
    ticks: int = measured.passed(last)[-1]["tick"] - measured.passed(first)[0]["tick"]
    return ticks


def _of_contention(measured: Measured, asked: str) -> Value:
    """A column of `simrec contention --json`, summed over the locks; or over one, as ``LOCK.COLUMN``."""
    lock, _, column = asked.rpartition(".")
    total: int = sum(row[column] or 0 for row in measured.locks if lock in ("", row["lock"]))
    return total


def _of_requests(measured: Measured, asked: str) -> Value:
    """``throughput`` and others, or ``latency.p95`` and others, of `simrec requests`."""
    from replay.analyses.requests import VALUES, value_of

    if asked not in VALUES:
        raise KeyError(asked)
    value = value_of(measured.served, asked)
    if value is None:
        raise NotMeasured(f"run {measured.log.run.id} has no {asked} of requests: see `simrec requests`")
    return value


def _of_schedule(measured: Measured, asked: Mapping[str, Any]) -> Value:
    """``column`` of the summary of `simrec schedule --json`, ``without`` some threads; or of the row of
    ``thread``."""
    found = measured.schedule(asked.get("without", ()))
    rows = found["summary" if "thread" not in asked else "rows"].to_pylist()
    if "thread" in asked:
        rows = [row for row in rows if row["tid"] == asked["thread"]]
    if not rows:
        raise NotMeasured(f"run {measured.log.run.id} has no thread {asked['thread']}: see `simrec schedule`")
    value: Value = rows[0][asked["column"]]
    return value


def _of_sql(measured: Measured, asked: str) -> Value:
    """The first value of the first row that the SQL gives."""
    table = run_query(measured.log, asked, listed=False)
    if not table.num_rows:
        raise NotMeasured(f"run {measured.log.run.id} has no row for {asked!r}")
    value: Value = table.column(0)[0].as_py()
    return value


TAKEN: Mapping[str, Callable[[Measured, Any], Value]] = {
    "run": _of_run,
    "events": _of_events,
    "stats": _of_stats,
    "probe": _of_probe,
    "count": _count,
    "between": _between,
    "contention": _of_contention,
    "requests": _of_requests,
    "schedule": _of_schedule,
    "sql": _of_sql,
}


def taken(log: Log, measures: Sequence[Measure]) -> dict[str, Value]:
    """The values of one recording, by measure; without those that are taken ``of`` others. Raises
    NotMeasured, QueryFailed, BadLesson."""
    measured = Measured(log)
    values = {}
    for measure in measures:
        if measure.source in TAKEN:
            try:
                values[measure.name] = TAKEN[measure.source](measured, measure.asked)
            except (KeyError, AttributeError) as error:
                asked = f"measure {measure.name}: {measure.source} = {measure.asked!r}"
                raise BadLesson(f"{asked}: there is no such thing ({error})") from error
    return values


def together(
    each: Sequence[Mapping[str, Value]], given: Mapping[str, Value], measures: Sequence[Measure]
) -> dict[str, Value]:
    """One row for the recordings of a case, a value for each measure: the aggregate ``over`` the recordings,
    or the SQL aggregate that a measure is taken ``of``. The SQL's columns are the measures and what is
    ``given`` (the parameters). Raises BadLesson."""
    import duckdb
    import pyarrow as pa

    rows = pa.Table.from_pylist([{**given, **values} for values in each])
    asked = [_aggregate(measure, len(each)) for measure in measures]
    connection = duckdb.connect()
    try:
        connection.register("recordings", rows)
        found = connection.execute(f"select {', '.join(asked)} from recordings").fetchone()
    except duckdb.Error as error:
        raise BadLesson(f"measures {', '.join(asked)}: {error}") from error
    finally:
        connection.close()
    assert found is not None
    return {measure.name: _plain(value) for measure, value in zip(measures, found, strict=True)}


def _aggregate(measure: Measure, recordings: int) -> str:
    """SQL; of a single recording it is the value as it is, whatever its type."""
    if measure.source == "of":
        return str(measure.asked)
    return f'{measure.over if recordings > 1 else "any_value"}("{measure.name}")'


def _plain(value: Any) -> Value:
    """DuckDB's decimals and wide integers as numbers of Python."""
    if value is None or isinstance(value, bool | int | str):
        return value
    number = float(value)
    return int(number) if number.is_integer() and abs(number) < 1 << 53 else number
