"""Comparing a run that is made again with its log: a sink that says where they part.

Data flows from a kernel (`simrec.again`) into a running digest, which is compared with the one that each
committed segment has; nothing of the log is read while they agree. Rows are compared only in the segment
whose digest differs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from recorder.conform import conform, empty
from recorder.detail import keep, lacks_values, told
from recorder.digest import Digest
from recorder.parts import AnyPart, Arena, NumberPart, merged, parts_of
from recorder.run import SegmentRow
from recorder.schema import INSTRUCTION
from replay.diff import first_in
from replay.listing import Line, line_of, read_events
from replay.recording import Recording
from sim.code import CodeRow
from sim.events import columns, from_row
from sim.kernel.answers import Unanswered
from sim.machine.buffers import Buffers
from sim.machine.executor import Executor
from sim.program import Program
from sim.world import World
from simrec.again import run_again


@dataclass(frozen=True)
class Parting:
    """Where a run that is made again parts from its log: at event ``seq``, which is ``recorded`` in the log
    and ``again`` now (None: no more events). ``seq`` is None if all events of the segment that ends before
    event ``end`` are the same, as far as they are stored, and only the digest in the catalog is another.
    ``lost``: it asks there for what came from outside, and the log has no answer."""

    seq: int | None
    end: int
    recorded: Line | None = None
    again: Line | None = None
    lost: bool = False


class _Told(Exception):
    """Enough is known: the run needn't go on."""


def compare(
    recording: Recording,
    executor: Executor,
    progress: Callable[[int, int], None] = lambda events, ticks: None,
) -> Parting | None:
    """Make a run again up to its last committed event; None if everything is the same. Raises what
    `simrec.again.run_again` raises."""
    sink = Comparing(recording)
    kernel = run_again(recording.log, sink, executor, progress)
    try:
        kernel.run()
    except _Told:
        pass
    except Unanswered:
        kernel.machine.buffers.end_seq = kernel.machine.seq
        sink.end(kernel.machine.buffers, lost=True)
    return sink.parting


class Comparing:
    """See `sim.sink.Sink`. ``parting`` is what was found, None as long as everything is the same."""

    recording = True

    def __init__(self, recording: Recording) -> None:
        self.parting: Parting | None = None
        self._recording = recording
        self._digest = Digest()
        self._arena = Arena()
        self._ahead = list(reversed(recording.log.segments))
        #: What was made since the last segment that agreed; copies, but for what came last.
        self._held: list[AnyPart] = []

    def code(self, rows: list[CodeRow]) -> None:
        """It follows from the events."""

    def program(self, program: Program) -> None:
        """Its image is in the log."""

    def segment(self, buffers: Buffers, world: World) -> Buffers:
        """Compare as many segments of the log as are complete now."""
        self._take(buffers)
        self._held = [part.copy() if isinstance(part, NumberPart) else part for part in self._held]
        buffers.clear(buffers.end_seq, world.tick)
        return buffers

    def finish(self, buffers: Buffers, world: World) -> None:
        """The run has ended."""
        self.end(buffers)

    def end(self, buffers: Buffers, *, lost: bool = False) -> None:
        """Nothing comes behind what is in the buffers. ``lost``: because an answer is missing."""
        try:
            self._take(buffers)
        except _Told:
            return
        segment = self._ahead[-1]
        found = self._find(segment, self._held)
        self.parting = found or replace(self._at(buffers.end_seq, segment, []), lost=lost)

    def _take(self, buffers: Buffers) -> None:
        """Raises _Told behind the last segment, and where one differs."""
        self._held += parts_of(buffers, self._arena)
        while self._ahead and self._ahead[-1].end_seq <= buffers.end_seq:
            segment = self._ahead.pop()
            here, self._held = _cut(self._held, segment.end_seq)
            self._digest.update(here)
            if self._digest.hexdigest() != segment.digest:
                self.parting = self._find(segment, here) or Parting(None, segment.end_seq)
                raise _Told
        if not self._ahead:
            raise _Told

    def _find(self, segment: SegmentRow, made: list[AnyPart]) -> Parting | None:
        """The first event of a segment that is another, or is missing, among those that were made again."""
        log = self._recording.log
        made = keep(log.run.detail, made)
        again = _Made(made, log.run.detail)
        kinds = {part.kind for part in made} | set(segment.rows)
        last = min(segment.end_seq, max((int(part.seqs[-1]) for part in made), default=-1) + 1) - 1
        ends = segment.first_seq, last
        found = [seq for kind in kinds if (seq := first_in(log, again, kind, *ends, {})) is not None]
        return self._at(min(found), segment, made) if found else None

    def _at(self, seq: int, segment: SegmentRow, made: list[AnyPart]) -> Parting:
        """The events there, or the next ones of those that are stored."""
        event = next(read_events(self._recording, seq, segment.end_seq - 1), None)
        recorded = line_of(self._recording, event) if event is not None else None
        return Parting(
            seq,
            segment.end_seq,
            recorded,
            _Made(made, self._recording.log.run.detail).line(self._recording, seq),
        )


class _Made:
    """Events that were made again, by kind (`replay.diff.Tables`)."""

    def __init__(self, parts: list[AnyPart], detail: str) -> None:
        self._parts, self._detail = parts, detail

    def table(
        self, kind: str, first: int = 0, last: int | None = None, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """The rows of a kind with first <= seq <= last."""
        parts = [part for part in self._parts if part.kind == kind]
        chosen = None if columns is None else tuple(columns)
        if not parts:
            return empty(kind, chosen)
        if kind == INSTRUCTION:
            rows = pa.Table.from_batches([merged(parts)])
        else:
            rows = pa.Table.from_batches([part.rows for part in parts])
        seq = rows["seq"].to_numpy()
        start = int(np.searchsorted(seq, first))
        end = len(seq) if last is None else int(np.searchsorted(seq, last, "right"))
        found = conform(kind, rows.slice(start, end - start))
        if lacks_values(self._detail, kind):
            found = told(found)
        return found if chosen is None else found.select(chosen)

    def line(self, recording: Recording, seq: int) -> Line | None:
        """The first event from ``seq`` on, in words, as far as the log knows its addresses; None if there is
        none."""
        found = []
        for kind in {part.kind for part in self._parts}:
            table = self.table(kind, seq).slice(0, 1)
            if table.num_rows:
                row = tuple(table.column(column.name)[0].as_py() for column in columns(kind))
                found.append(from_row(kind, row))
        return line_of(recording, min(found, key=lambda event: event.seq)) if found else None


def _cut(parts: list[AnyPart], seq: int) -> tuple[list[AnyPart], list[AnyPart]]:
    """What comes before an event, and the rest."""
    before: list[AnyPart] = []
    rest: list[AnyPart] = []
    for part in parts:
        place = int(np.searchsorted(part.seqs, seq))
        before += [part.between(0, place)] if place else []
        rest += [part.between(place, part.count)] if place < part.count else []
    return before, rest
