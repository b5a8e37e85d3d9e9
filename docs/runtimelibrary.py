"""The reference page of the runtime library: the comments that head its files and functions, as Markdown.

A file begins with a block of comments: its name, what it is, the layout of what it works on. So does every
global function: its name, what it does, then In, Result, Clobbers and Protects.
"""

import re
from dataclasses import dataclass
from pathlib import Path

RUNTIME = Path(__file__).parents[1] / "sim" / "runtime"
FIELDS = ("In", "Result", "Clobbers", "Protects")
#: A comment that is indented so far stands as it is: a layout, or code.
INDENTED = 4
#: Characters that mean something to Markdown, outside of code.
SPECIAL = re.compile(r"([*<|])")


@dataclass(frozen=True)
class Function:
    """A global function: ``told`` is what it does, ``fields`` In, Result and the like."""

    name: str
    told: list[str]
    fields: dict[str, list[str]]


def render() -> str:
    """The page: a table of the files, then a section for each."""
    files = {path.name: path.read_text(encoding="utf-8") for path in sorted(RUNTIME.glob("*.s"))}
    rows = ["| file | what | functions |", "|---|---|---|"]
    sections = []
    for name, text in files.items():
        title, body = _heading(text)
        found = _functions(text)
        if not found:
            continue
        calls = ", ".join(f"`{function.name}`" for function in found)
        rows.append(f"| [{name}](#{name.replace('.', '')}) | {_escaped(title)} | {calls} |")
        parts = [f"## {name}", _escaped(title[:1].upper() + title[1:])]
        parts += [_markdown(body), *map(_function, found)]
        sections.append("\n\n".join(part for part in parts if part))
    return "\n".join(rows) + "\n\n" + "\n\n".join(sections)


def _heading(text: str) -> tuple[str, list[str]]:
    """The first sentence of a file's comment, after its name, and the lines behind it."""
    lines = _comment(text.split("\n"))
    first = lines[: next((at for at, line in enumerate(lines) if not line), len(lines))]
    whole = " ".join(line.strip() for line in first).split(" - ", 1)[1]
    return whole, lines[len(first) :]


def _functions(text: str) -> list[Function]:
    """The global functions in their order."""
    names = set(re.findall(r"^ +\.globl +(\w+)$", text, re.MULTILINE))
    lines = text.split("\n")
    found = []
    for at, line in enumerate(lines):
        match = re.match(r"# (\w+) - ", line)
        if match is not None and match[1] in names:
            found.append(_described(match[1], _comment(lines[at:])))
    return found


def _described(name: str, lines: list[str]) -> Function:
    """A function's comment in its parts."""
    told = [lines[0].removeprefix(f"{name} - ")]
    fields: dict[str, list[str]] = {}
    into = told
    for line in lines[1:]:
        match = re.match(r"(\w+): +(.*)", line)
        if match is not None and match[1] in FIELDS:
            into = fields[match[1]] = [match[2]]
        else:
            into.append(line.strip() if into is not told else line)
    return Function(name, told, fields)


def _comment(lines: list[str]) -> list[str]:
    """The lines of the block of comments that these begin with, without their marks."""
    end = next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return [line[2:] for line in lines[:end]]


def _function(function: Function) -> str:
    told = function.told[0][:1].upper() + function.told[0][1:]
    fields = [
        f"- *{name}:* {_escaped(' '.join(filter(None, lines)))}" for name, lines in function.fields.items()
    ]
    return f"### `{function.name}`\n\n{_markdown([told, *function.told[1:]])}\n\n" + "\n".join(fields)


def _markdown(lines: list[str]) -> str:
    """Paragraphs; what is indented stands as a block of text, without the indentation."""
    blocks: list[tuple[bool, list[str]]] = []
    for line in lines:
        shown = line.startswith(" " * INDENTED) or (not line and bool(blocks) and blocks[-1][0])
        if not blocks or blocks[-1][0] != shown or (not line and not shown):
            blocks.append((shown, []))
        blocks[-1][1].append(line)
    return "\n\n".join(filter(None, (_block(*block) for block in blocks)))


def _block(shown: bool, lines: list[str]) -> str:
    text = "\n".join(lines).strip("\n")
    if not shown:
        return _escaped(text.strip())
    margin = min(len(line) - len(line.lstrip()) for line in text.split("\n") if line)
    plain = "\n".join(line[margin:] for line in text.split("\n"))
    return f"```text\n{plain}\n```"


def _escaped(text: str) -> str:
    """Text whose special characters are meant, but for code between backticks."""
    parts = text.split("`")
    parts[::2] = [SPECIAL.sub(r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)
