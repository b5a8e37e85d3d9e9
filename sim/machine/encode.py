"""From a decoded instruction to the loop's record of it (`sim.machine.layout`)."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sim.isa import Decoded, decode
from sim.isa.registers import PC, RA, SINK, SP, T0, F
from sim.isa.table import FLOAT_FIELDS, PLACES, ROUNDING_MODES
from sim.machine import layout as at

Record = tuple[int, ...]

_ACTIONS = {"lr": 0, "sc": 1, "amo": 2}
_LINKS = (RA, T0)
_FIELDS = {"rd": at.RD, "rs1": at.RS1, "rs2": at.RS2, "rs3": at.RS3, "rm": at.RM, "imm": at.IMM}


def record(word: int, costs: Mapping[str, int]) -> Record:
    """The FIELDS integers of one instruction word; an ILLEGAL record for what is none."""
    decoded = decode(word)
    fields = [0] * at.FIELDS
    if decoded is None:
        fields[at.FLAGS], fields[at.TRAP_CAUSE] = at.ILLEGAL, at.CAUSE_ILLEGAL
        return tuple(fields)
    row, operands = decoded.instruction, decoded.operands
    fields[at.OP] = row.number
    for name, value in operands.items():
        place = _FIELDS.get(PLACES.get(name, name))
        if place is not None:
            fields[place] = value + F if name in FLOAT_FIELDS else value
    fields[at.RD] = fields[at.RD] or SINK
    fields[at.FLAGS] = flags(decoded)
    fields[at.SIZE] = row.access
    fields[at.LENGTH] = decoded.length
    fields[at.COST] = costs[row.cost]
    fields[at.VALUE] = _value_slot(decoded, fields)
    fields[at.TRAP_CAUSE] = at.TRAP_CAUSES.get(row.trap, 0)
    fields[at.ACTION] = _ACTIONS.get(row.mnemonic[:2], 2) if row.atomic else 0
    return tuple(fields)


def flags(decoded: Decoded) -> int:
    """What the loop has to do for it besides its meaning."""
    row, operands = decoded.instruction, decoded.operands
    found = 0
    if row.load or row.mnemonic.startswith("lr."):
        found |= at.LOAD
    if row.store or (row.atomic and not row.mnemonic.startswith("lr.")):
        found |= at.STORE
    if row.atomic:
        found |= at.ATOMIC
    if row.effect == "jump" and operands["rd"] in _LINKS:
        found |= at.CALL
    elif row.effect == "jump" and operands["rd"] == 0 and operands.get("rs1") in _LINKS:
        found |= at.RETURN
    elif operands.get("rd") == SP:
        found |= at.MOVES_SP
    if row.event == "probe":
        found |= at.PROBE
    if row.trap:
        found |= at.TRAP
    if operands.get("rm") == ROUNDING_MODES["dyn"]:
        found |= at.ROUNDS
    if "FCSR" in row.writes:
        found |= at.SETS_FCSR
    return found


def _value_slot(decoded: Decoded, fields: list[int]) -> int:
    effect = decoded.instruction.effect
    if effect == "register":
        return fields[at.RD]
    if effect == "store":
        return fields[at.RS2]
    if effect in ("branch", "jump"):
        return PC
    return SINK if decoded.instruction.event == "probe" else 0


class Encoder:
    """Encodes instructions, remembering each distinct word. ``costs``: ticks by cost class."""

    def __init__(self, costs: Mapping[str, int]) -> None:
        self.record = lru_cache(maxsize=1 << 16)(lambda word: record(word, costs))


def undecoded_page() -> NDArray[np.int32]:
    """int32 [PAGE_HALFWORDS, FIELDS]: a page of code of which nothing has been decoded."""
    block = np.zeros((at.PAGE_HALFWORDS, at.FIELDS), np.int32)
    block[:, at.FLAGS] = at.ILLEGAL
    block[:, at.TRAP_CAUSE] = at.CAUSE_UNDECODED
    return block
