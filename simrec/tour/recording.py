"""Recording a lesson: its command lines are run as if typed, in this process, and what they recorded is
measured.

A lesson in, an `Outcome` out: a row for each case, and the recordings behind it.
"""

import contextlib
import io
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from recorder.catalog import Catalog
from recorder.reader import Log
from recorder.run import RunRow
from sim.errors import UserError
from simrec.tour.lesson import Case, Lesson, Look, Value, filled_in, named_in
from simrec.tour.measures import taken, together


class LessonFailed(UserError):
    """A command of the lesson did not end as it should."""

    exit_status = 1


@dataclass(frozen=True)
class Row:
    """A case, the recordings that it left, and what was measured of them together."""

    case: Case
    runs: tuple[RunRow, ...]
    measured: dict[str, Value]


@dataclass(frozen=True)
class Outcome:
    """A lesson that has been recorded."""

    lesson: Lesson
    rows: tuple[Row, ...]

    def table(self) -> list[dict[str, Value]]:
        """What is printed: the runs' labels, parameters and measures."""
        parameters = dict.fromkeys(name for row in self.measured() for name in row.case.values)
        shown = [measure.name for measure in self.lesson.measures if measure.shown]
        return [
            {"run": row.case.step.label}
            | {name: row.case.values.get(name) for name in parameters}
            | {name: row.measured[name] for name in shown}
            for row in self.measured()
        ]

    def measured(self) -> list[Row]:
        """The rows of the table: all but those of steps aside."""
        return [row for row in self.rows if not row.case.step.aside]

    def ids(self) -> dict[str, str]:
        """The first recording's id, by the name of its case."""
        return {row.case.name: row.runs[0].id for row in self.rows}

    def command(self, look: Look) -> str:
        """The command line behind ``simrec``, with the ids of recordings. Raises BadLesson, QueryFailed."""
        return self.filled_in(look.command, look.find)

    def filled_in(self, command: str, find: str, **others: str) -> str:
        """A command line with the ids of recordings, what SQL finds in the first of them, and ``others``.
        Raises BadLesson, QueryFailed."""
        values = self.ids()
        if find:
            first = next(name for name in named_in(command) if name in values)
            values |= self._found(values[first], find)
        return filled_in(command, values | others)

    def _found(self, run: str, sql: str) -> dict[str, str]:
        """The first row that SQL gives, by column."""
        from replay.query import run_query

        with Log.open(Catalog.open(), run) as log:
            rows = run_query(log, sql).slice(0, 1).to_pylist()
        return {name: str(value) for row in rows for name, value in row.items()}


def record_lesson(lesson: Lesson, tell: Callable[[str], None]) -> Outcome:
    """Record and measure every case; ``tell`` is given each command line before it runs. Raises LessonFailed
    and what measuring raises."""
    catalog = Catalog.open()
    rows = []
    for case in lesson.cases():
        name = f"{lesson.name}-{case.name}"
        tell(_told(case, name))
        before = {run.id for run in catalog.runs()}
        for words in _commands(case, name):
            run_command(words, case.step.status)
        runs = [run for run in reversed(catalog.runs()) if run.id not in before]
        runs = [run for run in runs if run.name.startswith(name)] or runs
        if not runs:
            raise LessonFailed(f"`simrec {shlex.join(case.words)}` recorded nothing")
        measured = {} if case.step.aside else _measured(catalog, lesson, case, runs)
        rows.append(Row(case, tuple(runs), measured))
    return Outcome(lesson, tuple(rows))


def _measured(catalog: Catalog, lesson: Lesson, case: Case, runs: list[RunRow]) -> dict[str, Value]:
    each = []
    for run in runs:
        with Log(catalog, run) as log:
            each.append(taken(log, lesson.measures))
    return together(each, case.values, lesson.measures)


def _commands(case: Case, name: str) -> Iterator[list[str]]:
    """The command lines of a case. Its recordings are named as by `simrec run --name` or `simrec sweep`."""
    first, *rest = case.words
    if first not in ("run", "sweep"):
        yield [*case.words]
    elif not case.step.seeds:
        yield [first, "--name", name, *rest]
    for seed in range(1, case.step.seeds + 1):
        yield [first, "--name", f"{name}-SEED={seed}", "--seed", str(seed), *rest]


def _told(case: Case, name: str) -> str:
    """What to type for the same. Many seeds are a sweep, which takes longer to begin than a few runs here."""
    if case.step.seeds:
        words = ["sweep", "--name", name, "--vary", f"SEED=1..{case.step.seeds}", *case.words[1:]]
    else:
        (words,) = _commands(case, name)
    return f"simrec {shlex.join(words)}"


def run_command(words: list[str], wanted: tuple[int, ...] = (0,)) -> None:
    """Run ``simrec words``; what it prints is kept back unless its exit status isn't ``wanted``. Raises
    LessonFailed then."""
    from simrec.cli import app

    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = app(words, prog_name="simrec", standalone_mode=False)
    if (status if isinstance(status, int) else 0) not in wanted:
        err.seek(0)
        sys.stderr.write(err.read())
        raise LessonFailed(f"`simrec {shlex.join(words)}` ended with status {status}")
