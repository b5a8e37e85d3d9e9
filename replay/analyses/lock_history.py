"""From calls of lock functions to the history of every lock: a fold over moves in order of seq.

`replay.analyses.lock_moves` in, `Interval`s and the locks' present state out. A thread *requests* a lock
when it calls an acquire function, has *acquired* it when that call returns, and has *released* it when it
calls a release function.

- It was **contended** if the thread slept in a futex wait during the call; or if another thread held the
  lock at some time between request and acquisition, and the call took longer than the quickest of its
  function in the run (which is how a spinlock waits). The **blocker** is the thread that held it at the
  request, else the first to acquire it in between, else the last to have held it.
- Several threads hold a read-write lock for reading; a reader waits for writers only.
- Nobody holds a semaphore or a condition. Its acquisition was contended if the thread slept; its blocker is
  the thread whose post or signal came last before it went on. A wait at a barrier was contended if another
  thread arrived later: the last of them is the blocker.
- A lock function that calls another one for the same lock counts once. So a wait for a condition, which calls
  functions that give a mutex back and take it again, is a wait and a release and acquisition of that.
- A thread that acquires a lock which it holds already holds it until as many releases.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from replay.analyses.lock_moves import ARRAYS, IntArray, LockMoves
from replay.locks import PASSED

#: How an interval ended, or stands at the end of the log.
OUTCOMES = (
    *("released", "held", "died holding", "release not seen"),
    *("waiting", "died waiting", "failed", "taken"),
)
#: Futex waits: arrays of seq and tid. Ends of threads: (seq, tick, tid).
Sleeps = tuple[IntArray, IntArray]
Exits = list[tuple[int, int, int]]
_RETURN, _EXIT, _SLEEP, _CALL = range(4)
_CHUNK = 1 << 16
_NEVER = 1 << 62
#: A call: the columns of `LockMoves` in the order of ARRAYS.
Move = tuple[int, ...]


@dataclass(slots=True, eq=False)
class Interval:
    """One request of a lock and what became of it. -1: it didn't come to that, or isn't known.

    ``released`` is when the lock was given back, or the holder exited, or its loss was noticed;
    ``outcome`` is one of OUTCOMES (``taken``: a unit of a semaphore, the way past a condition or barrier);
    ``mode`` is read for a read-write lock that is taken so.
    """

    lock: "LockState"
    tid: int
    pc: int
    entry: int
    requested: tuple[int, int]
    acquired: tuple[int, int] = (-1, -1)
    released: tuple[int, int] = (-1, -1)
    release_pc: int = -1
    released_by: int = 0
    blocker: "Interval | None" = None
    poster: int = 0
    slept: bool = False
    outcome: str = "waiting"
    mode: str = "write"

    @property
    def contended(self) -> bool:
        """It had to wait."""
        return self.slept or self.blocker is not None or self.poster != 0

    @property
    def duration(self) -> int:
        """Ticks from request to acquisition."""
        return self.acquired[1] - self.requested[1]


@dataclass(slots=True, eq=False)
class LockState:
    """A lock at one moment. ``use``: the process and program that have it (`LockMoves`). ``holders``: the
    open holds, the outermost first; ``waiters``: tid -> request, oldest first; ``last`` the hold that ended
    last; ``poster`` the thread that posted last, or arrived."""

    use: int
    address: int
    kind: str
    holders: list[Interval] = field(default_factory=list)
    waiters: dict[int, Interval] = field(default_factory=dict)
    last: Interval | None = None
    poster: int = 0
    stray_releases: int = 0


class LockHistory:
    """All intervals up to ``moves.last``, in order of their requests, and the locks as they then are.

    Every request of the program's is in `intervals`; `locks` are by use, address and kind.
    """

    def __init__(self, moves: LockMoves, sleeps: Sleeps, exits: Exits) -> None:
        self.intervals: list[Interval] = []
        self.locks: dict[tuple[int, int, str], LockState] = {}
        self._open: dict[int, list[tuple[int, int, int]]] = {}
        self._pending: dict[int, list[Interval]] = {}
        self._roles = [entry.role for entry in moves.entries]
        self._requests: dict[int, Interval] = {}
        for what, index, move in _in_order(moves, sleeps[0], [seq for seq, _, _ in exits]):
            if what == _CALL:
                self._call(index, move)
            elif what == _RETURN:
                self._return(index, move)
            elif what == _SLEEP:
                self._sleep(int(sleeps[1][index]))
            else:
                self._exit(*exits[index])
        self._forgive_quick()

    def _call(self, index: int, move: Move) -> None:
        seq, tick, tid, pc, entry, address, returned, _, _, use, sp = move
        role = self._roles[entry]
        if self._is_inner(tid, address, (seq, returned, sp)):
            return
        key = (use, address, role.kind)
        lock = self.locks.get(key)
        if lock is None:
            lock = self.locks[key] = LockState(*key)
        if role.role == "release":
            self._release(lock, tid, pc, (seq, tick))
            return
        made = Interval(lock, tid, pc, entry, (seq, tick), mode=role.mode)
        self._requests[index] = made
        self._request(made, waits=role.role == "acquire")

    def _return(self, index: int, move: Move) -> None:
        made = self._requests.pop(index, None)
        if made is not None:
            role, (seq, tick, result) = self._roles[made.entry], move[6:9]
            self._acquire(made, (seq, tick), role.succeeded(_int32(result)))

    def _is_inner(self, tid: int, address: int, at: tuple[int, int, int]) -> bool:
        """True within another call for the same lock; else the call is remembered as an outer one. ``at``:
        seq, seq of the return, sp. A call without a return is open until the thread calls from as high a
        stack pointer."""
        seq, returned, sp = at
        calls = self._open.get(tid)
        if calls is None:
            calls = self._open[tid] = []
        elif calls:
            calls[:] = [call for call in calls if call[1] > seq and (call[1] < _NEVER or sp < call[2])]
            if any([call[0] == address for call in calls]):
                return True
        calls.append((address, returned if returned >= 0 else _NEVER, sp))
        return False

    def _forgive_quick(self) -> None:
        """Requests that took no longer than the quickest of their function didn't wait: the lock was given
        back just in time."""
        done = [made for made in self.intervals if made.acquired[0] >= 0 and not made.slept]
        quickest: dict[int, int] = {}
        for made in done:
            quickest[made.entry] = min(made.duration, quickest.get(made.entry, made.duration))
        for made in done:
            if made.duration <= quickest[made.entry]:
                made.blocker = None

    def _request(self, made: Interval, *, waits: bool) -> None:
        lock = made.lock
        if waits:
            made.blocker = next((holder for holder in lock.holders if _excludes(holder, made)), None)
            lock.waiters[made.tid] = made
        if lock.kind == "barrier":
            lock.poster = made.tid
        self.intervals.append(made)
        self._pending.setdefault(made.tid, []).append(made)

    def _acquire(self, made: Interval, at: tuple[int, int], success: bool) -> None:
        lock = made.lock
        self._pending[made.tid].remove(made)
        if lock.waiters.get(made.tid) is made:
            del lock.waiters[made.tid]
        made.acquired = at
        if not success:
            made.outcome, made.blocker = "failed", None
        elif lock.kind == "barrier":
            made.outcome = "taken"
            made.poster = lock.poster if lock.poster != made.tid else 0
        elif lock.kind in PASSED:
            made.outcome = "taken"
            made.poster = lock.poster if made.slept else 0
        else:
            self._hold(made, at)

    def _hold(self, made: Interval, at: tuple[int, int]) -> None:
        """The lock is the thread's now, so it is no other's; whoever waits, waits for this thread."""
        lock = made.lock
        gone = [holder for holder in lock.holders if _excludes(holder, made)]
        if gone:
            for holder in gone:
                if holder.outcome == "held":
                    holder.outcome, holder.released = "release not seen", at
            lock.last = gone[0]
            lock.holders[:] = [holder for holder in lock.holders if not _excludes(holder, made)]
        if made.slept and made.blocker is None and lock.last is not None and lock.last.tid != made.tid:
            made.blocker = lock.last
        made.outcome = "held"
        lock.holders.append(made)
        for waiter in lock.waiters.values():
            if waiter.blocker is None and _excludes(made, waiter):
                waiter.blocker = made

    def _release(self, lock: LockState, tid: int, pc: int, at: tuple[int, int]) -> None:
        if lock.kind in PASSED:
            lock.poster = tid
        elif lock.holders:
            mine = [holder for holder in lock.holders if holder.tid == tid]
            ended = mine[-1] if mine else lock.holders[-1]
            lock.holders.remove(ended)
            ended.released, ended.release_pc, ended.released_by = at, pc, tid
            ended.outcome = "released"
            lock.last = ended
        else:
            lock.stray_releases += 1

    def _sleep(self, tid: int) -> None:
        """A futex wait within an acquire call is a wait for its lock; for one that the thread itself holds,
        it waits for itself."""
        pending = self._pending.get(tid)
        if pending:
            made = pending[-1]
            made.slept = True
            made.lock.waiters[tid] = made
            if made.blocker is None and made.lock.holders:
                made.blocker = made.lock.holders[0]

    def _exit(self, seq: int, tick: int, tid: int) -> None:
        for made in self._pending.pop(tid, []):
            made.outcome, made.released = "died waiting", (seq, tick)
            made.lock.waiters.pop(tid, None)
        for lock in self.locks.values():
            for holder in lock.holders:
                if holder.tid == tid and holder.outcome == "held":
                    # The lock stays taken: nobody gave it back.
                    holder.outcome, holder.released = "died holding", (seq, tick)


def _excludes(holder: Interval, other: Interval) -> bool:
    """True if the lock can't be both one's and the other's at a time."""
    return holder.tid != other.tid and "write" in (holder.mode, other.mode)


def _in_order(moves: LockMoves, sleeps: IntArray, exits: list[int]) -> Iterator[tuple[int, int, Move]]:
    """(what, index, move) of every call, return, sleep and exit, by seq. The move belongs to calls and
    returns."""
    returned = np.flatnonzero((moves.return_seq >= 0) & (moves.return_seq <= moves.last))
    parts = [
        (_CALL, np.arange(len(moves)), moves.seq),
        (_RETURN, returned, moves.return_seq[returned]),
        (_SLEEP, np.arange(len(sleeps)), sleeps),
        (_EXIT, np.arange(len(exits)), np.array(exits, np.int64)),
    ]
    order = np.argsort(np.concatenate([seq for _, _, seq in parts]), kind="stable")
    whats = np.concatenate([np.full(len(index), what) for what, index, _ in parts])[order]
    indices = np.concatenate([index for _, index, _ in parts])[order]
    if not len(moves):
        return
    arrays = [getattr(moves, name) for name in ARRAYS]
    for begin in range(0, len(order), _CHUNK):
        index = indices[begin : begin + _CHUNK]
        near = np.minimum(index, len(moves) - 1)
        found = zip(*(array[near].tolist() for array in arrays), strict=True)
        yield from zip(whats[begin : begin + _CHUNK].tolist(), index.tolist(), found, strict=True)


def _int32(value: int) -> int:
    """A function's result as a C int."""
    return (value + (1 << 31)) % (1 << 32) - (1 << 31)
