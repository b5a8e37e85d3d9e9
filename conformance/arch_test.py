"""riscv-arch-test: programs that leave a signature, to be compared with a reference's.

They are in ``riscv-test-suite/rv64i_m/<extension>/src/<name>.S``; ``env/arch_test.h`` has their macros. What
a program is for stands in it, and is read here as RISCOF reads it: ``RVTEST_ISA("RV64IF_Zicsr,...")`` and
``RVTEST_CASE(n, "//check ...; def ...")``.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from conformance.suite import INCLUDE, Skipped, Test, arch, extensions

_ISA = re.compile(r'RVTEST_ISA\s*\(\s*"([^"]*)"')
_CASE = re.compile(r'RVTEST_CASE\s*\(\s*[^,]+,\s*"(?://)?([^"]*)"')
_ARCH = re.compile(r"RV64([A-Z]*?)((?:_?Z[a-z]+[0-9]*)*)", re.ASCII)
#: What RISCOF's description of this target says, for `check NAME:=VALUE`.
_TARGET = {"hw_data_misaligned_support": "True"}
#: Folders of the current self-checking form, whose programs are finished by the suite's own build.
_SELF_CHECKING = "riscv_arch_test.h"


def find(path: Path) -> Iterator[Path]:
    """The ``riscv-test-suite`` folders at or below a path."""
    for header in sorted([*path.glob("env/arch_test.h"), *path.glob("**/env/arch_test.h")]):
        if not (header.parent / _SELF_CHECKING).exists():
            yield header.parents[1]


def self_checking(path: Path) -> bool:
    """True if a suite of the current form is there, which this doesn't run."""
    return any(path.glob(f"**/env/{_SELF_CHECKING}"))


def tests(suite: Path, references: Path | None) -> Iterator[Test | Skipped]:
    """Every program of a ``riscv-test-suite`` folder; ``references`` has ``<name>.reference_output`` or
    ``.signature`` files where the suite has none of its own."""
    for source in sorted(suite.glob("*/*/src/**/*.S")):
        below = source.relative_to(suite)
        group = "/".join(below.parts[:2])
        name = f"{below.parts[0]}/{below.parts[1]}/{source.stem}"
        text = source.read_text(encoding="utf-8", errors="replace")
        if not below.parts[0].startswith("rv64i"):
            yield Skipped(below.parts[0], name, "not RV64I")
            continue
        march, flen = _march(text)
        defines, reason = _cases(text)
        if not march or reason:
            yield Skipped(group, name, flen if not march else reason)
            continue
        yield Test(
            group,
            name,
            source,
            march,
            (INCLUDE, suite / "env"),
            ("XLEN=64", *((f"FLEN={flen}",) if flen else ()), *defines),
            signature=True,
            reference=_reference(source, references),
        )


def _march(text: str) -> tuple[str, str]:
    """(-march, FLEN) of the first alternative that simrec has; ("", why there is none)."""
    found = _ISA.search(text)
    alternatives = [part.strip() for part in (found.group(1) if found else "RV64I").split(",")]
    reason = "not RV64I"
    for alternative in alternatives:
        match = _ARCH.fullmatch(alternative)
        if match is None or match.group(1).startswith("E"):
            continue
        letters = match.group(1).lower().replace("g", "imafd")
        more = tuple(part.lower() for part in re.findall("Z[a-z]+[0-9]*", match.group(2)))
        missing = [name for name in (*letters, *more) if name not in extensions()]
        if not missing:
            return arch(letters, more), "64" if "d" in letters else "32" if "f" in letters else ""
        reason = f"needs {missing[0].capitalize()}, which simrec doesn't have"
    return "", reason


def _cases(text: str) -> tuple[tuple[str, ...], str]:
    """(macros of the cases that apply, why it can't be run or nothing)."""
    defines: dict[str, None] = {}
    cases = _CASE.findall(text.replace("\\\n", " "))
    refused = ""
    for case in cases:
        clauses = [clause.strip() for clause in case.split(";")]
        checks = [clause[5:].strip() for clause in clauses if clause.startswith("check")]
        failed = next((check for check in checks if not _holds(check)), None)
        if failed is not None:
            refused = refused or f"is for targets with {failed}"
            continue
        defines |= dict.fromkeys(
            clause[3:].replace(" ", "") for clause in clauses if clause.startswith("def")
        )
    if any("trap_routine" in define for define in defines):
        return (), "needs a trap handler in machine mode"
    return tuple(defines), refused if cases and not defines else ""


def _holds(check: str) -> bool:
    """Whether a condition is true of this target."""
    name, _, value = (part.strip() for part in check.partition(":="))
    pattern = re.fullmatch(r"regex\((.*)\)", value)
    if name == "ISA" and pattern:
        return re.match(pattern.group(1), _isa()) is not None
    return _TARGET.get(name) == value


def _isa() -> str:
    """``RV64IMAFDCZicsr_Zifencei...``, as RISCOF spells it."""
    letters = "".join(letter.upper() for letter in "imafdc" if letter in extensions())
    return f"RV64{letters}" + "_".join(
        sorted((e.capitalize() for e in extensions() if e[0] == "z"), key=_order)
    )


def _order(extension: str) -> tuple[int, str]:
    return ("ICMAFDB".find(extension[1].upper()), extension)


def _reference(source: Path, references: Path | None) -> Path | None:
    """The words that a program should leave: beside it, or in the user's folder."""
    places = [source.parents[1] / "references", *([references] if references else [])]
    for place in places:
        for ending in ("reference_output", "signature"):
            for file in (place / f"{source.stem}.{ending}", *place.glob(f"**/{source.stem}.{ending}")):
                if file.is_file():
                    return file
    return None
