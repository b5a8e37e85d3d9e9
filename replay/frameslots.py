"""What stands where in a stack frame, by what the function's first instructions store there.

A function that makes a frame says so at once: it moves sp down, stores ra and the registers that it saves
for its caller, and, unoptimised, its arguments; relative to sp, or to a frame pointer that it sets. Code rows
in, labels by offset from the stack pointer at entry out. Needs no debug information.
"""

import re
from collections.abc import Iterator

from replay.names import Names
from sim.code import CodeRow
from sim.isa.registers import SLOT_NAMES

#: Instructions from a function's entry on that are looked at.
PROLOGUE = 24
_STORE = re.compile(r"(?:sb|sh|sw|sd|fsw|fsd) (\w+),(-?\d+)\((sp|s0)\)")
_MOVE = re.compile(r"addi (sp|s0),sp,(-?\d+)|mv (s0),sp")
_SAVED = re.compile(r"f?s\d+")
_ARGUMENT = re.compile(r"f?a\d")


def slots(names: Names, function: int, seq: int) -> dict[int, str]:
    """Offset from sp at the entry of the function at ``function`` (negative: in its frame) -> what is kept
    there, as far as its code had been reached by event ``seq``."""
    found: dict[int, str] = {}
    base = {"sp": 0}
    written: set[int] = set()
    for row in _code(names, function, seq):
        move, store = _MOVE.fullmatch(row.disassembly), _STORE.fullmatch(row.disassembly)
        if move is not None:
            register = move[1] or move[3]
            base[register] = base["sp"] + int(move[2] or 0)
        elif store is not None:
            where = base.get(store[3])
            label = _label(store[1], row, written)
            if where is not None and label:
                found.setdefault(where + int(store[2]), label)
        if row.rd and move is None:
            written.add(row.rd)
    return found


def _code(names: Names, pc: int, seq: int) -> Iterator[CodeRow]:
    """A function's first instructions, up to the first that goes elsewhere; a branch may lead past the making
    of a frame, for calls that need none."""
    for _ in range(PROLOGUE):
        row = names.code_at(pc, seq)
        if row is None or row.effect == "jump":
            return
        yield row
        pc += row.length


def _label(register: str, row: CodeRow, written: set[int]) -> str:
    """What a register holds for whoever calls the function; nothing once the function has written it."""
    if any(SLOT_NAMES[slot] == register for slot in written):
        return ""
    if register == "ra":
        return "return address"
    if _SAVED.fullmatch(register):
        return f"caller's {register}"
    return f"argument {register}" if _ARGUMENT.fullmatch(register) else ""
