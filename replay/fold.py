"""Folding a stretch of the log into a world, in bulk.

`sim.events` defines what each event does; this does the same for a million at a time. Kernel events and
calls are few and are applied in order, one by one. What instructions, atomics, system call results and
kernel writes do to registers and memory is collected as arrays and applied at once, last write wins, at
the end or before an event takes pages away. A test holds the two forms equal.
"""

from typing import Any, TypeGuard

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recorder.reader import Log
from replay.codeindex import BRANCH, JUMP, STORE, CodeIndex, pids
from sim import events
from sim.isa.registers import A0, FCSR, PC, WIDTH
from sim.space import PAGE, PAGE_SHIFT
from sim.thread import CALLS_KEPT, unpack
from sim.world import World

IntArray = NDArray[np.int64]

#: Kinds whose rows are folded as arrays, or change nothing.
_BULK = {"instruction", "atomic", "stack", "probe", "csr", "choice", "fault", "input", "host", "tlb"}


def fold(world: World, log: Log, last: int, code: CodeIndex | None = None) -> None:
    """Advance ``world`` from the event that it stands at to ``last``, which must be in the log. ``code``: the
    log's, if it is at hand."""
    if last <= world.seq:
        return
    first = world.seq + 1
    found = _kernel_events(log, first, last)
    fold = _Fold(world, log, code or CodeIndex(log), found, last)
    for event in found:
        fold.apply(event)
    fold.finish()
    world.seq = last
    world.tick = found[-1].tick if found and found[-1].seq == last else _tick_of(log, last)


def _kernel_events(log: Log, first: int, last: int) -> list[events.Event]:
    """The events of all kinds that are folded one by one, in order."""
    found: list[events.Event] = []
    for kind in log.kinds():
        if kind not in _BULK:
            table = log.table(kind, first, last)
            lists = [table.column(column.name).to_pylist() for column in events.columns(kind)]
            found += [events.from_row(kind, row) for row in zip(*lists, strict=True)]
    return sorted(found, key=lambda event: event.seq)


def _tick_of(log: Log, seq: int) -> int:
    """The tick of one event, whatever its kind."""
    for kind in log.kinds():
        table = log.table(kind, seq, seq, columns=["tick"])
        if table.num_rows:
            tick: int = table.column("tick")[0].as_py()
            return tick
    raise AssertionError(f"no event {seq}")


class _Fold:
    """Rows waiting to be applied, and how far that has gone.

    Rule: the world's registers, pcs, memory and retired counts are those just before ``_seq``; its call
    stacks are in ``_stacks`` for threads that called lately, in the bank for the others; all else is
    current.
    """

    def __init__(self, world: World, log: Log, code: CodeIndex, found: list[events.Event], last: int) -> None:
        """For the events behind ``world.seq`` up to ``last``, of which ``found`` are the kernel's."""
        first = world.seq + 1
        self._world = world
        self._code = code
        names = ["seq", "hart", "tid", "pc", "value", "address"]
        batches = log.batches("instruction", first, last, columns=names, ordered=False)
        #: In pieces, each in order of seq.
        self._instructions = [_columns(pa.table(batch), names) for batch in batches]
        names = ["seq", "tid", "address", "size", "new"]
        atomics = log.table("atomic", first, last, columns=[*names, "action", "success"])
        self._atomics = _columns(atomics.filter(changes_memory(atomics)), names)
        names = ["seq", "tid", "value"]
        self._csrs = _columns(log.table("csr", first, last, columns=names), names)
        self._calls = _calls(log, first, last, np.array([event.seq for event in found], np.int64))
        self._next_call = 0
        self._stacks: dict[int, list[tuple[int, int, int]]] = {}
        #: (seq, tid, slot, value): what kernel events did to registers.
        self._given: list[tuple[int, int, int, int]] = []
        self._writes: list[events.KernelWrite] = []

    def apply(self, event: events.Event) -> None:
        """A kernel event, all earlier ones having been applied."""
        world = self._world
        self._follow_calls(event.seq)
        if isinstance(event, events.KernelWrite):
            self._writes.append(event)
            return
        if _uses_calls(event):
            self._keep_calls(event.tid)
        if isinstance(event, events.Thread) and event.action == "created":
            self._keep_calls(event.by)  # A forked process's first thread is in its creator's calls.
        if self._takes_pages(event):
            self._flush(event.seq)
        if isinstance(event, events.Syscall) and event.action == "exit":
            self._given.append((event.seq, event.tid, A0, event.result))
        if isinstance(event, events.Register):
            self._given.append((event.seq, event.tid, event.slot, event.value))
        if isinstance(event, events.Signal) and event.registers:
            slots = enumerate(unpack(event.registers).tolist())
            self._given += [(event.seq, event.tid, slot, value) for slot, value in slots]
        world.apply(event)

    def finish(self) -> None:
        """Apply all that is left."""
        end = 1 << 62
        self._follow_calls(end)
        for tid in list(self._stacks):
            self._keep_calls(tid)
        self._flush(end)

    def _takes_pages(self, event: events.Event) -> bool:
        """True if stores before the event may go to pages that aren't there after it."""
        if isinstance(event, events.Process):
            return bool(event.action not in ("created", "reaped"))
        if isinstance(event, events.MemoryMove):
            return True
        if not isinstance(event, events.MemoryMap):
            return False
        space = self._world.processes[event.pid].space
        end = int(event.address + event.length)
        if event.action == "mapped":
            return not space.is_free(event.address, end)
        return bool(
            event.action in ("unmapped", "dropped", "copied")
            or (event.action == "grown" and end < space.heap_end)
        )

    # Call stacks.

    def _follow_calls(self, end: int) -> None:
        """Follow the calls and returns before ``end``, as `sim.thread.CallStack` does."""
        seqs, tids, sps, targets, links, entered = self._calls
        i = self._next_call
        while i < len(seqs) and seqs[i] < end:
            stack = self._stacks.get(tids[i])
            if stack is None:
                stack = self._take_calls(tids[i])
            sp = sps[i]
            if entered[i]:
                stack.append((targets[i], links[i], sp))
            elif len(stack) > CALLS_KEPT:
                stack.pop()
            else:
                while stack and stack[-1][2] < sp:
                    stack.pop()
                if stack and stack[-1][2] == sp:
                    stack.pop()
            i += 1
        self._next_call = i

    def _take_calls(self, tid: int) -> list[tuple[int, int, int]]:
        """A thread's calls as a list; those that the bank counts but doesn't keep are blanks."""
        calls = self._world.threads[tid].calls
        stack = calls.kept()
        stack += [(0, 0, 0)] * (len(calls) - len(stack))
        self._stacks[tid] = stack
        return stack

    def _keep_calls(self, tid: int) -> None:
        """Put a thread's calls back into the bank."""
        stack = self._stacks.pop(tid, None)
        if stack is not None:
            thread = self._world.threads[tid]
            kept = stack[:CALLS_KEPT]
            self._world.bank.calls[thread.row, : len(kept)] = np.array(kept, np.int64).reshape(len(kept), 3)
            self._world.bank.depth[thread.row] = len(stack)

    # Registers and memory.

    def _flush(self, end: int) -> None:
        """Apply the rows before ``end``."""
        world = self._world
        atomics, self._atomics = _split(self._atomics, end)
        csrs, self._csrs = _split(self._csrs, end)
        given = np.array(self._given, np.int64).reshape(len(self._given), 4)
        self._given.clear()
        results = [
            given,
            np.stack([csrs["seq"], csrs["tid"], np.full(len(csrs["seq"]), FCSR), csrs["value"]], 1),
        ]
        pieces = [_store_bytes(world, atomics, "new")]
        pieces += [_written_bytes(world, event) for event in self._writes]
        self._writes.clear()
        for index, held in enumerate(self._instructions):
            rows, self._instructions[index] = _split(held, end)
            if not len(rows["seq"]):
                continue
            code = self._code.rows(pids(world)[rows["tid"]], rows["pc"], rows["seq"])
            results += [self._results(rows, code), self._pcs(rows, code)]
            at = np.flatnonzero((self._code.effect == STORE)[code])
            stored = {name: values[at] for name, values in rows.items()} | {"size": self._code.size[code[at]]}
            pieces.append(_store_bytes(world, stored, "value"))
            for hart, count in enumerate(np.bincount(rows["hart"]).tolist()):
                world.harts[hart].retired += count
        self._last_wins(*np.concatenate(results).T)
        _set_bytes(world, *(np.concatenate(parts) for parts in zip(*pieces, strict=True)))

    def _results(self, rows: dict[str, IntArray], code: IntArray) -> IntArray:
        """int64 [n, 4], as in ``_given``: the last result in each slot of each thread's registers."""
        slot = self._code.rd[code]
        at = _newest(rows["tid"] * WIDTH + slot)
        at = at[slot[at] > 0]
        row = code[at]
        link = rows["pc"][at] + self._code.length[row]
        value = np.where(self._code.effect[row] == JUMP, link, rows["value"][at])
        return np.stack([rows["seq"][at], rows["tid"][at], slot[at], value], 1)

    def _pcs(self, rows: dict[str, IntArray], code: IntArray) -> IntArray:
        """The same for where each thread goes next."""
        at = _newest(rows["tid"])
        effect, next_ = self._code.effect[code[at]], rows["pc"][at] + self._code.length[code[at]]
        value = np.where((effect == BRANCH) | (effect == JUMP), rows["value"][at], next_)
        return np.stack([rows["seq"][at], rows["tid"][at], np.full(len(at), PC), value], 1)

    def _last_wins(self, seq: IntArray, tid: IntArray, slot: IntArray, value: IntArray) -> None:
        for at in np.argsort(seq, kind="stable").tolist():
            thread = self._world.threads[int(tid[at])]
            if thread.state != "exited":
                self._world.bank.registers[thread.row, slot[at]] = value[at]


def _newest(key: IntArray) -> IntArray:
    """Where each key that there is stands for the last time."""
    last = np.full(int(key.max(initial=-1)) + 1, -1)
    # Of equal keys the last one stays.
    last[key] = np.arange(len(key))
    return last[last >= 0]


def _uses_calls(event: events.Event) -> TypeGuard[events.Coroutine | events.Thread | events.Signal]:
    """True if the event's fold reads or changes a call stack."""
    if isinstance(event, events.Thread):
        return event.action in ("exited", "loaded")
    return isinstance(event, events.Coroutine) or (
        isinstance(event, events.Signal) and event.action == "delivered"
    )


def _calls(log: Log, first: int, last: int, kernel: IntArray) -> list[list[Any]]:
    """The calls and returns, columns seq, tid, sp, target, link and whether it is a call; without the calls
    that return at once, as most do, with no event of the ``kernel``'s (ascending seqs) in between."""
    names = ["seq", "tid", "sp", "target", "link"]
    stack = log.table("stack", first, last, columns=[*names, "action"])
    stack = stack.filter(pa.compute.is_in(stack.column("action"), value_set=pa.array(["call", "return"])))
    rows = _columns(stack, names)
    entered = pa.compute.equal(stack.column("action"), "call").to_numpy()
    order = np.argsort(rows["tid"], kind="stable")
    between = np.searchsorted(kernel, rows["seq"])
    # What is left then stands side by side, and may be such a call in its turn.
    while len(order):
        one, other = order[:-1], order[1:]
        gone = entered[one] & ~entered[other]
        for values in (rows["tid"], rows["sp"], between):
            gone &= values[one] == values[other]
        if not gone.any():
            break
        kept = np.ones(len(order), bool)
        kept[:-1] &= ~gone
        kept[1:] &= ~gone
        order = order[kept]
    order.sort()
    return [*(rows[name][order].tolist() for name in names), entered[order].tolist()]


def _columns(table: pa.Table, names: list[str]) -> dict[str, IntArray]:
    return {name: table.column(name).to_numpy().astype(np.int64, copy=False) for name in names}


def changes_memory(atomics: pa.Table) -> pa.ChunkedArray:
    """Which atomics changed memory."""
    is_load = pa.compute.equal(atomics.column("action"), "lr")
    return pa.compute.and_not(atomics.column("success"), is_load)


def _split(rows: dict[str, IntArray], end: int) -> tuple[dict[str, IntArray], dict[str, IntArray]]:
    """The rows before seq ``end`` and the others."""
    at = int(np.searchsorted(rows["seq"], end))
    return {name: rows[name][:at] for name in rows}, {name: rows[name][at:] for name in rows}


Bytes = tuple[IntArray, IntArray, NDArray[np.uint8]]


def _store_bytes(world: World, rows: dict[str, IntArray], value_column: str) -> Bytes:
    """(seq, physical offset, byte) of every byte stored by rows with seq, tid, address and size. Of stores
    to the same place and of the same size only the last counts."""
    seq, tid, address, size, value = (rows[n] for n in ("seq", "tid", "address", "size", value_column))
    pid = pids(world)[tid]
    order = np.lexsort((seq, size, address, pid))
    pid, address, size = pid[order], address[order], size[order]
    final = np.ones(len(order), bool)
    final[:-1] = (pid[1:] != pid[:-1]) | (address[1:] != address[:-1]) | (size[1:] != size[:-1])
    pid, address, size = pid[final], address[final], size[final]
    seq, value = seq[order][final], value[order][final]
    each = np.repeat(np.arange(len(seq)), size)
    byte = np.arange(len(each)) - np.repeat(np.cumsum(size) - size, size)
    data = (value[each] >> (8 * byte)).astype(np.uint8)
    return seq[each], _physical(world, pid[each], address[each] + byte), data


def _written_bytes(world: World, event: events.KernelWrite) -> Bytes:
    """The same for a write of the kernel's."""
    data = np.frombuffer(event.data, np.uint8)
    address = event.address + np.arange(len(data))
    pid = np.full(len(data), event.pid)
    return np.full(len(data), event.seq), _physical(world, pid, address), data


def _physical(world: World, pid: IntArray, address: IntArray) -> IntArray:
    """Physical offsets of user addresses; every page must be present."""
    offsets = np.empty(len(address), np.int64)
    page = address >> PAGE_SHIFT
    for owner in np.unique(pid).tolist():
        own = pid == owner
        pages, place = np.unique(page[own], return_inverse=True)
        table = world.processes[owner].space.pages
        frames = np.array([table[p] for p in pages.tolist()], np.int64)
        offsets[own] = frames[place] * PAGE + (address[own] & (PAGE - 1))
    return offsets


def _set_bytes(world: World, seq: IntArray, offset: IntArray, data: NDArray[np.uint8]) -> None:
    """Each byte gets the last value written to it."""
    places, which = np.unique(offset, return_inverse=True)
    latest = np.full(len(places), -1)
    np.maximum.at(latest, which, seq)
    wins = latest[which] == seq
    world.memory[offset[wins]] = data[wins]
    world.dirty[np.unique(places >> PAGE_SHIFT)] = 3
