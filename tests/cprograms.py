"""C programs for tests: compiled by ziglang's clang as `simrec run x.c` does, or by Debian's cross gcc.

Where a tool is missing the test skips and says so; where CI is set it fails, since CI installs them.
"""

import os
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from simrec.buildcache import compile_source
from simrec.cflags import Flags

ROOT = Path(__file__).parents[1]
C_EXAMPLES = ROOT / "examples" / "c"
GCC, GXX, QEMU = "riscv64-linux-gnu-gcc", "riscv64-linux-gnu-g++", "qemu-riscv64"


def need_clang() -> None:
    """Skip, or in CI fail, without ziglang."""
    if find_spec("ziglang") is None:
        _missing("ziglang", "pip install 'simrec[c]'")


def need(*tools: str) -> None:
    """Skip, or in CI fail, without these commands."""
    for tool in tools:
        if shutil.which(tool) is None:
            _missing(tool, "apt-get install gcc-riscv64-linux-gnu g++-riscv64-linux-gnu qemu-user")


def _missing(tool: str, how: str) -> None:
    text = f"{tool} isn't installed: {how}"
    if os.environ.get("CI"):
        pytest.fail(text)
    pytest.skip(text)


def clang(source: Path, *cflags: str) -> bytes:
    """The image that `simrec run source --cflags ...` runs; kept in the user's cache."""
    need_clang()
    return compile_source(source, Flags.parse(cflags)).image


def clang_text(directory: Path, text: str, *cflags: str, name: str = "test.c") -> bytes:
    """The same, of a text."""
    path = directory / name
    path.write_text(text)
    return clang(path, *cflags)


def gcc(source: Path, *flags: str, static: bool = True) -> bytes:
    """A glibc executable by Debian's cross compiler."""
    tool = GCC if source.suffix == ".c" else GXX
    need(tool)
    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory) / "program.elf"
        command = [tool, "-g", "-O1", *flags, str(source), "-pthread", "-o", str(output)]
        subprocess.run(command + ["-static"] * static, check=True)
        return output.read_bytes()


def gcc_text(directory: Path, text: str, *flags: str, name: str = "test.c", static: bool = True) -> bytes:
    """The same, of a text."""
    path = directory / name
    path.write_text(text)
    return gcc(path, *flags, static=static)


def qemu(image: bytes, directory: Path, *arguments: str, stdin: bytes = b"") -> tuple[int, bytes]:
    """Exit status and standard output of a program under qemu-user, to compare with."""
    need(QEMU)
    path = directory / "reference.elf"
    path.write_bytes(image)
    path.chmod(0o755)
    done = subprocess.run(
        [QEMU, str(path), *arguments], input=stdin, stdout=subprocess.PIPE, timeout=120, check=False
    )
    return done.returncode, done.stdout
