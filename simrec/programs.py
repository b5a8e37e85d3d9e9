"""From a file that the user names to an executable and its sources: assembles, or takes an ELF as it is."""

import os
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from sim.errors import UserError
from sim.program import Program

ASSEMBLY = (".asm", ".s", ".S")
#: Where an ELF header counts the segments (e_phnum).
_SEGMENT_COUNT = slice(56, 58)


class NoProgram(UserError):
    """The file isn't there, or is nothing that can be run."""

    exit_status = 2


class NotAssembled(UserError):
    """The assembler's messages, several lines."""

    exit_status = 2


@dataclass(frozen=True)
class Executable:
    """``image`` is the ELF file, ``program`` what it says, ``sources`` the texts its line table names."""

    image: bytes
    program: Program
    sources: dict[str, str]


def read_executable(path: Path) -> Executable:
    """Read or build the program in ``path``. Raises NoProgram, NotAssembled, BadProgram."""
    image = read_image(path)
    program = Program.from_elf(shown_name(Path(path.name)), image)
    return Executable(image, program, _sources(program))


def read_image(path: Path) -> bytes:
    """The ELF file for ``path``, assembled and linked if it is a source."""
    data = _read(path)
    if data.startswith(b"\x7fELF"):
        return data
    if path.suffix not in ASSEMBLY:
        raise NoProgram(f"{path}: neither an ELF file nor assembly (its name should end in .asm or .s)")
    return assemble(path)


def assemble(path: Path) -> bytes:
    """Assemble and link a source file with what it needs of the runtime library."""
    from sim.isa.assembler import AssemblyError, Source, build
    from sim.isa.assembler.library import read_source

    try:
        image = build([Source(shown_name(path), read_source(path).text)])
    except AssemblyError as error:
        raise NotAssembled(f"{path} has errors\n{error}") from None
    if not any(image[_SEGMENT_COUNT]):
        raise NoProgram(f"{path}: nothing in it to run; begin with `main:` and end with `ret`")
    return image


def shown_name(path: Path) -> str:
    """The path as text that can be printed and kept: what isn't UTF-8 in it is replaced."""
    return os.fsencode(path).decode(errors="replace")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise NoProgram(f"{path}: no such file{_hint(path)}") from None
    except OSError as error:
        raise NoProgram(f"{path}: can't be read: {error.strerror}") from None


def _hint(path: Path) -> str:
    """The files beside it that may have been meant; or what is missing above it."""
    if not path.parent.is_dir():
        return f": there is no directory {path.parent}"
    names = sorted(other.name for other in path.parent.iterdir() if other.is_file())
    close = [name for name in names if Path(name).stem == path.stem][:3]
    close = close or [n for n in names if get_close_matches(path.stem, [Path(n).stem], cutoff=0.7)][:3]
    return f"; did you mean {' or '.join(str(path.with_name(name)) for name in close)}?" if close else ""


def _sources(program: Program) -> dict[str, str]:
    """The texts that the line table names, as far as they are here; the library's by its own names."""
    from sim.isa.assembler.library import RUNTIME

    found = {}
    for name in sorted({file for _, file, line in program.lines if line}):
        path = Path(name) if Path(name).is_file() else RUNTIME.parent / name
        try:
            found[name] = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # A library's source that isn't installed: its lines are known by number only.
    return found
