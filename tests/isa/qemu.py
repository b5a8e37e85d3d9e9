"""The same program under simrec and under qemu-riscv64, an independent implementation.

Programs print what there is to compare. Instructions come as encoded words, so that what is tested doesn't
depend on the assembler.
"""

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
import rig

from sim.isa import BY_MNEMONIC
from sim.isa.compressed import COMPRESSED_BY_MNEMONIC

PROGRAM = "qemu-riscv64"
MISSING = f"{PROGRAM} is not installed; on Debian: apt-get install qemu-user"


def outputs(source: str, folder: Path, executor: str = "compiled") -> tuple[bytes, bytes]:
    """What the program, which must exit with status 0, writes: (under simrec, under qemu)."""
    if shutil.which(PROGRAM) is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    executable = folder / "program.elf"
    executable.write_bytes(rig.image_of(source))
    executable.chmod(0o755)
    done = subprocess.run([PROGRAM, str(executable)], capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    ours = rig.run(source, keep=False, executor_name=executor)
    assert ours.ended == ("exited", 0)
    return ours.out, done.stdout


def encode(mnemonic: str, **operands: int) -> int:
    """An instruction word, or halfword for ``c.``; register operands by number."""
    if mnemonic.startswith("c."):
        return COMPRESSED_BY_MNEMONIC[mnemonic].encode(operands)
    (row,) = BY_MNEMONIC[mnemonic]
    return row.encode(operands)


def size(word: int) -> int:
    """Bytes of an encoded instruction."""
    return 4 if word & 3 == 3 else 2


def code(words: Iterable[int]) -> str:
    """A directive that puts instructions, of either length, one after the other."""
    halves = [half for word in words for half in ((word & 0xFFFF, word >> 16)[: size(word) // 2])]
    return ".half " + ", ".join(str(half) for half in halves)


def table(values: Iterable[int]) -> str:
    """Directives for 64-bit values."""
    values = [value & (1 << 64) - 1 for value in values]
    return "\n".join(
        ".dword " + ", ".join(hex(value) for value in values[i : i + 16]) for i in range(0, len(values), 16)
    )
