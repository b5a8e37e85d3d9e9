"""C and C++ to a static RISC-V executable, by the clang that the ziglang package brings (``simrec[c]``).

Sources are compiled one by one, then linked with musl (and libc++). The image is a function of the sources,
the flags and ziglang's version alone: names in its debug information are as the user typed them, or begin
with ``zig/`` or ``runtime/``. `simrec.buildcache` keeps images, so that the same source compiles once.
"""

import importlib.metadata
import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sim.errors import UserError
from simrec.cflags import Flags

C = (".c",)
CXX = (".cc", ".cpp", ".cxx")
TARGET = "riscv64-linux-musl"
#: Headers that come with simrec.
INCLUDE = Path(__file__).parents[1] / "sim" / "runtime" / "include"
#: How ziglang's own files and ours are called in debug information, wherever they are installed.
_ZIG, _OURS = "zig", "runtime/include"
#: Seconds after which the user is told what takes so long.
_PATIENCE = 3


class NoCompiler(UserError):
    """The ziglang package isn't installed."""

    exit_status = 2


class NotCompiled(UserError):
    """The compiler's or linker's messages, several lines."""

    exit_status = 2


@dataclass(frozen=True)
class Built:
    """An executable; ``files`` are all that went into it but ziglang's own; ``messages`` are warnings."""

    image: bytes
    files: tuple[str, ...]
    messages: str


class Compiler:
    """The compiler of an installed ziglang. Raises NoCompiler."""

    def __init__(self) -> None:
        found = importlib.util.find_spec("ziglang")
        if found is None or found.origin is None:
            raise NoCompiler(
                "compiling C needs the ziglang package, which isn't installed: pip install 'simrec[c]'"
            )
        self._home = Path(found.origin).parent

    @cached_property
    def version(self) -> str:
        """ziglang's version."""
        return importlib.metadata.version("ziglang")

    def build(self, source: Path, flags: Flags) -> Built:
        """Compile and link ``source`` and the sources among ``flags``. Raises NotCompiled."""
        sources = [str(source), *flags.sources]
        driver = "c++" if any(Path(name).suffix in CXX for name in sources) else "cc"
        with tempfile.TemporaryDirectory(prefix="simrec-") as name:
            work = Path(name)
            files: list[str] = []
            objects: list[Path] = []
            messages = ""
            for number, each in enumerate(sources):
                # Numbered, since two directories may have a file of the same name.
                target = work / f"{number}-{Path(each).stem}.o"
                messages += self._run(
                    source, work, [driver, *self._compile_flags(each, flags), each, "-o", target]
                )
                objects.append(target)
                files += [each, *self._dependencies(target.with_suffix(".d"))]
            image, told = self._link(source, work, [driver, *_link_flags(flags), *objects, *flags.link])
        return Built(image, tuple(dict.fromkeys([*files, *flags.objects])), messages + told)

    def path_of(self, name: str) -> Path | None:
        """The file that debug information calls ``zig/...``; None if the name isn't such a one."""
        return self._home / "lib" / Path(name).relative_to(_ZIG) if name.startswith(f"{_ZIG}/") else None

    def _compile_flags(self, source: str, flags: Flags) -> list[str | Path]:
        # ziglang's -O1 means clang's -O2; the second one is clang's own.
        level = [] if flags.optimised else ["-O1", "-Xclang", "-O1"]
        # C++20, for its coroutines.
        standard = ["-std=c++20"] if Path(source).suffix in CXX and not flags.standard else []
        return [
            *("-target", TARGET, "-c", "-g", *level, *standard, "-fno-sanitize=undefined", "-MD"),
            *("-I", INCLUDE, "-fdebug-compilation-dir=."),
            *(f"-ffile-prefix-map={self._home / 'lib'}={_ZIG}", f"-ffile-prefix-map={INCLUDE}={_OURS}"),
            *flags.compile,
        ]

    def _link(self, source: Path, work: Path, command: list[str | Path]) -> tuple[bytes, str]:
        """The image and warnings. Links twice: the driver finds (or builds) libraries without debug
        information and tells its linker's command; that without -s keeps the program's own. Libraries' would
        hold the names of directories of this machine, and make images thirty times as large."""
        output = work / "program.elf"
        told = self._run(source, work, [*command, "-s", "--verbose", "-o", output])
        linker = [line.split() for line in told.splitlines() if line.startswith("ld.lld ")]
        again = next((line for line in reversed(linker) if output.name in line), None)
        if again is not None:
            words = [str(work / word) if (work / word).is_file() else word for word in again if word != "-s"]
            self._run(source, work, words)
        return output.read_bytes(), _without_commands(told)

    def _run(self, source: Path, work: Path, command: Sequence[str | Path]) -> str:
        """Standard error of a command of ziglang's. Raises NotCompiled."""
        words = [str(self._home / "zig"), *map(str, command)]
        with subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as process:
            try:
                try:
                    _, told = process.communicate(timeout=_PATIENCE)
                except subprocess.TimeoutExpired:
                    print(
                        f"simrec: compiling {source}; the first time also builds the C library, "
                        "which takes about a minute",
                        file=sys.stderr,
                    )
                    _, told = process.communicate()
            except BaseException:
                process.kill()
                raise
        text = told.decode(errors="replace").replace(f"{work}/", "")
        if process.returncode:
            raise NotCompiled(f"{source} doesn't compile\n{_without_commands(text).rstrip()}")
        return text

    def _dependencies(self, rule: Path) -> list[str]:
        """What a rule for make names, but for ziglang's own files; nothing if there is no rule (assembly)."""
        if not rule.exists():
            return []
        text = rule.read_text(errors="surrogateescape").partition(": ")[2].replace("\\\n", " ")
        text = text.replace("\\ ", "\0").replace("$$", "$").replace("\\#", "#")
        names = [name.replace("\0", " ") for name in text.split()]
        return [name for name in names if not name.startswith(f"{self._home}/")]


def _without_commands(told: str) -> str:
    """What the tools said, without the commands that --verbose tells."""
    return "".join(line for line in told.splitlines(True) if not line.startswith(("ld.lld -", "ar ")))


def _link_flags(flags: Flags) -> list[str | Path]:
    """``-O1`` and the machine's flags choose the libraries."""
    return ["-target", TARGET, "-static", "-O1", "-fno-sanitize=undefined", *flags.machine]
