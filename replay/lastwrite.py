"""Who wrote a place of memory: the write index in, `Write`s out, newest first.

Looking back from an event, the segment that holds it comes first, then summaries of 1, 4, 16, ... segments
(`recorder.writeindex`), so a write hundreds of segments ago is found in a few small files. Rows of the events
themselves are read only where the index can't tell: between a segment's first and last write of the place,
and in runs without an index.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recorder.reader import Log
from recorder.schema import WRITES, WRITES_BEFORE, summed
from replay.fold import changes_memory
from replay.recording import Recording
from sim.space import PAGE, PAGE_SHIFT
from sim.world import World

IntArray = NDArray[np.int64]
#: Bytes that one instruction writes, at most.
WIDEST = 8
#: Events of a segment that are looked at first, if it must be, nearest first; then the rest of it.
NEAR = 1 << 13


@dataclass(frozen=True)
class Write:
    """A write to a place: by a thread's instruction at ``pc``, or (``tid`` 0) by the kernel."""

    seq: int
    tid: int
    pc: int


@dataclass(frozen=True)
class Span:
    """The writes of process ``pid`` to any byte of [low, high), from event ``first`` to event ``last``."""

    pid: int
    low: int
    high: int
    first: int
    last: int


def last_write(recording: Recording, pid: int, address: int, size: int, seq: int) -> Write | None:
    """The newest write, up to event ``seq``, to any of the ``size`` bytes that a process has at ``address``
    then: its own, or an ancestor's before it was forked; if processes share the memory, any of theirs.
    Raises RunDamaged."""
    return next(writes(recording, pid, address, size, seq), None)


def writes(recording: Recording, pid: int, address: int, size: int, seq: int) -> Iterator[Write]:
    """All of them, newest first. Raises RunDamaged."""
    owners: list[tuple[int, int]] = []
    if recording.spaces.shared_by(pid, address) is not None:
        owners = _sharers(recording.state(seq), pid, address)
    return written(recording, spans(recording, pid, address, size, seq, owners))


def spans(
    recording: Recording,
    pid: int,
    address: int,
    size: int,
    seq: int,
    owners: Iterable[tuple[int, int]] = (),
) -> list[Span]:
    """Whose writes bytes may hold at event ``seq``. Those of the process and, before it was forked, of its
    ancestors; and those of the ``owners`` of the same frame, (pid, page) each, at an address of theirs."""
    found = [
        Span(by, address, address + size, first, last)
        for by, first, last in recording.processes.lineage(pid, seq)
    ]
    for other, page in owners:
        if other != pid:
            (_, first, last), *_ = recording.processes.lineage(other, seq)
            there = (page << PAGE_SHIFT) + address % PAGE
            found.append(Span(other, there, there + size, first, last))
    return found


def written(recording: Recording, wanted: list[Span]) -> Iterator[Write]:
    """The writes of some spans, newest first."""
    return merge(*(_of_span(recording, span) for span in wanted), key=lambda write: -write.seq)


def _sharers(world: World, pid: int, address: int) -> list[tuple[int, int]]:
    """The (pid, page) of everybody's pages that have the frame of an address."""
    process = world.processes.get(pid)
    frame = process.space.pages.get(address >> PAGE_SHIFT) if process is not None else None
    if frame is None:
        return []
    return [
        (other.pid, page)
        for other in world.processes.values()
        for page, its in other.space.pages.items()
        if its == frame
    ]


def _of_span(recording: Recording, span: Span) -> Iterator[Write]:
    log = recording.log
    number, last = log.number_of(span.last), span.last
    while number >= 0 and log.segments[number].end_seq > span.first:
        first = max(log.segments[number].first_seq, span.first)
        found = _indexed(log, number, WRITES, span)
        if found is None:
            yield from _scan(recording, span, first, last)
        else:
            yield from _in_segment(recording, span, found[:, found[0] <= last], first, last)
        number = _before(log, number - 1, span)
        last = log.segments[number].end_seq - 1


def _before(log: Log, number: int, span: Span) -> int:
    """The newest segment, up to ``number``, that wrote there or isn't indexed; -1 if there is none."""
    while number >= 0 and log.segments[number].end_seq > span.first:
        found = _indexed(log, number, WRITES_BEFORE, span)
        if found is not None:
            if found.size:
                return log.number_of(int(found[1].max()))
            number -= summed(number)
            continue
        found = _indexed(log, number, WRITES, span)
        if found is None or found.size:
            return number
        number -= 1
    return -1


def _in_segment(recording: Recording, span: Span, found: IntArray, first: int, last: int) -> Iterator[Write]:
    """The writes from event ``first`` to ``last`` of a segment, by its rows of the index. They tell the
    newest, unless a place was written both before and after ``last``; for the rest events are read."""
    sure = found[:, found[1] <= last]
    newest = sure[:, np.argmax(sure[1])] if sure.size else None
    unsure = found[0, found[1] > last]
    if len(unsure):
        after = first if newest is None else max(first, int(newest[1]) + 1)
        yield from _scan(recording, span, max(after, int(unsure.min())), last)
    if newest is not None and newest[1] >= first:
        _, seq, tid, pc = newest.tolist()
        yield Write(seq, tid, pc)
        yield from _scan(recording, span, max(first, int(found[0].min())), seq - 1)


def _indexed(log: Log, number: int, kind: str, span: Span) -> IntArray | None:
    """int64 [4, n], first, last, tid and pc, of the places that a table of the index has of a span; None if
    there is no such table."""
    if span.low < WIDEST:
        return None  # What is at address 0 isn't in the index.
    table = log.writes(number, kind, span.low - PAGE, span.high)
    if table is None:
        return None
    names = ("address", "size", "pid", "first", "last", "tid", "pc")
    address, size, pid, *rest = (table[name].to_numpy() for name in names)
    here = slice(*np.searchsorted(address, (span.low - PAGE, span.high)))
    inside = (address[here] + size[here] > span.low) & (pid[here] == span.pid) & (rest[1][here] >= span.first)
    return np.stack([column[here][inside] for column in rest])


# The events themselves.


def _scan(recording: Recording, span: Span, first: int, last: int) -> Iterator[Write]:
    """The writes from event ``first`` to ``last`` of a segment, as the events tell them."""
    near = max(first, last - NEAR + 1)
    for start, end in ((near, last), (first, near - 1)):
        if start <= end:
            made = (_by_threads(recording, span, start, end), _by_kernel(recording.log, span, start, end))
            seq, tid, pc = np.concatenate(made, axis=1)
            for row in np.argsort(-seq):
                yield Write(int(seq[row]), int(tid[row]), int(pc[row]))


def _by_threads(recording: Recording, span: Span, first: int, last: int) -> IntArray:
    """int64 [3, n]: seq, tid and pc of stores and atomics."""
    around = (span.low - WIDEST + 1, span.high)
    names = ["seq", "tid", "pc", "address"]
    stores = recording.log.table("instruction", first, last, columns=names, address=around)
    names += ["size", "action", "success"]
    atomics = recording.log.table("atomic", first, last, columns=names, address=around)
    atomics = atomics.filter(changes_memory(atomics))
    size = np.concatenate([_stored(recording.log, span.pid, stores), atomics["size"].to_numpy()])
    seq, tid, pc, address = (
        np.concatenate([table[name].to_numpy() for table in (stores, atomics)]) for name in names[:4]
    )
    owned = np.isin(tid, [each for each, pid in recording.pids.items() if pid == span.pid])
    inside = owned & (size > 0) & (address + size > span.low) & (address < span.high)
    return np.stack([seq, tid, pc])[:, inside]


def _stored(log: Log, pid: int, rows: pa.Table) -> IntArray:
    """Bytes that instructions, if they were a process's, stored."""
    seq = rows["seq"].to_numpy()
    size = np.zeros(len(seq), np.int64)
    different, which = np.unique(rows["pc"].to_numpy(), return_inverse=True)
    for index, pc in enumerate(different.tolist()):
        here = which == index
        code = log.code.get((pid, pc), ())
        stored = np.array([0, *(row.size if row.effect == "store" else 0 for row in code)])
        size[here] = stored[np.searchsorted([row.seq for row in code], seq[here], side="right")]
    return size


def _by_kernel(log: Log, span: Span, first: int, last: int) -> IntArray:
    """The same for the kernel's writes."""
    rows = log.table("kernel_write", first, last, columns=["seq", "pid", "address", "data"])
    seq, pid, address = (rows[name].to_numpy() for name in ("seq", "pid", "address"))
    length = pa.compute.binary_length(rows["data"]).to_numpy()
    near = (address < span.high) & (address + length > span.low)
    # A write of no bytes, in the midst of others, is none.
    inside = near & (pid == span.pid) & (length > 0)
    found = np.zeros((3, int(inside.sum())), np.int64)
    found[0] = seq[inside]
    return found
