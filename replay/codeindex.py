"""The run's code table as arrays, for looking up a million pcs at once."""

import numpy as np
from numpy.typing import NDArray

from recorder.reader import Log
from sim.world import World

IntArray = NDArray[np.int64]

NONE, REGISTER, STORE, BRANCH, JUMP = range(5)
EFFECTS = {"none": NONE, "register": REGISTER, "store": STORE, "branch": BRANCH, "jump": JUMP}
#: Halfwords of code for which there may be a table, all processes' together: 4 bytes each.
_DENSE = 1 << 22


class CodeIndex:
    """Code rows sorted by process, pc and seq; int64 arrays of equal length, one for each thing that an
    instruction does: its ``effect``, the slot ``rd`` of the register that it writes (0: none), the bytes that
    it accesses (``size``) and those of its code (``length``)."""

    def __init__(self, log: Log) -> None:
        table = log.code_table()
        columns = {
            name: table.column(name).to_numpy().astype(np.int64)
            for name in ("pid", "pc", "seq", "rd", "size", "length")
        }
        effects = table.column("effect").to_pylist()
        columns["effect"] = np.array([EFFECTS[effect] for effect in effects], np.int64)
        order = np.lexsort((columns["seq"], columns["pc"], columns["pid"]))
        pid, pc, self._seq, rd, self.size, self.length, self.effect = (
            columns[name][order] for name in ("pid", "pc", "seq", "rd", "size", "length", "effect")
        )
        self.rd = np.where((self.effect == REGISTER) | (self.effect == JUMP), rd, 0)
        self._keys = _keys(pid, pc)
        self._last = int(self._seq.max(initial=0))
        self._tabulate(pid, pc)

    def rows(self, pid: IntArray, pc: IntArray, seq: IntArray) -> IntArray:
        """The row of each instruction: the newest of its process and pc at its seq. ``seq`` ascends."""
        if self._table is None:
            row = np.searchsorted(self._keys, _keys(pid, pc), side="right") - 1
        else:
            row = self._table[self._starts[pid] + (pc >> 1)].astype(np.int64)
        if len(seq) and self._last > seq[0]:
            while (late := self._seq[row] > seq).any():
                row = row - late
        return row

    def _tabulate(self, pid: IntArray, pc: IntArray) -> None:
        """A table of the newest row of every halfword of every process's code, if that isn't large."""
        owners, first = np.unique(pid, return_index=True)
        bases = pc[first] >> 1
        spans = (pc[[*first[1:] - 1, -1]] >> 1) - bases + 1 if len(pc) else first
        self._table: NDArray[np.int32] | None = None
        if 0 < spans.sum() <= _DENSE:
            self._starts = np.zeros(int(owners.max()) + 1, np.int64)
            self._starts[owners] = np.cumsum(spans) - spans - bases
            self._table = np.zeros(int(spans.sum()), np.int32)
            # Of rows for the same place the last one stays.
            self._table[self._starts[pid] + (pc >> 1)] = np.arange(len(pc))


def pids(world: World) -> IntArray:
    """int64, indexed by tid: the process of every thread so far (tids count up from 1)."""
    return np.array([0, *(world.threads[tid].pid for tid in sorted(world.threads))], np.int64)


def _keys(pid: IntArray, pc: IntArray) -> IntArray:
    """One sortable number for process and pc (user addresses take 38 bits)."""
    return (pid << 40) + pc
