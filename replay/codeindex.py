"""The run's code table as arrays, for looking up a million pcs at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recorder.reader import Log
from sim.world import World

IntArray = NDArray[np.int64]

NONE, REGISTER, STORE, BRANCH, JUMP = range(5)
EFFECTS = {"none": NONE, "register": REGISTER, "store": STORE, "branch": BRANCH, "jump": JUMP}


@dataclass(frozen=True)
class CodeColumns:
    """What the instructions of some rows do, int64 each: an effect, the slot written (0: none), bytes
    accessed, bytes of code."""

    effect: IntArray
    rd: IntArray
    size: IntArray
    length: IntArray


class CodeIndex:
    """Code rows sorted by process, pc and seq."""

    def __init__(self, log: Log) -> None:
        table = log.code_table()
        columns = {
            name: table.column(name).to_numpy().astype(np.int64)
            for name in ("pid", "pc", "seq", "rd", "size", "length")
        }
        effects = table.column("effect").to_pylist()
        columns["effect"] = np.array([EFFECTS[effect] for effect in effects], np.int64)
        order = np.lexsort((columns["seq"], columns["pc"], columns["pid"]))
        self._columns = {name: values[order] for name, values in columns.items()}
        self._keys = _keys(self._columns["pid"], self._columns["pc"])

    def of(self, world: World, tid: IntArray, pc: IntArray, seq: IntArray) -> CodeColumns:
        """The code of instruction rows: for each the newest row of its process and pc at its seq."""
        pid = pids(world)[tid]
        row = np.searchsorted(self._keys, _keys(pid, pc), side="right") - 1
        while (late := self._columns["seq"][row] > seq).any():
            row = row - late
        return CodeColumns(*(self._columns[name][row] for name in ("effect", "rd", "size", "length")))


def pids(world: World) -> IntArray:
    """int64, indexed by tid: the process of every thread so far (tids count up from 1)."""
    return np.array([0, *(world.threads[tid].pid for tid in sorted(world.threads))], np.int64)


def _keys(pid: IntArray, pc: IntArray) -> IntArray:
    """One sortable number for process and pc (user addresses take 38 bits)."""
    return (pid << 40) + pc
