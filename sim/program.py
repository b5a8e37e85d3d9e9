"""An executable as the loader needs it: segments, entry, and what stands at each address.

ELF in, plain data out. Symbols and line numbers come from .symtab and .debug_line (pyelftools).
"""

import io
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

from sim.errors import UserError
from sim.space import USER_END

#: Bytes that one segment may take in memory; what asks for more is broken or hostile.
LARGEST_SEGMENT = 1 << 30


class BadProgram(UserError):
    """The file can't be run; the message says why and what to do."""

    exit_status = 2


@dataclass(frozen=True)
class Segment:
    """Loaded at ``address``: ``data``, then zeros up to ``size`` bytes."""

    address: int
    data: bytes
    size: int
    permissions: str


@dataclass(frozen=True)
class Place:
    """Where an address is in the source: ``function`` and ``offset`` into it; ``line`` 0 if unknown."""

    function: str
    offset: int
    file: str
    line: int

    def __str__(self) -> str:
        source = f"{self.file}:{self.line}" if self.line else ""
        name = f"{self.function}+{self.offset}" if self.offset else self.function
        return " ".join(part for part in (source, f"<{name}>" if name else "") if part)


@dataclass
class Program:
    """``symbols``: (address, name) of functions and labels, ``functions`` without the labels; ``objects``:
    (address, size, name) outside of code; ``lines``: (address, file, line), each up to the next; all
    ascending by address. ``probes``: probe number -> name."""

    name: str
    entry: int
    segments: list[Segment]
    header: tuple[int, int, int] = (0, 0, 0)
    symbols: list[tuple[int, str]] = field(default_factory=list)
    functions: list[tuple[int, str]] = field(default_factory=list)
    objects: list[tuple[int, int, str]] = field(default_factory=list)
    lines: list[tuple[int, str, int]] = field(default_factory=list)
    probes: dict[int, str] = field(default_factory=dict)

    def locate(self, pc: int) -> Place:
        """The function and source line of an address of code; nothing is known of code made at run time."""
        if not self._is_code(pc):
            return Place("", 0, "", 0)
        function, offset = "", 0
        index = bisect_right(self.functions, pc, key=lambda symbol: symbol[0]) - 1
        if index >= 0:
            address, function = self.functions[index]
            offset = pc - address
        index = bisect_right(self.lines, pc, key=lambda line: line[0]) - 1
        file, line = self.lines[index][1:] if index >= 0 else ("", 0)
        return Place(function, offset, file, line)

    def symbol_at(self, address: int) -> str | None:
        """The name of the function or label that begins exactly there."""
        index = bisect_right(self.symbols, address, key=lambda symbol: symbol[0]) - 1
        found = index >= 0 and self.symbols[index][0] == address
        return self.symbols[index][1] if found else None

    def name_of(self, address: int) -> str:
        """``symbol`` or ``symbol+offset`` of an address of code or data; empty if it is in neither."""
        index = bisect_right(self.objects, address, key=lambda entry: entry[0]) - 1
        if index >= 0:
            start, size, name = self.objects[index]
            # GNU as gives labels no size: they reach up to the next one.
            following = self.objects[index + 1][0] if index + 1 < len(self.objects) else start + 8
            end = start + size if size else max(following, start + 1)
            if address < end and self._is_data(address):
                return f"{name}+{address - start}" if address > start else name
        if self._is_code(address):
            label = self.symbol_at(address)
            if label:
                return label
            place = self.locate(address)
            if place.function:
                return f"{place.function}+{place.offset}" if place.offset else place.function
        return ""

    def _is_data(self, address: int) -> bool:
        return any(
            s.address <= address < s.address + s.size for s in self.segments if "x" not in s.permissions
        )

    def _is_code(self, address: int) -> bool:
        return any(s.address <= address < s.address + s.size for s in self.segments if "x" in s.permissions)

    @classmethod
    def from_elf(cls, name: str, image: bytes) -> "Program":
        """Read a static RISC-V 64-bit ELF. Raises BadProgram."""
        from elftools.common.exceptions import ELFError
        from elftools.elf.elffile import ELFFile

        try:
            elf = ELFFile(io.BytesIO(image))
            _check(name, elf)
            program = cls(name, elf.header["e_entry"], _segments(name, elf))
            program.header = _header_address(elf)
            _read_symbols(program, elf)
            program.lines = _lines(elf)
        except BadProgram:
            raise
        except (
            ELFError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            IndexError,
            OverflowError,
            AssertionError,
        ) as e:
            raise BadProgram(f"{name}: not a readable ELF file ({e or type(e).__name__})") from e
        return program


def _check(name: str, elf: Any) -> None:
    machine, kind = elf.header["e_machine"], elf.header["e_type"]
    if machine != "EM_RISCV" or elf.elfclass != 64 or not elf.little_endian:
        raise BadProgram(
            f"{name}: an ELF file for {machine} with {elf.elfclass} bits; simrec runs RISC-V, 64 bits"
        )
    if any(segment["p_type"] == "PT_INTERP" for segment in elf.iter_segments()):
        raise BadProgram(f"{name}: dynamically linked; link it with -static")
    if kind != "ET_EXEC":
        raise BadProgram(f"{name}: {kind}, not an executable; link it with -static -no-pie")


def _segments(name: str, elf: Any) -> list[Segment]:
    made = []
    for segment in elf.iter_segments("PT_LOAD"):
        address, size, held = segment["p_vaddr"], segment["p_memsz"], segment["p_filesz"]
        if size == 0:
            continue
        if size > LARGEST_SEGMENT or held > size or not 0 < address <= address + size <= USER_END // 2:
            raise BadProgram(f"{name}: segment of {size} bytes at {address:#x} doesn't fit user space")
        flags = segment["p_flags"]
        permissions = "".join(
            letter if flags & bit else "-" for letter, bit in (("r", 4), ("w", 2), ("x", 1))
        )
        data = segment.data()
        if len(data) != held:
            raise BadProgram(f"{name}: truncated: segment at {address:#x} lacks {held - len(data)} bytes")
        made.append(Segment(address, data, size, permissions))
    if not made:
        raise BadProgram(f"{name}: nothing to load: no PT_LOAD segment")
    return made


def _header_address(elf: Any) -> tuple[int, int, int]:
    """(address in memory, entry size, count) of the program headers, address 0 if they aren't loaded."""
    offset, size, count = (elf.header[key] for key in ("e_phoff", "e_phentsize", "e_phnum"))
    for segment in elf.iter_segments("PT_LOAD"):
        if segment["p_offset"] <= offset < segment["p_offset"] + segment["p_filesz"]:
            return segment["p_vaddr"] + offset - segment["p_offset"], size, count
    return 0, size, count


def _read_symbols(program: Program, elf: Any) -> None:
    """Names of code and data. A function's own name beats a label at the same place, a global a local one;
    where nothing is marked as a function (GNU as marks none by itself), labels stand in."""
    table = elf.get_section_by_name(".symtab")
    code: dict[int, tuple[int, str]] = {}
    objects: dict[int, tuple[int, str]] = {}
    for symbol in table.iter_symbols() if table is not None else ():
        name, address, info = symbol.name, symbol["st_value"], symbol["st_info"]
        if name.startswith("probe."):
            program.probes[address] = name.removeprefix("probe.")
        elif (
            name
            and isinstance(symbol["st_shndx"], int)
            and info["type"] in ("STT_FUNC", "STT_NOTYPE", "STT_OBJECT")
        ):
            if elf.get_section(symbol["st_shndx"])["sh_flags"] & _SHF_EXECINSTR:
                rank = 2 * (info["type"] != "STT_FUNC") + (info["bind"] == "STB_LOCAL")
                if not name.startswith(("$", ".L")):
                    code[address] = min(code.get(address, (9, "")), (rank, name))
            elif info["type"] != "STT_FUNC":
                objects.setdefault(address, (symbol["st_size"], name))
    program.symbols = [(address, name) for address, (_, name) in sorted(code.items())]
    program.functions = [
        (address, name) for address, (rank, name) in sorted(code.items()) if rank < _LOCAL_LABEL
    ]
    program.functions = program.functions or program.symbols
    program.objects = [(address, *rest) for address, rest in sorted(objects.items())]


#: The rank of a local symbol that isn't marked as a function.
_LOCAL_LABEL = 3
_SHF_EXECINSTR = 4


def _lines(elf: Any) -> list[tuple[int, str, int]]:
    """The line table; a sequence's end becomes line 0, so that what follows it is unknown."""
    if not elf.has_dwarf_info():
        return []
    dwarf = elf.get_dwarf_info()
    found: dict[int, tuple[str, int]] = {}
    for unit in dwarf.iter_CUs():
        program = dwarf.line_program_for_CU(unit)
        if program is None:
            continue
        names = _file_names(program)
        for entry in program.get_entries():
            state = entry.state
            if state is None:
                continue
            if state.end_sequence:
                found.setdefault(state.address, ("", 0))
            else:
                found[state.address] = (names.get(state.file, ""), state.line)
    return [(address, file, line) for address, (file, line) in sorted(found.items())]


def _file_names(program: Any) -> dict[int, str]:
    """File index -> name with its directory, for line programs of DWARF 2 to 5."""
    first = 0 if program["version"] >= 5 else 1
    directories = [
        entry if isinstance(entry, bytes) else entry["DW_LNCT_path"] for entry in program["include_directory"]
    ]
    names = {}
    for index, entry in enumerate(program["file_entry"], first):
        directory = entry.dir_index - first
        parts = [directories[directory]] if 0 <= directory < len(directories) else []
        names[index] = "/".join(part.decode("utf-8", "replace") for part in [*parts, entry.name])
    return names
