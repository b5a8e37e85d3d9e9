"""Every lesson is whole: its pages in both languages, its picture, its place in the tours."""

import json
import re
import shlex
import struct
from pathlib import Path
from typing import Any

import pytest
from rig import ROOT

from sim.machine.costs import Costs
from simrec.tour.lesson import LESSONS, BadLesson, Lesson, NoLesson, filled_in, lesson, lessons

DOCS = ROOT / "docs" / "lessons"
PAGES = {"en": DOCS, "ko": DOCS / "ko"}
ALL = [pytest.param(each, id=each.name) for each in lessons()]


def page(each: Lesson, language: str) -> str:
    return (PAGES[language] / f"{each.name}.md").read_text(encoding="utf-8")


def consoles(text: str) -> list[str]:
    return re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_no_two_lessons_stand_at_one_place() -> None:
    places = [each.order for each in lessons()]
    assert len(places) == len(set(places))


@pytest.mark.parametrize("each", ALL)
def test_declaration(each: Lesson) -> None:
    assert each.programs()
    assert each.looks
    assert each.costs
    assert set(each.costs) <= Costs.load().as_dict().keys()
    for text in (each.title, each.claim):
        assert text["en"] and re.search("[가-힣]", text["ko"])


@pytest.mark.parametrize("each", ALL)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_pages(each: Lesson, language: str) -> None:
    text = page(each, language)
    assert text.startswith("<!-- [[[cog\nfrom docs import generate, tour\n")
    assert f"# {each.number}. {each.title[language]}\n" in text
    assert each.claim[language] in text
    assert f"images/lessons/{each.name}.png" in text
    assert f"$ simrec lessons run {each.name} --no-open\n" in text
    for part in ("head", "claim", "run", "picture", "look", "costs", "foot"):
        assert f'tour.{part}("{each.name}"' in text, part


@pytest.mark.parametrize("each", ALL)
def test_both_languages_show_the_same(each: Lesson) -> None:
    """The same commands with the same outputs, and the same costs."""
    english, korean = page(each, "en"), page(each, "ko")
    assert consoles(english) == consoles(korean)
    costs = [re.findall(r"^\| `(\w+)` \| (\d+) \|", text, re.MULTILINE) for text in (english, korean)]
    assert costs[0] == costs[1]
    assert dict(costs[0]).keys() == set(each.costs)


@pytest.mark.parametrize("each", ALL)
def test_picture(each: Lesson) -> None:
    data = (ROOT / "docs" / "images" / "lessons" / f"{each.name}.png").read_bytes()
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    assert width == 1200
    assert 400 <= height <= 1600


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_tour_has_every_lesson_in_order(language: str) -> None:
    text = (PAGES[language] / "README.md").read_text(encoding="utf-8")
    places = [text.index(f"[{each.number}. {each.title[language]}]({each.name}.md)") for each in lessons()]
    assert places == sorted(places)


@pytest.mark.parametrize("path", [path for each in PAGES.values() for path in each.glob("*.md")], ids=str)
def test_links_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)|src=\"([^\"]+)\"", text)
    for link in (first or second for first, second in links):
        if "://" not in link:
            assert (path.parent / link).exists(), link


def test_list_of_lessons(simrec: Any) -> None:
    shown = simrec("lessons").stdout
    for each in lessons():
        assert f"{each.number:>3}  {each.name}" in shown
        assert each.title["en"] in shown
    listed = json.loads(simrec("lessons", "--json").stdout)
    assert [row["name"] for row in listed] == [each.name for each in lessons()]


def test_running_one(simrec: Any, home: Path, tmp_path: Path) -> None:
    figure = tmp_path / "figure.html"
    shown = simrec("lessons", "run", "threads", "--no-open", "-o", str(figure)).stdout
    assert figure.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert f"The figure: {figure}" in shown
    for name in re.findall(r"--name (\S+)", shown):
        assert simrec("stats", name).exit_code == 0
    # What it says to type works.
    commands = re.findall(r"^  simrec (.*)$", shown.partition("To look inside:")[2], re.MULTILINE)
    assert len(commands) == len(lesson("threads").looks)
    for command in commands:
        answer = simrec(*shlex.split(command))
        assert answer.exit_code == 0, answer.stderr
        assert answer.stdout, command


def test_an_unknown_lesson(simrec: Any) -> None:
    assert "thread-safety" in simrec("lessons", "run", "thread-safty").stderr
    with pytest.raises(NoLesson):
        lesson("999")


def test_a_name_without_value() -> None:
    with pytest.raises(BadLesson, match="did you mean mutex"):
        filled_in("contention {mutx}", {"mutex": "1"})


def test_every_declaration_is_shipped_with_its_programs() -> None:
    assert LESSONS.resolve() == ROOT / "examples" / "lessons"
    assert {path.suffix for path in LESSONS.iterdir() if path.is_file()} <= {".toml", ".asm", ".c", ".inc"}
