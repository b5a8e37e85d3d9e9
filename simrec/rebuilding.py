"""Making all events of a run again of which less was stored, and keeping them in its place."""

from collections.abc import Callable

from recorder import owner
from recorder.catalog import Catalog
from recorder.detail import FULL
from recorder.errors import LogError, RecordingFailed, RunBusy, RunDamaged
from recorder.newrun import OWNER
from recorder.program import Key, sha_of
from recorder.program import Program as RecordedProgram
from recorder.reader import Log
from recorder.recorder import Recorder
from recorder.replacement import AnotherRun, Replacement
from recorder.run import RunRow
from sim.events import VERSION
from sim.kernel.answers import Unanswered
from sim.machine.buffers import Buffers
from sim.machine.executor import Executor
from sim.sink import Sink
from sim.world import World
from simrec.again import NotAgain, run_again


class NotRebuilt(LogError):
    """The events can't be kept; the run is as it was."""


def rebuild(
    catalog: Catalog,
    run: RunRow,
    executor: Executor,
    progress: Callable[[int, int], None] = lambda events, ticks: None,
) -> RunRow:
    """The run with all its events; one that has them is returned as it is. Raises AnotherRun if it is another
    when it is run again, NotRebuilt, RunBusy, and what `simrec.again.run_again` raises; the run is then as it
    was."""
    if run.detail == FULL:
        return run
    if run.status == "recording":
        raise RunBusy(f"run {run.id} is still being recorded: stop it first")
    if run.event_version != VERSION:
        raise NotAgain(
            f"run {run.id} can't be rebuilt: its events are of version {run.event_version}, and this simrec "
            f"makes those of version {VERSION}"
        )
    with Log.open(catalog, run.id) as log:
        made = Replacement(catalog, run)
        with made.locked():
            made.discard()  # What an attempt that was killed has left.
            try:
                _record(log, made, executor, progress)
                made.put()
            except BaseException:
                made.discard()
                raise
            made.drop_old()
    return catalog.find(run.id)


def _record(log: Log, made: Replacement, executor: Executor, progress: Callable[[int, int], None]) -> None:
    run = log.run
    programs = [
        RecordedProgram("", row.path, log.image(pid), _sources(log, pid))
        for pid, row in enumerate(run.programs, 1)
    ]
    try:
        recorder = Recorder.begin(
            made, made.run, programs, lambda program: _sources(log, sha_of(program.debug.image))
        )
        made.place.stage(OWNER, owner.current().encode())
        try:
            _run(log, recorder, executor, progress)
        except BaseException as error:
            recorder.abort(str(error))
            raise
        recorder.close(run.status, run.reason, run.exit_status)
    except RecordingFailed as failure:
        if isinstance(failure.__cause__, AnotherRun):
            raise failure.__cause__ from None
        raise NotRebuilt(f"run {run.id} can't be rebuilt: {failure.what}; it is as it was") from failure


def _run(log: Log, sink: Sink, executor: Executor, progress: Callable[[int, int], None]) -> None:
    """To the last event that was committed. Raises AnotherRun."""
    try:
        run_again(log, _UpTo(log.end_seq, sink), executor, progress).run()
    except _Enough:
        pass
    except Unanswered as lost:
        raise AnotherRun(log.run, next(s for s in log.segments if s.end_seq > lost.seq)) from None


def _sources(log: Log, key: Key) -> dict[str, str]:
    """A program's, without which only source lines are missing."""
    try:
        return log.sources(key)
    except RunDamaged:
        return {}


class _Enough(Exception):
    """What the log has is made."""


class _UpTo:
    """Hands on what comes before event ``end`` (`sim.sink.Sink`)."""

    recording = True

    def __init__(self, end: int, sink: Sink) -> None:
        self._end, self._sink = end, sink
        self.code, self.program, self.finish = sink.code, sink.program, sink.finish

    def segment(self, buffers: Buffers, world: World) -> Buffers:
        """Raises _Enough behind the last one."""
        end = buffers.end_seq
        empty = self._sink.segment(buffers, world)
        if end >= self._end:
            raise _Enough
        return empty
