"""Compressed instructions: 16-bit encodings, each of which stands for one instruction of the table.

``compressed("c.addi rd,imm", "000 imm[5] rd imm[4:0] 01", "addi rd,rd,imm")`` takes the syntax, the encoding
and the *expansion*: the instruction that it is a short form of, with this one's operands, or registers
and numbers, in its places. All but the length of the code is the expansion's: meaning, effect and cost.
"""

import re
from dataclasses import dataclass

from sim.isa.table import BY_MNEMONIC, Field, Instruction, parse_encoding


@dataclass(frozen=True)
class Compressed:
    """One compressed form. ``operands_of`` gives each field of ``base`` one of ``fields`` or a number; a word
    whose fields named in ``nonzero`` are zero is reserved."""

    mnemonic: str
    operands: tuple[str, ...]
    syntax: str
    encoding: str
    expansion: str
    base: Instruction
    operands_of: dict[str, str | int]
    match: int
    mask: int
    fields: dict[str, Field]
    nonzero: tuple[str, ...]

    def values(self, word: int) -> dict[str, int]:
        """Its own operands by field name."""
        return {name: field.extract(word) for name, field in self.fields.items()}

    def expand(self, word: int) -> dict[str, int] | None:
        """The expansion's operands by field name; None if the word is reserved."""
        values = self.values(word)
        if any(not values[name] for name in self.nonzero):
            return None
        return {
            name: values[given] if isinstance(given, str) else given
            for name, given in self.operands_of.items()
        }

    def encode(self, operands: dict[str, int]) -> int:
        """The 16-bit word for values of its own fields (missing: 0)."""
        word = self.match
        for name, value in operands.items():
            word |= self.fields[name].insert(value)
        return word


COMPRESSED: list[Compressed] = []
COMPRESSED_BY_MNEMONIC: dict[str, Compressed] = {}


def compressed(syntax: str, encoding: str, expansion: str, *, nonzero: tuple[str, ...] = ()) -> None:
    """Declare a compressed instruction (see the module). ``nonzero``: fields whose zero is reserved."""
    mnemonic, _, rest = syntax.partition(" ")
    match, mask, fields = parse_encoding(encoding)
    name, _, written = expansion.partition(" ")
    (base,) = BY_MNEMONIC[name]
    row = Compressed(
        mnemonic=mnemonic,
        operands=tuple(rest.split(",")) if rest else (),
        syntax=syntax,
        encoding=encoding,
        expansion=expansion,
        base=base,
        operands_of=_operands_of(base, written),
        match=match,
        mask=mask,
        fields=fields,
        nonzero=nonzero,
    )
    COMPRESSED.append(row)
    COMPRESSED_BY_MNEMONIC[mnemonic] = row


def _operands_of(base: Instruction, written: str) -> dict[str, str | int]:
    """Match an expansion's operands with those of its instruction's syntax, token by token."""
    wanted = re.findall(r"[\w']+", base.syntax.partition(" ")[2])
    given = re.findall(r"[\w']+", written)
    found: dict[str, str | int] = {}
    for name, value in zip(wanted, given, strict=True):
        place = "imm" if name == "imm20" else name
        number = re.fullmatch(r"x?(\d+)", value)
        found[place] = int(number[1]) if number else value
    return found
