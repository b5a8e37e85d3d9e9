"""The machine: harts over a world's memory and registers, and the arrays that the loop runs on.

It knows nothing of processes or system calls: the kernel assigns a bank row to each hart, fills TLB
entries, and asks it to run until the next trap. What is here and not in the `World` is what a replay
doesn't need: TLBs, decoded code, reservations, and the ticks at which stalled harts go on.
"""

import numpy as np
from numpy.typing import NDArray

from sim.isa.registers import SINK, WIDTH
from sim.machine import layout as at
from sim.machine.buffers import Buffers
from sim.machine.costs import Costs
from sim.machine.encode import Encoder, undecoded_page
from sim.machine.executor import Executor, Loop
from sim.space import PAGE
from sim.world import World

IntArray = NDArray[np.int64]

_UNDECODED = undecoded_page().reshape(-1)
_BLOCK = len(_UNDECODED)


class Machine:
    """N harts. ``tick`` is simulated time and ``seq`` the number of the next event, while the loop doesn't
    run. ``buffers`` takes the rows that retired instructions leave.

    Rule for a hart's TLB: an entry is filled only by `fill` from the page table of the hart's process
    (``_space_of`` is its number), another process's thread finds it empty, and every change that takes a
    permission or a page away is followed by `flush`.

    Rule for code: ``_blocks`` are the frames that have decoded code, one block of ``_code`` each;
    ``_second`` maps such a frame to the one in which its last instruction ends, if one crosses over.
    """

    def __init__(self, world: World, harts: int, costs: Costs, executor: Executor, recording: bool) -> None:
        self.world = world
        self.harts = harts
        self.buffers = Buffers(harts)
        self._executor = executor
        self._encoder = Encoder(costs.instruction)
        self._state: IntArray = np.zeros(at.STATE_FIELDS, np.int64)
        self._state[at.RECORDING] = recording
        # A memoryview's items are Python integers: several times faster to get at than NumPy's.
        self._told = self._state.data[: at.TRAP_ADDRESS + 1].tolist
        self.tick = self.seq = 0
        self._rows: IntArray = np.zeros(harts, np.int64)
        self._row_of = self._rows.data
        self._tids: IntArray = np.zeros(harts, np.int64)
        self._tid_of = self._tids.data
        self._space_of = [0] * harts
        self._ready_at: IntArray = np.full(harts, at.NEVER, np.int64)
        self._ready = self._ready_at.data
        self.retired: IntArray = np.zeros(harts, np.int64)
        self._reserve: IntArray = np.full(harts, -1, np.int64)
        self._reserved = self._reserve.data
        self._fetch_tag, self._load_tag, self._store_tag = (
            np.full(harts * at.TLB_ENTRIES, at.EMPTY, np.int64) for _ in range(3)
        )
        self._fetch_block, self._data_base = (np.zeros(harts * at.TLB_ENTRIES, np.int64) for _ in range(2))
        self._make_room(np.zeros(4 * _BLOCK, np.int32))
        self._blocks: dict[int, int] = {}
        self._second: dict[int, int] = {}
        self._free_blocks = list(range(4))
        self._loop: Loop | None = None

    def run(self, stop_tick: int, stop_seq: int) -> tuple[int, int, int]:
        """Run until a trap; returns its cause (`sim.machine.layout`), hart and address."""
        (self._loop or self._bind())(self.seq, stop_tick, stop_seq)
        self.tick, self.seq, cause, hart, address = self._told()
        return cause, hart, address

    def _bind(self) -> Loop:
        """The loop with its arguments; made again after an array has been replaced."""
        world, bank, buffers = self.world, self.world.bank, self.buffers
        self._loop = self._executor(
            *(self._state, self._rows, self._tids, self._ready_at, self.retired, self._reserve),
            *(bank.registers.reshape(-1), bank.calls, bank.depth, bank.told, self._code),
            *(self._fetch_tag, self._fetch_block, self._load_tag, self._store_tag, self._data_base),
            *(world.memory, world.dirty, *buffers.arrays(), buffers.counts),
        )
        return self._loop

    def arrays_changed(self) -> None:
        """The bank grew, or the world's memory or the buffers are others now."""
        self._loop = None

    def use(self, buffers: Buffers) -> None:
        """Record into other buffers from now on."""
        self.buffers = buffers
        self._loop = None

    # Harts.

    def assign(self, hart: int, tid: int, row: int, space: int, cost: int, earliest: int = 0) -> int:
        """Let a hart run a thread, which uses an address space, ``cost`` ticks after it has done what it was
        charged for, but that not before a tick; returns when. A context switch loses its reservation, and
        another address space its translations."""
        self._row_of[hart] = row
        self._tid_of[hart] = tid
        if space != self._space_of[hart]:
            self._space_of[hart] = space
            for tags in (self._fetch_tag, self._load_tag, self._store_tag):
                tags[hart * at.TLB_ENTRIES : (hart + 1) * at.TLB_ENTRIES] = at.EMPTY
        self._reserved[hart] = -1
        start = self.free_at(hart)
        if start < earliest:
            start = earliest
        self._ready[hart] = start = start + cost
        return start

    def changes_space(self, hart: int, space: int) -> bool:
        """True if the hart has used another address space than this one last."""
        last = self._space_of[hart]
        return last != space and last != 0

    def idle(self, hart: int) -> None:
        """Nothing to run."""
        self._tid_of[hart] = 0
        self._ready[hart] = at.NEVER
        self._reserved[hart] = -1

    def divert(self, hart: int, row: int) -> None:
        """The thread of a bank row goes on elsewhere; on a hart (-1: on none) that loses its reservation."""
        self.world.bank.told[row] = 0
        if hart >= 0:
            self._reserved[hart] = -1

    def lose_reservations(self, offset: int, count: int) -> None:
        """Someone who is no hart wrote ``count`` bytes at a physical offset."""
        for hart, line in enumerate(self._reserved):
            if offset >> at.LINE_SHIFT <= line <= (offset + count - 1) >> at.LINE_SHIFT:
                self._reserved[hart] = -1

    def free_at(self, hart: int) -> int:
        """The tick at which the hart has done what it was charged for; now, for an idle one."""
        ready = self._ready[hart]
        return self.tick if ready == at.NEVER or ready < self.tick else ready

    def charge(self, hart: int, ticks: int) -> None:
        """The hart retires nothing for ``ticks`` more ticks."""
        ready, now = self._ready[hart], self.tick
        self._ready[hart] = ticks + (now if ready == at.NEVER or ready < now else ready)

    def marked_value(self, row: int) -> int:
        """What the probe that just trapped was given."""
        return self.world.bank.words[row * WIDTH + SINK]

    # Translation.

    def fill(self, hart: int, page: int, frame: int, permissions: str) -> None:
        """Put a translation into the hart's TLB; for fetching only if the frame's code is open."""
        slot = hart * at.TLB_ENTRIES + (page & (at.TLB_ENTRIES - 1))
        self._data_base[slot] = frame * PAGE
        self._load_tag[slot] = page if "r" in permissions else at.EMPTY
        self._store_tag[slot] = page if "w" in permissions else at.EMPTY
        if "x" in permissions and self.is_open(frame):
            self._fetch_tag[slot] = page
            self._fetch_block[slot] = self._blocks[frame] * _BLOCK

    def flush(self) -> None:
        """Forget every translation of every hart."""
        for tags in (self._fetch_tag, self._load_tag, self._store_tag):
            tags[:] = at.EMPTY

    def forget_page(self, page: int) -> None:
        """Forget every translation of one page: another frame backs it now."""
        for tags in (self._fetch_tag, self._load_tag, self._store_tag):
            entries = tags[page & (at.TLB_ENTRIES - 1) :: at.TLB_ENTRIES]
            entries[entries == page] = at.EMPTY

    # Decoded code.

    def is_open(self, frame: int) -> bool:
        """True if the frame has a block of code and hasn't been written since it got it."""
        return frame in self._blocks and not self.world.dirty[frame] & 2

    def open_code(self, frame: int) -> None:
        """Give a frame of code a block in which nothing is decoded yet."""
        self.forget_code(frame)
        if not self._free_blocks:
            blocks = len(self._code) // _BLOCK
            self._make_room(np.concatenate([self._code, np.zeros_like(self._code)]))
            self._free_blocks = list(range(blocks, 2 * blocks))
            self.arrays_changed()
        block = self._blocks[frame] = self._free_blocks.pop(0)
        self._code[block * _BLOCK : (block + 1) * _BLOCK] = _UNDECODED
        self.world.dirty[frame] &= 1

    def _make_room(self, code: NDArray[np.int32]) -> None:
        self._code = code
        self._fields, self._records = code.data, code.view(np.uint8).data

    def decode(self, frame: int, offset: int, word: int, second: int | None = None) -> None:
        """Decode the instruction ``word`` at a byte ``offset`` of an open frame; ``second`` is the frame that
        its last two bytes are in, if that is another."""
        start = 4 * self._record_at(frame, offset)
        self._records[start : start + 4 * at.FIELDS] = self._encoder.record(word)
        if second is not None:
            self._second[frame] = second

    def is_decoded(self, frame: int, offset: int) -> bool:
        """True if the instruction at a byte offset of an open frame has been decoded."""
        return self._fields[self._record_at(frame, offset) + at.TRAP_CAUSE] != at.CAUSE_UNDECODED

    def watch(self, frame: int, offset: int) -> None:
        """Leave the loop each time before a thread executes the decoded instruction there."""
        self._fields[self._record_at(frame, offset) + at.FLAGS] |= at.WATCHED

    def passes(self, row: int) -> None:
        """The kernel knows about the watched instruction that the thread of a bank row is at."""
        self.world.bank.told[row] = 1

    def _record_at(self, frame: int, offset: int) -> int:
        return self._blocks[frame] * _BLOCK + (offset >> 1) * at.FIELDS

    def forget_code(self, frame: int) -> None:
        """Decode the frame anew before it executes again, and the one whose last instruction ends in it."""
        before = [first for first, second in self._second.items() if second == frame and first != frame]
        for stale in (frame, *before):
            self._second.pop(stale, None)
            if stale in self._blocks:
                self._free_blocks.append(self._blocks.pop(stale))
                self._fetch_tag[:] = at.EMPTY

    def forget_written_code(self) -> None:
        """What fence.i does: code written since it was decoded is decoded anew."""
        dirty = self.world.dirty
        for frame in [*self._blocks, *self._second.values()]:
            if dirty[frame] & 2:
                self.forget_code(frame)
