"""From a file that the user names to an executable and its sources: assembles, compiles, or takes an ELF as
it is."""

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from sim.errors import UserError
from sim.isa.assembler.dialect import DIALECTS, GNU, Dialect
from sim.program import Program, SourceFile
from simrec.buildcache import compile_source
from simrec.cflags import BadFlags, Flags
from simrec.compiler import CXX, C, Compiler, NoCompiler
from simrec.defines import BadDefine, Defines

ASSEMBLY = (".asm", ".s", ".S")
SOURCES = ASSEMBLY + C + CXX
_MAGIC = b"\x7fELF"
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


def split_words(words: Sequence[str], behind: int) -> tuple[list[Path], tuple[str, ...]]:
    """The programs and their arguments among the words of a command line, of which the last ``behind`` stand
    behind `--`. The first word is a program, and so are those that follow it up to the first that is no
    program's file or stands behind `--`; the rest are arguments."""
    programs = [Path(words[0])]
    for word in words[1 : max(len(words) - behind, 1)]:
        if not _is_program(Path(word)):
            break
        programs.append(Path(word))
    return programs, tuple(words[len(programs) :])


def no_program(argument: str) -> str:
    """What to say of a first argument that may have been meant as a program: it is called like one, and isn't
    there. Empty for any other."""
    path = Path(argument)
    if path.suffix not in SOURCES or path.exists():
        return ""
    return f"{path}: no such file{_hint(path)}; taken as an argument (behind `--` it would be one for sure)"


def _is_program(path: Path) -> bool:
    """True for a file that is there and, by its name or by how it begins, a source or an ELF."""
    try:
        if not path.is_file():
            return False
        if path.suffix in SOURCES:
            return True
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except (OSError, ValueError):  # ValueError: a word with a zero byte is no path.
        return False


def read_executables(
    paths: Sequence[Path], cflags: Iterable[str] = (), abi: str = "linux", defines: Iterable[str] = ()
) -> list[Executable]:
    """Each of several programs, as `read_executable`; ``cflags`` are for those of them that are compiled,
    each of ``defines`` for those that refer to it."""
    flags, given = tuple(cflags), Defines.parse(defines)
    compiled = [path.suffix in C + CXX for path in paths]
    found, strangers = [], []
    for path, is_compiled in zip(paths, compiled, strict=True):
        own = flags if is_compiled or not any(compiled) else ()
        made, unknown = _read_with_what_it_knows(path, own, abi, given)
        found.append(made)
        strangers.append(unknown)
    missing = [{error.name for error in each} for each in strangers]
    nobodys = [error for error in strangers[0] if all(error.name in names for names in missing)]
    if nobodys:
        raise nobodys[0]
    return found


def _read_with_what_it_knows(
    path: Path, cflags: tuple[str, ...], abi: str, defines: Defines
) -> tuple[Executable, list[BadDefine]]:
    """The program, built with the definitions that it refers to; an error for each other one."""
    unknown: list[BadDefine] = []
    while True:
        try:
            return read_executable(path, cflags, abi, defines.texts), unknown
        except BadDefine as error:
            if not error.name:
                raise
            unknown.append(error)
            defines = defines.without(error.name)


def read_executable(
    path: Path, cflags: Iterable[str] = (), abi: str = "linux", defines: Iterable[str] = ()
) -> Executable:
    """Read or build the program in ``path``; ``cflags`` are for the compiler, ``abi`` says how assembly is
    to be read, ``defines`` are NAME=VALUE. Raises NoProgram, NotAssembled, NotCompiled, NoCompiler, BadFlags,
    BadDefine, BadProgram."""
    return executable_of(path, read_image(path, cflags, DIALECTS[abi], defines))


def executable_of(path: Path, image: bytes, *, flat: bool = False) -> Executable:
    """An ELF file with what it says; ``path`` names it, ``flat`` as in `sim.elf.read_executable`. Raises
    BadProgram."""
    program = Program.from_elf(shown_name(Path(path.name)), image, flat=flat)
    return Executable(image, program, find_sources(program))


def read_image(
    path: Path, cflags: Iterable[str] = (), dialect: Dialect = GNU, defines: Iterable[str] = ()
) -> bytes:
    """The ELF file for ``path``, assembled or compiled, and linked, if it is a source."""
    flags, given = Flags.parse(cflags), Defines.parse(defines)
    data = read_bytes(path)
    if path.suffix in C + CXX and not data.startswith(_MAGIC):
        return _compile(path, flags, given)
    if flags.words:
        raise BadFlags(f"--cflags are for C and C++ sources, which {path} is not")
    if data.startswith(_MAGIC):
        given.refuse(f"{path} is a finished program: --define is for sources")
        return data
    if path.suffix not in ASSEMBLY:
        raise NoProgram(
            f"{path}: neither an ELF file nor a source (its name should end in .asm, .s, .c or .cpp)"
        )
    return assemble(path, dialect, given)


def _compile(path: Path, flags: Flags, defines: Defines) -> bytes:
    """The image; the compiler's warnings go to standard error."""
    built = compile_source(path, flags.with_defines(defines.flags))
    sys.stderr.write(built.messages)
    defines.check_compiled(path, built)
    return built.image


def assemble(path: Path, dialect: Dialect, defines: Defines) -> bytes:
    """Assemble and link a source file with what it needs of the runtime library."""
    from sim.isa.assembler import AssemblyError, Source, UnreferredDefine, build
    from sim.isa.assembler.library import read_source

    try:
        source = Source(shown_name(path), read_source(path).text)
        image = build([source], dialect=dialect, defines=defines.numbers())
    except UnreferredDefine as error:
        raise defines.unreferred(error.name, path, error.hint) from None
    except AssemblyError as error:
        raise NotAssembled(f"{path} has errors\n{error}") from None
    if not any(image[_SEGMENT_COUNT]):
        raise NoProgram(f"{path}: nothing in it to run; begin with `main:` and end with `ret`")
    return image


def shown_name(path: Path) -> str:
    """The path as text that can be printed and kept: what isn't UTF-8 in it is replaced."""
    return os.fsencode(path).decode(errors="replace")


def read_bytes(path: Path) -> bytes:
    """What is in a file. Raises NoProgram."""
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


def find_sources(program: Program) -> dict[str, str]:
    """The texts that the line table names, as far as they are here; the library's by its own names."""
    found = {}
    for name, file in sorted(program.files().items()):
        try:
            found[name] = _source_path(file).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # A library's source that isn't installed: its lines are known by number only.
    return found


def _source_path(file: SourceFile) -> Path:
    """Where the file is that debug information names; some path that isn't there if it can't be found."""
    from sim.isa.assembler.library import RUNTIME

    for path in (Path(file.name), Path(file.directory, file.name), RUNTIME.parent / file.name):
        if path.is_file():
            return path
    try:
        return Compiler().path_of(file.name) or Path(file.name)
    except NoCompiler:
        return Path(file.name)
