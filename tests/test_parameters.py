"""What the names of a sweep's parameters set: options of `simrec run`, or names of the program's own."""

import inspect
import re
from typing import Any

import pytest

from simrec.commands.run import request
from simrec.grid import BadGrid, parse_axis
from simrec.parameters import Option, Parameter, find_parameters, read_option


@pytest.fixture(scope="module")
def options() -> dict[str, Option]:
    found = inspect.signature(request).parameters
    return {name: read_option(each) for name, each in found.items() if name not in ("context", "words")}


def find(options: dict[str, Option], *texts: str) -> list[Parameter]:
    return find_parameters([parse_axis(text) for text in texts], options)


@pytest.mark.parametrize(
    ("text", "before", "told", "name", "value"),
    [
        ("harts=2", 1, "--harts", "HARTS", 2),
        ("Max-Events=2", 0, "--max-events", "MAX_EVENTS", 2),
        ("SCHEDULER=fifo", "rr", "--scheduler", "SCHEDULER", "fifo"),
        ("COST.syscall=2", None, "--cost syscall", "COST.syscall", ["syscall=2"]),
        ("COST.syscall=2", ["fence=1"], "--cost syscall", "COST.syscall", ["fence=1", "syscall=2"]),
        ("env.TERM=2", None, "--env TERM", "ENV.TERM", ["TERM=2"]),
        ("nice.1=2", None, "--nice 1", "NICE.1", ["1=2"]),
        ("CFLAGS=-O2", ["-g"], "--cflags", "CFLAGS", ["-g", "-O2"]),
        ("THREADS=2", ["A=1"], "--define THREADS", "THREADS", ["A=1", "THREADS=2"]),
        ("threads=2", None, "--define threads", "threads", ["threads=2"]),
        ("define.HARTS=2", None, "--define HARTS", "DEFINE.HARTS", ["HARTS=2"]),
        ("HARTS.x=2", None, "--define HARTS.x", "HARTS.x", ["HARTS.x=2"]),
        ("REQUESTS.cpu=fixed:2", "count=9", "--requests cpu", "REQUESTS.cpu", "count=9,cpu=fixed:2"),
        ("REQUESTS.count=2", "count=9,io=exp:1", "--requests count", "REQUESTS.count", "count=2,io=exp:1"),
        ("SCHEDULER.levels=2", "mlfq", "--scheduler levels", "SCHEDULER.levels", "mlfq:levels=2"),
        ("scheduler.a=2", "mlfq:a=1,b=3", "--scheduler a", "SCHEDULER.a", "mlfq:a=2,b=3"),
    ],
)
def test_what_a_name_sets(
    options: dict[str, Option], text: str, before: Any, told: str, name: str, value: Any
) -> None:
    (found,) = find(options, text)
    assert (str(found), found.axis.name) == (told, name)
    assert found.applied(before, found.axis.values[0]) == value


def test_values_become_what_the_option_wants(options: dict[str, Option]) -> None:
    assert options["harts"].convert("4") == 4
    assert options["scheduler"].convert("rr") == "rr"
    for name, text in (("harts", "65"), ("harts", "0"), ("quantum", "many")):
        with pytest.raises(Exception, match=r".") as caught:
            options[name].convert(text)
        complaint: Any = caught.value
        assert f"--{name}" in complaint.format_message()


def test_names_that_are_no_good(options: dict[str, Option]) -> None:
    with pytest.raises(BadGrid, match=re.escape("--cost takes NAME=TICKS: vary COST.NAME")):
        find(options, "COST=1,2")
    for twice in (("HARTS=1", "harts=2"), ("N=1", "N=2")):
        with pytest.raises(BadGrid, match="is there twice"):
            find(options, *twice)
