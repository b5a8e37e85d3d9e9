"""From a decoded instruction to the loop's record of it (`sim.machine.layout`)."""

from collections.abc import Mapping
from functools import cache, lru_cache
from struct import Struct

import numpy as np
from numpy.typing import NDArray

from sim.isa import INSTRUCTIONS, Instruction, decode
from sim.isa.registers import PC, RA, SINK, SP, T0, F
from sim.isa.table import FLOAT_FIELDS, PLACES, ROUNDING_MODES
from sim.machine import layout as at

_ACTIONS = {"lr": 0, "sc": 1, "amo": 2}
_LINKS = (RA, T0)
_FIELDS = {"rd": at.RD, "rs1": at.RS1, "rs2": at.RS2, "rs3": at.RS3, "rm": at.RM, "imm": at.IMM}
_DYNAMIC = ROUNDING_MODES["dyn"]
_RECORD = Struct(f"{at.FIELDS}i")


def record(word: int, costs: Mapping[str, int]) -> bytes:
    """The FIELDS integers, int32, of one instruction word; an ILLEGAL record for what is none."""
    decoded = decode(word)
    if decoded is None:
        fields = [0] * at.FIELDS
        fields[at.FLAGS], fields[at.TRAP_CAUSE] = at.ILLEGAL, at.CAUSE_ILLEGAL
        return _RECORD.pack(*fields)
    row, operands = decoded.instruction, decoded.operands
    same, places, value = _template(row.number)
    fields = [*same]
    for name, place, slot in places:
        fields[place] = operands[name] + slot
    fields[at.RD] = fields[at.RD] or SINK
    fields[at.FLAGS] |= _flags(row, operands)
    fields[at.LENGTH] = decoded.length
    fields[at.COST] = costs[row.cost]
    if value is not None:
        fields[at.VALUE] = fields[value]
    return _RECORD.pack(*fields)


@cache
def _template(number: int) -> tuple[list[int], list[tuple[str, int, int]], int | None]:
    """What records of one instruction have in common: the fields that are always the same; (operand, its
    field, the slot that it counts from); the field whose slot is that of the event's value, if there is
    one."""
    row = INSTRUCTIONS[number]
    same = [0] * at.FIELDS
    same[at.OP], same[at.SIZE] = number, row.access
    same[at.TRAP_CAUSE] = at.TRAP_CAUSES.get(row.trap, 0)
    same[at.ACTION] = _ACTIONS.get(row.mnemonic[:2], 2) if row.atomic else 0
    same[at.FLAGS] = _usual_flags(row)
    if row.effect in ("branch", "jump"):
        same[at.VALUE] = PC
    elif row.event == "probe":
        same[at.VALUE] = SINK
    placed = [(name, _FIELDS.get(PLACES.get(name, name))) for name in row.fields]
    places = [(name, place, F if name in FLOAT_FIELDS else 0) for name, place in placed if place is not None]
    return same, places, {"register": at.RD, "store": at.RS2}.get(row.effect)


def _usual_flags(row: Instruction) -> int:
    """What the loop has to do for every such instruction besides its meaning."""
    found = 0
    if row.load or row.mnemonic.startswith("lr."):
        found |= at.LOAD
    if row.store or (row.atomic and not row.mnemonic.startswith("lr.")):
        found |= at.STORE
    if row.atomic:
        found |= at.ATOMIC
    if row.event == "probe":
        found |= at.PROBE
    if row.trap:
        found |= at.TRAP
    if "FCSR" in row.writes:
        found |= at.SETS_FCSR
    return found


def _flags(row: Instruction, operands: Mapping[str, int]) -> int:
    """What it has to do for these operands."""
    found, rd = 0, operands.get("rd")
    if row.effect == "jump" and rd in _LINKS:
        found = at.CALL
    elif row.effect == "jump" and rd == 0 and operands.get("rs1") in _LINKS:
        found = at.RETURN
    elif rd == SP:
        found = at.MOVES_SP
    return found | at.ROUNDS if operands.get("rm") == _DYNAMIC else found


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
