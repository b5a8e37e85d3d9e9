"""Debug information (DWARF 2 to 5): which source line an address is of, and through which inlined calls.

An executable's image in, places out. Compile units are found at once and read when an address in them is
first asked for: a program with its libraries has hundreds, of which a run touches few. What can't be read
is told once, by `DebugInfo.problem`, and costs only the names.
"""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from sim.entries import inlined_calls
from sim.lineprogram import NO_FILE, Row, SourceFile, file_table, line_rows
from sim.symbols import Unreadable, open_sections, printable, readable

T = TypeVar("T")

#: Bytes of debug information, unpacked, that are read.
MOST_BYTES = 1 << 28
#: Steps of reading, by the image's size: each byte is worth so many, as pieces of debug information may point
#: to the same bytes again and again. An entry that pyelftools reads costs more than one that is skipped.
STEPS_PER_BYTE, FREE_STEPS, COST_OF_READING = 8, 1 << 22, 10
#: Ranges of one entry, and calls inlined in each other; more is nonsense.
MOST_RANGES, DEEPEST = 1 << 20, 200


@dataclass(frozen=True)
class InlinedCall:
    """A call that the compiler put the function in place of: ``function`` begins at ``start`` there; the
    call stands in ``caller`` (the empty name: the function that has the code) at ``file:line``."""

    function: str
    start: int
    caller: str
    file: str
    line: int


@dataclass
class _Site:
    """An inlined call: pyelftools' ``entry`` of it, the one ``around`` it, how many those are."""

    entry: Any
    around: "_Site | None"
    depth: int
    ranges: list[tuple[int, int]]


class DebugInfo:
    """What an image knows of its addresses in the ``code`` ranges."""

    def __init__(self, image: bytes, code: Collection[range]) -> None:
        self.image = image
        self._code = code
        self._left = FREE_STEPS + STEPS_PER_BYTE * len(image)
        #: Why something couldn't be read; empty if all could.
        self.problem = ""

    def line(self, pc: int) -> tuple[str, int]:
        """(file, line) of an address of code; line 0 if unknown."""
        unit = self.unit_at(pc)
        if unit is None:
            return "", 0
        index = bisect_right(unit.addresses, pc) - 1
        if index < 0:
            return "", 0
        _, file, line = unit.rows[index]
        found = unit.files.get(file)
        return (found.name, line) if found is not None and line > 0 else ("", 0)

    def inlined(self, pc: int) -> tuple[InlinedCall, ...]:
        """The inlined calls that the address is in, the innermost first."""
        unit = self.unit_at(pc)
        if unit is None or not unit.sites:
            return ()
        starts, innermost = unit.sites
        index = bisect_right(starts, pc) - 1
        return unit.calls(innermost[index]) if index >= 0 else ()

    def files(self) -> dict[str, SourceFile]:
        """The files that have lines, by name."""
        found: dict[str, SourceFile] = {}
        for unit in self._units[1]:
            for number in {file for _, file, line in unit.rows if line}:
                file = unit.files.get(number)
                if file is not None:
                    found.setdefault(file.name, file)
        return found

    def unit_at(self, pc: int) -> "Unit | None":
        """The compile unit that an address of code is from."""
        starts, units = self._spans
        index = bisect_right(starts, pc) - 1
        if index < 0 or pc >= units[index][0]:
            return None
        return units[index][1]

    @cached_property
    def _spans(self) -> tuple[list[int], list[tuple[int, "Unit"]]]:
        """Starts of the units' ranges, ascending, and (end, unit) of each."""
        ordered = sorted(self._units[0], key=lambda span: span[:2])
        return [low for low, _, _ in ordered], [(high, unit) for _, high, unit in ordered]

    @cached_property
    def _units(self) -> tuple[list[tuple[int, int, "Unit"]], list["Unit"]]:
        """(start, end, unit) of every range of code that a unit has; and the units."""
        spans: list[tuple[int, int, Unit]] = []
        units: list[Unit] = []
        for found in self.guarded(self._read_units):
            units.append(found)
            ranges = self.attempt(found.ranges, list[tuple[int, int]]())
            spans += [(low, high, found) for low, high in ranges if any(low in span for span in self._code)]
        return spans, units

    def _read_units(self) -> Iterator["Unit"]:
        dwarf = self._dwarf()
        if dwarf is None:
            return
        for unit in dwarf.iter_CUs():
            self.spend(COST_OF_READING)
            yield Unit(self, dwarf, unit, self._code)

    def _dwarf(self) -> Any:
        """pyelftools' reader; None if there is nothing to read. Raises Unreadable."""
        elf = open_sections(self.image)
        kinds = (".debug_", ".zdebug_")
        sections = [section for section in elf.iter_sections() if section.name.startswith(kinds)]
        names = {section.name for section in sections}
        if ".debug_info" not in names:
            if ".zdebug_info" in names:
                raise Unreadable("it is compressed in the old way (.zdebug); link without")
            return None
        if sum(section.data_size for section in sections) > MOST_BYTES:
            raise Unreadable(f"it has more than {MOST_BYTES >> 20} MiB")
        return elf.get_dwarf_info(relocate_dwarf_sections=False, follow_links=False)

    def guarded(self, read: Callable[[], Iterator[T]]) -> Iterator[T]:
        """What ``read`` gives until it raises; the first problem is remembered."""
        try:
            yield from read()
        except Exception as error:  # pyelftools lets out whatever its parsers raise.
            self.problem = self.problem or str(error) or type(error).__name__

    def attempt(self, read: Callable[[], T], otherwise: T) -> T:
        """What ``read`` returns, or this if it raises; the first problem is remembered."""
        return next(self.guarded(lambda: iter([read()])), otherwise)

    def spend(self, steps: int) -> None:
        """Count the work, over all units. Raises Unreadable."""
        self._left -= steps
        if self._left < 0:
            raise Unreadable("it takes more work than its size can explain")


class Unit:
    """A compile unit, read on demand."""

    def __init__(self, info: DebugInfo, dwarf: Any, unit: Any, code: Collection[range]) -> None:
        self._info = info
        self._dwarf = dwarf
        self._unit = unit
        self._code = code
        self._functions: dict[tuple[str, int] | None, str] = {}
        self._calls: dict[int, tuple[InlinedCall, ...]] = {}

    def ranges(self) -> list[tuple[int, int]]:
        """The code of the unit, [start, end) each; all code if it doesn't say."""
        top = self._unit.get_top_DIE()
        found = _ranges(self._dwarf, self._unit, top)
        self._info.spend(COST_OF_READING * (len(top.attributes) + len(found)))
        if found or "DW_AT_stmt_list" not in top.attributes:
            return found
        low = [row[0] for row in self.rows]
        return [(min(low), max(low))] if low else []

    @cached_property
    def _program(self) -> Any:
        return self._info.attempt(lambda: self._dwarf.line_program_for_CU(self._unit), None)

    @cached_property
    def files(self) -> dict[int, SourceFile]:
        """The files of the line table by number."""
        if self._program is None:
            return {}
        return self._info.attempt(lambda: file_table(self._program, self._directory()), {})

    def _directory(self) -> str:
        attribute = self._unit.get_top_DIE().attributes.get("DW_AT_comp_dir")
        return attribute.value.decode("utf-8", "backslashreplace") if attribute is not None else ""

    @cached_property
    def rows(self) -> list[Row]:
        """The line table, one row for each address; of several, the last is where the line begins."""
        if self._program is None:
            return []
        made: dict[int, Row] = {}
        for row in self._info.attempt(self._read_rows, list[Row]()):
            if row[1] != NO_FILE or row[0] not in made:
                made[row[0]] = row
        return [row for _, row in sorted(made.items())]

    def _read_rows(self) -> list[Row]:
        self._info.spend(self._program.program_end_offset - self._program.program_start_offset)
        return line_rows(self._program, self._code)

    def entries(self) -> Iterator[Any]:
        """The unit's entries (pyelftools' DIE), until something makes no sense."""
        return self._info.guarded(self._unit.iter_DIEs)

    @cached_property
    def addresses(self) -> list[int]:
        """The first column of `rows`."""
        return [address for address, _, _ in self.rows]

    @cached_property
    def sites(self) -> tuple[list[int], list[_Site | None]] | None:
        """Addresses, ascending, and the innermost inlined call from each on; None if there are none."""
        found = list(self._info.guarded(self._read_sites))
        edges = sorted({edge for site in found for span in site.ranges for edge in span})
        if not edges:
            return None
        innermost = np.full(len(edges), -1, np.int64)
        # Deeper calls over those around them.
        for index in sorted(range(len(found)), key=lambda index: found[index].depth):
            for low, high in found[index].ranges:
                innermost[bisect_right(edges, low) - 1 : bisect_right(edges, high) - 1] = index
        return edges, [found[index] if index >= 0 else None for index in innermost.tolist()]

    def _read_sites(self) -> Iterator[_Site]:
        sites: dict[int, _Site] = {}
        for offset, around in inlined_calls(self._dwarf, self._unit, self._info.spend):
            entry = self._unit.get_DIE_from_refaddr(offset)
            ranges = _ranges(self._dwarf, self._unit, entry)
            self._info.spend(COST_OF_READING * (len(entry.attributes) + len(ranges)))
            outer = sites.get(around)
            if not ranges or (outer is not None and outer.depth == DEEPEST):
                continue
            site = _Site(entry, outer, outer.depth + 1 if outer is not None else 0, ranges)
            sites[offset] = site
            yield site

    def calls(self, site: _Site | None) -> tuple[InlinedCall, ...]:
        """A call and those around it; names are looked up when they are first asked for."""
        if site is None:
            return ()
        offset = site.entry.offset
        if offset not in self._calls:
            call = self._info.attempt(lambda: self._call(site), None)
            self._calls[offset] = (call, *self.calls(site.around)) if call is not None else ()
        return self._calls[offset]

    def _call(self, site: _Site) -> InlinedCall:
        file = self.files.get(_number(site.entry, "DW_AT_call_file"))
        return InlinedCall(
            self._function(site.entry),
            min(low for low, _ in site.ranges),
            self._function(site.around.entry) if site.around is not None else "",
            file.name if file is not None else "",
            _number(site.entry, "DW_AT_call_line"),
        )

    def _function(self, entry: Any) -> str:
        """The name of the function that an inlined call is of."""
        origin = entry.attributes.get("DW_AT_abstract_origin")
        key = (origin.form, origin.value) if origin is not None else None
        if key not in self._functions:
            self._functions[key] = _function_name(entry)
        return self._functions[key]


def _number(entry: Any, name: str) -> int:
    attribute = entry.attributes.get(name)
    return attribute.value if attribute is not None and isinstance(attribute.value, int) else 0


def _ranges(dwarf: Any, unit: Any, entry: Any) -> list[tuple[int, int]]:
    """[start, end) of the code that an entry has."""
    attributes = entry.attributes
    if "DW_AT_ranges" in attributes:
        return _range_list(dwarf, unit, attributes["DW_AT_ranges"])
    if "DW_AT_low_pc" not in attributes or "DW_AT_high_pc" not in attributes:
        return []
    low, high = attributes["DW_AT_low_pc"].value, attributes["DW_AT_high_pc"]
    # A constant is a length, an address (the first forms of DWARF) an address.
    end = high.value if high.form.startswith("DW_FORM_addr") else low + high.value
    return [(low, end)] if low < end else []


def _range_list(dwarf: Any, unit: Any, attribute: Any) -> list[tuple[int, int]]:
    lists = dwarf.range_lists()
    if lists is None:
        raise Unreadable("its lists of ranges are missing")
    top = unit.get_top_DIE()
    base = top.attributes["DW_AT_low_pc"].value if "DW_AT_low_pc" in top.attributes else 0
    found = []
    for span in lists.get_range_list_at_offset(attribute.value, unit):
        if hasattr(span, "base_address"):
            base = span.base_address
        elif span.begin_offset < span.end_offset:
            start = 0 if span.is_absolute else base
            found.append((start + span.begin_offset, start + span.end_offset))
        if len(found) > MOST_RANGES:
            raise Unreadable("a list of ranges has no end")
    return found


def _function_name(entry: Any) -> str:
    """The name of the function that an inlined call is of; a C++ one as it is called there."""
    for _ in range(4):
        for name in ("DW_AT_linkage_name", "DW_AT_MIPS_linkage_name"):
            if name in entry.attributes:
                return readable(printable(entry.attributes[name].value))
        link = next(
            (n for n in ("DW_AT_abstract_origin", "DW_AT_specification") if n in entry.attributes), ""
        )
        if not link:
            break
        entry = entry.get_DIE_from_attribute(link)
    return printable(entry.attributes["DW_AT_name"].value) if "DW_AT_name" in entry.attributes else ""
