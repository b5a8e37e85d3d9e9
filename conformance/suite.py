"""What a suite is made of: its programs, and why some aren't for a Linux user process."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

INCLUDE = Path(__file__).parent / "include"


@dataclass(frozen=True)
class Test:
    """One program of a suite. ``signature``: it is judged by the words it leaves, not by its exit status.
    ``reference``: the file with the words it should leave, if the suite has one."""

    suite: str
    name: str
    source: Path
    march: str = ""
    include: tuple[Path, ...] = ()
    defines: tuple[str, ...] = ()
    signature: bool = False
    reference: Path | None = None


@dataclass(frozen=True)
class Skipped:
    """A program that isn't run, and why."""

    suite: str
    name: str
    reason: str


class NoSuite(Exception):
    """There is nothing to run."""


@cache
def extensions() -> frozenset[str]:
    """What simrec's table of instructions has, in lower case: i, m, a, f, d, c, zicsr, zba, ..."""
    from sim.isa import INSTRUCTIONS

    names = {instruction.extension.lower() for instruction in INSTRUCTIONS}
    return frozenset(name.removeprefix("rv64") for name in names) | {"c", "zifencei"}


def arch(letters: str, more: tuple[str, ...] = ()) -> str:
    """``-march`` for these extensions; control registers and fence.i are always there."""
    return "_".join([f"rv64{letters}", *dict.fromkeys(("zicsr", "zifencei", *more))])
