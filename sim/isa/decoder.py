"""From an instruction word to its row in the table and its operands."""

from dataclasses import dataclass
from functools import lru_cache

from sim.isa.table import INSTRUCTIONS, Instruction

#: CSRs that exist (user, read-only): number -> name.
CSRS = {0xC00: "cycle", 0xC01: "time", 0xC02: "instret"}


@dataclass(frozen=True, slots=True)
class Decoded:
    """A legal instruction word: its table row and operand values by field name."""

    instruction: Instruction
    word: int
    operands: dict[str, int]


def _writes_csr(instruction: Instruction, operands: dict[str, int]) -> bool:
    """csrrw always writes; csrrs and csrrc only when their source isn't x0 or 0."""
    if instruction.mnemonic in ("csrrw", "csrrwi"):
        return True
    return operands.get("rs1", operands.get("zimm", 0)) != 0


@lru_cache(maxsize=1 << 16)
def decode(word: int) -> Decoded | None:
    """Decode the instruction in the low bits of ``word``; None if no instruction has this encoding.

    Where two rows match (``probe`` is ``slti`` with rd = x0), the one with more fixed bits wins.
    """
    best = None
    for instruction in _by_opcode().get(word & 0x7F, ()):
        if word & instruction.mask == instruction.match:
            best = instruction
            break
    if best is None:
        return None
    operands = {name: field.extract(word) for name, field in best.fields.items()}
    if "csr" in operands and (operands["csr"] not in CSRS or _writes_csr(best, operands)):
        return None
    return Decoded(best, word, operands)


@lru_cache(maxsize=1)
def _by_opcode() -> dict[int, list[Instruction]]:
    """The table by low seven bits, most specific encoding first."""
    buckets: dict[int, list[Instruction]] = {}
    for instruction in sorted(INSTRUCTIONS, key=lambda row: -row.mask.bit_count()):
        buckets.setdefault(instruction.match & 0x7F, []).append(instruction)
    return buckets
