"""Parameters of a program, given on the command line (``--define NAME=VALUE``).

To assembly they are symbols with an integer value, as by GNU as's --defsym; to C and C++ macros (-D). A name
that the program doesn't mention is a typing error, and is told as one.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import UserError

if TYPE_CHECKING:
    from simrec.compiler import Built

_NAME = re.compile(r"[A-Za-z_.$][\w.$]*")
_NUMBER = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[0-7]*|[1-9][0-9]*)")
#: What is no code in C: strings, characters and comments.
_NO_CODE = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)
_WORD = re.compile(r"[A-Za-z_]\w*")
_REDEFINED = re.compile(r"warning: '(\w+)' macro redefined")


class BadDefine(UserError):
    """``--define`` isn't NAME=VALUE, or means nothing to the program: then ``name`` is what it doesn't
    mention or can't take."""

    exit_status = 2

    def __init__(self, told: str, name: str = "") -> None:
        super().__init__(told)
        self.name = name


@dataclass(frozen=True)
class Defines:
    """Values by name, as texts."""

    values: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, texts: Iterable[str]) -> "Defines":
        """Each is NAME=VALUE; the last of a name counts. Raises BadDefine."""
        values = {}
        for text in texts:
            name, separator, value = text.partition("=")
            if not separator or not value or not _NAME.fullmatch(name):
                raise BadDefine(f"--define {text}: write it as NAME=VALUE")
            values[name] = value
        return cls(values)

    @property
    def texts(self) -> tuple[str, ...]:
        """NAME=VALUE each."""
        return tuple(f"{name}={value}" for name, value in self.values.items())

    @property
    def flags(self) -> list[str]:
        """For a C compiler."""
        return [f"-D{text}" for text in self.texts]

    def numbers(self) -> dict[str, int]:
        """For the assembler: decimal, 0x, 0b, or octal with a leading 0; 64 bits, signed or not. Raises
        BadDefine."""
        found = {}
        for name, text in self.values.items():
            if not _NUMBER.fullmatch(text):
                raise BadDefine(f"--define {name}={text}: to assembly a value is an integer (10, -3, 0x20)")
            sign, digits = (-1 if text[0] == "-" else 1), text.lstrip("+-")
            octal = digits[0] == "0" and digits.isdigit()
            found[name] = sign * int(digits, 8 if octal else 0)
            if not -(1 << 63) <= found[name] < 1 << 64:
                raise BadDefine(f"--define {name}={text}: the value doesn't fit into 64 bits")
        return found

    def without(self, name: str) -> "Defines":
        """All but one."""
        return Defines({each: value for each, value in self.values.items() if each != name})

    def refuse(self, why: str) -> None:
        """Raises BadDefine if there are any."""
        for name in self.values:
            raise BadDefine(why, name)

    def unreferred(self, name: str, program: Path, hint: str) -> BadDefine:
        """The error for a name that the program doesn't mention."""
        told = f"--define {name}={self.values[name]}: {program} never refers to {name}"
        return BadDefine(f"{told}; {hint}" if hint else told, name)

    def check_compiled(self, source: Path, built: "Built") -> None:
        """Whether a compiled program could take every value. Raises BadDefine."""
        for name in _REDEFINED.findall(built.messages):
            if name in self.values:
                raise BadDefine(
                    f"--define {name}={self.values[name]}: {source} defines {name} itself; for a default "
                    f"that --define can change, put `#ifndef {name}` before and `#endif` behind it"
                )
        words = _words(built.files) if self.values else set()
        for name in self.values:
            if name not in words:
                close = get_close_matches(name, words, 1, 0.7)
                raise self.unreferred(name, source, f"did you mean {close[0]}?" if close else "")


def _words(files: Iterable[str]) -> set[str]:
    """Every identifier in the code of these files."""
    words: set[str] = set()
    for file in files:
        try:
            text = Path(file).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # It was there when it was compiled.
        words.update(_WORD.findall(_NO_CODE.sub(" ", text)))
    return words
