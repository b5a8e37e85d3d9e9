"""The recorder: the sink that makes a run's segments durable while the machine fills the next one.

Buffers go round: the machine fills one, worker threads copy the other into columns, hash, encode and write
them (compiled code, PyArrow and zstd let go of the interpreter's lock), and a last thread makes durable and
commits, in order, all segments that are ready: what a disk takes long for is done once for several of them.
The machine waits when all buffers are under way, or AHEAD segments. An error in a worker stops all commits
behind it, so what the catalog has is always a prefix of the run, and is raised in the machine's thread at its
next call.
"""

import queue
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from recorder import reserve, seal
from recorder.catalog import Catalog
from recorder.detail import CHOICES, FULL, keep
from recorder.errors import LogError, RecordingFailed
from recorder.keeping import USUAL, Keeping
from recorder.program import Program, save_sources, sha_of, sources_data, sources_file
from recorder.run import Piece, RunRow, SegmentRow, chained
from recorder.store import open_writer
from sim.code import CodeRow
from sim.image import Image
from sim.machine.buffers import Buffers
from sim.program import Program as Executable
from sim.world import World

if TYPE_CHECKING:
    from recorder.parts import AnyPart, Arena
    from recorder.snapshots import Staged

__all__ = ["Program", "Recorder"]


#: One that the machine fills, and one that waits or is copied: more make nothing faster.
BUFFERS = 2
#: Segments that may be under way at once, from the machine to the catalog.
AHEAD = 8


@dataclass
class Job:
    """A segment on its way. The buffers are the machine's again once they are copied."""

    number: int
    buffers: Buffers
    first_seq: int
    end_seq: int
    first_tick: int
    end_tick: int
    code: list[CodeRow]
    image: Image | None
    digest: str = ""
    snapshot: "Staged | None" = None
    pieces: list[Piece] = field(default_factory=list)


class Recorder:
    """Records one run (`sim.sink.Sink`). Made by `start`."""

    recording = True

    def __init__(
        self,
        catalog: Catalog,
        run: RunRow,
        find_sources: Callable[[Executable], dict[str, str]] = lambda program: {},
    ) -> None:
        from recorder.digest import Digest
        from recorder.snapshots import SnapshotWriter
        from recorder.writeindex import WriteIndex

        self.catalog = catalog
        self.run = run
        self._find_sources = find_sources
        self._known = {program.sha for program in run.programs}
        self._store = open_writer(run.store, run.place, run.compression)
        self._snapshots = SnapshotWriter(run.place)
        self._digest = Digest()
        self._writes = WriteIndex() if self._store.indexes and run.detail == FULL else None
        self._chain = run.seal
        self._checksums: dict[str, str] = {}
        self._events = 0
        self._code: list[CodeRow] = []
        self._number = 0
        self._jobs: queue.Queue[Job | None] = queue.Queue()
        self._free: queue.Queue[Buffers] = queue.Queue()
        self._made = 1
        self._ahead = threading.Semaphore(AHEAD)
        self._taking = threading.Lock()
        self._ready = threading.Condition()
        self._done: dict[int, Job] = {}
        self._next = 0
        self._stopping = False
        self._error: Exception | None = None
        self._first_bad = sys.maxsize
        self._workers = [
            threading.Thread(target=self._work, name=f"recorder-{n}", daemon=True)
            for n in range(self._store.workers)
        ]
        self._committer = threading.Thread(target=self._commit_all, name="recorder-commits", daemon=True)
        for thread in (*self._workers, self._committer):
            thread.start()

    @classmethod
    def start(
        cls,
        catalog: Catalog,
        programs: Sequence[Program],
        options: dict[str, Any],
        keeping: Keeping = USUAL,
        find_sources: Callable[[Executable], dict[str, str]] = lambda program: {},
    ) -> "Recorder":
        """Enter a new run into the catalog and make its place. ``find_sources``: the source texts, by name,
        of a program that execve brings in. Raises RecordingFailed, CatalogUnavailable, NeedsDirectory,
        BadFiles."""
        reserve.keep(catalog.home)
        return cls.begin(catalog, catalog.add(programs, options, keeping), programs, find_sources)

    @classmethod
    def begin(
        cls,
        catalog: Catalog,
        run: RunRow,
        programs: Sequence[Program],
        find_sources: Callable[[Executable], dict[str, str]],
    ) -> "Recorder":
        """The same for a run that the catalog knows. Raises RecordingFailed."""
        try:
            run.place.make()
            size = sum(program.save(run.place, pid) for pid, program in enumerate(programs, 1))
            sources = [seal.checksum(sources_data(program.sources)) for program in programs]
            sealed = seal.write(run.place, seal.SEAL, seal.beginning(run, sources))
            return cls(catalog, catalog.change(run.id, bytes=size, seal=sealed), find_sources)
        except Exception as error:
            failure = RecordingFailed(run.id, run.place.explain(error), 0)
            reserve.release(catalog.home)
            with suppress(LogError, OSError):
                catalog.change(run.id, status="failed", reason=failure.what)
            raise failure from error

    # The sink: called by the machine's thread.

    def code(self, rows: list[CodeRow]) -> None:
        """Kept until the next segment, which they become durable with."""
        self._code += rows

    def program(self, program: Executable) -> None:
        """Keep the sources of what the run didn't begin with. Raises RecordingFailed."""
        sha = sha_of(program.debug.image)
        if sha in self._known:
            return
        self._known.add(sha)
        sources = self._find_sources(program)
        self._checksums[sources_file(sha)] = seal.checksum(sources_data(sources))
        try:
            save_sources(self.run.place, sha, sources)
        except (OSError, LogError) as error:
            self._stop()
            raise self._failure(error) from error

    def segment(self, buffers: Buffers, world: World) -> Buffers:
        """Take a full segment; waits while all other buffers are under way. Raises RecordingFailed."""
        end_seq = buffers.end_seq
        self._submit(buffers, world)
        if self._made < BUFFERS:
            self._made += 1
            empty = Buffers(buffers.harts, buffers.capacity)
        else:
            empty = self._free.get()
        self._raise_error()
        empty.clear(end_seq, world.tick)
        return empty

    def finish(self, buffers: Buffers, world: World) -> None:
        """Take the last segment; on return all is durable. Raises RecordingFailed."""
        if buffers.end_seq > buffers.first_seq:
            self._submit(buffers, world)
        self._stop()
        self._raise_error()

    # The end.

    def close(self, status: str, reason: str, exit_status: int | None) -> RunRow:
        """Write down how the run ended. ``status``: complete, stopped, interrupted or failed. Raises
        RecordingFailed."""
        self._stop()
        self._raise_error()
        try:
            return self._end(status, reason, exit_status)
        except Exception as error:
            raise self._failure(error) from error

    def abort(self, reason: str) -> RunRow:
        """Close as failed, with what is committed; never raises because of what went wrong before."""
        self._stop()
        # On a full disk, these make the room that the catalog needs.
        reserve.release(self.catalog.home)
        with suppress(OSError, LogError):
            self.run.place.drop_staged()
        try:
            self._end("failed", reason, None)
        except Exception:
            # It has no closing then, which only a failed run may.
            with suppress(Exception):
                self.run = self.catalog.change(self.run.id, status="failed", reason=reason)
        return self.run

    def _end(self, status: str, reason: str, exit_status: int | None) -> RunRow:
        place = self.run.place
        for name in self._store.close():
            self._checksums[name] = seal.file_checksum(place, name)
        values: dict[str, Any] = {"status": status, "reason": reason, "exit_status": exit_status}
        values["closing"] = seal.close(self.catalog, self.run.id, values, self._checksums)
        # A place that went away still has what was counted at each commit.
        with suppress(OSError, LogError):
            values["bytes"] = place.bytes()
        self.run = self.catalog.change(self.run.id, **values)
        return self.run

    def _submit(self, buffers: Buffers, world: World) -> None:
        self._ahead.acquire()
        self._raise_error()
        code, self._code = self._code, []
        seqs, ticks = (buffers.first_seq, buffers.end_seq), (buffers.first_tick, world.tick)
        # Without all events a snapshot is of no use: there is nothing to fold onto it.
        image = Image.of(world, dirty_only=True) if self.run.detail == FULL else None
        self._jobs.put(Job(self._number, buffers, *seqs, *ticks, code, image))
        self._number += 1

    def _stop(self) -> None:
        """Let the threads finish what was submitted, and end."""
        for _ in self._workers:
            self._jobs.put(None)
        for thread in self._workers:
            thread.join()
        self._workers = []
        with self._ready:
            self._stopping = True
            self._ready.notify_all()
        self._committer.join()

    def _raise_error(self) -> None:
        if self._error is not None:
            # Segments before the failed one may still be on their way.
            self._stop()
            raise self._failure(self._error) from self._error

    def _failure(self, error: Exception) -> RecordingFailed:
        place = self.run.place
        gone = place.local is not None and not place.local.exists()
        return RecordingFailed(self.run.id, place.explain(error), 0 if gone else self._events)

    # The workers.

    def _work(self) -> None:
        from recorder.parts import Arena

        arena = Arena()
        while (taken := self._take(arena)) is not None:
            job, parts = taken
            try:
                if job.number < self._first_bad:
                    if job.snapshot is not None:
                        self._snapshots.write(job.snapshot)
                    job.pieces = self._store.encode(job.number, parts)
            except Exception as error:
                self._fail(job, error)
            with self._ready:
                self._done[job.number] = job
                self._ready.notify_all()

    def _take(self, arena: "Arena") -> "tuple[Job, list[AnyPart]] | None":
        """The next job; what depends on the jobs before it is done here, one thread at a time."""
        from recorder.parts import code_part, parts_of

        with self._taking:
            job = self._jobs.get()
            if job is None:
                return None
            parts: list[AnyPart] = []
            try:
                if job.number < self._first_bad:
                    parts = parts_of(job.buffers, arena)
            except Exception as error:
                self._fail(job, error)
            self._free.put(job.buffers)
            try:
                if job.number < self._first_bad:
                    self._digest.update(parts)
                    job.digest = self._digest.hexdigest()
                    if job.image is not None:
                        job.snapshot = self._snapshots.stage(job.number, job.image)
                    parts = keep(self.run.detail, parts)
                    if self._writes is not None:
                        parts += self._writes.parts(parts, job.code)
                    if job.code and self.run.detail != CHOICES:
                        parts.append(code_part(job.code))
            except Exception as error:
                self._fail(job, error)
            return job, parts

    def _fail(self, job: Job, error: Exception) -> None:
        with self._ready:
            if job.number < self._first_bad:
                self._first_bad, self._error = job.number, error

    # The committer.

    def _commit_all(self) -> None:
        while jobs := self._await_ready():
            published: list[tuple[Job, int]] = []
            for job in jobs:
                try:
                    if job.number < self._first_bad:
                        published.append((job, self._publish(job)))
                except Exception as error:
                    self._fail(job, error)
            try:
                if published:
                    self._commit(published)
            except Exception as error:
                self._fail(published[0][0], error)
            self._ahead.release(len(jobs))

    def _await_ready(self) -> list[Job]:
        """The next jobs in order, as many as are ready; none once all are done that there will be."""
        with self._ready:
            self._ready.wait_for(lambda: self._next in self._done or self._stopping)
            jobs = []
            while (job := self._done.pop(self._next, None)) is not None:
                jobs.append(job)
                self._next += 1
            return jobs

    def _publish(self, job: Job) -> int:
        """Put a segment's files in their place; the bytes of its events."""
        size = self._store.publish(job.pieces)
        if job.snapshot is not None:
            self._snapshots.publish(job.snapshot.row)
        return size

    def _commit(self, published: list[tuple[Job, int]]) -> None:
        """Make the names of segments' files durable, and have the catalog know them."""
        chain, rows, snapshots = self._chain, [], []
        for job, size in published:
            seqs, ticks = (job.first_seq, job.end_seq), (job.first_tick, job.end_tick)
            row = SegmentRow(job.number, *seqs, *ticks, size, tuple(job.pieces), "", job.digest)
            chain = chained(chain, row)
            rows.append(replace(row, chain=chain))
            if job.snapshot is not None:
                snapshots.append(job.snapshot.row)
        files = [piece.path for row in rows for piece in row.pieces]
        self.run.place.settle([*files, *(row.file for row in snapshots)])
        self.catalog.commit(self.run.id, rows, snapshots)
        self._chain, self._events = chain, rows[-1].end_seq
