"""Which calls of lock functions still matter at an event: what a lock's holder and waiters follow from.

The log goes through a segment at a time, and of each only what matters behind it is carried on to the next
(`LockMoves.matter`): a handful of calls, whatever the run's length. What is carried into each segment is
kept, for long runs on the disk too (`replay.kept`), so an event's answer takes that and the calls of one
segment. `replay.analyses.contention` makes the
same history of it as of a whole run's calls (`replay.analyses.lock_moves`).
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from replay.analyses.lock_functions import lock_functions
from replay.analyses.lock_history import Exits, Sleeps
from replay.analyses.lock_moves import ARRAYS, LockMoves, closed_calls, owners, succeeded
from replay.analyses.lock_sites import SiteNames, find_sites
from replay.kept import Kept
from replay.locks import REGISTERS, Roles
from replay.recording import Recording

IntArray = NDArray[np.int64]
Rows = dict[str, IntArray]
#: Beside the columns of `LockMoves`: ``link``, where the call returns to (-1: a jump in place of a call);
#: ``register``, which has the lock, while that isn't known (else -1); ``sited`` is 0 while ``pc`` is that of
#: the call itself; ``asked``, ``own``, ``foreign`` as in `replay.analyses.lock_sites.Sites`.
_MORE = ("link", "register", "sited", "asked", "own", "foreign")
_NAMES = (*ARRAYS, *_MORE)
_A0 = REGISTERS["a0"]
#: Segments that were gone through, from which on it is kept on the disk what came of it.
WORTH_KEEPING = 16
#: How far back, in events, an argument's value is looked for first.
NEAR = 1 << 13


@dataclass
class Carried:
    """Calls that matter; ``sp``: each thread's stack pointer as its last stack event has it; ``sleeps``: seq
    and tid of futex waits of threads that are in one of the calls; ``exits``: (seq, tick, tid) of threads
    that ended since."""

    rows: Rows = field(default_factory=lambda: {name: np.zeros(0, np.int64) for name in _NAMES})
    sp: dict[int, int] = field(default_factory=dict)
    sleeps: IntArray = field(default_factory=lambda: np.zeros((2, 0), np.int64))
    exits: list[tuple[int, int, int]] = field(default_factory=list)
    #: Some call was from the program's own code.
    own: bool = False


class HeldLocks:
    """Of one recording."""

    def __init__(self, recording: Recording, roles: Roles) -> None:
        self._recording = recording
        self._log = recording.log
        self._roles = roles
        self.functions = lock_functions(recording, roles)
        self.names = SiteNames(recording, roles, self.functions.names)
        self._registers = np.array([each.role.register for each in self.functions.entries], np.int64)
        #: By segment, what matters of the events before it.
        self._before = [Carried()]
        self._kept = Kept(self._log, [roles, self.functions.entries, self.functions.sites.tolist()])

    def at(self, seq: int) -> tuple[LockMoves, Sleeps, Exits]:
        """The calls that matter just after an event, sleeps and exits, as `LockHistory` takes them. Raises
        RunDamaged."""
        segments = self._log.segments
        number = self._log.number_of(seq)
        self._go_through(number)
        first = segments[number].first_seq
        here = self._through(self._before[number], first, seq)
        moves = self._moves(here.rows, seq)
        outer = moves.outer()
        rows = _some(here.rows, outer[moves.only(outer).matter()])
        rows = self._sited(rows, first, seq)
        own = here.own or bool(rows["own"].any())
        internal = (rows["asked"] > 0) | ((rows["foreign"] > 0) & own)
        roles = np.array([each.role.internal for each in self.functions.entries], bool)
        listed = (rows["register"] < 0) & (self._roles.internal | ~(internal | roles[rows["entry"]]))
        slept, by = here.sleeps
        return self._moves(_some(rows, listed), seq), (slept, by), here.exits

    def _go_through(self, number: int) -> None:
        """All segments before one that haven't been gone through yet."""
        if len(self._before) == 1 < number:
            with suppress(ValueError, TypeError):
                self._before += list(map(_from_plain, self._kept.read()))
        begun = len(self._before)
        for segment in self._log.segments[begun - 1 : number]:
            here = self._through(self._before[-1], segment.first_seq, segment.end_seq - 1)
            self._before.append(self._carried(here, segment.first_seq, segment.end_seq - 1))
        if len(self._before) - begun >= WORTH_KEEPING:
            self._kept.write([_plain(carried) for carried in self._before[1:]])

    def _through(self, before: Carried, first: int, last: int) -> Carried:
        """What was carried to event ``first``, and the calls from there to event ``last``, with returns."""
        if not self.functions.entries:
            return before
        names = ["seq", "tick", "tid", "pc", "action", "sp", "target", "link", "a0"]
        stack = self._log.table("stack", first, last, columns=names)
        rows = _joined([before.rows, self._calls(stack, before.sp, first, last)])
        self._return(rows, stack)
        threads = self._log.table("thread", first, last, columns=["seq", "tick", "tid", "action"])
        ended = threads.filter(pc.equal(threads["action"], "exited"))
        exits = list(zip(*(ended[name].to_pylist() for name in ("seq", "tick", "tid")), strict=True))
        futex = self._log.table("futex", first, last, columns=["seq", "tid", "action"])
        futex = futex.filter(pc.equal(futex["action"], "wait"))
        sleeps = np.concatenate([before.sleeps, np.stack([_ints(futex, "seq"), _ints(futex, "tid")])], axis=1)
        moved = dict(zip(stack["tid"].to_pylist(), stack["sp"].to_pylist(), strict=True))
        return Carried(rows, before.sp | moved, sleeps, exits, before.own)

    def _carried(self, here: Carried, first: int, last: int) -> Carried:
        """What matters behind event ``last``. Calls that have not returned do: others may be within them."""
        rows = here.rows
        gone = np.isin(rows["tid"], [tid for _, _, tid in here.exits]) & (rows["return_seq"] < 0)
        rows = _some(rows, ~gone & (rows["register"] < 0))
        moves = self._moves(rows, last)
        outer = moves.outer()
        rows, moves = _some(rows, outer), moves.only(outer)
        entries, returned = moves.entries, moves.return_seq >= 0
        roles = [entry.role for entry in entries]
        releases = np.array([role.role == "release" for role in roles], bool)[moves.entry]
        done = returned & (releases | succeeded(roles, moves.entry, moves.result))
        closed = closed_calls(entries, moves.entry, moves.lock, done, moves.tid, moves.seq)
        rows = self._sited(_some(rows, ~returned | (moves.matter() & done & ~closed)), first, last)
        waiting = rows["tid"][rows["return_seq"] < 0]
        slept = here.sleeps[:, np.isin(here.sleeps[1], waiting)]
        return Carried(rows, here.sp, slept, [], here.own or bool(rows["own"].any()))

    def _moves(self, rows: Rows, last: int) -> LockMoves:
        arrays: dict[str, Any] = {name: rows[name] for name in ARRAYS}
        return LockMoves(entries=self.functions.entries, last=last, **arrays)

    # The calls of a stretch.

    def _calls(self, stack: pa.Table, sps: dict[int, int], first: int, last: int) -> Rows:
        """The calls of lock functions, and jumps in place of calls, in order of seq."""
        recording, functions = self._recording, self.functions
        entered = pc.is_in(stack["target"], value_set=pa.array(functions.addresses))
        calls = stack.filter(pc.and_(pc.equal(stack["action"], "call"), entered))
        names = ("seq", "tick", "tid", "pc", "target", "sp", "link", "a0")
        found = [{name: _ints(calls, name) for name in names}]
        if len(functions.sites):
            found.append(self._jumps(stack, sps, first, last))
        rows = {name: np.concatenate([each[name] for each in found]) for name in names}
        rows = _some(rows, np.argsort(rows["seq"], kind="stable"))
        use = recording.uses_of(rows["tid"], rows["seq"])
        entry = functions.entered(use, rows["target"])
        rows = _some(rows | {"use": use, "entry": entry}, entry >= 0)
        register = self._registers[rows["entry"]]
        known = (rows["link"] >= 0) & (register == _A0)
        missing = np.flatnonzero(~known)
        if len(missing):
            asked = (rows["seq"][missing], rows["tid"][missing], register[missing])
            rows["a0"][missing], known[missing] = self._arguments(*asked, first)
        count = len(known)
        nothing, never = np.zeros(count, np.int64), np.full(count, -1)
        made = {name: rows[name] for name in ("seq", "tick", "tid", "pc", "entry", "link")}
        made |= {"lock": rows["a0"], "use": owners(recording, rows["use"], rows["a0"])}
        made |= {"sp": rows["sp"] - (rows["link"] < 0), "register": np.where(known, -1, register)}
        made |= dict.fromkeys(("return_seq", "return_tick", "result"), never)
        return made | dict.fromkeys(("sited", "asked", "own", "foreign"), nothing)

    def _jumps(self, stack: pa.Table, sps: dict[int, int], first: int, last: int) -> Rows:
        """Jumps into lock functions: tail calls, which leave no call event. The stack pointer at the jump is
        that of the thread's last stack event."""
        functions = self.functions
        names = ["seq", "tick", "tid", "pc", "value"]
        # Most stretches have none, so what stands there comes first, and by itself.
        at = [self._at_sites(batch) for batch in self._instructions(["seq", "pc"], first, last)]
        near = np.concatenate([np.zeros(0, np.int64), *at])
        tables = []
        if len(near):
            for batch in self._instructions(names, int(near.min()), int(near.max())):
                table = pa.table(batch).filter(
                    pc.is_in(batch["value"], value_set=pa.array(functions.addresses))
                )
                tables.append(
                    table.filter(pc.is_in(table["pc"], value_set=pa.array(functions.jump_addresses)))
                )
        rows = {
            name: np.concatenate([[], *(_ints(t, name) for t in tables)]).astype(np.int64) for name in names
        }
        use = self._recording.uses_of(rows["tid"], rows["seq"])
        rows = _some(rows, functions.jump_from(use, rows["pc"]))
        sp = [sps.get(tid, 0) for tid in rows["tid"].tolist()]
        known, found = _latest(
            np.stack([_ints(stack, "tid")]), _ints(stack, "seq"), np.stack([rows["tid"]]), rows["seq"]
        )
        rows["sp"] = np.array(sp, np.int64)
        rows["sp"][known] = _ints(stack, "sp")[found]
        rows["target"] = rows.pop("value")
        rows["link"], rows["a0"] = np.full(len(sp), -1), np.zeros(len(sp), np.int64)
        return rows

    def _instructions(self, names: list[str], first: int, last: int) -> Iterator[pa.RecordBatch]:
        return self._log.batches("instruction", first, last, columns=names, ordered=False)

    def _at_sites(self, batch: pa.RecordBatch) -> IntArray:
        """The seqs of the instructions that stand where a jump can lead to a lock function."""
        sites = np.array(self.functions.jump_addresses, np.int64)
        seqs: IntArray = batch["seq"].to_numpy()[np.isin(batch["pc"].to_numpy(), sites)]
        return seqs

    def _arguments(
        self, seq: IntArray, tid: IntArray, register: IntArray, first: int
    ) -> tuple[IntArray, NDArray[np.bool_]]:
        """What registers of threads held at events, and for which that is known: what the last instruction,
        or system call, put there. Looked for in the segment of event ``first``, then in those before it."""
        value, known = np.zeros(len(seq), np.int64), np.zeros(len(seq), bool)
        last = int(seq.max())
        start, first = first, max(first, int(seq.min()) - NEAR)
        while last >= 0 and not known.all():
            rows = self._recording.results(first, last, np.unique(register))
            missing = np.flatnonzero(~known)
            there, found = _latest(
                np.stack([rows["tid"], rows["slot"]]),
                rows["seq"],
                np.stack([tid[missing], register[missing]]),
                seq[missing],
            )
            value[missing[there]], known[missing[there]] = rows["value"][found], True
            last = first - 1
            first = (
                start if first > start else self._log.segments[self._log.number_of(max(last, 0))].first_seq
            )
        return value, known

    def _return(self, rows: Rows, stack: pa.Table) -> None:
        """Fill in when the calls that had not returned did: the thread's next return to the call's return
        address with the call's stack pointer; for a tail call the next with its stack pointer."""
        back = stack.filter(pc.equal(stack["action"], "return"))
        tid, sp, target = (_ints(back, name) for name in ("tid", "sp", "target"))
        for jumped in (False, True):
            open_ = np.flatnonzero((rows["return_seq"] < 0) & ((rows["link"] < 0) == jumped))
            height = rows["sp"][open_] + jumped
            keys = [tid, sp] if jumped else [tid, sp, target]
            asked = [rows["tid"][open_], height] + ([] if jumped else [rows["link"][open_]])
            # The next one is the last one, seen from the end.
            there, found = _latest(np.stack(keys), -_ints(back, "seq"), np.stack(asked), -rows["seq"][open_])
            for name, column in (("return_seq", "seq"), ("return_tick", "tick"), ("result", "a0")):
                rows[name] = rows[name].copy()
                rows[name][open_[there]] = _ints(back, column)[found]

    # Sites.

    def _sited(self, rows: Rows, first: int, last: int) -> Rows:
        """With the places in the program's own code from which locks were asked for."""
        new = np.flatnonzero(rows["sited"] == 0)
        if not len(new):
            return rows
        seq, tid, at = (rows[name][new] for name in ("seq", "tid", "pc"))
        sp = rows["sp"][new] + (rows["link"][new] < 0)
        use = self._recording.uses_of(tid, seq)
        found = find_sites(
            lambda thread, upto: self._callers(thread, first, upto), self.names, use, seq, tid, at, sp
        )
        rows = {name: values.copy() for name, values in rows.items()}
        rows["sited"][new] = 1
        rows["pc"][new] = found.pc
        for name in ("asked", "own", "foreign"):
            rows[name][new] = getattr(found, name)
        return rows

    def _callers(self, tid: int, first: int, last: int) -> list[IntArray]:
        """seq, pc and sp of the calls that a thread was in at event ``first``, and of those that it made
        since, up to event ``last``."""
        image = self._log.image_before(first - 1, with_pages=False)
        start, calls = 0, []
        if image is not None:
            start = image.seq + 1
            held = image.calls[image.calls[:, 0] == tid].tolist()
            calls = [
                (number - len(held), self._recording.call_to(tid, link, image.seq), sp)
                for number, (_, _, link, sp) in enumerate(held)
            ]
        stack = self._log.table("stack", start, last, columns=["seq", "pc", "sp", "action"], tid=tid)
        stack = stack.filter(pc.equal(stack["action"], "call"))
        before = np.array(calls, np.int64).reshape(len(calls), 3).T
        return [np.concatenate([before[n], _ints(stack, name)]) for n, name in enumerate(("seq", "pc", "sp"))]


def _plain(carried: Carried) -> list[Any]:
    """As JSON has it; there are no exits in what is carried on."""
    rows = [carried.rows[name].tolist() for name in _NAMES]
    return [rows, list(carried.sp.items()), carried.sleeps.tolist(), carried.own]


def _from_plain(plain: list[Any]) -> Carried:
    rows, sp, sleeps, own = plain
    arrays = {name: np.array(values, np.int64) for name, values in zip(_NAMES, rows, strict=True)}
    return Carried(arrays, dict(sp), np.array(sleeps, np.int64).reshape(2, -1), [], own)


def _latest(
    keys: IntArray, at: IntArray, asked: IntArray, before: IntArray
) -> tuple[NDArray[np.bool_], IntArray]:
    """For each column of ``asked`` the last of the same column of ``keys`` with ``at`` less than its
    ``before``: whether there is one, and where those that there are stand."""
    wanted = np.flatnonzero(np.isin(keys[-1], asked[-1]))
    keys, at, count = keys[:, wanted], at[wanted], len(wanted)
    both = np.concatenate([keys, asked], axis=1)
    when = np.concatenate([at, before])
    order = np.lexsort((np.arange(len(when)) < count, when, *both))
    held = np.where(order < count, np.arange(len(order)), -1)
    newest = np.maximum.accumulate(held) if len(held) else held
    same = np.zeros(len(order), bool)
    sorted_ = both[:, order]
    near = newest >= 0
    same[near] = (sorted_[:, near] == sorted_[:, newest[near]]).all(axis=0)
    place = np.full(len(before), -1)
    mine = order >= count
    place[order[mine] - count] = np.where(same[mine], order[newest[mine]], -1)
    return place >= 0, wanted[place[place >= 0]]


def _some(rows: Rows, kept: NDArray[np.generic]) -> Rows:
    return {name: values[kept] for name, values in rows.items()}


def _joined(tables: list[Rows]) -> Rows:
    return {name: np.concatenate([table[name] for table in tables]) for name in _NAMES}


def _ints(table: pa.Table, name: str) -> IntArray:
    values: IntArray = table[name].to_numpy().astype(np.int64, copy=False)
    return values
