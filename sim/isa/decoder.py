"""From an instruction word to its row in the table and its operands."""

from dataclasses import dataclass
from functools import lru_cache

from sim.isa.compressed import COMPRESSED, Compressed
from sim.isa.table import INSTRUCTIONS, ROUNDING_MODES, Instruction

#: CSRs that exist in user mode: number -> name. Those from 0xC00 on are read-only.
CSRS = {0x001: "fflags", 0x002: "frm", 0x003: "fcsr", 0xC00: "cycle", 0xC01: "time", 0xC02: "instret"}
READ_ONLY = 0xC00
#: csrrw x0,cycle,x0: an instruction that is never legal; the half word 0 is its short form.
UNIMP = 0xC0001073
_ROUNDING = frozenset(ROUNDING_MODES.values())


@dataclass(frozen=True, slots=True)
class Decoded:
    """A legal instruction: its table row, its word of 16 or 32 bits, and operand values by field name. For
    a compressed one, ``instruction`` and ``operands`` are those of what it stands for."""

    instruction: Instruction
    word: int
    operands: dict[str, int]
    compressed: Compressed | None = None

    @property
    def length(self) -> int:
        """Bytes of code."""
        return 4 if self.compressed is None else 2


def length_of(word: int) -> int:
    """Bytes of code of the instruction that begins with these bits: 2 or 4."""
    return 4 if word & 3 == 3 else 2


def decode(word: int) -> Decoded | None:
    """Decode the instruction in the low bits of ``word``; None if no instruction has this encoding.

    Where two rows match (``probe`` is ``slti`` with rd = x0), the one with more fixed bits wins.
    """
    return _decode(word) if length_of(word) == 4 else _decode_compressed(word & 0xFFFF)


@lru_cache(maxsize=1 << 16)
def _decode(word: int) -> Decoded | None:
    best = None
    for instruction in _by_opcode().get(word & 0x707F, ()):
        if word & instruction.mask == instruction.match:
            best = instruction
            break
    if best is None:
        return None
    operands = {name: field.extract(word) for name, field in best.fields.items()}
    if not _is_legal(best, operands):
        return None
    return Decoded(best, word, operands)


def _is_legal(instruction: Instruction, operands: dict[str, int]) -> bool:
    """False for CSRs that there aren't or can't be written so, and for reserved rounding modes."""
    number = operands.get("csr")
    if number is not None:
        writes = _writes_csr(instruction, operands)
        return number in CSRS and not (writes and number >= READ_ONLY)
    return operands.get("rm", 0) in _ROUNDING


def _writes_csr(instruction: Instruction, operands: dict[str, int]) -> bool:
    """csrrw always writes; csrrs and csrrc only when their source isn't x0 or 0."""
    if instruction.mnemonic in ("csrrw", "csrrwi"):
        return True
    return operands.get("rs1", operands.get("zimm", 0)) != 0


@lru_cache(maxsize=1 << 16)
def _decode_compressed(word: int) -> Decoded | None:
    for row in _by_quadrant().get(word & 0xE003, ()):
        if word & row.mask == row.match:
            operands = row.expand(word)
            if operands is not None:
                return Decoded(row.base, word, operands, row)
    return None


@lru_cache(maxsize=1)
def _by_opcode() -> dict[int, list[Instruction]]:
    """The table by opcode and the three bits that most formats have for a function, most specific encoding
    first."""
    buckets: dict[int, list[Instruction]] = {}
    for instruction in sorted(INSTRUCTIONS, key=lambda row: -row.mask.bit_count()):
        for function in range(0, 0x8000, 0x1000):
            if function & instruction.mask == instruction.match & 0x7000:
                buckets.setdefault(function | instruction.match & 0x7F, []).append(instruction)
    return buckets


@lru_cache(maxsize=1)
def _by_quadrant() -> dict[int, list[Compressed]]:
    """The compressed forms by their opcode and top three bits, most specific encoding first."""
    buckets: dict[int, list[Compressed]] = {}
    for row in sorted(COMPRESSED, key=lambda row: -row.mask.bit_count()):
        buckets.setdefault(row.match & 0xE003, []).append(row)
    return buckets
