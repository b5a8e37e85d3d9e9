"""The instruction table: each instruction declared exactly once, as the manual writes it.

``@insn("sub rd,rs1,rs2", "0100000 rs2 rs1 000 rd 0110011")`` takes the assembler's syntax and the
encoding; the decorated function is the meaning. From the table derive the encoder, the decoder, the
assembler, the disassembler, both executors (`sim.machine.executor`) and docs/reference/isa.md.

A meaning is a plain function over signed 64-bit integers whose *parameters name what it needs*:

========== =====================================================================================
x          the thread's register row; ``x[PC]`` is where control goes next (preset to ``link``)
rd rs1 rs2 slots of that row, from the encoding; ``fd fs1 fs2 fs3`` those of f registers
imm offset shamt csr   the immediate, sign-extended (``shamt`` and ``csr`` are unsigned)
zimm rm    small unsigned operands: the immediate of csrr?i, the rounding mode (7: that of fcsr)
pc, link   this instruction's address and the one behind it
mem, at    physical memory (bytes) and the translated, checked offset of the access
h, reserve hart number; each hart's reserved 64-byte line (-1: none)
tick, retired          the clock; instructions this hart has retired
========== =====================================================================================

An access (``load=``, ``store=``, ``atomic=``: bytes) is translated and checked before the meaning
runs, at the address that the syntax's ``imm(rs1)`` or ``(rs1)`` spells, so meanings never fail. A meaning
that assigns ``x[FCSR]`` gives rise to a ``csr`` event when that has changed.

Compressed instructions have no meaning of their own: see `sim.isa.compressed`.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

REGISTER_FIELDS = ("rd", "rs1", "rs2")
FLOAT_FIELDS = ("fd", "fs1", "fs2", "fs3")
#: Operand fields that share the one immediate of a decoded instruction: none has two of them.
IMMEDIATE_FIELDS = ("imm", "offset", "shamt", "csr")
#: Where a decoded instruction keeps an operand that has no place of its own name.
PLACES = {"fd": "rd", "fs1": "rs1", "fs2": "rs2", "fs3": "rs3", "zimm": "rs1"} | dict.fromkeys(
    IMMEDIATE_FIELDS, "imm"
)
#: The rounding modes: what stands in frm and in an instruction's ``rm``.
ROUNDING_MODES = {"rne": 0, "rtz": 1, "rdn": 2, "rup": 3, "rmm": 4, "dyn": 7}
_EXACT_CONVERSIONS = frozenset(("fcvt.d.s", "fcvt.d.w", "fcvt.d.wu"))


@dataclass(frozen=True)
class Field:
    """One operand's bits: ``pieces`` are (bit of the instruction, bit of the operand, count).

    A register with a prime (``rd'``) is one of the eight that the short formats can name, 8 to 15."""

    name: str
    pieces: tuple[tuple[int, int, int], ...]

    @cached_property
    def top(self) -> int:
        """The highest operand bit that the encoding holds."""
        return max(high + count - 1 for _, high, count in self.pieces)

    @cached_property
    def low(self) -> int:
        """The lowest operand bit that the encoding holds (1 for branches, 12 for lui)."""
        return min(high for _, high, _ in self.pieces)

    def extract(self, word: int) -> int:
        """The operand's value in ``word``; immediates are sign-extended."""
        steps, value, sign = self._steps
        for place, mask, bit in steps:
            value |= (word >> place & mask) << bit
        return value - 2 * sign if value & sign else value

    @cached_property
    def _steps(self) -> tuple[list[tuple[int, int, int]], int, int]:
        """What `extract` goes by: (bit of the instruction, mask, bit of the operand), what is set in every
        value, the bit of the sign."""
        steps = [(place, (1 << count) - 1, bit) for place, bit, count in self.pieces]
        sign = 1 << self.top if self.name in ("imm", "offset") else 0
        return steps, 8 if self.name.endswith("'") else 0, sign

    def insert(self, value: int) -> int:
        """``value``'s bits in their places, as a word to OR in; the caller checks the range."""
        return sum(((value >> bit) & ((1 << count) - 1)) << place for place, bit, count in self.pieces)

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and greatest encodable value (a multiple of ``1 << low``)."""
        if self.name in ("imm", "offset"):
            return -(1 << self.top), (1 << self.top) - (1 << self.low)
        if self.name.endswith("'"):
            return 8, 15
        return 0, (1 << (self.top + 1)) - (1 << self.low)


@dataclass(frozen=True)
class Instruction:
    """One row of the table."""

    number: int
    mnemonic: str
    operands: tuple[str, ...]
    syntax: str
    encoding: str
    extension: str
    meaning: Callable[..., None]
    match: int
    mask: int
    fields: dict[str, Field]
    load: int = 0
    store: int = 0
    atomic: int = 0
    trap: str = ""
    event: str = ""
    cost: str = "alu"
    orderings: bool = field(default=False)

    @cached_property
    def body(self) -> list[ast.stmt]:
        """The meaning's statements, without its docstring."""
        tree = ast.parse(textwrap.dedent(inspect.getsource(self.meaning)))
        function = tree.body[0]
        assert isinstance(function, ast.FunctionDef)
        statements = function.body
        if isinstance(statements[0], ast.Expr) and isinstance(statements[0].value, ast.Constant):
            statements = statements[1:]
        return statements

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """What the meaning asks for."""
        code = self.meaning.__code__
        return code.co_varnames[: code.co_argcount]

    @cached_property
    def writes(self) -> frozenset[str]:
        """Which of ``rd``, ``fd``, ``PC`` and ``FCSR`` the meaning assigns: those that it names at all."""
        return frozenset({*self.parameters, *self.meaning.__code__.co_names} & {"rd", "fd", "PC", "FCSR"})

    @cached_property
    def effect(self) -> str:
        """What an instruction event's ``value`` is: ``register``, ``store``, ``branch`` (the next pc),
        ``jump`` (the next pc; rd, if any, is the address behind), or ``none``."""
        if "PC" in self.writes:
            return "jump" if "rd" in self.writes else "branch"
        if self.writes & {"rd", "fd"}:
            return "register"
        return "store" if self.store else "none"

    @cached_property
    def usual_rounding(self) -> int | None:
        """The rounding mode that assembly doesn't spell out: that of fcsr, or rne where the mode is idle,
        as what is converted fits exactly; None if it takes none."""
        if "rm" not in self.fields:
            return None
        return ROUNDING_MODES["rne" if self.mnemonic in _EXACT_CONVERSIONS else "dyn"]

    @property
    def access(self) -> int:
        """Bytes of memory that it touches, 0 for none."""
        return self.load or self.store or self.atomic

    def encode(self, operands: dict[str, int]) -> int:
        """The instruction word for operand values by field name (missing: 0)."""
        word = self.match
        for name, value in operands.items():
            word |= self.fields[name].insert(value)
        return word


INSTRUCTIONS: list[Instruction] = []
BY_MNEMONIC: dict[str, list[Instruction]] = {}


def _default_bits(name: str) -> str:
    if name in REGISTER_FIELDS + FLOAT_FIELDS:
        return "4:0"
    return "2:0" if name.endswith("'") or name == "rm" else "0"


def parse_encoding(encoding: str) -> tuple[int, int, dict[str, Field]]:
    """Match bits, mask, and operand fields of an encoding, most significant token first."""
    pieces: dict[str, list[tuple[int, int, int]]] = {}
    match = mask = 0
    opcode = encoding.rpartition(" ")[2]
    place = 32 if len(opcode) == 7 and opcode.endswith("11") else 16
    for token in encoding.split():
        if re.fullmatch("[01]+", token):
            place -= len(token)
            match |= int(token, 2) << place
            mask |= ((1 << len(token)) - 1) << place
            continue
        name, _, bits = token.rstrip("]").partition("[")
        if not bits:
            bits = _default_bits(name)
        for part in bits.split("|"):
            high, _, low = part.partition(":")
            count = int(high) - int(low or high) + 1
            place -= count
            pieces.setdefault(name, []).append((place, int(low or high), count))
    assert place == 0, f"{encoding}: {place} bits left over"
    return match, mask, {name: Field(name, tuple(found)) for name, found in pieces.items()}


def insn(
    syntax: str,
    encoding: str,
    *,
    extension: str = "",
    load: int = 0,
    store: int = 0,
    atomic: int = 0,
    trap: str = "",
    event: str = "",
    cost: str = "",
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Declare an instruction; the decorated function is its meaning (see the module).

    ``load``/``store``/``atomic``: bytes accessed. ``trap``: leave to the kernel after retiring, with
    this cause. ``event``: also record an event of this kind (``probe``). ``cost``: the class in
    costs.toml (default: from the access, else ``alu``).
    """

    def declare(meaning: Callable[..., None]) -> Callable[..., None]:
        mnemonic, _, rest = syntax.partition(" ")
        match, mask, fields = parse_encoding(encoding)
        default = "load" if load else "store" if store else "atomic" if atomic else "alu"
        instruction = Instruction(
            number=len(INSTRUCTIONS),
            mnemonic=mnemonic,
            operands=tuple(rest.split(",")) if rest else (),
            syntax=syntax,
            encoding=encoding,
            extension=extension or meaning.__module__.rpartition(".")[2].upper(),
            meaning=meaning,
            match=match,
            mask=mask,
            fields=fields,
            load=load,
            store=store,
            atomic=atomic,
            trap=trap,
            event=event,
            cost=cost or default,
            orderings="aq" in fields,
        )
        INSTRUCTIONS.append(instruction)
        BY_MNEMONIC.setdefault(mnemonic, []).append(instruction)
        return meaning

    return declare
