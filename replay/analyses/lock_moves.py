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

from recorder.reader import Log
from replay.locks import REGISTERS, Entry
from replay.query import ask
from sim.code import CodeRow
from sim.isa import decode
from sim.isa.registers import RA, T0

IntArray = NDArray[np.int64]
#: How far back an argument's value is looked for, in events: first near, then anywhere.
WINDOWS = (1 << 13, 1 << 62)
_A0 = REGISTERS["a0"]


@dataclass(frozen=True)
class LockMoves:
    """Calls of lock functions, in order of seq: int64 arrays of equal length.

    ``entry`` indexes ``entries``; ``pc`` is the caller's; ``lock`` the lock's address; ``return_seq`` is -1
    for a call that had not returned by ``last``, and ``result`` counts for others. ``unresolved`` calls
    were left out because the log doesn't tell which lock they were for.
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
    unresolved: int = 0

    def __len__(self) -> int:
        return len(self.seq)

    def that_matter_last(self) -> "LockMoves":
        """Without what had no more effect at the end: the calls of each lock from before the last moment at
        which nobody held it, as far as they had returned."""
        roles = [entry.role for entry in self.entries]
        is_release = np.array([role.role == "release" for role in roles], bool)[self.entry]
        counted = np.array([role.kind != "semaphore" for role in roles], bool)[self.entry]
        success = np.array([role.success for role in roles], np.int64)[self.entry]
        tried = np.array([role.role == "try" for role in roles], bool)[self.entry]
        returned = self.return_seq >= 0
        taken = ~is_release & returned & (~tried | (self.result.astype(np.int32) == success))
        at = np.where(is_release, self.seq, self.return_seq)
        order = np.lexsort((at, self.lock))
        order = order[(taken | is_release)[order] & counted[order]]
        free_since = _last_free(self.lock[order], at[order], np.where(is_release[order], -1, 1))
        locks, place = np.unique(self.lock, return_inverse=True)
        since = np.array([free_since.get(lock, -1) for lock in locks.tolist()], np.int64)[place]
        unfinished = ~returned & ~is_release
        kept = unfinished | (counted & (at > since))
        arrays = {name: getattr(self, name)[kept] for name in ARRAYS}
        return LockMoves(entries=self.entries, last=self.last, unresolved=self.unresolved, **arrays)


#: The arrays of `LockMoves`, in order.
ARRAYS = ("seq", "tick", "tid", "pc", "entry", "lock", "return_seq", "return_tick", "result")


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


def kinds_read(log: Log, entries: Sequence[Entry]) -> tuple[str, ...]:
    """Kinds of events that lock statistics are made from; instructions only where calls don't say it all."""
    few = ("stack", "syscall", "futex", "thread")
    plain = all(entry.role.register == _A0 for entry in entries) and not _jump_sites(log, entries)
    return few if plain else (*few, "instruction")


def lock_moves(
    log: Log,
    connection: "duckdb.DuckDBPyConnection",
    entries: Sequence[Entry],
    last: int,
    *,
    closed_too: bool = True,
) -> LockMoves:
    """Every call of the ``entries`` up to event ``last``. ``connection`` has the views of
    `kinds_read`. Tail calls are found by the jumps that can make them. Without ``closed_too``, the calls
    that took a lock and gave it back are left out (most of them): enough for what is held at ``last``."""
    number = {entry.pc: index for index, entry in enumerate(entries)}
    addresses = list(number) or [-1]
    calls = ask(connection, "lock_calls", {"entries": addresses, "last": last})
    sites = _jump_sites(log, entries)
    if sites:
        jumps = ask(connection, "lock_jumps", {"entries": addresses, "last": last, "sites": sites})
        calls = pa.concat_tables([calls, jumps], promote_options="default").sort_by("seq")
    target = _ints(calls, "target")
    entry = np.array([number[pc] for pc in target.tolist()], np.int64)
    lock, known = _lock_addresses(connection, calls, entry, entries)
    if not closed_too:
        rest = ~_closed(entries, entry, lock, known, _ints(calls, "tid"), _ints(calls, "seq"))
        calls, entry, lock, known = calls.filter(pa.array(rest)), entry[rest], lock[rest], known[rest]
    returned = _returns(connection, calls, last)
    names = ("seq", "tick", "tid", "pc")
    columns = dict(zip(names, (_ints(calls, name) for name in names), strict=True))
    columns |= {"entry": entry, "lock": lock, **returned}
    kept = {name: column[known] for name, column in columns.items()}
    return LockMoves(entries=entries, last=last, unresolved=int((~known).sum()), **kept)


def _closed(
    entries: Sequence[Entry],
    entry: IntArray,
    lock: IntArray,
    known: NDArray[np.bool_],
    tid: IntArray,
    seq: IntArray,
) -> NDArray[np.bool_]:
    """Which calls acquire a lock that the thread's next call for that lock releases, or are that release. A
    semaphore's say nothing of each other."""
    exclusive = [each.role.kind != "semaphore" for each in entries]
    acquires, releases = (
        np.array(
            [open_ and each.role.role == role for open_, each in zip(exclusive, entries, strict=True)], bool
        )
        for role in ("acquire", "release")
    )
    order = np.lexsort((seq, tid, lock))
    one, other = order[:-1], order[1:]
    same = (lock[one] == lock[other]) & (tid[one] == tid[other]) & known[one] & known[other]
    pairs = same & acquires[entry[one]] & releases[entry[other]]
    closed = np.zeros(len(seq), bool)
    closed[one[pairs]] = closed[other[pairs]] = True
    return closed


def _jump_sites(log: Log, entries: Sequence[Entry]) -> list[int]:
    """Addresses of jumps and branches of other functions that can reach an entry."""
    names = {entry.pc: entry.name for entry in entries}
    rows = (row for found in log.code.values() for row in found)
    return sorted({row.pc for row in rows if row.effect in ("jump", "branch") and _may_enter(row, names)})


def _may_enter(row: CodeRow, names: dict[int, str]) -> bool:
    decoded = decode(row.word)
    if decoded is None or row.rd in (RA, T0):
        return False
    operands = decoded.operands
    if "offset" in operands:
        target = row.pc + operands["offset"]
        return target in names and names[target] != row.function
    # An indirect jump goes anywhere; one through a link register is a return.
    return operands.get("rs1") not in (RA, T0)


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
