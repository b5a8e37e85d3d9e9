"""The short form of an instruction, where there is one: the table's expansions read backwards."""

from collections import defaultdict
from functools import lru_cache

from sim.isa.compressed import COMPRESSED, COMPRESSED_BY_MNEMONIC, Compressed
from sim.isa.decoder import UNIMP, decode

#: Operations whose sources can change places.
_COMMUTATIVE = frozenset(("add", "addw", "and", "or", "xor"))


@lru_cache(maxsize=1 << 14)
def compress(word: int) -> int | None:
    """The half word that stands for the instruction ``word``; None if none does, or it is short itself.
    Hints aren't used, but ``mv``, an addi, becomes the c.mv that is an add."""
    decoded = decode(word)
    if decoded is None:
        return 0 if word == UNIMP else None
    if decoded.compressed is not None:
        return None
    operands, mnemonic = decoded.operands, decoded.instruction.mnemonic
    if mnemonic == "addi" and operands["imm"] == 0 and operands["rd"] and operands["rs1"]:
        return COMPRESSED_BY_MNEMONIC["c.mv"].encode({"rd": operands["rd"], "rs2": operands["rs1"]})
    candidates = [operands]
    if mnemonic in _COMMUTATIVE and operands["rs2"]:
        candidates.append(operands | {"rs1": operands["rs2"], "rs2": operands["rs1"]})
    for row in _rows_of().get(decoded.instruction.number, ()):
        for candidate in candidates:
            short = _fit(row, candidate)
            if short is not None:
                return short
    return None


def is_hint(row: Compressed, values: dict[str, int]) -> bool:
    """Whether a short form with these operands does nothing: assemblers don't make it of its expansion."""
    if row.mnemonic in ("c.addi", "c.nop"):
        return (values["imm"] == 0) == (row.mnemonic == "c.addi")
    return values.get("rd") == 0 or values.get("shamt") == 0


@lru_cache(maxsize=1)
def _rows_of() -> dict[int, list[Compressed]]:
    """The compressed forms by the number of the instruction that they stand for."""
    rows: dict[int, list[Compressed]] = defaultdict(list)
    for row in COMPRESSED:
        rows[row.base.number].append(row)
    return rows


def _fit(row: Compressed, operands: dict[str, int]) -> int | None:
    """The encoding of ``row`` that expands to these operands."""
    values: dict[str, int] = {}
    for name, given in row.operands_of.items():
        if given != operands[name] and (
            isinstance(given, int) or values.setdefault(given, operands[name]) != operands[name]
        ):
            return None
    for name, value in values.items():
        least, greatest = row.fields[name].bounds
        if not least <= value <= greatest or value % (1 << row.fields[name].low):
            return None
    if is_hint(row, values):
        return None
    short = row.encode(values)
    again = decode(short)
    return short if again is not None and again.compressed is row else None
