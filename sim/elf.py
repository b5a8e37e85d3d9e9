"""The part of an ELF file that running it takes: header, program headers and the segments that they load.

Everything is checked before it is used, so that a damaged or hostile file costs one message (`BadProgram`)
and no more time and memory than its size. Sections, which only names come from, are `sim.symbols`'s and
`sim.dwarf`'s.
"""

import struct
from dataclasses import dataclass
from itertools import pairwise

from sim.errors import UserError
from sim.space import PAGE, USER_END

#: Bytes that one segment may take in memory; what asks for more is broken or hostile.
LARGEST_SEGMENT = 1 << 30
#: Linux takes no more than 64 KiB of program headers.
MOST_SEGMENTS = 1170

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_MAGIC = b"\x7fELF"
_CLASS64, _LITTLE, _RISCV = 2, 1, 243
_RELOCATABLE, _EXECUTABLE, _SHARED, _CORE = 1, 2, 3, 4
_LOAD, _INTERPRETER = 1, 3
_MACHINES = {3: "x86", 8: "MIPS", 20: "PowerPC", 21: "PowerPC64", 22: "S390", 40: "ARM"}
_MACHINES |= {62: "x86-64", 183: "AArch64", 243: "RISC-V", 258: "LoongArch"}


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

    @property
    def name(self) -> str:
        """What it is called, by its permissions."""
        return {"r-x": "text", "r--": "rodata", "rw-": "data"}.get(self.permissions, "segment")

    def __contains__(self, address: int) -> bool:
        return self.address <= address < self.address + self.size


@dataclass(frozen=True)
class Executable:
    """``header``: (address in memory, entry size, count) of the program headers, address 0 if they aren't
    loaded."""

    entry: int
    segments: list[Segment]
    header: tuple[int, int, int]


@dataclass(frozen=True)
class _ProgramHeader:
    kind: int
    flags: int
    offset: int
    address: int
    physical: int
    held: int
    size: int
    alignment: int


def read_executable(name: str, image: bytes, *, flat: bool = False) -> Executable:
    """Read a static RISC-V 64-bit ELF; ``name`` is for messages. ``flat``: it is for a machine without an
    operating system, where segments may be anywhere and share pages. Raises BadProgram."""
    if len(image) < _HEADER.size:
        raise BadProgram(f"{name}: truncated: an ELF header has {_HEADER.size} bytes, this file {len(image)}")
    ident, kind, machine, _, entry, table, _, _, _, entry_size, count, *_ = _HEADER.unpack_from(image)
    _check_machine(name, ident, machine)
    if kind not in (_EXECUTABLE, _SHARED):
        what = {_RELOCATABLE: "an object file; link it with -static", _CORE: "a core dump, not a program"}
        raise BadProgram(f"{name}: {what.get(kind, f'ELF type {kind}, not an executable')}")
    headers = _program_headers(name, image, table, entry_size, count)
    if any(header.kind == _INTERPRETER for header in headers):
        raise BadProgram(f"{name}: dynamically linked; link it with -static")
    if kind == _SHARED:
        raise BadProgram(f"{name}: position-independent; link it with -static -no-pie")
    least = 0 if flat else PAGE
    segments = [_segment(name, image, h, least) for h in headers if h.kind == _LOAD and h.size]
    if not segments:
        raise BadProgram(f"{name}: nothing to load: no PT_LOAD segment")
    if not any(entry in segment and "x" in segment.permissions for segment in segments) or entry % 2:
        raise BadProgram(f"{name}: its entry point {entry:#x} is not in its code")
    _check_apart(name, segments, 1 if flat else PAGE)
    return Executable(entry, segments, (_header_address(headers, table), entry_size, count))


def _check_machine(name: str, ident: bytes, machine: int) -> None:
    if ident[:4] != _MAGIC:
        raise BadProgram(f"{name}: not an ELF file")
    if machine != _RISCV or ident[4] != _CLASS64 or ident[5] != _LITTLE:
        kind = _MACHINES.get(machine, f"machine {machine}")
        bits = {1: "32 bits", 2: "64 bits"}.get(ident[4], f"class {ident[4]}")
        order = {1: "little-endian", 2: "big-endian"}.get(ident[5], f"byte order {ident[5]}")
        raise BadProgram(
            f"{name}: an ELF file for {kind}, {bits}, {order}; simrec runs RISC-V, 64 bits, little-endian"
        )


def _program_headers(name: str, image: bytes, table: int, size: int, count: int) -> list[_ProgramHeader]:
    if count and size != _SEGMENT.size:
        raise BadProgram(f"{name}: program headers of {size} bytes, not {_SEGMENT.size}: the file is damaged")
    if count > MOST_SEGMENTS:
        raise BadProgram(f"{name}: {count} program headers, more than Linux takes ({MOST_SEGMENTS})")
    if table + count * size > len(image):
        raise BadProgram(f"{name}: truncated: its program headers lie behind the end of the file")
    return [_ProgramHeader(*_SEGMENT.unpack_from(image, table + size * n)) for n in range(count)]


def _segment(name: str, image: bytes, header: _ProgramHeader, least: int) -> Segment:
    """``least``: the lowest address that it may have."""
    address, size, held = header.address, header.size, header.held
    if size > LARGEST_SEGMENT or held > size or not least <= address <= address + size <= USER_END // 2:
        raise BadProgram(f"{name}: segment of {size} bytes at {address:#x} doesn't fit user space")
    missing = header.offset + held - len(image)
    if held and missing > 0:
        raise BadProgram(f"{name}: truncated: segment at {address:#x} lacks {min(missing, held)} bytes")
    permissions = "".join(
        letter if header.flags & bit else "-" for letter, bit in (("r", 4), ("w", 2), ("x", 1))
    )
    return Segment(address, image[header.offset : header.offset + held], size, permissions)


def _check_apart(name: str, segments: list[Segment], unit: int) -> None:
    """Segments may share no page: a page has one set of permissions. ``unit``: a page's size, or 1 byte where
    there are no permissions."""
    ordered = sorted(segments, key=lambda segment: segment.address)
    for low, high in pairwise(ordered):
        if (low.address + low.size - 1) // unit >= high.address // unit:
            raise BadProgram(f"{name}: segments overlap at {high.address & -unit:#x}")


def _header_address(headers: list[_ProgramHeader], table: int) -> int:
    for header in headers:
        if header.kind == _LOAD and header.offset <= table < header.offset + header.held:
            return header.address + table - header.offset
    return 0
