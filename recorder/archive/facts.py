"""Values out of JSON that somebody else wrote: each is asked for by name, type and range."""

import re
from collections.abc import Callable, Collection
from typing import Any, TypeVar

T = TypeVar("T")

INT64 = (1 << 63) - 1
#: Characters of a text of one line: a path, a name, a reason.
LINE = 1 << 12
#: Of any other text: an argument, a variable of the environment.
TEXT = 1 << 20
#: Lists and objects inside of each other, in a plain value.
DEPTH = 6


class BadFact(Exception):
    """A value that isn't there, or isn't what it should be."""


class Facts:
    """An object of JSON; ``where`` says which. Every method raises BadFact."""

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise BadFact(f"{where} is no object")
        self.where = where
        self._left = dict(value)

    def number(self, name: str, least: int = 0, most: int = INT64) -> int:
        """A whole number in a range."""
        value = self._take(name)
        if type(value) is not int or not least <= value <= most:
            raise self.bad(name, f"a whole number from {least} to {most}")
        return value

    def number_or_none(self, name: str, least: int, most: int) -> int | None:
        """The same, or null."""
        if name in self._left and self._left[name] is None:
            return self._take(name)  # type: ignore[no-any-return]
        return self.number(name, least, most)

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self._take(name)
        if not isinstance(value, bool):
            raise self.bad(name, "true or false")
        return value

    def line(self, name: str) -> str:
        """A text of one line that steers no terminal."""
        value = self._take(name)
        if not isinstance(value, str) or len(value) > LINE or not value.isprintable():
            raise self.bad(name, f"a line of at most {LINE} printable characters")
        return value

    def hexadecimal(self, name: str, digits: int, *, empty: bool = False) -> str:
        """So many hex digits; or nothing, where it may be ``empty``."""
        value = self._take(name)
        fits = isinstance(value, str) and re.fullmatch(f"[0-9a-f]{{{digits}}}", value)
        if not fits and not (empty and value == ""):
            raise self.bad(name, f"{digits} hex digits")
        return str(value)

    def choice(self, name: str, known: Collection[str]) -> str:
        """One of the ``known``."""
        value = self._take(name)
        if not isinstance(value, str) or value not in known:
            raise self.bad(name, f"one of {', '.join(known)}")
        return value

    def plain(self, name: str) -> dict[str, Any]:
        """An object of texts, whole numbers, booleans and null, also in lists and objects."""
        value = self._take(name)
        if not isinstance(value, dict) or not _is_plain(value, DEPTH):
            raise self.bad(name, "an object of texts, whole numbers, booleans and lists of them")
        return value

    def each(self, name: str, make: "Callable[[Facts], T]", *, least: int = 0) -> list[T]:
        """What ``make`` makes of each object in a list of at least so many."""
        value = self._take(name)
        if not isinstance(value, list) or len(value) < least:
            raise self.bad(name, f"a list of {least} or more" if least else "a list")
        return [self._made(f"{self.where} {name}[{n}]", item, make) for n, item in enumerate(value)]

    def part(self, name: str, make: "Callable[[Facts], T]") -> T:
        """What ``make`` makes of an object."""
        return self._made(name, self._take(name), make)

    def bad(self, name: str, wanted: str) -> BadFact:
        """The error that says what a value should be."""
        return BadFact(f"{self.where}: {name} should be {wanted}")

    def done(self) -> None:
        """Nothing else may stand there."""
        if self._left:
            raise BadFact(f"{self.where} has {sorted(self._left)[0]!a}, which nobody knows")

    def _take(self, name: str) -> Any:
        if name not in self._left:
            raise BadFact(f"{self.where} has no {name}")
        return self._left.pop(name)

    @staticmethod
    def _made(where: str, value: Any, make: "Callable[[Facts], T]") -> T:
        facts = Facts(value, where)
        made = make(facts)
        facts.done()
        return made


def _is_plain(value: Any, depth: int) -> bool:
    if isinstance(value, dict):
        return depth > 0 and all(
            isinstance(key, str) and key.isprintable() and _is_plain(each, depth - 1)
            for key, each in value.items()
        )
    if isinstance(value, list):
        return depth > 0 and all(_is_plain(each, depth - 1) for each in value)
    if isinstance(value, str):
        return len(value) <= TEXT
    return value is None or (isinstance(value, int) and -INT64 - 1 <= value <= INT64)
