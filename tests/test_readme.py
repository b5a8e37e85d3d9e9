"""The README's table of commands: all of them, with options that they have."""

import re
from pathlib import Path

import typer.main

from simrec.cli import app

README = Path(__file__).parents[1] / "README.md"
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def rows() -> list[tuple[list[str], list[str]]]:
    """The commands and the options of each row."""
    section = README.read_text(encoding="utf-8").split("\n## The commands\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `simrec ")]
    return [
        (re.findall(r"`simrec ([a-z]+)", line), re.findall(r"(?<![\w-])--[a-z-]+", line)) for line in lines
    ]


def test_every_command_stands_in_the_readme() -> None:
    assert {name for names, _ in rows() for name in names} == set(COMMANDS)


def test_options_in_the_readme_are_there() -> None:
    recording = {option for each in COMMANDS["run"].params for option in each.opts}
    for names, options in rows():
        # A row may speak of how a run was recorded.
        known = {option for name in names for each in COMMANDS[name].params for option in each.opts}
        assert set(options) <= known | recording, names
    assert sum(len(options) for _, options in rows()) > 20
