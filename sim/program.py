"""An executable as the loader needs it, and what stands at each of its addresses.

ELF in, plain data out: segments and entry by `sim.elf`, names by `sim.symbols`, source lines and inlined
calls by `sim.dwarf`. A program whose names can't be read runs without them.
"""

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from functools import cached_property

from sim.dwarf import DebugInfo
from sim.elf import BadProgram, Segment, read_executable
from sim.lineprogram import SourceFile
from sim.symbols import Symbols, brief, open_sections, read_symbols, readable

__all__ = ["BadProgram", "Caller", "Place", "Program", "Segment", "SourceFile"]


@dataclass(frozen=True)
class Caller:
    """Where the code of an inlined function was put: ``function`` called it at ``file:line``."""

    function: str
    file: str
    line: int

    def __str__(self) -> str:
        name = brief(self.function)
        return f"{name} {self.file}:{self.line}" if self.line else name


@dataclass(frozen=True)
class Place:
    """Where an address is in the source: ``function`` and ``offset`` into it; ``line`` 0 if unknown. If the
    function was inlined, ``callers`` are those around it, the last being the one that has the code."""

    function: str
    offset: int
    file: str
    line: int
    callers: tuple[Caller, ...] = ()

    def own(self) -> "Place | None":
        """The innermost of the functions here that has a line and is no library's, without its callers."""
        if self.line and not self.file.startswith(LIBRARIES):
            return replace(self, callers=())
        found = (each for each in self.callers if each.line and not each.file.startswith(LIBRARIES))
        caller = next(found, None)
        return Place(caller.function, 0, caller.file, caller.line) if caller is not None else None

    def __str__(self) -> str:
        source = f"{self.file}:{self.line}" if self.line else ""
        name = _with_offset(brief(self.function), self.offset)
        inlined = [f"inlined by {caller}" for caller in self.callers]
        return " ".join(part for part in (source, f"<{name}>" if name else "", *inlined) if part)


#: How the files of libraries begin: the runtime library's, and those that the compiler brings.
LIBRARIES = ("runtime/", "zig/")
NOWHERE = Place("", 0, "", 0)


@dataclass
class Program:
    """``symbols``: (address, name) of functions and labels, ``functions`` without the labels; ``objects``:
    (address, size, name) outside of code; all ascending by address, names as the linker has them (C++
    mangled). ``probes``: probe number -> name. ``header``: see `sim.elf.Executable`."""

    name: str
    entry: int
    segments: list[Segment]
    header: tuple[int, int, int] = (0, 0, 0)
    symbols: list[tuple[int, str]] = field(default_factory=list)
    functions: list[tuple[int, str]] = field(default_factory=list)
    objects: list[tuple[int, int, str]] = field(default_factory=list)
    probes: dict[int, str] = field(default_factory=dict)
    debug: DebugInfo = field(default_factory=lambda: DebugInfo(b"", ()))
    problem: str = ""

    @classmethod
    def from_elf(cls, name: str, image: bytes, *, flat: bool = False) -> "Program":
        """Read a static RISC-V 64-bit ELF (``flat``: see `sim.elf.read_executable`). Raises BadProgram."""
        found = read_executable(name, image, flat=flat)
        symbols, problem = Symbols(), ""
        try:
            symbols = read_symbols(open_sections(image))
        except Exception as error:  # pyelftools lets out whatever its parsers raise.
            problem = str(error) or type(error).__name__
        code = [range(s.address, s.address + s.size) for s in found.segments if "x" in s.permissions]
        names = (symbols.code, symbols.functions, symbols.objects, symbols.probes)
        debug = DebugInfo(image, code)
        return cls(name, found.entry, found.segments, found.header, *names, debug, problem)

    def trouble(self) -> str:
        """What of the names that were asked for couldn't be read, in words; empty if all could."""
        parts = (("symbols", self.problem), ("debug information", self.debug.problem))
        return "; ".join(f"{what} can't be read: {problem}" for what, problem in parts if problem)

    def files(self) -> dict[str, SourceFile]:
        """The source files that have lines, by name."""
        return self.debug.files()

    def locate(self, pc: int) -> Place:
        """The function and source line of an address of code; nothing is known of code made at run time."""
        if not self._is_code(pc):
            return NOWHERE
        function, offset = self._function(pc)
        file, line = self.debug.line(pc)
        calls = self.debug.inlined(pc)
        if not calls:
            return Place(function, offset, file, line)
        callers = tuple(Caller(call.caller or function, call.file, call.line) for call in calls)
        return Place(calls[0].function, pc - calls[0].start, file, line, callers)

    def source(self, pc: int) -> tuple[str, str, int]:
        """(function, file, line), as `locate` has them: what is asked of every instruction that is told."""
        if not self._is_code(pc):
            return "", "", 0
        calls = self.debug.inlined(pc)
        return calls[0].function if calls else self._function(pc)[0], *self.debug.line(pc)

    def symbol_at(self, address: int) -> str | None:
        """The name of the function or label that begins exactly there."""
        index = bisect_right(self._symbol_addresses, address) - 1
        found = index >= 0 and self._symbol_addresses[index] == address
        return readable(self.symbols[index][1]) if found else None

    def name_of(self, address: int) -> str:
        """``symbol`` or ``symbol+offset`` of an address of code or data; empty if it is in neither."""
        index = bisect_right(self._object_addresses, address) - 1
        if index >= 0:
            start, size, name = self.objects[index]
            # GNU as gives labels no size: they reach up to the next one.
            following = self.objects[index + 1][0] if index + 1 < len(self.objects) else start + 8
            end = start + size if size else max(following, start + 1)
            if address < end and self._is_data(address):
                return _with_offset(readable(name), address - start)
        if self._is_code(address):
            return self.symbol_at(address) or _with_offset(*self._function(address))
        return ""

    def _function(self, pc: int) -> tuple[str, int]:
        """The function whose code it is, and the offset into it."""
        index = bisect_right(self._function_addresses, pc) - 1
        if index < 0:
            return "", 0
        address, name = self.functions[index]
        return readable(name), pc - address

    @cached_property
    def _symbol_addresses(self) -> list[int]:
        return [address for address, _ in self.symbols]

    @cached_property
    def _function_addresses(self) -> list[int]:
        return [address for address, _ in self.functions]

    @cached_property
    def _object_addresses(self) -> list[int]:
        return [address for address, _, _ in self.objects]

    def _is_data(self, address: int) -> bool:
        return any(address in segment for segment in self.segments if "x" not in segment.permissions)

    def _is_code(self, address: int) -> bool:
        return any([start <= address < end for start, end in self._code])

    @cached_property
    def _code(self) -> list[tuple[int, int]]:
        return [(each.address, each.address + each.size) for each in self.segments if "x" in each.permissions]


def _with_offset(name: str, offset: int) -> str:
    return f"{name}+{offset}" if name and offset else name
