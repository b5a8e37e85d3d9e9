"""What debug information tells of the frames of C++ coroutines: size, fields, where each suspension resumes.

Debug information in, `FrameType`s by the address of a coroutine's resume function out. Clang describes a
frame as the structure ``NAME.coro_frame_ty`` and its suspensions by labels ``__coro_resume_N`` in the resume
function; GCC as ``NAME.Frame``, without labels.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sim.dwarf import DebugInfo, Unit

#: Structures in structures are taken apart so deep; what is deeper shows as bytes.
DEPTH = 4
_INDEX = ("__coro_index", "resume_index")
_CLANG, _GCC = ".coro_frame_ty", ".Frame"
_LABEL = re.compile(r"__coro_resume_(\d+)")
#: GCC appends scope and place to the names of variables; Clang counts the fields.
#: DW_OP_fbreg N, DW_OP_deref, DW_OP_plus_uconst M.
_FRAME_RELATIVE = re.compile(rb"\x91[\x80-\xff]*[\x00-\x7f]\x06\x23([\x80-\xff]*[\x00-\x7f])", re.DOTALL)
_CLANG_PROMISE = re.compile(r"struct_.*promise_type_\d+|struct_.*promise_type")
_SUFFIX = re.compile(r"(?<=\w)_\d+_\d+$")
#: DWARF's encodings of base types -> kind.
_KINDS = {2: "bool", 4: "float", 5: "int", 6: "int", 7: "unsigned", 8: "unsigned", 16: "int"}


@dataclass(frozen=True)
class Field:
    """A part of a frame: ``kind`` is int, unsigned, bool, float, pointer or bytes."""

    name: str
    offset: int
    size: int
    kind: str


@dataclass
class FrameType:
    """``index``: the field that says at which suspension it is; ``resumes``: its value -> the address where
    the resume function goes on, ``lines``: that address -> file and line of the suspension."""

    size: int
    fields: list[Field]
    index: Field | None
    resumes: dict[int, int] = field(default_factory=dict)
    lines: dict[int, tuple[str, int]] = field(default_factory=dict)


def frame_types(debug: DebugInfo, functions: Mapping[int, str]) -> dict[int, FrameType]:
    """The frames of coroutines whose resume ``functions`` are given by address and symbol, as far as debug
    information is there and makes sense."""
    found: dict[int, FrameType] = {}
    for unit in {id(unit): unit for unit in map(debug.unit_at, functions) if unit is not None}.values():
        here = {pc: symbol for pc, symbol in functions.items() if debug.unit_at(pc) is unit}
        found |= debug.attempt(partial(_read_unit, unit, here), dict[int, FrameType]())
    return found


def _read_unit(unit: Unit, functions: Mapping[int, str]) -> dict[int, FrameType]:
    structures: dict[str, Any] = {}
    labels: dict[int, dict[int, tuple[int, tuple[str, int]]]] = {}
    names: dict[int, dict[int, str]] = {}
    inside = -1
    for entry in unit.entries():
        if entry.tag == "DW_TAG_subprogram":
            inside = _number(entry, "DW_AT_low_pc", -1)
        elif entry.tag in ("DW_TAG_variable", "DW_TAG_formal_parameter"):
            offset = _offset_in_frame(entry)
            if offset is not None:
                names.setdefault(inside, {}).setdefault(offset, _name(entry).lstrip("_"))
        elif entry.tag == "DW_TAG_structure_type":
            name = _name(entry)
            if name.endswith((_CLANG, _GCC)) and "DW_AT_byte_size" in entry.attributes:
                structures[name] = entry
        elif entry.tag == "DW_TAG_label" and "DW_AT_low_pc" in entry.attributes:
            match = _LABEL.fullmatch(_name(entry))
            if match:
                file = unit.files.get(_number(entry, "DW_AT_decl_file", -1))
                line = (file.name if file is not None else "", _number(entry, "DW_AT_decl_line", 0))
                labels.setdefault(inside, {})[int(match[1])] = (_number(entry, "DW_AT_low_pc", 0), line)
    found = {}
    for pc, symbol in functions.items():
        structure = next((s for name, s in structures.items() if _belongs(name, symbol)), None)
        if structure is not None:
            found[pc] = _frame_type(structure, names.get(pc, {}))
            of_function = labels.get(pc, {})
            found[pc].resumes = {number: place for number, (place, _) in of_function.items()}
            found[pc].lines = {place: line for place, line in of_function.values() if line[1]}
    return found


def _belongs(structure: str, symbol: str) -> bool:
    """Clang: ``NAME.coro_frame_ty`` and ``NAME.resume``. GCC: ``NAME.Frame``, whose length and itself end the
    symbol before ``.actor``."""
    if structure.endswith(_CLANG):
        return symbol == structure.removesuffix(_CLANG) + ".resume"
    return symbol.endswith(f"{len(structure)}{structure}.actor")


def _offset_in_frame(entry: Any) -> int | None:
    """Where in the frame a variable of an unoptimised resume function is: its location is a local variable,
    the frame's address, followed and added to."""
    location = entry.attributes.get("DW_AT_location")
    if location is None or location.form != "DW_FORM_exprloc":
        return None
    match = _FRAME_RELATIVE.fullmatch(bytes(location.value))
    if match is None:
        return None
    groups: bytes = match[1]
    return sum((byte & 0x7F) << 7 * place for place, byte in enumerate(groups))


def _frame_type(structure: Any, names: Mapping[int, str]) -> FrameType:
    fields = [replace(each, name=_plain(each.name)) for each in _fields(structure, names, "", 0, 0)]
    index = next((each for each in fields if each.name in _INDEX), None)
    return FrameType(_number(structure, "DW_AT_byte_size", 0), fields, index)


def _plain(name: str) -> str:
    """Without what the compilers add to a name."""
    head, dot, rest = name.partition(".")
    return _CLANG_PROMISE.sub("promise", head).removeprefix("_Coro_") + dot + rest


def _fields(structure: Any, names: Mapping[int, str], prefix: str, base: int, depth: int) -> Iterator[Field]:
    """``names``: those that the program has for what begins at an offset of the frame."""
    for member in structure.iter_children():
        if member.tag not in ("DW_TAG_member", "DW_TAG_inheritance") or "DW_AT_type" not in member.attributes:
            continue
        if "DW_AT_external" in member.attributes or "DW_AT_bit_size" in member.attributes:
            continue
        offset = base + _number(member, "DW_AT_data_member_location", 0)
        own = names.get(offset) if depth == 0 else None
        name = prefix + (own or _SUFFIX.sub("", _name(member)))
        kind = _stripped(member.get_DIE_from_attribute("DW_AT_type"))
        size = _number(kind, "DW_AT_byte_size", 8)
        if kind.tag in ("DW_TAG_structure_type", "DW_TAG_class_type") and depth < DEPTH:
            inner = f"{name}." if _name(member) else prefix
            yield from _fields(kind, names, inner, offset, depth + 1)
        else:
            yield Field(name, offset, size, _kind(kind))


def _stripped(kind: Any) -> Any:
    """The type behind its names and qualifiers."""
    wrappers = ("DW_TAG_typedef", "DW_TAG_const_type", "DW_TAG_volatile_type", "DW_TAG_atomic_type")
    while kind.tag in wrappers and "DW_AT_type" in kind.attributes:
        kind = kind.get_DIE_from_attribute("DW_AT_type")
    return kind


def _kind(kind: Any) -> str:
    if kind.tag in ("DW_TAG_pointer_type", "DW_TAG_reference_type", "DW_TAG_rvalue_reference_type"):
        return "pointer"
    if kind.tag == "DW_TAG_enumeration_type":
        return "int"
    if kind.tag == "DW_TAG_base_type":
        return _KINDS.get(_number(kind, "DW_AT_encoding", 0), "bytes")
    return "bytes"


def _name(entry: Any) -> str:
    attribute = entry.attributes.get("DW_AT_name")
    return attribute.value.decode("utf-8", "backslashreplace") if attribute is not None else ""


def _number(entry: Any, name: str, default: int) -> int:
    attribute = entry.attributes.get(name)
    return attribute.value if attribute is not None and isinstance(attribute.value, int) else default
