"""``lesson(name)``: a lesson's recordings and what was measured of them, recorded once for a session."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from rig import ROOT
from typer.testing import CliRunner, Result

from recorder.catalog import Catalog
from recorder.reader import Log
from replay.query import run_query
from simrec.cli import app
from simrec.tour.lesson import lesson as declared
from simrec.tour.recording import Outcome, record_lesson


@dataclass(frozen=True)
class Taught:
    """A lesson that has been recorded."""

    outcome: Outcome

    @property
    def rows(self) -> list[dict[str, Any]]:
        """For each case its run's name, its parameters and every measure, also those that aren't shown."""
        return [
            {"run": row.case.step.name, **row.case.values, **row.measured} for row in self.outcome.measured()
        ]

    def row(self, run: str, **values: Any) -> dict[str, Any]:
        """The row of a run, with these parameters."""
        wanted = {"run": run, **values}
        (found,) = (row for row in self.rows if wanted.items() <= row.items())
        return found

    def log(self, case: str) -> Log:
        """The first recording of a case (``spin-8-2``)."""
        return Log.open(Catalog.open(), self.outcome.ids()[case])

    def ask(self, case: str, sql: str) -> list[dict[str, Any]]:
        """What SQL gives for it."""
        with self.log(case) as log:
            rows: list[dict[str, Any]] = run_query(log, sql).to_pylist()
            return rows


@pytest.fixture(scope="session")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Taught]]:
    """What the module's docstring says."""
    home = tmp_path_factory.mktemp("lessons")
    patch = pytest.MonkeyPatch()

    @cache
    def recorded(name: str) -> Outcome:
        return record_lesson(declared(name), lambda command: None)

    def taught(name: str) -> Taught:
        patch.setenv("SIMREC_HOME", str(home))
        patch.chdir(ROOT)
        return Taught(recorded(name))

    yield taught
    patch.undo()


@pytest.fixture
def simrec(home: object, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """``simrec("lessons", ...)`` in a home of the test's own."""
    monkeypatch.chdir(ROOT)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))
