"""What an assembly source is written for: GNU as, RARS where that reads the same text otherwise, or a machine
without an operating system."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """``text`` and ``data``: where these sections begin at least; ``library``: whether the runtime library is
    linked; ``entry``: where a program begins that has this name (else at its first instruction).

    ``folds``: hexadecimal numbers of 32 bits are signed ones, 0xffffff0f is -241. ``aligns``: data stand
    at multiples of their size. ``blanks``: operands need no commas between them, and a list of data goes on
    in the next line. ``ending``: the file of the runtime library that ends a program which runs
    into the end of its code. ``flat``: sections follow each other with no more between them than their
    alignment asks for."""

    name: str
    text: int
    data: int = 0
    library: bool = True
    entry: str = "_start"
    folds: bool = False
    aligns: bool = False
    blanks: bool = False
    ending: str = ""
    flat: bool = False


GNU = Dialect("gnu", 0x10000)
RARS = Dialect(
    "rars",
    0x40_0000,
    data=0x1001_0000,
    library=False,
    entry="main",
    folds=True,
    aligns=True,
    blanks=True,
    ending="rars_end.s",
)


def flat(address: int) -> Dialect:
    """GNU's, for an image that is placed at ``address`` as it is, with no library to refer to."""
    return Dialect("flat", address, library=False, flat=True)


#: By the name of the system calls that a program makes.
DIALECTS = {"linux": GNU, "rars": RARS}
