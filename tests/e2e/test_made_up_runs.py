"""Recordings whose files and rows are whole, and whose events nobody can have lived through: commands answer
with one line, and don't run what is in a database."""

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from typer.testing import CliRunner

from recorder.audit import audit
from recorder.catalog import Catalog
from sim.events import Event
from simrec.cli import app

sys.path.insert(0, str(Path(__file__).parents[1] / "recorder"))

from synthetic import record, runs, steps

COMMANDS = ("replay", "events", "stats", "contention", "schedule", "memory", "requests")


@pytest.fixture
def catalog(home: Path) -> Catalog:
    return Catalog.open(home)


@pytest.mark.slow
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(made=runs())
def test_events_that_contradict_each_other(catalog: Catalog, made: list[Event]) -> None:
    run = record(catalog, made)
    for command in COMMANDS:
        result = CliRunner().invoke(app, [command, run.id])
        told = (command, result.exception, result.stderr)
        assert isinstance(result.exception, SystemExit | None), told
        assert result.exit_code in (0, 2, 5) and len(result.stderr.splitlines()) <= 3, told
    catalog.remove(run)


@pytest.mark.parametrize(
    "sql",
    [
        "drop table instruction; create view instruction as with recursive n(seq) as "
        "(select 0 union all select seq + 1 from n) "
        "select seq, 0 tick, 0 hart, 0 tid, 0 pc, 0 value, 0 address from n",
        "create trigger t after delete on instruction begin insert into instruction "
        "select seq + 100, tick, hart, tid, pc, value, address from instruction; end",
        "create virtual table more using fts5(text)",
    ],
)
def test_what_is_in_a_database_is_not_run(catalog: Catalog, sql: str) -> None:
    run = record(catalog, steps(30), "sqlite")
    with closing(sqlite3.connect(run.path / "log.db")) as database:
        database.executescript(sql)
    for command in COMMANDS:
        result = CliRunner().invoke(app, [command, run.id])
        assert result.exit_code == 5 and "which no recorder makes" in result.stderr
    assert not audit(catalog, run).sound
    catalog.change(run.id, status="recording", closing="", owner=f"{os.uname().nodename}:999999999:1")
    assert CliRunner().invoke(app, ["recover"]).exit_code == 5


def test_what_is_told_steers_no_terminal(catalog: Catalog) -> None:
    run = record(catalog, steps(30))
    catalog.change(run.id, reason="\x1b[2J")
    for words in (["verify", "--files", run.id], ["events", "\x1b[2J"], ["runs"]):
        told = CliRunner().invoke(app, words).output
        assert ("\x1b" in told, r"\x1b[2J" in told) == (False, True), words
