"""Lock statistics: how often each lock was taken, who waited how long, where, and for whom.

The log and the roles of functions (`replay.locks`) in, Arrow tables out. What counts as contended, held
and blocking is defined in `replay.analyses.lock_history`.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recorder.reader import Log
from replay.analyses.held_locks import HeldLocks
from replay.analyses.lock_functions import lock_functions
from replay.analyses.lock_history import Interval, LockHistory, LockState
from replay.analyses.lock_moves import IntArray, LockMoves, kinds_read, lock_moves
from replay.analyses.lock_sites import SiteNames, pairs
from replay.locks import Roles, standard_roles
from replay.query import ask, connect, extent
from replay.recording import Recording


@dataclass(frozen=True)
class Contention:
    """``locks``, ``points`` (call sites) and ``blockers``: columns as in queries/lock_*.sql.

    ``intervals``, one row per request of a lock, in order: lock, kind, mode, pid, address, tid;
    requested_seq, _tick, acquired_seq, _tick, released_seq, _tick (-1: never); pc, site, source of the
    request in the program's own code (`replay.analyses.lock_sites`); release_pc,
    released_by; contended, slept, blocker (tid, 0: none), blocker_pc, blocker_site, blocker_source;
    outcome; wait and hold in ticks (hold null where nobody holds).

    ``functions`` are the lock functions that the program has; ``notes`` say what is missing from the
    numbers, a line each.
    """

    locks: pa.Table
    points: pa.Table
    blockers: pa.Table
    intervals: pa.Table
    functions: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Waiter:
    """A thread that waits for a lock: since when, and where it asked."""

    tid: int
    seq: int
    tick: int
    site: str


@dataclass(frozen=True)
class HeldLock:
    """A lock at one event: its holder (0: nobody), since when, where it was taken, and who waits."""

    name: str
    kind: str
    pid: int
    address: int
    holder: int
    seq: int
    tick: int
    site: str
    waiters: tuple[Waiter, ...]

    @property
    def waiting(self) -> list[int]:
        """The threads that wait."""
        return [waiter.tid for waiter in self.waiters]


def contention(
    log: Log,
    roles: Roles | None = None,
    last: int | None = None,
    connection: "duckdb.DuckDBPyConnection | None" = None,
) -> Contention:
    """Lock statistics up to event ``last`` (None: the end of the log). ``connection``: one that has the
    views, to save making another. What is damaged of the log doesn't count (`extent`)."""
    recording = Recording(log)
    known = standard_roles() if roles is None else roles
    found = lock_functions(recording, known)
    own = connection or connect(log, kinds_read(found), last)
    try:
        moves = lock_moves(recording, own, found, known, extent(log).last_seq if last is None else last)
        history = _history(own, moves)
        end = extent(log).ticks if last is None else _last_tick(history, log.last_tick)
        names = SiteNames(recording, known, found.names)
        intervals = _interval_table(history, recording, names, end)
        own.register("intervals", intervals)
        totals, points, blockers = (ask(own, f"lock_{name}") for name in ("totals", "points", "blockers"))
        own.unregister("intervals")
    finally:
        if connection is None:
            own.close()
    notes = _notes(recording, history, moves.unresolved, totals)
    functions = (entry.name for entry in found.entries if known.internal or not entry.role.internal)
    return Contention(totals, points, blockers, intervals, tuple(dict.fromkeys(functions)), notes)


def locks_at(recording: Recording, seq: int, roles: Roles | None = None) -> list[HeldLock]:
    """The locks that are held or waited for just after event ``seq``, by address. Nothing behind the segment
    of ``seq`` is read. Raises RunDamaged."""
    held = _held_locks(recording, standard_roles() if roles is None else roles)
    history = LockHistory(*held.at(seq))
    states = sorted(history.locks.values(), key=lambda state: (state.use, state.address))
    return [_held(state, recording, held.names) for state in states if state.holders or state.waiters]


def _held_locks(recording: Recording, roles: Roles) -> HeldLocks:
    """What the answers about one recording share."""
    held = recording.kept.get(roles)
    if not isinstance(held, HeldLocks):
        held = recording.kept[roles] = HeldLocks(recording, roles)
    return held


def _history(connection: "duckdb.DuckDBPyConnection", moves: LockMoves) -> LockHistory:
    """The fold of the moves with the sleeps and ends of threads from the first of them on."""
    first = int(moves.seq[0]) if len(moves) else moves.last
    events = ask(connection, "lock_events", {"first": first, "last": moves.last})
    slept = pa.compute.equal(events["what"], "sleep").to_numpy()
    seq, tick, tid = (events[name].to_numpy().astype(np.int64) for name in ("seq", "tick", "tid"))
    exits = list(zip(*(column[~slept].tolist() for column in (seq, tick, tid)), strict=True))
    return LockHistory(moves, (seq[slept], tid[slept]), exits)


def _last_tick(history: LockHistory, end: int) -> int:
    """The latest tick that the history tells of; it ends before the log does."""
    ticks = (at[1] for made in history.intervals for at in (made.requested, made.acquired, made.released))
    return min(end, max(ticks, default=0))


def _interval_table(history: LockHistory, recording: Recording, names: SiteNames, end: int) -> pa.Table:
    """A column at a time: a long run has millions of intervals."""
    made = history.intervals

    def ints(value: Callable[[Interval], int]) -> IntArray:
        return np.fromiter((value(interval) for interval in made), np.int64, len(made))

    use = ints(lambda interval: interval.lock.use)
    owners = np.array([each.pid for each in recording.processes.uses], np.int64)
    address = ints(lambda interval: interval.lock.address)
    requested, acquired, released = (
        (ints(lambda i, n=name: getattr(i, n)[0]), ints(lambda i, n=name: getattr(i, n)[1]))  # type: ignore[misc]
        for name in ("requested", "acquired", "released")
    )
    outcome = np.array([interval.outcome for interval in made], object)
    wait, hold = _durations(requested[1], acquired, released, end, np.isin(outcome, ("failed", "taken")))
    tid, pc = ints(lambda interval: interval.tid), ints(lambda interval: interval.pc)
    here = recording.uses_of(tid, requested[0])
    blocker, since = (
        ints(lambda i: i.blocker.tid if i.blocker else i.tid),
        ints(lambda i: i.blocker.requested[0] if i.blocker else i.requested[0]),
    )
    there = recording.uses_of(blocker, since)
    blocker_pc = ints(lambda interval: interval.blocker.pc if interval.blocker else -1)
    flags = {name: pa.array([getattr(i, name) for i in made], pa.bool_()) for name in ("contended", "slept")}
    columns = {
        "lock": _texts(use, address, lambda of, at: recording.names_in(of).data_name(at)),
        "kind": pa.array([interval.lock.kind for interval in made], pa.string()),
        "mode": pa.array([interval.mode for interval in made], pa.string()),
        "pid": owners[use],
        "address": address,
        "tid": tid,
        "requested_seq": requested[0],
        "requested_tick": requested[1],
        "acquired_seq": acquired[0],
        "acquired_tick": acquired[1],
        "released_seq": released[0],
        "released_tick": released[1],
        "pc": pc,
        "site": _texts(here, pc, partial(_site, names)),
        "source": _texts(here, pc, partial(_source, names)),
        "release_pc": ints(lambda interval: interval.release_pc),
        "released_by": ints(lambda interval: interval.released_by),
        **flags,
        "blocker": ints(lambda interval: interval.blocker.tid if interval.blocker else interval.poster),
        "blocker_pc": blocker_pc,
        "blocker_site": _texts(there, blocker_pc, partial(_site, names)),
        "blocker_source": _texts(there, blocker_pc, partial(_source, names)),
        "outcome": pa.array(outcome, pa.string()),
        "wait": wait,
        "hold": hold,
    }
    return pa.table(columns)


def _texts(use: IntArray, values: IntArray, text: Callable[[int, int], str]) -> pa.Array:
    """A text for each value in its use, made once for each that occurs."""
    different, place = pairs(use, values)
    return pa.array([text(*each) for each in different], pa.string()).take(pa.array(place))


def _site(names: SiteNames, use: int, pc: int) -> str:
    """The function; nothing for the pc -1."""
    return "" if pc < 0 else names.frame(use, pc).function or f"{pc:#x}"


def _source(names: SiteNames, use: int, pc: int) -> str:
    frame = names.frame(use, pc)
    return f"{frame.file}:{frame.line}" if pc >= 0 and frame.line else ""


def _durations(
    requested: IntArray,
    acquired: tuple[IntArray, IntArray],
    released: tuple[IntArray, IntArray],
    end: int,
    holds_nothing: NDArray[np.bool_],
) -> tuple[pa.Array, pa.Array]:
    """Ticks waited and held, up to the end of the log for what never ended."""
    ended = np.where(released[0] >= 0, released[1], end)
    got = acquired[0] >= 0
    wait = np.where(got, acquired[1], ended) - requested
    return pa.array(wait), pa.array(ended - acquired[1], mask=~got | holds_nothing)


def _held(state: LockState, recording: Recording, names: SiteNames) -> HeldLock:
    def asked(made: Interval) -> str:
        return names.told(recording.use_of(made.tid, made.requested[0]), made.pc)

    waiters = tuple(Waiter(made.tid, *made.requested, asked(made)) for made in state.waiters.values())
    pid = recording.processes.uses[state.use].pid
    lock = (recording.names_in(state.use).data_name(state.address), state.kind, pid, state.address)
    if not state.holders:
        return HeldLock(*lock, 0, -1, -1, "", waiters)
    first = state.holders[0]
    return HeldLock(*lock, first.tid, *first.acquired, asked(first), waiters)


def _notes(recording: Recording, history: LockHistory, unresolved: int, totals: pa.Table) -> tuple[str, ...]:
    notes = []
    if unresolved:
        notes.append(f"{unresolved:,} calls of lock functions left out: the log doesn't tell for which lock")
    strays: Counter[tuple[int, int, str]] = Counter()
    for lock in history.locks.values():
        pid = recording.processes.uses[lock.use].pid
        strays[pid, lock.address, lock.kind] += lock.stray_releases
    for row in totals.to_pylist():
        stray = strays[row["pid"], row["address"], row["kind"]]
        if stray:
            notes.append(f"{row['lock']}: {stray:,} releases while nobody was seen to hold it")
        for column, text in _NOTED.items():
            if row[column]:
                notes.append(f"{row['lock']}: {row[column]:,} {text}")
    return tuple(notes)


_NOTED = {
    "never_acquired": "requests never granted; such waits count up to the end of the log or of the thread",
    "never_released": "holds never ended; such holds count up to the end of the log or of the thread",
    "release_not_seen": "holds ended by no release that was seen; they count up to the next acquisition",
}
