"""Finds the inlined calls among a compile unit's entries (.debug_info) without reading the others.

pyelftools makes an object of every entry and attribute, though one entry in twenty is an inlined call:
skipping the others by the sizes of their forms takes a tenth of the time. What is found, pyelftools reads.
"""

from collections.abc import Callable, Iterator
from typing import Any

from sim.symbols import Unreadable

#: Skips bytes: how many, or where the next attribute begins in (data, place).
_Step = int | Callable[[bytes, int], int]

_FIXED = {"DW_FORM_flag_present": 0, "DW_FORM_implicit_const": 0, "DW_FORM_addr": 8, "DW_FORM_data16": 16}
_FIXED |= {f"DW_FORM_{name}": 1 for name in ("data1", "flag", "ref1", "strx1", "addrx1")}
_FIXED |= {f"DW_FORM_{name}": 2 for name in ("data2", "ref2", "strx2", "addrx2")}
_FIXED |= {f"DW_FORM_{name}": 3 for name in ("strx3", "addrx3")}
_FIXED |= {f"DW_FORM_{name}": 4 for name in ("data4", "ref4", "strx4", "addrx4", "ref_sup4")}
_FIXED |= {f"DW_FORM_{name}": 8 for name in ("data8", "ref8", "ref_sig8", "ref_sup8")}
#: As wide as an offset: 4 bytes, or 8 in 64-bit DWARF.
_OFFSETS = {f"DW_FORM_{name}" for name in ("strp", "sec_offset", "line_strp", "ref_addr", "strp_sup")}
_LEB128 = {"DW_FORM_udata", "DW_FORM_sdata", "DW_FORM_strx", "DW_FORM_addrx"}
_LEB128 |= {"DW_FORM_ref_udata", "DW_FORM_loclistx", "DW_FORM_rnglistx"}
#: An entry of any of these kinds contains code of its own: what is inside of it isn't inlined around it.
_FUNCTION, _INLINED = "DW_TAG_subprogram", "DW_TAG_inlined_subroutine"


def inlined_calls(dwarf: Any, unit: Any, spend: Callable[[int], None]) -> Iterator[tuple[int, int]]:
    """(offset, offset of the inlined call around it or 0) of each of the unit's inlined calls, the outer
    ones first. ``spend`` is told how much was looked at. Raises Unreadable, and what ``spend`` raises."""
    stream = dwarf.debug_info_sec.stream
    end = unit.cu_offset + unit["unit_length"] + unit.structs.initial_length_field_size()
    stream.seek(0)
    data: bytes = stream.read(end)
    table = _Abbreviations(unit.get_abbrev_table(), unit.structs.dwarf_format // 8)
    around = [0]
    place = unit.cu_die_offset
    try:
        while place < end:
            offset = place
            code, place = _uleb(data, place)
            if not code:
                around.pop()
                if len(around) < 2:
                    return
                continue
            tag, children, steps = table[code]
            spend(1 + len(steps))
            for step in steps:
                place = place + step if isinstance(step, int) else step(data, place)
            if tag == _INLINED:
                yield offset, around[-1]
            if children:
                around.append(offset if tag == _INLINED else 0 if tag == _FUNCTION else around[-1])
            elif len(around) < 2:
                return
    except (IndexError, KeyError, ValueError) as error:
        raise Unreadable("an entry is damaged") from error


class _Abbreviations(dict[int, tuple[str, bool, list[_Step]]]):
    """Code -> (tag, has children, how to skip the attributes), made when first asked for. ``offset`` is the
    width of one."""

    def __init__(self, table: Any, offset: int) -> None:
        self._table = table
        self._offset = offset

    def __missing__(self, code: int) -> tuple[str, bool, list[_Step]]:
        entry = self._table.get_abbrev(code)
        steps: list[_Step] = []
        for _, form in entry.iter_attr_specs():
            step = _step(form, self._offset)
            if isinstance(step, int) and steps and isinstance(steps[-1], int):
                steps[-1] += step
            else:
                steps.append(step)
        self[code] = found = (entry["tag"], entry.has_children(), steps)
        return found


def _step(form: str, offset: int) -> _Step:
    if form in _FIXED:
        return _FIXED[form]
    if form in _OFFSETS:
        return offset
    if form in _LEB128:
        return lambda data, place: _uleb(data, place)[1]
    if form in _SKIPS:
        return _SKIPS[form]
    raise Unreadable(f"an entry has an attribute of form {form}")


def _string(data: bytes, place: int) -> int:
    return data.index(b"\0", place) + 1


def _block(data: bytes, place: int) -> int:
    size, place = _uleb(data, place)
    return place + size


def _sized(width: int) -> Callable[[bytes, int], int]:
    return lambda data, place: place + width + int.from_bytes(data[place : place + width], "little")


_SKIPS: dict[str, Callable[[bytes, int], int]] = {
    "DW_FORM_string": _string,
    "DW_FORM_block": _block,
    "DW_FORM_exprloc": _block,
    "DW_FORM_block1": _sized(1),
    "DW_FORM_block2": _sized(2),
    "DW_FORM_block4": _sized(4),
}


def _uleb(data: bytes, place: int) -> tuple[int, int]:
    """(value, place behind it)."""
    value = data[place]
    place += 1
    if value < 0x80:
        return value, place
    value &= 0x7F
    shift = 7
    while shift < 70:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    return value, place
