"""riscv-tests: programs that say by their exit status which of their tests failed.

They are in ``isa/<set>/<name>.S`` and take their macros from ``isa/macros/scalar``.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from conformance.suite import INCLUDE, Skipped, Test, arch, extensions

MACROS = Path("macros", "scalar", "test_macros.h")
#: Sets of programs -> what they are assembled for beyond RV64G.
_SETS = {"rv64ui": "", "rv64um": "", "rv64ua": "", "rv64uf": "", "rv64ud": "", "rv64uc": "c"}
#: Instructions that single programs of these sets are about -> the extension that they need.
_ALIEN = {
    r"\bamocas\.": "zacas",
    r"\bamo\w+\.[bh]\b": "zabha",
    r"\bl[bhwd]\.aq|\bs[bhwd]\.(aq)?rl": "zalasr",
}


def find(path: Path) -> Iterator[Path]:
    """The ``isa`` folders at or below a path."""
    for macros in sorted([*path.glob(str(MACROS)), *path.glob(f"**/{MACROS}")]):
        yield macros.parents[2]


def tests(isa: Path) -> Iterator[Test | Skipped]:
    """Every program of an ``isa`` folder."""
    for source in sorted(isa.glob("*/*.S")):
        group = source.parent.name
        name = f"{group}/{source.stem}"
        reason = _reason(group) or _alien(source)
        if reason:
            yield Skipped(group, name, reason)
            continue
        extension = _extension(group)
        more = (extension,) if extension.startswith("z") else ()
        march = arch("imafd" + _SETS.get(group, ""), more)
        yield Test(group, name, source, march, (INCLUDE, isa / MACROS.parent))


def _extension(group: str) -> str:
    """``rv64uzba`` -> ``zba``; empty for the sets of RV64GC."""
    return "" if group in _SETS else group.removeprefix("rv64u")


def _reason(group: str) -> str:
    """Why a set can't be run, or nothing."""
    if group.startswith("rv32"):
        return "32-bit"
    if not group.startswith("rv64u"):
        return "needs machine or supervisor mode"
    return _missing(_extension(group)) if _extension(group) else ""


def _alien(source: Path) -> str:
    text = source.read_text(encoding="utf-8", errors="replace")
    needed = (extension for pattern, extension in _ALIEN.items() if re.search(pattern, text))
    return next((reason for reason in map(_missing, needed) if reason), "")


def _missing(extension: str) -> str:
    return "" if extension in extensions() else f"needs {extension.capitalize()}, which simrec doesn't have"
