"""Where two runs part, and how: the first event that differs, and the first difference in each thread.

What the catalog tells of segments (the run's digest up to each, the checksums of their files) says up to
which of them two runs are equal, so rows are compared only from the first that differs on.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recorder.reader import Log
from recorder.run import SegmentRow
from replay.listing import Line, line_of, read_events
from replay.recording import Recording
from sim import events
from sim.events import KINDS

#: Events compared at a time.
WINDOW = 1 << 17
#: Columns that are no facts about the run itself: two runs may differ in them and be equal.
_IGNORED: Mapping[str, Collection[str]] = {"run": {"options"}}


class Tables(Protocol):
    """Events by kind, as `recorder.reader.Log` gives them."""

    def table(
        self, kind: str, first: int = 0, last: int | None = None, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """The rows of ``kind`` with first <= seq <= last, in order of seq."""


@dataclass(frozen=True)
class ThreadDifference:
    """Where one thread's own instructions part: ``index`` counts them from 0; ``kind`` is ``control``
    (another instruction, or a jump to another), ``data`` (another value or address) or ``length`` (one
    side has no more)."""

    tid: int
    index: int
    kind: str
    a: Line | None
    b: Line | None


@dataclass(frozen=True)
class Difference:
    """``seq`` is the first event that differs, None if the logs are equal; ``a`` and ``b`` are the two
    events there (None: that log has ended). ``kind`` is schedule, control, data, time or length."""

    seq: int | None
    kind: str
    a: Line | None
    b: Line | None
    before: list[Line]
    threads: list[ThreadDifference]


def diff(a: Recording, b: Recording) -> Difference:
    """Compare two recordings event by event."""
    equal = _equal_up_to(a.log, b.log)
    seq = _first_from(a.log, b.log, equal)
    if seq is None:
        return Difference(None, "", None, None, [], [])
    left, right = _line_at(a, seq), _line_at(b, seq)
    before = [line_of(a, event) for event in read_events(a, max(seq - 3, 0), seq - 1)] if seq else []
    return Difference(seq, _kind(a, left, right), left, right, before, _threads(a, b, equal))


def options_that_differ(a: Log, b: Log) -> dict[str, tuple[Any, Any]]:
    """Options by name with both values, costs flattened, and the program if it is another."""
    left, right = _flat(a.options), _flat(b.options)
    names = sorted(left.keys() | right.keys())
    found = {name: (left.get(name), right.get(name)) for name in names if left.get(name) != right.get(name)}
    if [program.sha for program in a.run.programs] != [program.sha for program in b.run.programs]:
        found["program"] = (_programs(a), _programs(b))
    return found


def _programs(log: Log) -> str:
    return ", ".join(f"{program.path} ({program.sha[:8]})" for program in log.run.programs)


def _flat(options: dict[str, Any]) -> dict[str, Any]:
    costs = {f"cost {name}": ticks for name, ticks in options.get("costs", {}).items()}
    return {name: value for name, value in options.items() if name != "costs"} | costs


def first_difference(a: Log, b: Log) -> int | None:
    """The first seq at which the logs differ; None if they are equal."""
    return _first_from(a, b, _equal_up_to(a, b))


def _first_from(a: Log, b: Log, first: int) -> int | None:
    """The same of logs that are equal before event ``first``."""
    end = min(a.end_seq, b.end_seq)
    for start in range(first, end, WINDOW):
        last = min(start + WINDOW, end) - 1
        found = [seq for kind in _kinds(a, b) if (seq := first_in(a, b, kind, start, last)) is not None]
        if found:
            return min(found)
    return end if a.end_seq != b.end_seq else None


def _kinds(a: Log, b: Log) -> list[str]:
    return sorted(a.kinds().keys() | b.kinds().keys())


def _equal_up_to(a: Log, b: Log) -> int:
    """The end of a common prefix of whole segments, the longest that the catalog tells of: no rows are read,
    but for the few of kinds with columns that don't count.

    Running digests tell it of any two runs with the same options, which the ``run`` event holds and the
    digest stands for. Whatever the options, segments are equal if their files are.
    """
    ends = {segment.end_seq: segment.digest for segment in b.segments}
    common = max((s.end_seq for s in a.segments if ends.get(s.end_seq) == s.digest), default=0)
    for left, right in zip(a.segments, b.segments, strict=False):
        if left.end_seq > common:
            if not _same_files(a, b, left, right):
                break
            common = left.end_seq
    return common


def _same_files(a: Log, b: Log, left: SegmentRow, right: SegmentRow) -> bool:
    """Whether two segments hold the same events, as far as their files' checksums tell."""
    if (left.first_seq, left.end_seq) != (right.first_seq, right.end_seq):
        return False
    files = [
        {(p.kind, p.hart): p.sha256 for p in segment.pieces if p.kind in KINDS and p.kind not in _IGNORED}
        for segment in (left, right)
    ]
    span = left.first_seq, left.end_seq - 1
    return (
        files[0] == files[1]
        and all(files[0].values())
        and all(first_in(a, b, kind, *span) is None for kind in _IGNORED)
    )


def first_in(
    a: Tables, b: Tables, kind: str, first: int, last: int, ignored: Mapping[str, Collection[str]] = _IGNORED
) -> int | None:
    """The first seq in the window at which rows of a kind differ, in columns that aren't ``ignored``."""
    names = [c.name for c in events.columns(kind) if c.name not in ignored.get(kind, ())]
    left, right = (log.table(kind, first, last, columns=names) for log in (a, b))
    if left.equals(right):
        return None
    count = min(left.num_rows, right.num_rows)
    differs = np.zeros(count, bool)
    for name in names:
        differs |= _unequal(left.column(name).slice(0, count), right.column(name).slice(0, count))
    if differs.any():
        index = int(np.argmax(differs))
        return min(int(side.column("seq")[index].as_py()) for side in (left, right))
    longer = left if left.num_rows > count else right
    return int(longer.column("seq")[count].as_py()) if longer.num_rows > count else None


def _unequal(a: pa.ChunkedArray, b: pa.ChunkedArray) -> NDArray[np.bool_]:
    if pa.types.is_dictionary(a.type):
        a, b = a.cast(pa.string()), b.cast(pa.string())
    # A value may not be stored (`recorder.detail`).
    differs: NDArray[np.bool_] = pa.compute.not_equal(a, b).fill_null(False).to_numpy()
    return differs


def _line_at(recording: Recording, seq: int) -> Line | None:
    event = next(read_events(recording, seq, seq), None) if seq <= recording.last_seq else None
    return line_of(recording, event) if event is not None else None


def _kind(recording: Recording, a: Line | None, b: Line | None) -> str:
    """What sort of difference two events at the same place in the logs are."""
    if a is None or b is None:
        return "length"
    if "choice" in (a.event.kind, b.event.kind):
        return "schedule"
    if a.event.kind != b.event.kind or (a.tid, a.hart) != (b.tid, b.hart):
        return "schedule" if a.tid != b.tid else "control"
    names = [c.name for c in events.columns(a.event.kind)]
    differ = {name for name in names if getattr(a.event, name) != getattr(b.event, name)}
    if differ <= {"seq", "tick"}:
        return "time"
    return "control" if "pc" in differ or _is_jump(recording, a) else "data"


def _is_jump(recording: Recording, line: Line | None) -> bool:
    """True for an instruction whose value is where it goes."""
    if line is None or not isinstance(line.event, events.Instruction):
        return False
    row = recording.code_of(line.event.tid, line.event.pc, line.event.seq)
    return row is not None and row.effect in ("branch", "jump")


# Thread by thread.


def _threads(a: Recording, b: Recording, first: int) -> list[ThreadDifference]:
    """The first difference in each thread's own instructions, for the threads that have one; the runs are
    equal before event ``first``."""
    tids = sorted(a.pids.keys() | b.pids.keys())
    found = [each for tid in tids if (each := _thread(a, b, tid, first)) is not None]
    before = _retired(a, first) if found else {}
    return [replace(each, index=before.get(each.tid, 0) + each.index) for each in found]


def _retired(recording: Recording, end: int) -> Counter[int]:
    """How many instructions each thread retired before event ``end``, which begins a segment."""
    counts: Counter[int] = Counter()
    if len(recording.pids) == 1:
        segments = recording.log.segments_of(0, end - 1)
        counts[next(iter(recording.pids))] = sum(s.rows.get("instruction", 0) for s in segments)
        return counts
    for batch in recording.log.batches("instruction", 0, end - 1, columns=["tid"], ordered=False):
        tids, times = np.unique(batch.column("tid").to_numpy(), return_counts=True)
        counts.update(dict(zip(tids.tolist(), times.tolist(), strict=True)))
    return counts


def _thread(a: Recording, b: Recording, tid: int, first: int) -> ThreadDifference | None:
    """``index`` counts from event ``first`` on."""
    done = 0
    for left, right in _aligned(a.log, b.log, tid, first):
        count = min(len(left["pc"]), len(right["pc"]))
        control = left["pc"][:count] != right["pc"][:count]
        data = (left["value"][:count] != right["value"][:count]) | (
            left["address"][:count] != right["address"][:count]
        )
        differs = control | data
        if differs.any():
            index = int(np.argmax(differs))
            lines = (_line_at(a, int(left["seq"][index])), _line_at(b, int(right["seq"][index])))
            kind = "control" if control[index] or _is_jump(a, lines[0]) else "data"
            return ThreadDifference(tid, done + index, kind, *lines)
        if len(left["pc"]) != len(right["pc"]):
            sides = [
                _line_at(r, int(rows["seq"][count])) if len(rows["seq"]) > count else None
                for r, rows in ((a, left), (b, right))
            ]
            return ThreadDifference(tid, done + count, "length", *sides)
        done += count
    return None


Rows = dict[str, NDArray[np.int64]]
_COLUMNS = ["seq", "pc", "value", "address"]


def _aligned(a: Log, b: Log, tid: int, first: int) -> Iterator[tuple[Rows, Rows]]:
    """A thread's instructions of both runs from event ``first`` on, in chunks of equal length, but for the
    last."""
    chunks = [_chunks(log, tid, first) for log in (a, b)]
    held: list[Rows] = [_empty(), _empty()]
    while True:
        for side, chunk in enumerate(chunks):
            if not len(held[side]["pc"]):
                held[side] = next(chunk, _empty())
        count = min(len(rows["pc"]) for rows in held)
        if not count:
            if any(len(rows["pc"]) for rows in held):
                yield held[0], held[1]
            return
        yield tuple({name: rows[name][:count] for name in rows} for rows in held)  # type: ignore[misc]
        held = [{name: rows[name][count:] for name in rows} for rows in held]


def _chunks(log: Log, tid: int, first: int) -> Iterator[Rows]:
    for batch in log.batches("instruction", first, columns=_COLUMNS, tid=tid):
        if batch.num_rows:
            yield {name: batch.column(name).to_numpy() for name in _COLUMNS}


def _empty() -> Rows:
    return {name: np.zeros(0, np.int64) for name in _COLUMNS}
