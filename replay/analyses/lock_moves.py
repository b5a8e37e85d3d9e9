"""What threads did to locks: calls of lock functions with their returns, found in the log.

Stack and instruction events in, a few arrays out, in order of seq. The scan is DuckDB's; only the calls
of lock functions themselves come back to Python. `replay.analyses.lock_history` makes sense of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from replay.analyses.lock_functions import ADDRESS_BITS, LockFunctions
from replay.analyses.lock_sites import SiteNames, find_sites, pairs
from replay.locks import HELD, REGISTERS, Entry, Role, Roles
from replay.processes import SEQ_BITS
from replay.query import ask
from replay.recording import Recording

IntArray = NDArray[np.int64]
#: How far back an argument's value is looked for, in events: first near, then anywhere.
WINDOWS = (1 << 13, 1 << 62)
_A0 = REGISTERS["a0"]


@dataclass(frozen=True)
class LockMoves:
    """Calls of lock functions, in order of seq: int64 arrays of equal length.

    ``entry`` indexes ``entries``; ``pc`` is the program's own call (`replay.analyses.lock_sites`); ``lock``
    the lock's address and ``use`` the process and program that have it (`replay.processes.Processes.uses`);
    ``return_seq`` is -1 for a call that had not returned by
    ``last``, and ``result`` counts for others. ``unresolved`` calls were left out because the log doesn't
    tell which lock they were for. ``sp`` is the stack pointer at the call; one less for a tail call, which
    is made within another call at that height.
    """

    entries: Sequence[Entry]
    last: int
    seq: IntArray
    tick: IntArray
    tid: IntArray
    pc: IntArray
    entry: IntArray
    lock: IntArray
    return_seq: IntArray
    return_tick: IntArray
    result: IntArray
    use: IntArray
    sp: IntArray
    unresolved: int = 0

    def __len__(self) -> int:
        return len(self.seq)

    def outermost(self) -> "LockMoves":
        """Without the calls that are made within another one of the thread for the same lock."""
        return self.only(self.outer())

    def outer(self) -> IntArray:
        """The numbers of those that are left."""
        order = np.lexsort((self.seq, self.tid, self._place()))
        seq, sp, back = self.seq[order], self.sp[order], self.return_seq[order]
        same = np.zeros(len(order), bool)
        for key in (self._place()[order], self.tid[order]):
            same |= np.diff(key, prepend=key[:1] - 1) != 0
        group = np.cumsum(same) << SEQ_BITS
        until = np.maximum.accumulate(group + np.maximum(back, 0))
        inner = np.zeros(len(order), bool)
        inner[1:] = ~same[1:] & ((until[:-1] > group[1:] + seq[1:]) | ((back[:-1] < 0) & (sp[1:] < sp[:-1])))
        return np.sort(order[~inner])

    def _place(self) -> IntArray:
        """The lock as one number."""
        return (self.use << ADDRESS_BITS) + self.lock

    def only(self, kept: NDArray[Any]) -> "LockMoves":
        """Some of them, by number or mask."""
        arrays = {name: getattr(self, name)[kept] for name in ARRAYS}
        return LockMoves(entries=self.entries, last=self.last, unresolved=self.unresolved, **arrays)

    def that_matter_last(self) -> "LockMoves":
        """Without what had no more effect at the end: the calls of each lock from before the last moment at
        which nobody held it, as far as they had returned. None is made within another one."""
        return self.only(self.matter())

    def matter(self) -> NDArray[np.bool_]:
        """Which of them are left."""
        roles = [entry.role for entry in self.entries]
        is_release = np.array([role.role == "release" for role in roles], bool)[self.entry]
        counted = np.array([role.kind in HELD for role in roles], bool)[self.entry]
        returned = self.return_seq >= 0
        taken = ~is_release & returned & succeeded(roles, self.entry, self.result)
        at = np.where(is_release, self.seq, self.return_seq)
        _, lock = np.unique(self._place(), return_inverse=True)
        order = np.lexsort((at, lock))
        order = order[(taken | is_release)[order] & counted[order]]
        free_since = _last_free(lock[order], at[order], np.where(is_release[order], -1, 1))
        since = np.array(
            [free_since.get(each, -1) for each in range(int(lock.max(initial=-1)) + 1)], np.int64
        )
        unfinished = ~returned & ~is_release
        kept: NDArray[np.bool_] = unfinished | (counted & (at > since[lock]))
        return kept


#: The arrays of `LockMoves`, in order.
ARRAYS = ("seq", "tick", "tid", "pc", "entry", "lock", "return_seq", "return_tick", "result", "use", "sp")


def succeeded(roles: Sequence[Role], entry: IntArray, result: IntArray) -> NDArray[np.bool_]:
    """Which calls that returned have the lock."""
    found = np.zeros(len(entry), bool)
    results = result.astype(np.int32)
    for index in np.unique(entry).tolist():
        mine, role = entry == index, roles[index]
        if role.failure:
            found[mine] = ~np.isin(results[mine], role.failure)
        else:
            found[mine] = np.isin(results[mine], role.wanted) if role.wanted else True
    return found


def _last_free(lock: IntArray, at: IntArray, change: IntArray) -> dict[int, int]:
    """For each lock (its rows together, in order of ``at``) the last moment when nobody held it, if there
    was one after its first row. A release of a free lock changes nothing."""
    found = {}
    starts = np.flatnonzero(np.diff(lock, prepend=lock[:1] - 1))
    ends = [*starts[1:].tolist(), len(lock)]
    for start, end in zip(starts.tolist(), ends[: len(starts)], strict=True):
        held = np.cumsum(change[start:end])
        held -= np.minimum(np.minimum.accumulate(held), 0)
        free = np.flatnonzero(held == 0)
        if len(free):
            found[int(lock[start])] = int(at[start + free[-1]])
    return found


def kinds_read(functions: LockFunctions) -> tuple[str, ...]:
    """Kinds of events that lock statistics are made from; instructions only where calls don't say it all."""
    few = ("stack", "syscall", "futex", "thread")
    plain = all(entry.role.register == _A0 for entry in functions.entries) and not len(functions.sites)
    return few if plain else (*few, "instruction")


def lock_moves(
    recording: Recording,
    connection: "duckdb.DuckDBPyConnection",
    functions: LockFunctions,
    roles: Roles,
    last: int,
    *,
    closed_too: bool = True,
) -> LockMoves:
    """Every call of the ``functions`` up to event ``last``. ``connection`` has the views of
    `kinds_read`. Tail calls are found by the jumps that can make them. Without ``closed_too``, the calls
    that took a lock and gave it back are left out (most of them): enough for what is held at ``last``.
    Locks that libraries take for themselves are left out too, unless the ``roles`` want them."""
    entries = functions.entries
    calls, use, entry = _calls(recording, connection, functions, last)
    lock, known = _lock_addresses(connection, calls, entry, entries)
    if not closed_too:
        rest = ~closed_calls(entries, entry, lock, known, _ints(calls, "tid"), _ints(calls, "seq"))
        calls, use, entry = calls.filter(pa.array(rest)), use[rest], entry[rest]
        lock, known = lock[rest], known[rest]
    returned = _returns(connection, calls, last)
    seq, tick, tid, pc, sp = (_ints(calls, name) for name in ("seq", "tick", "tid", "pc", "sp"))
    names = SiteNames(recording, roles, functions.names)

    def calls_of(thread: int, last: int) -> list[IntArray]:
        made = ask(connection, "lock_callers", {"tid": thread, "last": last})
        return [_ints(made, name) for name in ("seq", "pc", "sp")]

    found = find_sites(calls_of, names, use, seq, tid, pc, sp)
    inside = found.internal | np.array([each.role.internal for each in entries], bool)[entry]
    listed = known & (roles.internal | ~inside)
    columns = {"seq": seq, "tick": tick, "tid": tid, "pc": found.pc, "entry": entry, "lock": lock, **returned}
    jumped = calls["link"].is_null().to_numpy() if calls.num_rows else np.zeros(0, bool)
    columns |= {"use": owners(recording, use, lock), "sp": sp - jumped}
    kept = {name: column[listed] for name, column in columns.items()}
    return LockMoves(entries=entries, last=last, unresolved=int((~known).sum()), **kept)


def _calls(
    recording: Recording, connection: "duckdb.DuckDBPyConnection", functions: LockFunctions, last: int
) -> tuple[pa.Table, IntArray, IntArray]:
    """The calls, and jumps in place of calls, up to event ``last``; the process and program of each, and the
    entry that it goes to."""
    asked: dict[str, int | list[int]] = {"entries": functions.addresses, "last": last}
    calls = ask(connection, "lock_calls", asked)
    use = recording.uses_of(_ints(calls, "tid"), _ints(calls, "seq"))
    if len(functions.sites):
        jumps = ask(connection, "lock_jumps", {**asked, "sites": functions.jump_addresses})
        here = functions.jump_from(
            recording.uses_of(_ints(jumps, "tid"), _ints(jumps, "seq")), _ints(jumps, "pc")
        )
        calls = pa.concat_tables([calls, jumps.filter(pa.array(here))], promote_options="default")
        calls = calls.sort_by("seq")
        use = recording.uses_of(_ints(calls, "tid"), _ints(calls, "seq"))
    entry = functions.entered(use, _ints(calls, "target"))
    kept = entry >= 0
    return calls.filter(pa.array(kept)), use[kept], entry[kept]


def owners(recording: Recording, use: IntArray, lock: IntArray) -> IntArray:
    """The uses that locks are of: those of the callers, but for locks in shared memory, which are of the
    process that mapped it."""
    if not recording.spaces.shares:
        return use
    processes = recording.processes
    different, place = pairs(use, lock)
    found = []
    for of, address in different:
        caller = processes.uses[of]
        pid = recording.spaces.shared_by(caller.pid, address)
        found.append(of if pid in (None, caller.pid) else processes.use_at(pid, caller.seq))
    return np.array(found, np.int64)[place]


def closed_calls(
    entries: Sequence[Entry],
    entry: IntArray,
    lock: IntArray,
    known: NDArray[np.bool_],
    tid: IntArray,
    seq: IntArray,
) -> NDArray[np.bool_]:
    """Which calls acquire a lock that the thread's next call for that lock releases, or are that release; not
    within another acquisition of its own. What nobody holds says nothing of that."""
    held = np.array([each.role.kind in HELD for each in entries], bool)
    acquires, releases = (
        held & np.array([each.role.role == role for each in entries], bool) for role in ("acquire", "release")
    )
    order = np.lexsort((seq, tid, lock))
    acquire, release = acquires[entry[order]], releases[entry[order]]
    one, other = order[:-1], order[1:]
    same = (lock[one] == lock[other]) & (tid[one] == tid[other]) & known[one] & known[other]
    inner = np.concatenate([[False], same & ~release[:-1]]) if len(order) else release
    pairs = same & acquire[:-1] & release[1:] & ~inner[:-1]
    closed = np.zeros(len(seq), bool)
    closed[one[pairs]] = closed[other[pairs]] = True
    # A release that calls another one.
    further = same & release[:-1] & release[1:]
    while (more := further & closed[one] & ~closed[other]).any():
        closed[other[more]] = True
    return closed


def _lock_addresses(
    connection: "duckdb.DuckDBPyConnection", calls: pa.Table, entry: IntArray, entries: Sequence[Entry]
) -> tuple[IntArray, NDArray[np.bool_]]:
    """The lock of each call, and for which it is known. A call event has a0; what else is asked for is
    looked up among the instructions."""
    registers = np.array([e.role.register for e in entries], np.int64)
    register = registers[entry] if len(entry) else entry
    lock = _ints(calls, "lock")
    known = calls["lock"].is_valid().to_numpy() & (register == _A0)
    seq, tid = _ints(calls, "seq"), _ints(calls, "tid")
    for window in WINDOWS:
        missing = np.flatnonzero(~known)
        if not len(missing):
            break
        asked = pa.table({"seq": seq[missing], "tid": tid[missing], "register": register[missing]})
        connection.register("asked", asked)
        found = ask(connection, "lock_arguments", {"window": window})["value"]
        connection.unregister("asked")
        lock[missing] = found.fill_null(0).to_numpy()
        known[missing] = found.is_valid().to_numpy()
    return lock, known


def _returns(connection: "duckdb.DuckDBPyConnection", calls: pa.Table, last: int) -> dict[str, IntArray]:
    """The columns return_seq (-1: none), return_tick and result."""
    connection.register("entered", calls.select(["seq", "tid", "sp", "link"]))
    found = ask(connection, "lock_returns", {"last": last})
    connection.unregister("entered")
    place = np.searchsorted(_ints(calls, "seq"), _ints(found, "entry"))
    columns = {}
    for name, source in (("return_seq", "seq"), ("return_tick", "tick"), ("result", "a0")):
        columns[name] = np.full(calls.num_rows, -1, np.int64)
        columns[name][place] = _ints(found, source)
    return columns


def _ints(table: pa.Table, name: str) -> IntArray:
    column: Any = table[name]
    values: IntArray = column.fill_null(0).to_numpy().astype(np.int64)
    return values
