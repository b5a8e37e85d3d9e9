"""Sections while they are being filled, and the symbols that point into them.

A section is a list of chunks: bytes of known size, then a tail whose size depends on addresses (an
alignment, a branch whose length depends on its target, a gap). `Section.lay_out` fixes the sizes; from
then on labels are relative to the section.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sim.isa.assembler.errors import StatementError
from sim.isa.assembler.expressions import (
    CircularError,
    DivisionError,
    Expression,
    NotConstantError,
    constant,
    locate,
)
from sim.isa.assembler.source import Origin
from sim.isa.table import BY_MNEMONIC, Field

NOP = 0x00000013
#: More than this in one gap or one section is a mistake in an expression.
GREATEST_SIZE = 1 << 28
JAL = BY_MNEMONIC["jal"][0]
#: The bit by which beq and bne, blt and bge, c.beqz and c.bnez differ.
_INVERT, _INVERT_SHORT = 0x1000, 0x2000


@dataclass(eq=False, slots=True)
class Symbol:
    """A name of one unit: a label (``chunk``), a value (``.equ``), or not defined here."""

    name: str
    chunk: Chunk | None = None
    offset: int = 0
    value: Expression | None = None
    defined: Origin | None = None
    used: Origin | None = None
    is_global: bool = False
    weak: bool = False
    kind: str = ""
    size: Expression | None = None
    common: tuple[int, int] | None = None
    called: bool = False
    redefinable: bool = False
    evaluating: bool = False

    @property
    def is_defined(self) -> bool:
        """Defined in this unit."""
        return self.chunk is not None or self.value is not None

    @property
    def is_private(self) -> bool:
        """A name that never leaves the assembler, as ``.L3`` and ``1:`` do not."""
        return self.name.startswith(".L") or self.name[:1].isdigit() or not self.name

    def locate(self) -> tuple[object | None, int]:
        """See `expressions.locate`."""
        if self.chunk is not None:
            if self.chunk.section.is_laid_out:
                return self.chunk.section, self.chunk.start + self.offset
            return self.chunk, self.offset
        if self.value is None:
            return self, 0
        if self.evaluating:
            raise CircularError(self.name)
        self.evaluating = True
        try:
            return locate(self.value)
        finally:
            self.evaluating = False


@dataclass(frozen=True, eq=False, slots=True)
class Fixup:
    """A field or a datum to fill in when ``expression`` is known.

    ``modifier``: how the value goes in: ``hi``, ``lo``, ``pcrel_hi``, ``pcrel_lo``, ``pcrel`` (branch and
    jump targets), ``tprel_hi``, ``tprel_lo`` (offset from the thread pointer), ``li`` (lui and addiw),
    ``probe`` (the number of a probe's name), or none.
    """

    offset: int
    expression: Expression
    modifier: str
    field: Field | None
    size: int
    origin: Origin
    probe: str = ""


@dataclass(eq=False, slots=True)
class Alignment:
    """Fill up to a multiple of ``boundary``; not at all if that takes more than ``limit``."""

    boundary: int
    fill: bytes | None
    limit: int | None

    def size(self, address: int) -> int:
        """Bytes of padding at ``address``."""
        padding = -address % self.boundary
        return 0 if self.limit is not None and padding > self.limit else padding

    def render(self, address: int, code: bool) -> bytes:
        """The padding: nops in code, as GNU as makes them, else zeros or the given fill."""
        count = self.size(address)
        if self.fill is not None:
            width = len(self.fill)
            return bytes(count % width) + self.fill * (count // width)
        if not code:
            return bytes(count)
        return bytes(count & 1) + (b"\1\0" if count & 2 else b"") + NOP.to_bytes(4, "little") * (count // 4)


@dataclass(frozen=True, slots=True)
class Reach:
    """One encoding of a branch or jump: ``word`` without its target, which goes into ``field``."""

    word: int
    field: Field

    def covers(self, distance: int) -> bool:
        """Whether a target so far away can be encoded."""
        return -(1 << self.field.top) <= distance < 1 << self.field.top


@dataclass(eq=False, slots=True)
class Branch:
    """A branch or jump whose length depends on its target's distance: 2 bytes if it has a ``short`` form,
    4, or for a conditional branch 6 or 8: the inverse branch, short or not, over a jump."""

    near: Reach
    short: Reach | None
    target: Expression
    origin: Origin
    length: int = 4

    def __post_init__(self) -> None:
        if self.short is not None:
            self.length = 2

    @property
    def is_conditional(self) -> bool:
        """A branch, not a jump."""
        return self.near.field.top < JAL.fields["offset"].top

    @property
    def reach(self) -> Reach:
        """The branch's own encoding at its length."""
        return self.near if self.short is None or self.length % 4 == 0 else self.short

    def size(self, address: int) -> int:
        """Bytes of code."""
        return self.length

    def needed(self, section: Section, address: int) -> int:
        """The length that its target's distance asks for; what the linker decides may be anywhere."""
        far = 8 if self.is_conditional else 4
        try:
            base, target = locate(self.target)
        except NotConstantError:
            return far
        if base is None:
            return 4
        if base is not section or (isinstance(self.target, Symbol) and self.target.weak):
            return far
        return self.length_for(target - address)

    def length_for(self, distance: int) -> int:
        """The length that reaches a target of its section."""
        if self.short is not None and self.short.covers(distance):
            return 2
        if self.near.covers(distance) or not self.is_conditional:
            return 4
        return 8 if self.short is None else 6

    def render(self) -> bytes:
        """The code, targets still to be filled in."""
        reach = self.reach
        if self.length <= 4:
            return reach.word.to_bytes(self.length, "little")
        inverse = reach.word ^ (_INVERT_SHORT if self.length == 6 else _INVERT) | reach.field.insert(
            self.length
        )
        return inverse.to_bytes(self.length - 4, "little") + JAL.match.to_bytes(4, "little")

    def fixup(self, address: int) -> Fixup:
        """The target's place in the code at ``address``."""
        if self.length > 4:
            jump = address + self.length - 4
            return Fixup(jump, self.target, "pcrel", JAL.fields["offset"], 4, self.origin)
        return Fixup(address, self.target, "pcrel", self.reach.field, self.length, self.origin)


@dataclass(eq=False, slots=True)
class Gap:
    """``.space`` of a size that wasn't known where it stood."""

    count: Expression
    fill: bytes
    origin: Origin

    def size(self, address: int) -> int:
        """Bytes, 0 while the expression has no value or no sensible one."""
        try:
            size = (constant(self.count) or 0) * len(self.fill)
        except DivisionError:
            return 0
        return size if 0 <= size <= GREATEST_SIZE else 0

    def check(self) -> None:
        """The size must have become known."""
        value = constant(self.count)
        if value is None:
            raise StatementError("the size is not a constant", self.origin.token)
        check_size(value * len(self.fill), self.origin)


def check_size(size: int, origin: Origin) -> None:
    """Sizes are neither negative nor absurd."""
    if size < 0:
        raise StatementError(f"the size is negative: {size}", origin.token)
    if size > GREATEST_SIZE:
        raise StatementError(f"{size} bytes are more than the limit of {GREATEST_SIZE}", origin.token)


@dataclass(eq=False, slots=True)
class Chunk:
    """Bytes of known size and a tail of unknown size. ``start`` holds once the section is laid out;
    ``boundary``: what it is known to be a multiple of."""

    section: Section
    data: bytearray = field(default_factory=bytearray)
    tail: Alignment | Branch | Gap | None = None
    start: int = 0
    boundary: int = 1
    fixups: list[Fixup] = field(default_factory=list)
    rows: list[tuple[int, Origin]] = field(default_factory=list)


@dataclass(eq=False)
class Section:
    """A section of one unit. ``output`` is the linked section it goes to, "" if it isn't loaded."""

    name: str
    output: str
    zeros: bool = False
    alignment: int = 1
    chunks: list[Chunk] = field(default_factory=list)
    #: Whether instructions of two bytes are in it.
    short: bool = False
    is_laid_out: bool = False
    data: bytes = b""
    size: int = 0
    fixups: list[Fixup] = field(default_factory=list)
    rows: list[tuple[int, Origin]] = field(default_factory=list)
    #: Code that follows data, to be checked for its alignment: (chunk, offset in it, statement).
    after_data: list[tuple[Chunk, int, Origin]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chunks.append(Chunk(self))

    @property
    def code(self) -> bool:
        """Whether it holds instructions."""
        return self.output == ".text"

    @property
    def filled(self) -> str:
        """The section for what isn't zero, of one that holds zeros only."""
        return ".tdata" if self.output == ".tbss" else ".data"

    def close(self, tail: Alignment | Branch | Gap) -> None:
        """End the current chunk with ``tail`` and begin the next."""
        self.chunks[-1].tail = tail
        boundary = tail.boundary if isinstance(tail, Alignment) and tail.limit is None else 1
        self.chunks.append(Chunk(self, boundary=boundary))

    def lay_out(self) -> None:
        """Decide all sizes. Branches only ever grow, so it ends. Code ends at a multiple of its alignment."""
        if self.code:
            self.close(Alignment(self.alignment, None, None))
        self.is_laid_out = True
        branches = [chunk for chunk in self.chunks if isinstance(chunk.tail, Branch)]
        settled = False
        passes = 0
        while not settled:
            passes += 1
            if passes > len(self.chunks) + 10:
                raise StatementError(f"a size in section {self.name} depends on itself")
            settled = self._place()
            for chunk in branches:
                branch = chunk.tail
                assert isinstance(branch, Branch)
                needed = branch.needed(self, chunk.start + len(chunk.data))
                if needed > branch.length:
                    branch.length = needed
                    settled = False

    def _place(self) -> bool:
        """Give every chunk its start under the current sizes; whether none moved."""
        address = 0
        settled = True
        for chunk in self.chunks:
            settled &= chunk.start == address
            chunk.start = address
            address += len(chunk.data)
            if chunk.tail is not None:
                address += chunk.tail.size(address)
        if address > GREATEST_SIZE and not self.zeros:
            raise StatementError(f"section {self.name} exceeds {GREATEST_SIZE} bytes")
        self.size = address
        return settled

    def flatten(self) -> None:
        """Turn the chunks into bytes, fixups and line rows with offsets in the section."""
        if self.zeros:
            return
        pieces = []
        for chunk in self.chunks:
            pieces.append(bytes(chunk.data))
            self.rows += [(chunk.start + offset, origin) for offset, origin in chunk.rows]
            for fix in chunk.fixups:
                place = chunk.start + fix.offset
                self.fixups.append(
                    Fixup(place, fix.expression, fix.modifier, fix.field, fix.size, fix.origin, fix.probe)
                )
            pieces.append(self._render_tail(chunk))
        self.data = b"".join(pieces)

    def _render_tail(self, chunk: Chunk) -> bytes:
        address = chunk.start + len(chunk.data)
        tail = chunk.tail
        if isinstance(tail, Branch):
            self.fixups.append(tail.fixup(address))
            self.rows.append((address, tail.origin))
            return tail.render()
        if isinstance(tail, Alignment):
            return tail.render(address, self.code)
        return tail.fill * (tail.size(address) // len(tail.fill)) if tail is not None else b""
