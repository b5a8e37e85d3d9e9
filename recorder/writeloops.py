"""The write index's loops over rows: plain Python, compiled for segments that are worth it.

Arrays in, arrays changed (`recorder.writeindex` owns them). Machine code is kept on the disk as the
executor's is; a short segment, or a run on the reference executor (SIMREC_JIT=0), needs none.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recorder.compiling import compiled, is_worth_it

IntArray = NDArray[np.int64]
#: Where the columns of a place stand, and how many there are.
ADDRESS, SIZE, PID, FIRST, LAST, TID, PC = range(7)
ROW = 7
#: Rows that there is room for at first.
PLACES_START, CODE_START = 1 << 12, 1 << 10


def slot_of(key: int, more: int, mask: int) -> int:
    """Where in a hash table of ``mask + 1`` slots to look first. Within 63 bits, in Python as compiled."""
    mixed = (key ^ (key >> 31) ^ (more * 0x85EB)) & 0x7FFF_FFFF
    return (mixed * 0x9E37_79B1 >> 20) & mask


def put(
    place: tuple[int, int, int],
    span: tuple[int, int],
    writer: tuple[int, int],
    slots: NDArray[np.int32],
    rows: IntArray,
    count: int,
) -> int:
    """Count a write of ``writer`` (tid, pc) to a ``place`` (address, size, pid), or several, the first and
    last at ``span``; the number of places then. There must be room for one."""
    address, size, pid = place
    first, last = span
    mask = len(slots) - 1
    at = slot_of(address, pid, mask)
    row = slots[at]
    while row >= 0 and not (
        rows[ADDRESS, row] == address and rows[SIZE, row] == size and rows[PID, row] == pid
    ):
        at = (at + 1) & mask
        row = slots[at]
    if row < 0:
        row = count
        slots[at] = row
        rows[ADDRESS, row], rows[SIZE, row], rows[PID, row] = address, size, pid
        rows[FIRST, row], rows[LAST, row] = first, last
        rows[TID, row], rows[PC, row] = writer
        return count + 1
    if first < rows[FIRST, row]:
        rows[FIRST, row] = first
    if last > rows[LAST, row]:
        rows[LAST, row] = last
        rows[TID, row], rows[PC, row] = writer
    return count


def collect(
    at: int,
    address: IntArray,
    pc: IntArray,
    seq: IntArray,
    tid: IntArray,
    pids: IntArray,
    keys: IntArray,
    heads: NDArray[np.int32],
    code: IntArray,
    slots: NDArray[np.int32],
    rows: IntArray,
    count: int,
) -> tuple[int, int]:
    """Put the stores among instructions from number ``at`` on; the number to go on from when ``rows`` are
    full, and the count. Instructions that touch no memory have the address 0: a store there, of a machine
    without an operating system, isn't found."""
    mask = len(keys) - 1
    for i in range(at, len(address)):
        if address[i] == 0:
            continue
        thread = tid[i]
        pid = pids[thread] if 0 <= thread < len(pids) else 0
        key = (pid << 40) + pc[i]
        slot = slot_of(key, 0, mask)
        while heads[slot] >= 0 and keys[slot] != key:
            slot = (slot + 1) & mask
        row = heads[slot]
        while row >= 0 and code[0, row] > seq[i]:
            row = code[2, row]
        if row >= 0 and code[1, row] > 0:
            if count == rows.shape[1]:
                return i, count
            place = (address[i], code[1, row], pid)
            count = put(place, (seq[i], seq[i]), (thread, pc[i]), slots, rows, count)
    return len(address), count


def insert(at: int, new: IntArray, slots: NDArray[np.int32], rows: IntArray, count: int) -> tuple[int, int]:
    """The same for places from number ``at`` on."""
    for i in range(at, new.shape[1]):
        if count == rows.shape[1]:
            return i, count
        place = (new[ADDRESS, i], new[SIZE, i], new[PID, i])
        span = (new[FIRST, i], new[LAST, i])
        count = put(place, span, (new[TID, i], new[PC, i]), slots, rows, count)
    return new.shape[1], count


#: What the loops take, to be compiled for; summaries come in any order of rows and columns.
_TABLE = "int32[::1], int64[:, ::1], int64"
_COLLECT = (
    "UniTuple(int64, 2)(int64, int64[::1], int64[::1], int64[::1], int64[::1], int64[::1],"
    f" int64[::1], int32[::1], int64[:, ::1], {_TABLE})"
)
_INSERT = f"UniTuple(int64, 2)(int64, int64[:, :], {_TABLE})"


class Kernels(NamedTuple):
    """The two loops."""

    collect: Callable[..., tuple[int, int]]
    insert: Callable[..., tuple[int, int]]


def kernels(count: int) -> Kernels:
    """The loops, for so many rows; once there is machine code, it is worth it for any."""
    worth = is_worth_it(count) or _compiled.cache_info().currsize > 0
    return _compiled() if worth else Kernels(collect, insert)


@cache
def _compiled() -> Kernels:
    return Kernels(
        compiled(_COLLECT, slot_of, put)(collect),
        compiled(_INSERT, slot_of, put)(insert),
    )
