"""What a lesson is: its declaration, one TOML file of examples/lessons beside the lesson's programs.

TOML in, plain data out; `simrec.tour.recording` records a lesson's runs, `simrec.tour.measures` measures
them, `simrec.tour.figure` draws. The keys are explained in docs/lessons/CONTRIBUTING.md.
"""

import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

from sim.errors import UserError
from simrec.output import did_you_mean

#: The declarations and programs; in a checkout a link to examples/lessons.
LESSONS = Path(__file__).parents[1] / "lessons"
#: What a measure is taken by; a measure has exactly one.
SOURCES = (
    "run",
    "events",
    "stats",
    "probe",
    "count",
    "between",
    "contention",
    "requests",
    "schedule",
    "sql",
    "of",
)
#: ``{NAME}`` in a command.
_FIELD = re.compile(r"\{([\w.-]+)\}")
Value = int | float | str | bool | None


class NoLesson(UserError):
    """No lesson has this name."""


class BadLesson(UserError):
    """A declaration that can't be used; the text names the file and the key."""


@dataclass(frozen=True)
class Case:
    """One row of a lesson's table: ``values`` are those of the step's varied parameters, ``words`` the
    command line behind ``simrec``."""

    step: "Step"
    values: Mapping[str, Value]
    words: tuple[str, ...]

    @property
    def name(self) -> str:
        """``spin-8-2``: the step's name and its parameters' values."""
        return "-".join([self.step.name, *map(str, self.values.values())])


@dataclass(frozen=True)
class Step:
    """A command line that records. ``vary``: values by parameter, a case for each combination of them;
    ``seeds``: recordings of each case, with --seed 1, 2, ... (0: one, as the command says); ``status``: the
    exit statuses that it may have. One ``aside`` is there to be looked into: it isn't measured."""

    name: str
    command: str
    label: str
    vary: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    seeds: int = 0
    status: tuple[int, ...] = (0,)
    aside: bool = False

    def cases(self) -> Iterator[Case]:
        """The cases in order of their parameters."""
        for values in product(*self.vary.values()):
            given = dict(zip(self.vary, values, strict=True))
            yield Case(self, given, tuple(map(_located, self.words(given))))

    def words(self, given: Mapping[str, Value]) -> list[str]:
        """The command with these parameters, programs named as the declaration does."""
        return shlex.split(filled_in(self.command, {name: str(value) for name, value in given.items()}))


@dataclass(frozen=True)
class Measure:
    """A column: ``source`` is one of SOURCES, ``asked`` what it is given; ``over``: the SQL aggregate over
    the recordings of a case with seeds; a measure that isn't ``shown`` is there for others."""

    name: str
    source: str
    asked: Any
    unit: str = ""
    over: str = "avg"
    shown: bool = True


@dataclass(frozen=True)
class Look:
    """A command to look inside with: ``{NAME}`` is the run of a case, or a column of what the SQL ``find``
    gives when asked of the first run in it. ``says``: what it shows, by language."""

    command: str
    says: Mapping[str, str]
    find: str = ""


@dataclass(frozen=True)
class Lesson:
    """``number`` is its place in the tour, from 1, by ``order``; ``title`` and ``claim`` by language (``en``,
    ``ko``); ``costs``: names of the costs that the claim rests on; ``figure``: as the file has it, see
    `simrec.tour.figure`; ``pictures``: further ones, by name."""

    name: str
    order: int
    number: int
    title: Mapping[str, str]
    claim: Mapping[str, str]
    costs: tuple[str, ...]
    steps: tuple[Step, ...]
    measures: tuple[Measure, ...]
    figure: Mapping[str, Any]
    pictures: Mapping[str, Mapping[str, Any]]
    looks: tuple[Look, ...]

    def cases(self) -> list[Case]:
        """All cases, a row of the table each."""
        return [case for step in self.steps for case in step.cases()]

    def programs(self) -> list[Path]:
        """The programs that the cases name, in order."""
        words = [word for case in self.cases() for word in case.step.words(case.values)]
        return [LESSONS / word for word in dict.fromkeys(words) if _is_program(word)]


def lessons() -> list[Lesson]:
    """All lessons, in the order of the tour. Raises BadLesson."""
    found = sorted(map(_read, LESSONS.glob("*.toml")), key=lambda lesson: (lesson.order, lesson.name))
    return [replace(lesson, number=number) for number, lesson in enumerate(found, 1)]


def lesson(name: str) -> Lesson:
    """The lesson of this name or number. Raises NoLesson, BadLesson."""
    found = lessons()
    for each in found:
        if name in (each.name, str(each.number)):
            return each
    known = did_you_mean(name, (each.name for each in found))
    raise NoLesson(f"no lesson is called {name!r}: {known} See `simrec lessons`")


def filled_in(text: str, values: Mapping[str, str]) -> str:
    """``text`` with each ``{NAME}`` replaced. Raises BadLesson for a name that has no value."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise BadLesson(f"{match[0]} in {text!r}: {did_you_mean(match[1], values)}")
        return values[match[1]]

    return _FIELD.sub(value, text)


def named_in(text: str) -> list[str]:
    """The names in braces."""
    return _FIELD.findall(text)


def _is_program(word: str) -> bool:
    return not word.startswith("-") and Path(word).suffix != ".toml" and (LESSONS / word).is_file()


def _located(word: str) -> str:
    """A program of the lessons as a path, from the working directory if it is below that."""
    if not _is_program(word):
        return word
    path = (LESSONS / word).resolve()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _read(path: Path) -> Lesson:
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadLesson(f"{path}: can't be read ({error})") from error
    try:
        return _lesson(path.stem, given)
    except KeyError as error:
        raise BadLesson(f"{path}: {error.args[0]!r} is missing or unknown") from error
    except TypeError as error:
        raise BadLesson(f"{path}: {error}") from error


def _lesson(name: str, given: dict[str, Any]) -> Lesson:
    """Raises KeyError for a key that is missing, TypeError for one that shouldn't be there."""
    korean = given.pop("ko")
    made = Lesson(
        name,
        given.pop("order"),
        0,
        {"en": given.pop("title"), "ko": korean["title"]},
        {"en": given.pop("claim"), "ko": korean["claim"]},
        tuple(given.pop("costs", ())),
        tuple(map(_step, given.pop("run"))),
        tuple(map(_measure, given.pop("measure"))),
        given.pop("figure"),
        {each.pop("name"): each for each in given.pop("picture", ())},
        tuple(map(_look, given.pop("look"))),
    )
    if given:
        raise KeyError(next(iter(given)))
    return made


def _step(given: dict[str, Any]) -> Step:
    vary = {name: tuple(values) for name, values in given.pop("vary", {}).items()}
    status = given.pop("status", 0)
    statuses = tuple(status) if isinstance(status, list) else (status,)
    return Step(label=given.pop("label", given["name"]), vary=vary, status=statuses, **given)


def _measure(given: dict[str, Any]) -> Measure:
    (source,) = (name for name in SOURCES if name in given)
    return Measure(source=source, asked=given.pop(source), shown=given.pop("show", True), **given)


def _look(given: dict[str, Any]) -> Look:
    return Look(given.pop("command"), {"en": given.pop("says"), "ko": given.pop("ko")}, **given)
