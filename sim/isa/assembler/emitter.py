"""What instructions are written to: the assembly as `forms` sees it."""

from typing import Protocol

from sim.isa.assembler.expressions import Expression
from sim.isa.assembler.source import Origin
from sim.isa.table import Field


class Emitter(Protocol):
    """Where instruction words go."""

    def instruction(self, word: int, origin: Origin, *, fixed: bool = False) -> None:
        """Append a word of two or four bytes; in two bytes if there is a short form of it, short forms are
        wanted and it isn't ``fixed``."""

    def branch(self, word: int, field: Field, target: Expression, origin: Origin) -> None:
        """Append a conditional branch or a jump, as long as its target's distance needs."""

    def fix(
        self,
        field: Field | None,
        expression: Expression,
        modifier: str,
        origin: Origin,
        size: int = 4,
        probe: str = "",
    ) -> None:
        """Fill in a field of the word appended next, once its value is known."""
