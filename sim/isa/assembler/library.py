"""The runtime library as the linker sees it, and `build`, which assembles and links with it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from sim.isa.assembler.assembly import assemble
from sim.isa.assembler.dialect import GNU, Dialect
from sim.isa.assembler.errors import AssemblyError, Diagnostic, UnreferredDefine, did_you_mean
from sim.isa.assembler.linker import Linker, link
from sim.isa.assembler.source import Source
from sim.isa.assembler.unit import Unit

RUNTIME = Path(__file__).parents[2] / "runtime"
_GLOBALS = re.compile(r"^[ \t]*\.glob(?:a)?l[ \t]+([^#/\n]+)", re.M)


class Library:
    """The ``*.s`` files of a directory, each a unit, found by the names it declares ``.globl``."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.files: dict[str, Path] = {}
        for path in sorted(directory.glob("*.s")):
            for match in _GLOBALS.finditer(path.read_text(encoding="utf-8")):
                for name in match.group(1).split(","):
                    self.files.setdefault(name.strip(), path)

    @property
    def symbols(self) -> Iterable[str]:
        """Every name that it defines."""
        return self.files.keys()

    def __call__(self, symbol: str) -> Unit | None:
        """The unit that defines ``symbol``."""
        path = self.files.get(symbol)
        return None if path is None else _library_unit(path, path.stat().st_mtime_ns)


class NoLibrary:
    """For programs that have everything in themselves."""

    symbols: Iterable[str] = ()

    def __call__(self, symbol: str) -> Unit | None:
        """Nothing is defined."""
        return None


@lru_cache(maxsize=256)
def _library_unit(path: Path, modified: int) -> Unit:
    """An assembled file of the library. Its name in line tables doesn't depend on where it is installed."""
    shown = f"{path.parent.name}/{path.name}"

    def include(including: str, name: str) -> Source:
        return Source(f"{path.parent.name}/{name}", (path.parent / name).read_text(encoding="utf-8"))

    return assemble(Source(shown, path.read_text(encoding="utf-8")), include=include)


def read_source(path: str | Path) -> Source:
    """A file as a source; `AssemblyError` if it isn't text."""
    try:
        return Source(str(path), Path(path).read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        message = f"this is no text: byte {error.object[error.start]:#04x} at {error.start}"
        raise AssemblyError([Diagnostic(str(path), 1, 1, message, "")]) from None


def build(
    sources: Sequence[str | Path | Source],
    runtime_dir: Path = RUNTIME,
    *,
    entry: str | None = None,
    directory: str = ".",
    dialect: Dialect = GNU,
    defines: Mapping[str, int] | None = None,
) -> bytes:
    """The executable made of these files (or sources) and what they need of the runtime library. ``defines``
    hold in the sources and not in the library. Raises AssemblyError, UnreferredDefine."""
    units: list[Unit] = []
    diagnostics: list[Diagnostic] = []
    names_known = True
    for each in sources:
        try:
            source = each if isinstance(each, Source) else read_source(each)
            units.append(assemble(source, dialect=dialect, defines=defines))
        except AssemblyError as error:
            diagnostics += error.diagnostics
            names_known &= error.unit is not None
            units += [error.unit] if error.unit is not None else []
    if not diagnostics:
        _check_referred(units)
    if dialect.ending:
        path = runtime_dir / dialect.ending
        units.append(_library_unit(path, path.stat().st_mtime_ns))
    library = Library(runtime_dir) if dialect.library else NoLibrary()
    # A flat image may not refer to the library, but is told that this is what it did.
    names = Library(runtime_dir).symbols if dialect.flat else library.symbols
    if not diagnostics:
        return link(units, library, entry, library_symbols=names, directory=directory, dialect=dialect)
    if names_known:
        diagnostics += Linker(units, library, entry, names, dialect).diagnostics
    files = list(dict.fromkeys(diagnostic.path for diagnostic in diagnostics))
    raise AssemblyError(
        sorted(diagnostics, key=lambda each: (files.index(each.path), each.line, each.column))
    )


def _check_referred(units: Sequence[Unit]) -> None:
    """Raises UnreferredDefine for a name that no unit mentions: somebody has mistyped it."""
    unreferred = frozenset.intersection(*(unit.unreferred for unit in units)) if units else frozenset()
    for name in sorted(unreferred):
        values = {
            symbol.name for unit in units for symbol in unit.symbols.values() if symbol.value is not None
        }
        raise UnreferredDefine(name, did_you_mean(name, values - unreferred))
