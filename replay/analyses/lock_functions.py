"""The functions that take and give locks, of every program that a process of the run ever ran.

A recording's programs and the roles (`replay.locks`) in; out comes which of them a call or jump leads to, by
the process and the program that it then runs (`replay.processes.Use`, by index): the same address is another
function in another process.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from replay.locks import Entry, Roles, entries
from replay.recording import Recording
from sim.code import CodeRow
from sim.isa import decode
from sim.isa.registers import RA, T0

IntArray = NDArray[np.int64]
#: Bits of an address.
ADDRESS_BITS = 40


@dataclass(frozen=True)
class LockFunctions:
    """``entries`` of all programs, one behind the other. ``places``: int64, ascending, (use, address) of each
    entry in each use of its program as one number; ``which``: their indices into entries. ``sites``: the
    same numbers, ascending, for the jumps and branches of other functions that can reach an entry."""

    entries: tuple[Entry, ...]
    places: IntArray
    which: IntArray
    sites: IntArray

    @property
    def names(self) -> frozenset[str]:
        """Those of the functions."""
        return frozenset(entry.name for entry in self.entries)

    @property
    def addresses(self) -> list[int]:
        """All addresses at which some process has one; -1 if there is none."""
        return _addresses(self.places) or [-1]

    @property
    def jump_addresses(self) -> list[int]:
        """All addresses at which some process has a jump that can reach one."""
        return _addresses(self.sites)

    def entered(self, use: IntArray, target: IntArray) -> IntArray:
        """The entry that each target is; -1 if it is none."""
        place, known = _find(self.places, use, target)
        return np.where(known, self.which[place], -1) if len(self.places) else np.full(len(use), -1)

    def jump_from(self, use: IntArray, pc: IntArray) -> NDArray[np.bool_]:
        """Which addresses are of a jump that can reach an entry."""
        return _find(self.sites, use, pc)[1]


def lock_functions(recording: Recording, roles: Roles) -> LockFunctions:
    """Those of a recording's programs."""
    made: list[Entry] = []
    first: dict[int, int] = {}
    places: dict[int, int] = {}
    for use, _ in enumerate(recording.processes.uses):
        program = recording.names_in(use).program
        if id(program) not in first:
            first[id(program)] = len(made)
            made += entries(program, roles.functions)
        for index, entry in enumerate(made[first[id(program)] :], first[id(program)]):
            places[(use << ADDRESS_BITS) + entry.pc] = index
    known = np.array(sorted(places), np.int64)
    which = np.array([places[place] for place in known.tolist()], np.int64)
    return LockFunctions(tuple(made), known, which, np.array(sorted(_sites(recording, places)), np.int64))


def _addresses(places: IntArray) -> list[int]:
    addresses: list[int] = np.unique(places & ((1 << ADDRESS_BITS) - 1)).tolist()
    return addresses


def _find(places: IntArray, use: IntArray, address: IntArray) -> tuple[IntArray, NDArray[np.bool_]]:
    """Where in ``places`` each is, and whether it is there at all."""
    wanted = (use << ADDRESS_BITS) + address
    if not len(places):
        return wanted * 0, np.zeros(len(wanted), bool)
    at = np.minimum(np.searchsorted(places, wanted), len(places) - 1)
    return at, places[at] == wanted


def _sites(recording: Recording, places: dict[int, int]) -> Iterator[int]:
    functions: dict[int, list[int]] = {}
    for rows in recording.log.code.values():
        for row in rows:
            if row.effect not in ("jump", "branch"):
                continue
            use = recording.processes.use_at(row.pid, row.seq)
            if use not in functions:
                program = recording.names_in(use).program
                functions[use] = [address for address, _ in program.functions]
            if _may_enter(row, use << ADDRESS_BITS, places, functions[use]):
                yield (use << ADDRESS_BITS) + row.pc


def _may_enter(row: CodeRow, base: int, places: dict[int, int], functions: list[int]) -> bool:
    decoded = decode(row.word)
    if decoded is None or row.rd in (RA, T0):
        return False
    operands = decoded.operands
    if "offset" in operands:
        target = row.pc + operands["offset"]
        return base + target in places and functions[bisect_right(functions, row.pc) - 1 :][:1] != [target]
    # An indirect jump goes anywhere; one through a link register is a return.
    return operands.get("rs1") not in (RA, T0)
