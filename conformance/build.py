"""Assembling a suite's program for a Linux user process."""

import re
import shutil
import subprocess
from pathlib import Path

from conformance.suite import NoSuite, Test

COMPILERS = ("riscv64-linux-gnu-gcc", "riscv64-unknown-elf-gcc", "riscv64-unknown-linux-gnu-gcc")
# The tests use gp as a plain register, so nothing may be addressed by it; `la` of a label and an offset can't
# go through a table of addresses, as it would in position-independent code.
_FLAGS = (
    *("-mabi=lp64", "-nostdlib", "-static", "-mcmodel=medany", "-fno-pie", "-no-pie"),
    *("-Wl,--no-relax", "-Wl,--build-id=none"),
)
#: What writes code, or executes data: text and data in one segment that may be all of it.
_WRITABLE = ("-Wl,--omagic",)


class NotBuilt(Exception):
    """The assembler's first complaint."""


def compiler(named: str | None) -> str:
    """The compiler's path. Raises NoSuite."""
    for name in [named] if named else COMPILERS:
        found = shutil.which(name)
        if found:
            return found
    names = named or COMPILERS[0]
    raise NoSuite(f"no {names}; on Debian: apt-get install gcc-riscv64-linux-gnu, or name one with --cc")


def build(cc: str, test: Test, output: Path) -> None:
    """Make an ELF of a program. Raises NotBuilt."""
    modifies = "fence.i" in test.source.read_text(encoding="utf-8", errors="replace").lower()
    command = [
        cc,
        f"-march={test.march}",
        *_FLAGS,
        *(_WRITABLE if modifies else ()),
        *(f"-I{folder}" for folder in test.include),
        *(f"-D{define}" for define in test.defines),
        "-w",
        str(test.source),
        "-o",
        str(output),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        told = [line for line in done.stderr.splitlines() if not line.startswith("collect2")]
        lines = [line for line in told if re.search("error|dangerous|undefined", line, re.I)] or told
        raise NotBuilt(lines[0].strip() if lines else f"status {done.returncode}")
