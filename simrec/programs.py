"""From a file that the user names to an executable and its sources: assembles, or takes an ELF as it is."""

from dataclasses import dataclass
from pathlib import Path

from sim.errors import UserError
from sim.program import Program

ASSEMBLY = (".asm", ".s", ".S")


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
    program = Program.from_elf(path.name, image)
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
    from sim.isa.assembler import AssemblyError, build

    try:
        return build([path])
    except AssemblyError as error:
        raise NotAssembled(f"{path} has errors\n{error}") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        close = [other.name for other in path.parent.glob(f"{path.stem}*")] if path.parent.is_dir() else []
        hint = f"; there is {', '.join(sorted(close)[:3])}" if close else ""
        raise NoProgram(f"{path}: no such file{hint}") from None
    except OSError as error:
        raise NoProgram(f"{path}: can't be read: {error.strerror}") from None


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
