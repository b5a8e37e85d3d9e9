"""The generated parts of the lessons' pages, in English and in Korean, from one recording of each lesson.

A page calls `head`, `claim`, `run`, `picture`, `look`, `costs`, `foot` in this order
(docs/lessons/CONTRIBUTING.md); the tour's own pages call `table`. Ids of runs, times and sizes are masked as
in `docs.generate`; the id of a run is the same in every page, whatever is generated with it.
"""

import contextlib
import hashlib
import io
import os
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from docs import generate
from simrec.tour import report
from simrec.tour.lesson import Lesson, lesson, lessons
from simrec.tour.recording import Outcome, record_lesson

_SAYS = {
    "en": {
        "lesson": "Lesson", "claim": "The claim", "program": "The program", "programs": "The programs",
        "cost": "cost", "ticks": "ticks", "what": "what it is", "tour": "The tour", "next": "Next",
        "before": "Before", "other": "[한국어](ko/{name}.md)", "columns": "| | lesson | claim |",
    },
    "ko": {
        "lesson": "수업", "claim": "주장", "program": "프로그램", "programs": "프로그램", "cost": "비용",
        "ticks": "틱", "what": "설명", "tour": "전체 수업", "next": "다음", "before": "이전",
        "other": "[English](../{name}.md)", "columns": "| | 수업 | 주장 |",
    },
}  # fmt: skip
#: What the costs of sim/machine/costs.toml are, for Korean readers; English ones read that file's comments.
_COSTS = {
    "alu": "정수 연산 명령어 하나", "branch": "분기 명령어 하나", "jump": "점프 명령어 하나",
    "load": "메모리 읽기(캐시는 모형에 없음)", "store": "메모리 쓰기(캐시는 모형에 없음)",
    "atomic": "원자적 명령어: 일관성 있는 캐시까지 잠금 왕복", "fence": "메모리 장벽",
    "syscall": "커널에 들어갔다 나오기(시스템 호출)",
    "context_switch": "문맥 교환: 한 스레드의 문맥을 저장하고 다음 스레드를 골라 불러오기",
    "tlb_miss": "TLB 미스: 3단계 페이지 테이블 탐색",
    "page_fault": "페이지 폴트: 페이지를 찾아 0으로 채우고 매핑",
    "page_copy": "0으로 채우는 대신 4 KiB 복사(fork 뒤의 쓰기)",
    "thread_create": "스레드 생성(시스템 호출 비용과 별도)",
    "address_space_switch": "다른 프로세스로 바꿀 때 페이지 테이블 적재(TLB 다시 채우기는 별도)",
    "process_create": "fork: 새 프로세스의 커널 자료 구조 만들기",
    "page_share": "fork: 부모의 페이지 하나마다 자식 페이지 테이블에 항목 하나",
}  # fmt: skip


def head(name: str, language: str = "en") -> str:
    """The title, and the way to the other language."""
    each, say = lesson(name), _SAYS[language]
    other = say["other"].format(name=name)
    return f"# {each.number}. {each.title[language]}\n\n{other} · [{say['tour']}](README.md)"


def claim(name: str, language: str = "en") -> str:
    """The claim, the programs."""
    each, say = lesson(name), _SAYS[language]
    up = "../" * (2 if language == "en" else 3)
    programs = [f"[{path.name}]({up}examples/lessons/{path.name})" for path in each.programs()]
    label = say["program" if len(programs) == 1 else "programs"]
    return (
        f"**{say['claim']}:** {each.claim[language]}\n\n"
        f"{label}: {', '.join(programs)}; "
        f"[{name}.toml]({up}examples/lessons/{name}.toml)"
    )


def run(name: str) -> str:
    """What `simrec lessons run NAME` prints."""
    return _console(name, f"lessons run {name} --no-open", _recorded(name)[1])


def picture(name: str, language: str = "en", which: str = "") -> str:
    """The figure's picture, or that of a further one."""
    up = "../" if language == "en" else "../../"
    file = f"{name}-{which}.png" if which else f"{name}.png"
    return f"![{lesson(name).title[language]}]({up}images/lessons/{file})"


def look(name: str, *numbers: int, lines: slice = slice(None)) -> str:
    """The declaration's commands to look inside with, 0, 1, ..., and what they print; ``lines`` cuts each
    output."""
    outcome, _ = _recorded(name)
    shown = []
    for number in numbers or range(len(outcome.lesson.looks)):
        command = outcome.command(outcome.lesson.looks[number])
        output = generate.output_of(command, status=0).splitlines()
        cut = output[lines]
        if cut != output:
            cut = [*(["..."] * (cut[0] != output[0])), *cut, *(["..."] * (cut[-1] != output[-1]))]
        shown.append(_console(name, command, "\n".join(cut)))
    return "\n\n".join(shown)


def costs(name: str, language: str = "en") -> str:
    """The costs that the claim rests on."""
    say, known = _SAYS[language], _cost_table()
    rows = [f"| {say['cost']} | {say['ticks']} | {say['what']} |", "|---|---:|---|"]
    for cost in lesson(name).costs:
        ticks, comment = known[cost]
        rows.append(f"| `{cost}` | {ticks} | {comment if language == 'en' else _COSTS[cost]} |")
    return "\n".join(rows)


def foot(name: str, language: str = "en") -> str:
    """Where the tour goes on."""
    say, found = _SAYS[language], lessons()
    place = [each.name for each in found].index(name)
    links = []
    for label, at in (("before", place - 1), ("next", place + 1)):
        if 0 <= at < len(found):
            links.append(f"{say[label]}: [{_titled(found[at], language)}]({found[at].name}.md)")
    return " · ".join([*links, f"[{say['tour']}](README.md)"])


def table(language: str = "en") -> str:
    """All lessons: picture, title, claim."""
    up = "../" if language == "en" else "../../"
    rows = [_SAYS[language]["columns"], "|---|---|---|"]
    for each in lessons():
        image = f'<img src="{up}images/lessons/{each.name}.png" width="220" alt="">'
        title = _titled(each, language)
        rows.append(f"| {image} | [{title}]({each.name}.md) `{each.name}` | {each.claim[language]} |")
    return "\n".join(rows)


def _titled(each: Lesson, language: str) -> str:
    return f"{each.number}. {each.title[language]}"


@cache
def _recorded(name: str) -> tuple[Outcome, str]:
    """The lesson, recorded once for the pages of both languages; and what the command prints of it."""
    os.environ["SIMREC_HOME"] = generate.home().name
    os.chdir(generate.ROOT)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        report.begin(lesson(name))
        outcome = record_lesson(lesson(name), report.tell)
        report.end(outcome, Path(f"{name}.html"))
    return outcome, printed.getvalue().strip("\n")


def _console(name: str, command: str, output: str) -> str:
    """A console block; each id becomes one that hangs on the name of its run only."""
    text = f"$ simrec {command}\n{output}"
    for row in _recorded(name)[0].rows:
        for made in row.runs:
            text = text.replace(made.id, hashlib.sha256(made.name.encode()).hexdigest()[:8])
    return "```console\n" + generate.without_times(text) + "\n```"


@cache
def _cost_table() -> dict[str, tuple[int, str]]:
    """Ticks and comment of each cost."""
    text = (generate.ROOT / "sim" / "machine" / "costs.toml").read_text(encoding="utf-8")
    comments = dict(re.findall(r"^(\w+) = \d+ +# (.+)$", text, re.MULTILINE))
    costs: dict[str, Any] = {}
    for section in tomllib.loads(text).values():
        costs |= {cost: (ticks, comments.get(cost, "")) for cost, ticks in section.items()}
    return costs
