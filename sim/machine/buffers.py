"""Buffers: everything that happened in one stretch of the run, before the recorder encodes it.

The loop writes rows of integers into the arrays, the kernel has its events packed. One filled `Buffers` is
one *segment* of the log: all events with first_seq <= seq < end_seq, of every kind.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim import events, sparse
from sim.machine import layout
from sim.machine.packed import Packed

IntArray = NDArray[np.int64]

#: Events in a segment: the kernel closes one at the first chance after this many, so that segments are
#: the same on every machine, executor and store.
SEGMENT_EVENTS = 1 << 20
#: ... or after this many of the kernel's, which cost a replay more to fold than the loop's rows.
SEGMENT_KERNEL_EVENTS = 1 << 16
#: 2^DATA_SHIFT bytes that an event carries count as one more: a column holds less than 2^31 of them.
DATA_SHIFT = 12
#: One retired instruction makes at most one row in each array and at most this many events.
EVENTS_PER_INSTRUCTION = 4

#: Kinds that the loop writes. A row is the event's columns in order, each as int64; a column of names
#: holds the index into its names, bool 0 or 1.
_WIDTHS = {
    "atomic": layout.ATOMIC_WIDTH,
    "stack": layout.STACK_WIDTH,
    "probe": layout.PROBE_WIDTH,
    "csr": layout.CSR_WIDTH,
}
ROW_KINDS = tuple(_WIDTHS)
LOOP_KINDS = ("instruction", *ROW_KINDS)


@dataclass
class Buffers:
    """``instructions``: int64 [harts, capacity, 6], the columns of `events.Instruction` but for the hart, a
    run of rows per hart, each in order of seq. ``rows[kind]``: int64 [capacity, columns], in order of seq
    over all harts. ``counts`` int64 [harts + 4]: rows filled, per hart and then per kind of ROW_KINDS.
    ``kernel[kind]``: the events of the other kinds, which are the kernel's.

    A row stands in one piece: with every hart at work, columns would be more streams of stores than the
    host's caches follow.
    """

    harts: int
    capacity: int = SEGMENT_EVENTS + EVENTS_PER_INSTRUCTION
    first_seq: int = 0
    end_seq: int = 0
    first_tick: int = 0
    end_tick: int = 0
    instructions: IntArray = field(init=False)
    rows: dict[str, IntArray] = field(init=False)
    counts: IntArray = field(init=False)
    kernel: dict[str, Packed] = field(init=False)

    def __post_init__(self) -> None:
        self.instructions = sparse.zeros(self.harts, self.capacity, layout.INSTRUCTION_WIDTH)
        self.rows = {kind: sparse.zeros(self.capacity, width) for kind, width in _WIDTHS.items()}
        self.counts = np.zeros(self.harts + len(ROW_KINDS), np.int64)
        self.kernel = {kind: Packed(kind) for kind in events.KINDS if kind not in LOOP_KINDS}

    def arrays(self) -> list[IntArray]:
        """What the loop writes into, flat."""
        return [array.reshape(-1) for array in (self.instructions, *self.rows.values())]

    def clear(self, first_seq: int, first_tick: int) -> None:
        """Empty it for the segment that begins at ``first_seq``."""
        self.counts[:] = 0
        self.first_seq = self.end_seq = first_seq
        self.first_tick = self.end_tick = first_tick
        for packed in self.kernel.values():
            packed.clear()

    def instruction_rows(self, hart: int) -> IntArray:
        """int64 [n, 6]: what hart number ``hart`` retired; a view."""
        return self.instructions[hart, : self.counts[hart]]

    def kind_rows(self, kind: str) -> IntArray:
        """int64 [n, columns] of one of ROW_KINDS; a view."""
        return self.rows[kind][: self.counts[self.harts + ROW_KINDS.index(kind)]]

    def last_tick(self) -> int:
        """The tick of the newest row, 0 if there is none (rows are in order of tick)."""
        arrays = [self.instruction_rows(hart) for hart in range(self.harts)]
        arrays += [self.kind_rows(kind) for kind in ROW_KINDS]
        return max((int(rows[-1, 1]) for rows in arrays if len(rows)), default=0)
