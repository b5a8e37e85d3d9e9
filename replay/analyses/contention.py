"""Lock statistics: how often each lock was taken, who waited how long, where, and for whom.

The log and the roles of functions (`replay.locks`) in, Arrow tables out. What counts as contended, held
and blocking is defined in `replay.analyses.lock_history`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from recorder.reader import Log
from replay.analyses.lock_history import Interval, LockHistory, LockState
from replay.analyses.lock_moves import KINDS, lock_moves
from replay.locks import Entry, Role, entries, standard_roles
from replay.query import ask, connect
from replay.recording import Recording


@dataclass(frozen=True)
class Contention:
    """``locks``, ``points`` (call sites) and ``blockers``: columns as in queries/lock_*.sql.

    ``intervals``, one row per request of a lock, in order: lock, kind, address, tid; requested_seq, _tick,
    acquired_seq, _tick, released_seq, _tick (-1: never); pc, site, source of the request; release_pc,
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
    address: int
    holder: int
    seq: int
    tick: int
    site: str
    waiters: tuple[Waiter, ...]


def contention(
    log: Log,
    roles: Sequence[Role] | None = None,
    last: int | None = None,
    connection: "duckdb.DuckDBPyConnection | None" = None,
) -> Contention:
    """Lock statistics up to event ``last`` (None: the end of the log). ``connection``: one that has the
    views, to save making another. Raises RunDamaged."""
    recording = Recording(log)
    own = connection or connect(log, KINDS)
    try:
        found, history, unresolved = _history(recording, own, roles, last)
        end = log.last_tick if last is None else _last_tick(history, log.last_tick)
        intervals = _interval_table(history, recording, end)
        own.register("intervals", intervals)
        totals, points, blockers = (ask(own, f"lock_{name}") for name in ("totals", "points", "blockers"))
        own.unregister("intervals")
    finally:
        if connection is None:
            own.close()
    notes = _notes(history, unresolved, totals)
    return Contention(totals, points, blockers, intervals, tuple(entry.name for entry in found), notes)


def locks_at(log: Log, seq: int, roles: Sequence[Role] | None = None) -> list[HeldLock]:
    """The locks that are held or waited for just after event ``seq``, by address. Nothing behind ``seq`` is
    read. Raises RunDamaged."""
    recording = Recording(log)
    connection = connect(log, KINDS)
    try:
        _, history, _ = _history(recording, connection, roles, seq)
    finally:
        connection.close()
    states = sorted(history.locks.values(), key=lambda state: state.address)
    return [_held(state, recording) for state in states if state.holders or state.waiters]


def _history(
    recording: Recording,
    connection: "duckdb.DuckDBPyConnection",
    roles: Sequence[Role] | None,
    last: int | None,
) -> tuple[list[Entry], LockHistory, int]:
    """The program's lock functions, what was done with them, and how many calls couldn't be told."""
    log = recording.log
    found = entries(recording.program, standard_roles() if roles is None else roles)
    moves = lock_moves(log, connection, found, log.end_seq - 1 if last is None else last)
    events = ask(connection, "lock_events", {"last": moves.last})
    kinds = np.array(events["what"].to_pylist(), object)
    seq, tick, tid = (events[name].to_numpy().astype(np.int64) for name in ("seq", "tick", "tid"))
    slept, exited = kinds == "sleep", kinds == "exit"
    exits = list(zip(seq[exited].tolist(), tick[exited].tolist(), tid[exited].tolist(), strict=True))
    return found, LockHistory(moves, (seq[slept], tid[slept]), exits), moves.unresolved


def _last_tick(history: LockHistory, end: int) -> int:
    """The latest tick that the history tells of; it ends before the log does."""
    ticks = (at[1] for made in history.intervals for at in (made.requested, made.acquired, made.released))
    return min(end, max(ticks, default=0))


_SCHEMA = pa.schema(
    [
        ("lock", pa.string()), ("kind", pa.string()), ("address", pa.int64()), ("tid", pa.int32()),
        ("requested_seq", pa.int64()), ("requested_tick", pa.int64()),
        ("acquired_seq", pa.int64()), ("acquired_tick", pa.int64()),
        ("released_seq", pa.int64()), ("released_tick", pa.int64()),
        ("pc", pa.int64()), ("site", pa.string()), ("source", pa.string()),
        ("release_pc", pa.int64()), ("released_by", pa.int32()),
        ("contended", pa.bool_()), ("slept", pa.bool_()),
        ("blocker", pa.int32()), ("blocker_pc", pa.int64()),
        ("blocker_site", pa.string()), ("blocker_source", pa.string()),
        ("outcome", pa.string()), ("wait", pa.int64()), ("hold", pa.int64()),
    ]
)  # fmt: skip


def _interval_table(history: LockHistory, recording: Recording, end: int) -> pa.Table:
    names = {state.address: recording.address_name(state.address) for state in history.locks.values()}
    places: dict[int, tuple[str, str]] = {-1: ("", "")}

    def place(pc: int) -> tuple[str, str]:
        if pc not in places:
            found = recording.place(pc)
            places[pc] = (found.function or f"{pc:#x}", f"{found.file}:{found.line}" if found.line else "")
        return places[pc]

    rows = []
    for made in history.intervals:
        blocker = made.blocker
        blocker_pc = blocker.pc if blocker is not None else -1
        rows.append(
            (
                names[made.lock.address], made.lock.kind, made.lock.address, made.tid,
                *made.requested, *made.acquired, *made.released,
                made.pc, *place(made.pc), made.release_pc, made.released_by,
                made.contended, made.slept,
                blocker.tid if blocker is not None else made.poster, blocker_pc, *place(blocker_pc),
                made.outcome, *_durations(made, end),
            )
        )  # fmt: skip
    columns = zip(*rows, strict=True) if rows else [() for _ in _SCHEMA]
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, _SCHEMA, strict=True)], schema=_SCHEMA
    )


def _durations(made: Interval, end: int) -> tuple[int, int | None]:
    """Ticks waited and held, to the end of the log for what never ended."""
    released = made.released[1] if made.released[0] >= 0 else end
    if made.acquired[0] < 0:
        return released - made.requested[1], None
    holds = made.outcome not in ("failed", "taken")
    return made.duration, released - made.acquired[1] if holds else None


def _held(state: LockState, recording: Recording) -> HeldLock:
    waiters = tuple(
        Waiter(made.tid, *made.requested, str(recording.place(made.pc))) for made in state.waiters.values()
    )
    name = recording.address_name(state.address)
    if not state.holders:
        return HeldLock(name, state.kind, state.address, 0, -1, -1, "", waiters)
    first = state.holders[0]
    site = str(recording.place(first.pc))
    return HeldLock(name, state.kind, state.address, first.tid, *first.acquired, site, waiters)


def _notes(history: LockHistory, unresolved: int, totals: pa.Table) -> tuple[str, ...]:
    notes = []
    if unresolved:
        notes.append(f"{unresolved:,} calls of lock functions left out: the log doesn't tell for which lock")
    for row in totals.to_pylist():
        stray = history.locks[row["address"]].stray_releases
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
