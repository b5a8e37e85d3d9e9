"""One assembled source: sections with what is left to fill in, symbols, and names it still needs."""

from collections.abc import Iterator
from dataclasses import dataclass

from sim.isa.assembler.expressions import symbols_of
from sim.isa.assembler.sections import Section, Symbol


@dataclass(frozen=True, eq=False)
class Unit:
    """What `assemble` makes of a source and `link` takes. Linking doesn't change it.

    ``probes``: names in order of first use; ``probe_numbers``: numbers that probes use without a name;
    ``unreferred``: names that were defined for it from outside and that it doesn't mention.
    """

    path: str
    sections: tuple[Section, ...]
    symbols: dict[str, Symbol]
    probes: tuple[str, ...]
    probe_numbers: frozenset[int]
    unreferred: frozenset[str] = frozenset()

    @property
    def is_short(self) -> bool:
        """Whether it has instructions of two bytes."""
        return any(section.short for section in self.sections if section.output)

    def needed(self) -> Iterator[Symbol]:
        """Symbols that it refers to and doesn't define, in order, once each."""
        seen: set[int] = set()
        for section in self.sections:
            for fixup in section.fixups if section.output else ():
                yield from _undefined(symbols_of(fixup.expression), seen)


def _undefined(symbols: Iterator[Symbol], seen: set[int]) -> Iterator[Symbol]:
    """Those of ``symbols``, or that their values refer to, that are not defined in their unit."""
    for symbol in symbols:
        if id(symbol) in seen:
            continue
        seen.add(id(symbol))
        if symbol.value is not None:
            yield from _undefined(symbols_of(symbol.value), seen)
        elif symbol.chunk is None:
            yield symbol
