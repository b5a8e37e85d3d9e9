"""Units in, an executable out: which units, where their sections go, what their references are worth.

Names are resolved first (the library is asked for what is missing), then the sections of all units are
laid out by output section and page, then fixups are filled in, then `elf` writes it all down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from sim.isa.assembler import threadlocal
from sim.isa.assembler.dialect import GNU, Dialect
from sim.isa.assembler.elf import Image, ImageSymbol, OutputSection, write_elf
from sim.isa.assembler.errors import AssemblyError, Diagnostic, StatementError, diagnose, did_you_mean
from sim.isa.assembler.expressions import CircularError, DivisionError, constant, evaluate
from sim.isa.assembler.fields import RangeError, low_part, target_bits, upper_bits
from sim.isa.assembler.finish import apply_constant, merge
from sim.isa.assembler.sections import Fixup, Section, Symbol
from sim.isa.assembler.source import Line, Origin
from sim.isa.assembler.unit import Unit

PAGE = 4096
OUTPUTS = (".text", ".rodata", ".tdata", ".tbss", ".data", ".bss")
GREATEST_PROBE = 2047
#: Symbols that the linker defines when a program refers to them and doesn't define them.
PROVIDED = (
    "_end", "end", "__bss_start", "__bss_end", "__BSS_END__", "_edata", "edata", "_etext", "etext",
    "__global_pointer$", "__data_start", "__DATA_BEGIN__", "__executable_start", "__ehdr_start",
)  # fmt: skip

LibraryLookup = Callable[[str], "Unit | None"]


def link(
    units: Sequence[Unit],
    library: LibraryLookup = lambda _: None,
    entry: str | None = None,
    *,
    library_symbols: Iterable[str] = (),
    directory: str = ".",
    dialect: Dialect = GNU,
) -> bytes:
    """The executable; `AssemblyError` for what doesn't resolve or fit.

    ``directory``: DW_AT_comp_dir, what relative source paths are relative to.
    """
    linker = Linker(units, library, entry, library_symbols, dialect)
    if linker.diagnostics:
        raise AssemblyError(linker.diagnostics)
    return linker.write(directory)


class Linker:
    """Names are resolved when it is made; `write` does the rest."""

    def __init__(
        self,
        units: Sequence[Unit],
        library: LibraryLookup,
        entry: str | None,
        library_symbols: Iterable[str],
        dialect: Dialect,
    ) -> None:
        self.dialect = dialect
        self.units: list[Unit] = []
        self.globals: dict[str, Symbol] = {}
        self.commons: dict[str, Symbol] = {}
        self.diagnostics: list[Diagnostic] = []
        self.bases: dict[Section, int] = {}
        self.provided: dict[str, int] = {}
        #: Where the image of thread-local variables begins.
        self.image_start = 0
        self.hints = list(library_symbols)
        self.entry = entry
        for unit in units:
            self._add(unit)
        self._promote("_start", "main")
        self._pull(library)
        self._check_undefined()

    # --- names

    def _add(self, unit: Unit) -> None:
        """Take a unit in; its global names must be new, or weak."""
        self.units.append(unit)
        for symbol in unit.symbols.values():
            if symbol.common is not None:
                greatest = self.commons.get(symbol.name)
                if greatest is None or (greatest.common or (0, 1)) < symbol.common:
                    self.commons[symbol.name] = symbol
            if not symbol.is_global or not symbol.is_defined:
                continue
            other = self.globals.get(symbol.name)
            if other is None or (other.weak and not symbol.weak):
                self.globals[symbol.name] = symbol
            elif not symbol.weak:
                self._report_duplicate(symbol, other)

    def _report_duplicate(self, symbol: Symbol, other: Symbol) -> None:
        where = f" at {other.defined.line.path}:{other.defined.line.number}" if other.defined else ""
        self._report(symbol.defined, StatementError(f"`{symbol.name}` is defined already{where}"))

    def _promote(self, *names: str) -> None:
        """The entry's names count as global, whether declared so or not."""
        for name in names:
            for unit in self.units:
                symbol = unit.symbols.get(name)
                if name not in self.globals and symbol is not None and symbol.is_defined:
                    self.globals[name] = symbol

    def _undefined(self) -> Iterator[Symbol]:
        """References to names that no unit defines so far (numeric labels are reported by their unit)."""
        for unit in list(self.units):
            for symbol in unit.needed():
                if not self._is_known(symbol.name) and not symbol.weak and not symbol.name[0].isdigit():
                    yield symbol

    def _is_known(self, name: str) -> bool:
        return name in self.globals or name in self.commons or name in PROVIDED

    def _pull(self, library: LibraryLookup) -> None:
        """Add units of the library while that resolves anything."""
        if self._begins_in_library():
            self._pull_one(library, "_start")
        asked: set[str] = set()
        growing = True
        while growing:
            growing = self._has_image() and self._pull_one(library, threadlocal.SETUP)
            for symbol in self._undefined():
                if symbol.name not in asked and not self._is_known(symbol.name):
                    asked.add(symbol.name)
                    growing |= self._pull_one(library, symbol.name)

    def _begins_in_library(self) -> bool:
        """Whether what calls `main` is still to come."""
        begins = self.entry is not None or "_start" in self.globals or "main" not in self.globals
        return not begins and self.dialect.library

    def _has_image(self) -> bool:
        """Whether there are thread-local variables, and nothing yet that sets them up."""
        sections = (section for unit in self.units for section in unit.sections if section.size)
        has_any = any(section.output in threadlocal.OUTPUTS for section in sections)
        return has_any and threadlocal.SETUP not in self.globals

    def _pull_one(self, library: LibraryLookup, name: str) -> bool:
        unit = library(name)
        if unit is None or any(unit is other for other in self.units):
            return False
        self._add(unit)
        return True

    def _check_undefined(self) -> None:
        known = {name for unit in self.units for name, each in unit.symbols.items() if each.is_defined}
        known |= self.globals.keys() | set(self.hints) | set(PROVIDED)
        for symbol in self._undefined():
            hint = did_you_mean(symbol.name, known)
            if self.dialect.flat and symbol.name in self.hints:
                hint = "it is the runtime library's: without an operating system there is no library"
            self._report(symbol.used, StatementError(f"undefined symbol `{symbol.name}`", None, hint))
        if self._begins_in_library():
            message = "`main` needs the runtime library's `_start`, and there is none"
            self._report(self.globals["main"].defined, StatementError(message))
        if self.entry is not None and self.entry not in self.globals:
            self._promote(self.entry)
            if self.entry not in self.globals:
                hint = did_you_mean(self.entry, known)
                self._report(None, StatementError(f"the entry `{self.entry}` is not defined", None, hint))

    def _report(self, origin: Origin | None, bad: StatementError) -> None:
        if origin is None:
            path = self.units[0].path if self.units else "program"
            origin = Origin(Line("", "", path, 1))
        bad.token = bad.token or origin.token
        self.diagnostics.append(diagnose(origin.line, bad))

    # --- layout

    def _lay_out(self) -> list[OutputSection]:
        """Give every section its address; output sections begin pages, .bss follows .data and .tbss .tdata;
        in a flat image each follows the one before. What is behind .tbss takes its place: it is in the
        threads' copies only."""
        outputs: list[OutputSection] = []
        address = self.dialect.text
        for name in OUTPUTS:
            address = max(address, self.dialect.data) if name == ".data" else address
            before = address
            pair = (outputs[-1].name, name) if outputs else ("", name)
            follows = self.dialect.flat or pair in ((".data", ".bss"), (".tdata", ".tbss"))
            sections = self._sections_of(name)
            commons = self._commons_to_place() if name == ".bss" else []
            aligned = sections + (self._sections_of(".tbss") if name == ".tdata" else [])
            alignment = max([section.alignment for section in aligned], default=1)
            alignment = max([alignment, *(symbol.common[1] for symbol in commons if symbol.common)])
            start = address = _up(address, alignment if follows else max(PAGE, alignment))
            for section in sections:
                address = _up(address, section.alignment)
                self.bases[section] = address
                address += section.size
            for symbol in commons:
                size, boundary = symbol.common or (0, 1)
                address = _up(address, boundary)
                self.provided[symbol.name] = address
                address += size
            if address > start or name == ".text":
                outputs.append(OutputSection(name, start, address - start, alignment))
            address = before if name == ".tbss" else address
        self.image_start = next((each.address for each in outputs if each.name in threadlocal.OUTPUTS), 0)
        self._provide(outputs)
        if outputs[0].address != self.dialect.text:
            self._report(None, StatementError(_misplaced(outputs[0], self.dialect.text)))
        return outputs

    def _sections_of(self, output: str) -> list[Section]:
        """The units' sections that go there, without empty ones."""
        found = [section for unit in self.units for section in unit.sections if section.output == output]
        return [section for section in found if section.size or output == ".text"]

    def _commons_to_place(self) -> list[Symbol]:
        return [symbol for name, symbol in self.commons.items() if name not in self.globals]

    def _provide(self, outputs: list[OutputSection]) -> None:
        """The values of the names that the linker defines."""
        ends = {output.name: output.address + output.size for output in outputs}
        starts = {output.name: output.address for output in outputs}
        last = max(end for name, end in ends.items() if name != ".tbss")
        data = starts.get(".data", starts.get(".bss", _up(last, PAGE)))
        data_end = ends.get(".data", data)
        values = {
            "__ehdr_start": self.dialect.text - PAGE,
            "__executable_start": self.dialect.text,
            "_etext": ends[".text"],
            "__data_start": data,
            "__DATA_BEGIN__": data,
            "_edata": data_end,
            "__bss_start": starts.get(".bss", data_end),
            "__bss_end": ends.get(".bss", data_end),
            "__global_pointer$": data + 0x800,
            "_end": last,
        }
        values |= {"end": last, "edata": data_end, "etext": ends[".text"], "__BSS_END__": values["__bss_end"]}
        self.provided = values | self.provided

    # --- references

    def address(self, symbol: Symbol) -> int:
        """What a symbol is worth in the executable."""
        if symbol.chunk is not None:
            return self.bases.get(symbol.chunk.section, 0) + symbol.chunk.start + symbol.offset
        if symbol.value is not None:
            return evaluate(symbol.value, self.address)
        if symbol.name in self.globals:
            return self.address(self.globals[symbol.name])
        return self.provided.get(symbol.name, 0)

    def _probe_numbers(self) -> dict[str, int]:
        """A number for every probe's name, in order of first use, beside those used as numbers."""
        taken = set().union(*(unit.probe_numbers for unit in self.units))
        free = (number for number in range(GREATEST_PROBE + 1) if number not in taken)
        numbers: dict[str, int] = {}
        for name in (name for unit in self.units for name in unit.probes):
            if name not in numbers:
                number = next(free, None)
                if number is None:
                    raise AssemblyError([*self.diagnostics, _too_many_probes(self.units[0])])
                numbers[name] = number
        return numbers

    def _contents(self, outputs: list[OutputSection], probes: dict[str, int]) -> None:
        """Fill the output sections with the units' bytes, references filled in."""
        for output in outputs:
            if output.name in (".bss", ".tbss"):
                continue
            data = bytearray(output.size)
            for section, base in self.bases.items():
                if section.output != output.name:
                    continue
                content = bytearray(section.data)
                self._apply(section, base, content, probes)
                data[base - output.address : base - output.address + len(content)] = content
            output.data = bytes(data)

    def _apply(self, section: Section, base: int, data: bytearray, probes: dict[str, int]) -> None:
        """Fill in a section's references; errors are noted, each at its place."""
        upper: dict[int, int] = {}
        for late in (False, True):
            for fixup in section.fixups:
                if (fixup.modifier == "pcrel_lo") != late:
                    continue
                try:
                    self._fill(fixup, base + fixup.offset, data, upper, probes)
                except (RangeError, StatementError) as error:
                    self._report(fixup.origin, StatementError(error.message, None, error.hint))
                except DivisionError:
                    self._report(fixup.origin, StatementError("division by zero"))
                except CircularError as circular:
                    self._report(fixup.origin, StatementError(f"`{circular}` is defined in terms of itself"))

    def _fill(
        self, fixup: Fixup, place: int, data: bytearray, upper: dict[int, int], probes: dict[str, int]
    ) -> None:
        """Fill in one reference. ``upper``: address -> distance of the %pcrel_hi there."""
        if fixup.modifier == "probe":
            assert fixup.field is not None
            merge(data, fixup.offset, fixup.field.insert(probes[fixup.probe]))
            return
        value = evaluate(fixup.expression, self.address)
        if fixup.modifier == "pcrel_hi":
            upper[place] = value - place
        threadlocal.check_reference(fixup, self.globals)
        if fixup.modifier == "pcrel":
            assert fixup.field is not None
            merge(data, fixup.offset, target_bits(fixup.field, value - place))
        elif fixup.modifier == "pcrel_hi":
            assert fixup.field is not None
            merge(data, fixup.offset, upper_bits(fixup.field, value - place))
        elif fixup.modifier == "pcrel_lo":
            assert fixup.field is not None
            if value not in upper:
                hint = "%pcrel_lo takes the label of the auipc that has the %pcrel_hi"
                raise StatementError("no %pcrel_hi stands at this label", None, hint)
            merge(data, fixup.offset, fixup.field.insert(low_part(upper[value])))
        else:
            relative = fixup.modifier.startswith("tprel")
            apply_constant(fixup, value - self.image_start if relative else value, data)

    # --- the executable

    def write(self, directory: str) -> bytes:
        """Lay out, fill in, and write the ELF."""
        outputs = self._lay_out()
        probes = self._probe_numbers()
        self._contents(outputs, probes)
        if self.diagnostics:
            raise AssemblyError(self.diagnostics)
        is_short = any(unit.is_short for unit in self.units)
        image = Image(outputs, self._entry(), self._symbols(probes), self._lines(), directory, is_short)
        if "__ehdr_start" not in self.globals and any(
            symbol.name == "__ehdr_start" for unit in self.units for symbol in unit.needed()
        ):
            image.headers = self.provided["__ehdr_start"]
        return write_elf(image)

    def _entry(self) -> int:
        name = self.entry or self.dialect.entry
        return self.address(self.globals[name]) if name in self.globals else self.dialect.text

    def _symbols(self, probes: dict[str, int]) -> list[ImageSymbol]:
        """The symbol table: per unit its file and locals, then globals, then the probes' names."""
        found: list[ImageSymbol] = []
        referred: set[str] = set()
        for unit in self.units:
            found.append(ImageSymbol(unit.path, 0, 0, "", "file", "local"))
            ends = self._ends(unit)
            for symbol in unit.symbols.values():
                if symbol.is_defined and not symbol.is_private:
                    if not symbol.is_global or self.globals.get(symbol.name) is symbol:
                        found.append(self._symbol(symbol, ends))
                elif not symbol.is_defined:
                    referred.add(symbol.name)
        for name in sorted(referred - self.globals.keys()):
            if name in self.provided:
                found.append(self._provided_symbol(name))
        found += [
            ImageSymbol(f"probe.{name}", number, 0, "", "notype", "local") for name, number in probes.items()
        ]
        return found

    def _provided_symbol(self, name: str) -> ImageSymbol:
        common = self.commons.get(name)
        if common is not None and common.common is not None:
            return ImageSymbol(name, self.provided[name], common.common[0], ".bss", "object", "global")
        return ImageSymbol(name, self.provided[name], 0, "", "notype", "global")

    def _ends(self, unit: Unit) -> dict[Symbol, int]:
        """Where functions and labels of data end: at the next one of the unit, or with their section."""
        ends: dict[Symbol, int] = {}
        for section in unit.sections:
            if section not in self.bases:
                continue
            found = [
                symbol
                for symbol in unit.symbols.values()
                if symbol.chunk is not None and symbol.chunk.section is section and self._has_extent(symbol)
            ]
            places = sorted({self.address(symbol) for symbol in found})
            places.append(self.bases[section] + section.size)
            following = dict(pairwise(places))
            ends |= {symbol: following[self.address(symbol)] for symbol in found}
        return ends

    def _has_extent(self, symbol: Symbol) -> bool:
        """A function in code, any named label elsewhere."""
        assert symbol.chunk is not None
        if symbol.chunk.section.output == ".text":
            return self._is_function(symbol)
        return not symbol.is_private

    def _is_function(self, symbol: Symbol) -> bool:
        """Said to be one, or known to other units or called, unless said to be something else."""
        if symbol.kind or symbol.is_private:
            return symbol.kind == "function"
        return symbol.is_global or symbol.called or self.globals.get(symbol.name) is symbol

    def _symbol(self, symbol: Symbol, ends: dict[Symbol, int]) -> ImageSymbol:
        """A symbol that a unit defines, as the executable has it."""
        value = self.address(symbol)
        section = symbol.chunk.section.output if symbol.chunk is not None else ""
        if symbol.chunk is None and symbol.value is not None and constant(symbol.value) is None:
            section = ".text"
        kind = symbol.kind or (
            "notype" if symbol not in ends else "function" if section == ".text" else "object"
        )
        if threadlocal.is_thread_local(symbol, self.globals):
            kind, offset = "tls", value - self.image_start
        else:
            offset = value
        size = (
            evaluate(symbol.size, self.address)
            if symbol.size is not None
            else ends.get(symbol, value) - value
        )
        binding = "weak" if symbol.weak else "global" if symbol.is_global else "local"
        return ImageSymbol(symbol.name, offset, max(size, 0), section, kind, binding)

    def _lines(self) -> list[tuple[str, int, int, list[tuple[int, str, int]]]]:
        """Per unit with code: its path, first and last address, and (address, file, line) rows."""
        tables = []
        for unit in self.units:
            rows: list[tuple[int, str, int]] = []
            spans = []
            for section in unit.sections:
                if section.output != ".text" or not section.size:
                    continue
                base = self.bases[section]
                spans += [base, base + section.size]
                uses = ((offset, origin.line.use) for offset, origin in section.rows)
                rows += [(base + offset, line.path, line.number) for offset, line in uses]
            if rows:
                tables.append((unit.path, min(spans), max(spans), sorted(rows)))
        return tables


def _up(address: int, alignment: int) -> int:
    return (address + alignment - 1) & -alignment


def _misplaced(text: OutputSection, address: int) -> str:
    what = f"code that is aligned to {text.alignment} bytes can't begin at {address:#x}"
    return f"{what}; the next place for it is {text.address:#x}"


def _too_many_probes(unit: Unit) -> Diagnostic:
    return diagnose(Line("", "", unit.path, 1), StatementError(f"more than {GREATEST_PROBE + 1} probes"))
