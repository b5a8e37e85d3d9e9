"""What a picture of stacks shows: lanes of frames, depths in bytes, heaps; before any merging and drawing.

`replay.analyses.frames` in; `Lane`s, curves and words out. Nothing here knows Plotly.
"""

from collections import Counter
from dataclasses import dataclass, field
from html import escape
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from replay.analyses.frames import OUTSIDE, Frames, FrameWalk, Moves
from replay.figures import palette
from replay.figures.marks import Drawn, IntArray, Lane
from replay.figures.panels import Window
from replay.figures.scene import Key, thread_names
from replay.listing import read_events
from replay.names import Names
from replay.query import ask
from replay.recording import Recording
from sim import events

#: Kinds of events that are read by SQL.
KINDS = ("instruction", "stack", "thread")
#: Threads that have rows, and rows of one at most; functions that have a colour; words of a frame in its
#: hover text.
MOST_THREADS, MOST_LEVELS, MOST_FUNCTIONS, MOST_WORDS = 12, 120, 12, 12
#: Instructions up to which the contents of frames are looked for.
MOST_INSTRUCTIONS = 20_000_000
Curve = tuple[IntArray, IntArray]


@dataclass
class StackScene:
    """``threads`` are those that have a row, ``names`` what they are called; a lane's ``panel`` is its
    thread's tid. ``depths``: bytes in use by thread, as (ticks, values); ``heaps`` likewise by what they are.
    ``words`` (frame -> lines) is filled in before marks are described."""

    recording: Recording
    shown: Window
    frames: Frames
    threads: list[int] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    keys: list[Key] = field(default_factory=list)
    lanes: list[Lane] = field(default_factory=list)
    depths: dict[int, Curve] = field(default_factory=dict)
    heaps: dict[str, Curve] = field(default_factory=dict)
    words: dict[int, list[str]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    _functions: dict[tuple[int, int], tuple[str, bool]] = field(default_factory=dict)
    _lined: dict[int, bool] = field(default_factory=dict)

    def thread(self, tid: int) -> str:
        """``thread 2 worker``, of several processes with the process behind."""
        name = f"thread {tid} {self.names.get(tid, '')}".rstrip()
        return f"{name} (process {self.recording.pids[tid]})" if self.recording.processes.several else name

    def names_of(self, number: int) -> Names:
        """What a frame's addresses are called."""
        frames = self.frames
        seq = int(frames.enter_seq[number])
        pid = self.recording.pids[int(frames.tid[number])]
        return self.recording.names(pid, self.shown.begin if seq == OUTSIDE else seq)

    def function(self, number: int) -> str:
        """The function (or label) that a frame is of."""
        return self._known(number)[0]

    def is_library(self, number: int) -> bool:
        """True for a frame of a library's code: of the program's own, the source line is known."""
        return self._known(number)[1]

    def _known(self, number: int) -> tuple[str, bool]:
        names, address = self.names_of(number), int(self.frames.function[number])
        key = id(names), address
        if key not in self._functions:
            place = names.place(address)
            name = names.program.symbol_at(address) or place.function or f"{address:#x}"
            if id(names) not in self._lined:
                self._lined[id(names)] = bool(names.program.files())
            self._functions[key] = name, place.own() is None and self._lined[id(names)]
        return self._functions[key]

    def describe(self, number: int) -> str:
        """The hover text of a frame."""
        frames = self.frames
        start, finish = int(frames.enter_tick[number]), self.finish(number)
        lines = [
            f"<b>{escape(self.function(number))}</b>, {escape(self._whose(number))}",
            f"ticks {start:,} to {finish:,} ({finish - start:,})"
            + ("" if frames.leave_seq[number] != OUTSIDE else ", still in it"),
            *self._called(number),
        ]
        sp, low = int(frames.sp[number]), int(frames.low[number])
        span = f": {low:#x} to {sp:#x}" if sp > low else ""
        lines.append(f"sp {sp:#x} at its entry; {sp - low:,} bytes of stack{span}")
        lines += self.words.get(number, ())
        if frames.enter_seq[number] != OUTSIDE:
            lines.append(f"simrec replay --at {frames.enter_seq[number]} {self.recording.log.run.id}")
        return "<br>".join(lines)

    def finish(self, number: int) -> int:
        """The tick at which a frame ends in the picture."""
        left = int(self.frames.leave_tick[number])
        return self.shown.high if left == OUTSIDE else left

    def _whose(self, number: int) -> str:
        return f"{self.thread(int(self.frames.tid[number]))}, depth {self.frames.depth[number]}"

    def _called(self, number: int) -> list[str]:
        """Where it was called with what, and what it returned."""
        frames, names = self.frames, self.names_of(number)
        link = int(frames.link[number])
        lines = []
        if link:
            place = names.place(link - 1)
            source = f"{place.file}:{place.line}" if place.line else ""
            at = f"at {source}{names.quoted(source)}" if source else f"by {names.address_name(link - 1)}"
            lines.append(escape(f"called {at}; returns to {names.pointer(link)}"))
        if link and not frames.carried[number]:
            lines.append(f"a0 = {escape(names.pointer(int(frames.a0[number])))} at the call")
        if frames.returned[number]:
            lines.append(f"returned a0 = {escape(names.pointer(int(frames.result[number])))}")
        return lines


def stack_scene(recording: Recording, connection: "duckdb.DuckDBPyConnection", shown: Window) -> StackScene:
    """All lanes and curves. ``connection`` has the views of KINDS. Raises RunDamaged."""
    walk = FrameWalk(recording, shown.begin, shown.end, shown.low)
    made = StackScene(recording, shown, walk.frames())
    made.names = thread_names(recording, ask(connection, "timeline_threads"))
    found = sorted(set(made.frames.tid.tolist()))
    made.threads = found[:MOST_THREADS]
    if len(found) > MOST_THREADS:
        made.left_out.append(f"{len(found) - MOST_THREADS:,} of {len(found):,} threads have no row")
    keys = _colour(made)
    _add_lanes(made, keys)
    for tid, moves in walk.moves().items():
        if tid in made.threads:
            made.depths[tid] = _depth(recording, tid, moves)
    made.heaps = _heaps(recording, shown)
    return made


def _colour(made: StackScene) -> IntArray:
    """The keys of all frames: the program's functions that took the most ticks, in colours; its others; those
    of libraries, in grey."""
    frames = made.frames
    ends = np.where(frames.leave_tick == OUTSIDE, made.shown.high, frames.leave_tick)
    # Frames of one thread's function in one program are alike; the first of them speaks for all.
    alike = np.stack([frames.function, frames.tid])
    _, first, which = np.unique(alike, axis=1, return_index=True, return_inverse=True)
    which = which.reshape(-1)
    ticks: Counter[str] = Counter()
    for number, total in zip(first.tolist(), np.bincount(which, ends - frames.enter_tick), strict=True):
        if not made.is_library(number):
            ticks[made.function(number)] += int(total)
    shown = [name for name, _ in ticks.most_common(MOST_FUNCTIONS)]
    made.keys = [Key(name, palette.thread_colour(place)) for place, name in enumerate(shown)]
    made.keys += [
        Key(f"{len(ticks) - len(shown):,} other functions", palette.READY),
        Key("library", palette.BLOCKED),
    ]
    places = {name: place for place, name in enumerate(shown)}
    keys = [
        len(shown) + 1 if made.is_library(number) else places.get(made.function(number), len(shown))
        for number in first.tolist()
    ]
    return np.array(keys, np.int64)[which]


def _add_lanes(made: StackScene, keys: IntArray) -> None:
    """A lane for each depth of each thread, or for every so many where there are too many."""
    frames = made.frames
    steps = {}
    for tid in made.threads:
        deepest = int(frames.depth[frames.tid == tid].max())
        steps[tid] = deepest // MOST_LEVELS + 1
        if steps[tid] > 1:
            made.left_out.append(
                f"thread {tid} is up to {deepest + 1:,} calls deep: every {steps[tid]:,}th is drawn"
            )
    step = np.array([steps.get(tid, 1) for tid in range(int(frames.tid.max(initial=0)) + 1)])
    drawn = np.flatnonzero(frames.depth % step[frames.tid] == 0)
    order = drawn[np.lexsort((drawn, frames.depth[drawn], frames.tid[drawn]))]
    same = (np.diff(frames.tid[order]) == 0) & (np.diff(frames.depth[order]) == 0)
    for numbers in np.split(order, np.flatnonzero(~same) + 1):
        tid, depth = int(frames.tid[numbers[0]]), int(frames.depth[numbers[0]])
        if tid not in made.threads:
            continue
        left = frames.leave_tick[numbers]
        finish = np.where(left == OUTSIDE, made.shown.high, left)

        def describe(index: int, numbers: IntArray = numbers) -> str:
            return made.describe(int(numbers[index]))

        made.lanes.append(
            Lane(
                str(tid),
                depth,
                0.92 * steps[tid],
                "frames",
                frames.enter_tick[numbers],
                finish,
                numbers,
                frames.tid[numbers],
                keys[numbers],
                describe,
            )  # fmt: skip
        )


def _depth(recording: Recording, tid: int, moves: Moves) -> Curve:
    """Bytes of a thread's stack in use; where sp is in other memory, what it was before."""
    stack = recording.spaces.stacks(recording.pids[tid]).get(tid)
    if stack is None:
        return moves.tick, int(moves.sp.max(initial=0)) - moves.sp
    inside = (moves.sp >= stack.start) & (moves.sp <= stack.stop)
    return moves.tick[inside], np.maximum(moves.first - moves.sp[inside], 0)


def _heaps(recording: Recording, shown: Window) -> dict[str, Curve]:
    """Bytes of heaps as brk gave them, and of coroutine frames, over all processes."""
    heaps: Counter[int] = Counter()
    frames: dict[tuple[int, int], int] = {}
    heap_curve: list[tuple[int, int]] = []
    frame_curve: list[tuple[int, int]] = []
    for event in read_events(recording, 0, shown.end, ("memory_map", "process", "coroutine")):
        if isinstance(event, events.MemoryMap) and event.action == "grown":
            heaps[event.pid] = event.length
        elif isinstance(event, events.Process):
            _follow_process(event, heaps, frames)
        elif isinstance(event, events.Coroutine):
            frames[event.pid, event.frame] = event.size
            if event.action == "destroyed":
                del frames[event.pid, event.frame]
            frame_curve.append((event.tick, sum(frames.values())))
            continue
        else:
            continue
        heap_curve.append((event.tick, heaps.total()))
    curves = {"heap": heap_curve, "coroutine frames": frame_curve}
    return {
        name: (np.array([tick for tick, _ in points]), np.array([size for _, size in points]))
        for name, points in curves.items()
        if any(size for _, size in points)
    }


def _follow_process(event: events.Process, heaps: Counter[int], frames: dict[tuple[int, int], int]) -> None:
    """A forked process has what its parent has; one that ends, or runs another program, nothing."""
    if event.action == "forked":
        heaps[event.pid] = heaps[event.parent]
        for pid, frame in [key for key in frames if key[0] == event.parent]:
            frames[event.pid, frame] = frames[pid, frame]
    elif event.action in ("exited", "signalled", "exec"):
        heaps[event.pid] = 0
        for key in [key for key in frames if key[0] == event.pid]:
            del frames[key]


def find_words(made: StackScene, connection: Any, drawn: list[Drawn]) -> None:
    """What the frames that are drawn stored in their part of the stack, by the instructions that did."""
    instructions = connection.sql(
        "SELECT count(*) FROM instruction WHERE seq BETWEEN $first AND $last",
        params={"first": made.shown.begin, "last": made.shown.end},
    ).fetchall()[0][0]
    if instructions > MOST_INSTRUCTIONS:
        made.left_out.append("what frames hold isn't told of so much: zoom in with --from and --to")
        return
    frames = made.frames
    firsts = [part.lane.seq[part.first] for part in drawn]
    numbers = np.unique(np.concatenate([np.empty(0, np.int64), *firsts]))
    numbers = numbers[frames.sp[numbers] > frames.low[numbers]]
    if not len(numbers):
        return
    leave = frames.leave_seq[numbers]
    asked = pa.table(
        {
            "number": numbers,
            "tid": frames.tid[numbers].astype(np.int32),
            "enter": frames.enter_seq[numbers],
            "leave": np.where(leave == OUTSIDE, made.shown.end, leave),
            "low": frames.low[numbers],
            "high": frames.sp[numbers],
        }
    )
    connection.register("asked", asked)
    for row in ask(connection, "frame_words").to_pylist():
        lines = made.words.setdefault(row["number"], [])
        lines.append(_word(made, row))
    connection.unregister("asked")
    for number, lines in made.words.items():
        if len(lines) > MOST_WORDS:
            made.words[number] = [*lines[:MOST_WORDS], f"  ... {len(lines) - MOST_WORDS:,} more"]


def _word(made: StackScene, row: dict[str, Any]) -> str:
    """``  sp+24  ra = 0x10058 <fib+44>``: the offset is from where sp was lowest, the name that of the
    register which was stored there last."""
    low, link = int(made.frames.low[row["number"]]), int(made.frames.link[row["number"]])
    name = row["disassembly"].split()[1].split(",")[0]
    what = " (return address)" if row["value"] == link and link else ""
    value = escape(made.names_of(row["number"]).pointer(row["value"]))
    return f"\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}sp+{row['address'] - low}  {name} = {value}{what}"
