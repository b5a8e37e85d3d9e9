"""One thread, and the bank of arrays that holds all threads' registers and call stacks.

The bank's arrays are what the machine's loop executes on, live, and what a replay folds into: a
context switch copies no registers, it only changes which row a hart works on.
"""

from dataclasses import dataclass, field
from struct import Struct

import numpy as np
from numpy.typing import NDArray

from sim import sparse
from sim.isa.registers import A0, FCSR, PC, WIDTH, F
from sim.signals import ThreadSignals

IntArray = NDArray[np.int64]

#: The attributes for the scheduler that a thread has from its creator.
INHERITED = ("policy", "priority", "nice", "tickets", "affinity")
#: The affinity of a thread that may run on every hart.
EVERY_HART = -1

#: Calls kept per thread; deeper ones are counted, not kept.
CALLS_KEPT = 1024
_A0_A7 = Struct("8q")


class Bank:
    """Rows for threads, grown by doubling.

    ``registers``: int64 [rows, WIDTH]. ``calls``: int64 [rows, CALLS_KEPT, 3], each (function entered,
    return address, sp at entry), oldest first. ``depth``: int64 [rows], calls entered and not left, of
    which the first CALLS_KEPT are in ``calls``. ``told``: int64 [rows], the loop's own (see there).

    ``words``, ``call_words`` and ``depths`` are views of the first three, flat, whose items are Python
    integers: several times faster to get at than NumPy's.
    """

    def __init__(self, rows: int = 16) -> None:
        self._make(rows)
        self.used = 0
        self.free: list[int] = []

    def _make(self, rows: int) -> None:
        self.registers: IntArray = np.zeros((rows, WIDTH), np.int64)
        self.calls: IntArray = sparse.zeros(rows, CALLS_KEPT, 3)
        self.depth: IntArray = np.zeros(rows, np.int64)
        self.told: IntArray = np.zeros(rows, np.int64)
        self.words, self.call_words = self.registers.reshape(-1).data, self.calls.reshape(-1).data
        self.depths = self.depth.data

    def take(self) -> int:
        """A zeroed row: the one freed last, else a new one."""
        if self.free:
            row = self.free.pop()
        else:
            row = self.used
            self.used += 1
            self.reserve(self.used)
        self.registers[row] = 0
        self.depth[row] = 0
        self.told[row] = 0
        return row

    def copy_calls(self, source: int, target: int) -> None:
        """Let one row's calls be another's too."""
        kept = min(int(self.depth[source]), CALLS_KEPT)
        self.calls[target, :kept] = self.calls[source, :kept]
        self.depth[target] = self.depth[source]

    def give_back(self, row: int) -> None:
        """Free a row for the next `take`."""
        self.free.append(row)

    def reserve(self, used: int) -> None:
        """Have room for at least ``used`` rows."""
        rows = len(self.depth)
        while rows < used:
            rows *= 2
        if rows == len(self.depth):
            return
        old = self.registers, self.calls, self.depth, self.told
        self._make(rows)
        self.told[: len(old[3])] = old[3]
        self.registers[: len(old[0])], self.depth[: len(old[2])] = old[0], old[2]
        # Only what is in use: a page of zeros that nobody touches costs the host nothing.
        for row, depth in enumerate(old[2].tolist()):
            self.calls[row, : min(depth, CALLS_KEPT)] = old[1][row, : min(depth, CALLS_KEPT)]


def pack(registers: IntArray) -> bytes:
    """A register row as events carry it: x0..x31 and pc, then f0..f31 and fcsr unless all are zero; 64-bit
    little-endian words."""
    floats = registers[F : FCSR + 1]
    words = np.concatenate([registers[: PC + 1], floats]) if floats.any() else registers[: PC + 1]
    return words.astype("<i8").tobytes()


def unpack(packed: bytes) -> IntArray:
    """int64 [WIDTH]: the register row that `pack` packed."""
    words = np.frombuffer(packed, "<i8")
    registers = np.zeros(WIDTH, np.int64)
    registers[: PC + 1] = words[: PC + 1]
    registers[F : F + len(words) - PC - 1] = words[PC + 1 :]
    return registers


class CallStack:
    """The functions that one thread has entered and not left, as call and return events tell.

    A return with stack pointer s leaves every function that was entered below s, and one entered at s:
    right for calls that return in order, and it recovers after a longjmp.
    """

    __slots__ = ("_bank", "_first", "_row")

    def __init__(self, bank: Bank, row: int) -> None:
        self._bank, self._row = bank, row
        #: Where the row's calls begin in ``call_words``.
        self._first = 3 * CALLS_KEPT * row

    def __len__(self) -> int:
        return self._bank.depths[self._row]

    def kept(self, above: int = 0) -> list[tuple[int, int, int]]:
        """(function entered, return address, sp at entry), oldest first, of the calls above a depth; none
        beyond CALLS_KEPT."""
        count = min(len(self), CALLS_KEPT)
        words = self._bank.call_words[self._first + 3 * above : self._first + 3 * count].tolist()
        return list(zip(words[::3], words[1::3], words[2::3], strict=True))

    def at(self, depth: int) -> tuple[int, int, int] | None:
        """The call that made the stack this deep (1: the first), if it is kept."""
        if not 0 < depth <= min(len(self), CALLS_KEPT):
            return None
        target, link, sp = self._bank.call_words[self._first + 3 * depth - 3 : self._first + 3 * depth]
        return target, link, sp

    def enter(self, target: int, link: int, sp: int) -> None:
        """A call."""
        depth = len(self)
        if depth < CALLS_KEPT:
            words, place = self._bank.call_words, self._first + 3 * depth
            words[place], words[place + 1], words[place + 2] = target, link, sp
        self._bank.depths[self._row] = depth + 1

    def leave(self, sp: int) -> None:
        """A return with this stack pointer. Calls beyond the kept ones are taken to match."""
        depth = len(self)
        words, before = self._bank.call_words, self._first - 1
        if depth > CALLS_KEPT:
            depth -= 1
        else:
            while depth and words[before + 3 * depth] < sp:
                depth -= 1
            if depth and words[before + 3 * depth] == sp:
                depth -= 1
        self._bank.depths[self._row] = depth

    def cut(self, depth: int) -> list[tuple[int, int, int]]:
        """Take off and return the calls above ``depth``."""
        taken = self.kept(depth)
        self._bank.depths[self._row] = min(len(self), depth)
        return taken


@dataclass(slots=True)
class Thread:
    """A thread. ``state``: created, ready, running, blocked or exited; it stands in the run queue exactly
    when ready, has a hart exactly when running, and ``on``/``address``/``until`` say what a blocked one
    waits for. ``syscall`` is the number of the call it is in, -1 for none, and ``moved`` the bytes that this
    call has put into a pipe; ``clear_tid`` is the address of the word to clear and wake when it exits, 0 for
    none, ``robust_list`` that of the list of its robust locks; ``futex`` is the queue that it waits, or last
    waited, in (`sim.world.World.futex_key`), ``bitset`` what a wake must share a bit with."""

    tid: int
    pid: int
    row: int
    bank: Bank = field(repr=False)
    state: str = "created"
    hart: int = -1
    on: str = ""
    address: int = 0
    until: int = -1
    syscall: int = -1
    status: int = 0
    clear_tid: int = 0
    moved: int = 0
    robust_list: int = 0
    bitset: int = 0
    futex: tuple[int, int] = (0, 0)
    policy: int = 0
    priority: int = 0
    nice: int = 0
    tickets: int = 0
    affinity: int = EVERY_HART
    level: int = 0
    signals: ThreadSignals = field(default_factory=ThreadSignals)

    @property
    def calls(self) -> CallStack:
        """Its call stack."""
        return CallStack(self.bank, self.row)

    @property
    def pc(self) -> int:
        """Address of the instruction that it executes next."""
        return self.bank.words[self.row * WIDTH + PC]

    @property
    def registers(self) -> list[int]:
        """x0..x31, signed."""
        return self.slots(0, 32)

    def slots(self, first: int, end: int) -> list[int]:
        """Slots first..end-1 of its register row, signed."""
        base = self.row * WIDTH
        return self.bank.words[base + first : base + end].tolist()

    def arguments(self) -> tuple[int, ...]:
        """a0..a7, signed: what a system call is given, its number last."""
        return _A0_A7.unpack_from(self.bank.words, 8 * (self.row * WIDTH + A0))

    def row_values(self) -> list[int]:
        """The whole register row (`sim.isa.registers`)."""
        return self.slots(0, WIDTH)

    @property
    def floats(self) -> list[int]:
        """f0..f31 as they stand, signed 64-bit patterns."""
        return self.slots(F, F + 32)

    @property
    def fcsr(self) -> int:
        """fflags in bits 4:0, frm in bits 7:5."""
        return self.bank.words[self.row * WIDTH + FCSR]

    def set_register(self, slot: int, value: int) -> None:
        """Write one slot of the register row (x0 stays zero)."""
        if slot:
            self.bank.words[self.row * WIDTH + slot] = value
