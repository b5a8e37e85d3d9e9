"""The write index: for each segment, which places of memory were written, and by whom last.

A segment's parts and new code rows in, two parts more out. ``writes`` has a row per process and place
(address and size, as written) that the segment wrote: its first and last write there. ``writes_before`` sums
up the last 4^n segments, n being the trailing zeros of the segment's number, counted from 1, in base 4
(`recorder.schema.summed`); so the newest write before any event is found in a few small files
(`replay.lastwrite`), as a Fenwick tree's sums are. A summary of more than LARGEST rows is left out: the
segments tell the same.

Both can be made again from the events: they are no events, and no part of the run's digest.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recorder.parts import AnyPart, NumberPart
from recorder.schema import INSTRUCTION, RADIX, WRITES, WRITES_BEFORE, columns, schema
from recorder.writeloops import ADDRESS, CODE_START, LAST, PLACES_START, ROW, kernels, slot_of
from sim import sparse
from sim.code import CodeRow
from sim.space import PAGE, PAGE_SHIFT

IntArray = NDArray[np.int64]

#: Rows of a summary, at most: it is kept in memory until the next larger one is made.
LARGEST = 1 << 18
MOST_THREADS = 1 << 22
(_ACTION,) = (column for column in columns("atomic") if column.name == "action")
_LR = _ACTION.names.index("lr")


class WriteIndex:
    """Makes the index of one run; segments come in order."""

    def __init__(self) -> None:
        self._code = AccessCode()
        self._places = Places()
        #: By thread, its process; 0 for threads that were never created.
        self._pids = sparse.zeros(8)
        #: By level, the summaries of RADIX ** level segments that are not yet part of a longer one; None for
        #: one that grew too large.
        self._sums: list[list[IntArray | None]] = []
        self._given_up = False

    def parts(self, parts: Sequence[AnyPart], code: list[CodeRow]) -> list[NumberPart]:
        """The index of the next segment; ``code`` are the rows that are new since the one before. Nothing
        once a run has had MOST_THREADS threads: then the events themselves are asked."""
        self._code.add(code)
        for part in parts:
            if part.kind == "thread":
                self._know(part.rows)
        for part in parts:
            if isinstance(part, NumberPart) and part.kind == INSTRUCTION:
                self._places.add_stores(part.columns, self._pids, self._code)
            elif isinstance(part, NumberPart) and part.kind == "atomic":
                self._places.add(self._atomics(part.columns))
            elif part.kind == "kernel_write":
                self._places.add(_by_kernel(part.rows))
        own = self._places.taken()
        if self._given_up:
            return []
        before = self._sum(own)
        return [_part(WRITES, own)] + ([] if before is None else [_part(WRITES_BEFORE, before)])

    def _sum(self, own: IntArray) -> IntArray | None:
        """The summary that the segment completes, the longest if there are several."""
        total: IntArray | None = own
        level = 0
        while True:
            if level == len(self._sums):
                self._sums.append([])
            total = None if total is None or total.shape[1] > LARGEST else total
            self._sums[level].append(total)
            if len(self._sums[level]) < RADIX:
                return total if level else None
            tables = [table for table in self._sums[level] if table is not None]
            total = self._places.joined(tables) if len(tables) == RADIX else None
            self._sums[level] = []
            level += 1

    def _know(self, rows: pa.RecordBatch) -> None:
        """Whose the threads are that were created."""
        action = rows.column("action")
        created = action.indices.to_numpy() == action.dictionary.index("created").as_py()
        made = np.flatnonzero(created & (_ints(rows, "tid") > 0))
        tid, pid = _ints(rows, "tid")[made], _ints(rows, "pid")[made]
        most = int(tid.max(initial=0))
        if most >= MOST_THREADS:
            self._given_up = True
            return
        if most >= len(self._pids):
            before, self._pids = self._pids, sparse.zeros(2 * most)
            self._pids[: len(before)] = before
        self._pids[tid] = pid

    def _atomics(self, columns: Mapping[str, IntArray]) -> IntArray:
        stored = np.flatnonzero((columns["success"] > 0) & (columns["action"] != _LR))
        names = ("address", "size", "seq", "tid", "pc")
        address, size, seq, tid, pc = (columns[name][stored] for name in names)
        known = np.where((tid >= 0) & (tid < len(self._pids)), tid, 0)
        return np.stack([address, size, self._pids[known], seq, seq, tid, pc])


class Places:
    """Places that were written, a row each: int64 [7, n], the columns of the index. ``tid`` and ``pc`` are
    the last writer's, 0 for the kernel. A hash table, used again for one segment after the other."""

    def __init__(self) -> None:
        self._rows = np.zeros((ROW, PLACES_START), np.int64)
        self._slots = np.full(2 * PLACES_START, -1, np.int32)
        self._count = 0

    def add_stores(self, columns: Mapping[str, IntArray], pids: IntArray, code: "AccessCode") -> None:
        """Take the stores among the instructions of a hart."""
        address, pc, seq, tid = (columns[name] for name in ("address", "pc", "seq", "tid"))
        collect, at = kernels(len(seq)).collect, 0
        given = (address, pc, seq, tid, pids, *code.table)
        while at < len(seq):
            at, self._count = collect(at, *given, self._slots, self._rows, self._count)
            self._grow()

    def add(self, rows: IntArray) -> None:
        """Take rows as they are here."""
        insert, at = kernels(rows.shape[1]).insert, 0
        while at < rows.shape[1]:
            at, self._count = insert(at, rows, self._slots, self._rows, self._count)
            self._grow()

    def taken(self) -> IntArray:
        """All of it, in order of address, and begin anew."""
        rows = self._rows[:, : self._count]
        made: IntArray = np.take(rows, _order(rows), axis=1)
        self._count = 0
        self._slots[:] = -1
        return made

    def joined(self, tables: list[IntArray]) -> IntArray:
        """Several such as one."""
        for table in tables:
            self.add(table)
        return self.taken()

    def _grow(self) -> None:
        if self._count < self._rows.shape[1]:
            return
        rows = self._rows
        self._rows = np.zeros((ROW, 2 * rows.shape[1]), np.int64)
        self._slots = np.full(2 * len(self._slots), -1, np.int32)
        self._count = 0
        self.add(rows)


class AccessCode:
    """How many bytes each instruction that touches memory stores: a hash table of the newest code row of a
    process and pc, which leads to the older ones."""

    def __init__(self) -> None:
        self._size = 0
        self._rows = np.zeros((3, CODE_START), np.int64)
        self._heads = np.full(8 * CODE_START, -1, np.int32)
        self._keys = np.zeros(8 * CODE_START, np.int64)

    @property
    def table(self) -> tuple[Any, ...]:
        """What the kernels take: keys and, by their places, the newest row's number; the rows' seqs, bytes
        stored and the numbers of those before."""
        return self._keys, self._heads, self._rows

    def add(self, rows: list[CodeRow]) -> None:
        """Take further rows of the code table, which come in order of seq."""
        for row in rows:
            stored = row.size if row.effect == "store" else 0
            key = _key(row.pid, row.pc)
            at = self._find(key)
            before = int(self._heads[at])
            if self._rows[1, before] != stored if before >= 0 else row.size > 0:
                self._rows[:, self._size] = row.seq, stored, before
                self._keys[at], self._heads[at] = key, self._size
                self._size += 1
                if self._size == self._rows.shape[1]:
                    self._grow()

    def _find(self, key: int) -> int:
        """Where a key stands, or would."""
        at = slot_of(key, 0, len(self._keys) - 1)
        while self._heads[at] >= 0 and self._keys[at] != key:
            at = (at + 1) & (len(self._keys) - 1)
        return at

    def _grow(self) -> None:
        keys, heads = self._keys, self._heads
        self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)], axis=1)
        self._heads = np.full(2 * len(heads), -1, np.int32)
        self._keys = np.zeros(2 * len(keys), np.int64)
        for old in np.flatnonzero(heads >= 0).tolist():
            at = self._find(int(keys[old]))
            self._keys[at], self._heads[at] = keys[old], heads[old]


def _key(pid: int, pc: int) -> int:
    """Process and address of code as one number, as arrays of int64 have it (user addresses take 38 bits)."""
    return ((pid << 40) + pc + (1 << 63)) % (1 << 64) - (1 << 63)


def _by_kernel(rows: pa.RecordBatch) -> IntArray:
    """Writes of the kernel's, cut where pages end, so that no row is longer than one."""
    offsets = np.frombuffer(rows.column("data").buffers()[1], np.int32)[: len(rows) + 1].astype(np.int64)
    length, address = np.diff(offsets), _ints(rows, "address")
    into = address & (PAGE - 1)
    pages = np.where(length > 0, (into + length - 1 >> PAGE_SHIFT) + 1, 0)
    row = np.repeat(np.arange(len(pages)), pages)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(pages) - pages, pages)
    start = np.maximum(nth * PAGE - into[row], 0)
    size = np.minimum((nth + 1) * PAGE - into[row], length[row]) - start
    seq, pid = _ints(rows, "seq")[row], _ints(rows, "pid")[row]
    nobody = np.zeros(len(row), np.int64)
    return np.stack([address[row] + start, size, pid, seq, seq, nobody, nobody])


def _order(rows: IntArray) -> NDArray[np.intp]:
    """By address, then by the last write."""
    address, last = rows[ADDRESS], rows[LAST]
    if not len(address):
        return np.zeros(0, np.intp)
    low, first = int(address.min()), int(last.min())
    bits = (int(last.max()) - first).bit_length()
    if (int(address.max()) - low).bit_length() + bits < 64:
        # Sorting one key takes less than half of the time.
        return np.argsort(address - low << bits | last - first)
    return np.lexsort((last, address))


def _part(kind: str, rows: IntArray) -> NumberPart:
    return NumberPart(kind, -1, dict(zip(schema(kind).names, rows, strict=True)))


def _ints(rows: pa.RecordBatch, name: str) -> IntArray:
    values: IntArray = rows.column(name).to_numpy().astype(np.int64, copy=False)
    return values
