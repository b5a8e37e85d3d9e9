"""The names in an ELF's symbol table: functions, labels, data and probes, by address.

A name may be absent or nonsense without the program being any worse: what can't be read raises
`Unreadable`, which costs the names only.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ENTRY = np.dtype(
    [("name", "<u4"), ("info", "u1"), ("other", "u1"), ("section", "<u2"), ("value", "<u8"), ("size", "<u8")]
)
_NOTYPE, _OBJECT, _FUNCTION, _THREAD_LOCAL = 0, 1, 2, 6
_LOCAL = 0
_UNDEFINED, _RESERVED, _ABSOLUTE = 0, 0xFF00, 0xFFF1
_EXECUTABLE = 4
#: The symbol of a probe's name, whose value is the probe's number.
_PROBE = b"probe."
#: No linked program has so many sections.
MOST_SECTIONS = 1 << 14
#: Bytes of names that are read, and of one name; more is nonsense.
_MOST_NAMES, _LONGEST_NAME = 1 << 26, 1 << 16
#: Characters of a name that `brief` leaves as it is.
_BRIEF = 48
#: The rank of a local symbol that isn't marked as a function.
_LOCAL_LABEL = 3


class Unreadable(Exception):
    """Names or debug information make no sense; the text says what."""


@dataclass
class Symbols:
    """``code``: (address, name) of functions and labels, ``functions`` without the labels; ``objects``:
    (address, size, name) outside of code; all ascending by address. ``probes``: number -> name.

    Names are those of the linker (C++ mangled).
    """

    code: list[tuple[int, str]] = field(default_factory=list)
    functions: list[tuple[int, str]] = field(default_factory=list)
    objects: list[tuple[int, int, str]] = field(default_factory=list)
    probes: dict[int, str] = field(default_factory=dict)


def read_symbols(elf: Any) -> Symbols:
    """The symbols of a pyelftools ``ELFFile``. A function's own name beats a label at the same place, a
    global a local one, and a name the same with more underscores before it; where nothing is marked as a
    function (GNU as marks none by itself), labels stand in. Raises Unreadable."""
    made = Symbols()
    code: dict[int, tuple[int, int, str]] = {}
    objects: dict[int, tuple[int, int, str, int]] = {}
    for name, kind, binding, address, size, executable in _entries(elf):
        underscores = len(name) - len(name.lstrip("_"))
        if executable is None:
            made.probes.setdefault(address, name.removeprefix("probe."))
        elif executable:
            rank = 2 * (kind != _FUNCTION) + (binding == _LOCAL)
            code[address] = min(code.get(address, (9, 0, "")), (rank, underscores, name))
        elif kind not in (_FUNCTION, _THREAD_LOCAL):  # a thread-local variable has no one address
            rank = 2 * (kind != _OBJECT) + (binding == _LOCAL)
            objects[address] = min(objects.get(address, (9, 0, "", 0)), (rank, underscores, name, size))
    named = sorted(code.items())
    made.code = [(address, name) for address, (_, _, name) in named]
    made.functions = [(address, name) for address, (rank, _, name) in named if rank < _LOCAL_LABEL]
    made.functions = made.functions or made.code
    made.objects = [(address, size, name) for address, (_, _, name, size) in sorted(objects.items())]
    return made


def _entries(elf: Any) -> Iterator[tuple[str, int, int, int, int, bool | None]]:
    """(name, type, binding, value, size, in code) of what has a name worth keeping; of a probe, in code is
    None."""
    table = elf.get_section_by_name(".symtab")
    if table is None:
        return
    strings = elf.get_section(table["sh_link"])
    sections = [section["sh_flags"] for section in elf.iter_sections()]
    data, names = contents(elf, table), contents(elf, strings)
    entries = np.frombuffer(data, _ENTRY, count=len(data) // _ENTRY.itemsize)
    entries = entries[_worth_a_look(entries, names, len(sections))]
    read = 0
    for row in entries.tolist():
        start, info, _, section, value, size = row
        end = names.find(b"\0", start, start + _LONGEST_NAME)
        text = names[start : end if end >= 0 else start + _LONGEST_NAME]
        read += len(text)
        if read > _MOST_NAMES:
            raise Unreadable("the symbol table has more names than any program")
        if section == _ABSOLUTE:
            if text.startswith(_PROBE):
                yield printable(text), info & 15, info >> 4, value, size, None
        else:
            yield printable(text), info & 15, info >> 4, value, size, bool(sections[section] & _EXECUTABLE)


def open_sections(image: bytes) -> Any:
    """pyelftools' view of an ELF file whose table of sections is sane. Raises Unreadable."""
    from elftools.elf.elffile import ELFFile

    elf = ELFFile(io.BytesIO(image))
    start, size, count = elf["e_shoff"], elf["e_shentsize"], elf.num_sections()
    if count > MOST_SECTIONS or (count and (size != 64 or start + count * size > len(image))):
        raise Unreadable("the table of sections lies outside of the file")
    return elf


def contents(elf: Any, section: Any) -> bytes:
    """What the file holds of a section, as it is."""
    elf.stream.seek(section["sh_offset"])
    held: bytes = elf.stream.read(0 if section["sh_type"] == "SHT_NOBITS" else section["sh_size"])
    return held


def _worth_a_look(entries: NDArray[Any], names: bytes, sections: int) -> NDArray[np.bool_]:
    """Symbols of code, data and probes that have a name which isn't the assembler's own (``.L``, ``$x``)."""
    if not names:
        return np.zeros(len(entries), bool)
    text = np.frombuffer(names + b"\0", np.uint8)
    start = np.minimum(entries["name"], len(names) - 1)
    first, second = text[start], text[start + 1]
    own = (first == ord("$")) | ((first == ord(".")) & (second == ord("L")))
    kind = entries["info"] & 15
    section = entries["section"]
    defined = ((section != _UNDEFINED) & (section < min(sections, _RESERVED))) | (section == _ABSOLUTE)
    named = (first != 0) & (entries["name"] < len(names))
    result: NDArray[np.bool_] = named & ~own & defined & np.isin(kind, (_NOTYPE, _OBJECT, _FUNCTION))
    return result


def printable(text: bytes) -> str:
    """A name as it can be shown: what isn't UTF-8, or would steer a terminal, is escaped."""
    name = text.decode("utf-8", "backslashreplace")
    return name if name.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in name)


@lru_cache(maxsize=1 << 14)
def readable(name: str) -> str:
    """A linker's name as it stands in the source: C++ names demangled, without parameters, and without what
    only libraries' authors need to see of the namespace."""
    if not name.startswith("_Z"):
        return name
    import demangle

    try:
        found = demangle.signature(name, language="itanium")
    except (demangle.DemanglingError, RecursionError):
        return name
    text = found.demangled if found.is_special else found.qualified_name
    if not text:
        return name
    for long, short in _SHORTER:
        text = text.replace(long, short)
    return _without_tags(text) + (f" ({found.decoration})" if found.decoration else "")


def brief(name: str) -> str:
    """A long C++ name without what stands in angle brackets."""
    if len(name) <= _BRIEF or "<" not in name or "operator" in name:
        return name
    text, depth = "", 0
    for letter in name:
        if letter == "<":
            text += "<...>" if not depth else ""
            depth += 1
        elif letter == ">":
            depth -= 1
        elif not depth:
            text += letter
    return text


_SHORTER = (
    ("std::__1::", "std::"),
    ("std::__cxx11::", "std::"),
    ("std::basic_string<char, std::char_traits<char>, std::allocator<char>>", "std::string"),
)


def _without_tags(text: str) -> str:
    """Without the ``[abi:...]`` that libraries mark versions by."""
    while (start := text.find("[abi:")) >= 0 and (end := text.find("]", start)) >= 0:
        text = text[:start] + text[end + 1 :]
    return text
