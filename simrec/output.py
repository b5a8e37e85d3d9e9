"""Printing tables: aligned text for people, JSON for programs."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from sim.errors import UserError
from sim.text import printable

Row = Mapping[str, Any]


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    print(json_text(value))


def json_text(value: Any, *, indent: int | None = 2) -> str:
    """A JSON document, in one line without ``indent``; bytes become text, by latin-1 where they are no
    UTF-8."""
    return json.dumps(value, indent=indent, default=_plain)


def print_table(
    rows: Sequence[Row],
    *,
    as_json: bool = False,
    empty: str = "nothing to show",
    typed: Iterable[str] = (),
) -> None:
    """``rows`` as a table with their keys as headings, numbers to the right; ``empty`` if there are none.
    Numbers in the columns ``typed`` are what was typed, and have no separators."""
    if as_json:
        print_json([dict(row) for row in rows])
        return
    if not rows:
        print(empty, file=sys.stderr)
    for line in table_lines(rows, typed):
        print(line)


def table_lines(rows: Sequence[Row], typed: Iterable[str] = ()) -> Iterator[str]:
    """The lines of that table, none without rows."""
    if not rows:
        return
    headings = list(rows[0])
    formats = _FORMATS | dict.fromkeys(typed, "d")
    cells = [[_text(row[name], formats.get(name, ",")) for name in headings] for row in rows]
    numeric = [all(_is_number(row[name]) for row in rows) for name in headings]
    widths = [max(len(name), *(len(line[i]) for line in cells)) for i, name in enumerate(headings)]
    for line in [headings, *cells]:
        yield format_line(line, widths, numeric)


class BadPlace(UserError):
    """A file can't be written."""


def check_place(path: Path) -> None:
    """Whether a file may be written there later. Raises BadPlace."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise BadPlace(f"{path}: no file in a directory that is there; name another")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What goes wrong with the file within is told in one line. Raises BadPlace."""
    try:
        yield
    except OSError as error:
        raise BadPlace(f"{path} can't be written ({error.strerror}): name another file") from None


def write_csv(rows: Sequence[Row], path: Path) -> None:
    """``rows`` as a file with a line for each; where a row hasn't a column, the cell is empty. Raises
    BadPlace."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with writing(path), path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(dict(row) for row in rows)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The close ones of ``known``, else all of them."""
    names = list(known)
    close = get_close_matches(word, names, 2)
    return f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(names)}"


def format_line(cells: Iterable[str], widths: Iterable[int], right: Iterable[bool]) -> str:
    """Cells padded to their columns' widths, two spaces apart."""
    padded = (
        cell.rjust(width) if is_right else cell.ljust(width)
        for cell, width, is_right in zip(map(printable, cells), widths, right, strict=True)
    )
    return "  ".join(padded).rstrip()


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


#: Integers that aren't amounts: what is typed back (--at, --thread) has no separators, addresses are hex.
_FORMATS = dict.fromkeys(("seq", "tid", "pid", "hart", "by", "prev", "next", "number"), "d") | dict.fromkeys(
    ("pc", "address", "target", "link", "sp", "old_sp", "frame", "start", "end"), "#x"
)


def _text(value: Any, integers: str = ",") -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.3f}"
    if isinstance(value, int):
        return f"{value:{integers}}"
    return printable(str(_plain(value) if isinstance(value, bytes) else value))


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.decode("latin-1")
    return str(value)
