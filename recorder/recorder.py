"""The recorder: the sink that makes a run's segments durable while the machine fills the next one.

Buffers go round: the machine fills one, worker threads hash, encode and stage the others (PyArrow lets go
of the interpreter's lock), and each segment is published and committed when those before it are. The
machine waits when all buffers are under way. An error in a worker stops all commits behind it, so what
the catalog has is always a prefix of the run, and is raised in the machine's thread at its next call.
"""

import errno
import queue
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recorder import files
from recorder.catalog import Catalog
from recorder.errors import LogError, RecordingFailed
from recorder.program import Program, save_sources, sha_of
from recorder.run import Piece, RunRow, SegmentRow, SnapshotRow, chained
from recorder.store import STORES, open_writer
from sim.code import CodeRow
from sim.image import Image
from sim.machine.buffers import Buffers
from sim.program import Program as Executable
from sim.world import World

if TYPE_CHECKING:
    from recorder.parts import Part

__all__ = ["Program", "Recorder"]


@dataclass
class Job:
    """A segment on its way. The buffers are the machine's again once they are encoded."""

    number: int
    buffers: Buffers
    first_seq: int
    end_seq: int
    first_tick: int
    end_tick: int
    code: list[CodeRow]
    image: Image
    digest: str = ""
    snapshot: SnapshotRow | None = None


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
        self._store = open_writer(run.store, run.path)
        self._snapshots = SnapshotWriter(run.path)
        self._digest = Digest()
        self._writes = WriteIndex() if self._store.indexes else None
        self._chain = ""
        self._events = 0
        self._code: list[CodeRow] = []
        self._number = 0
        self._jobs: queue.Queue[Job | None] = queue.Queue()
        self._free: queue.Queue[Buffers] = queue.Queue()
        self._made = 1
        self._taking = threading.Lock()
        self._turn = threading.Condition()
        self._next = 0
        self._error: Exception | None = None
        self._first_bad = sys.maxsize
        self._threads = [
            threading.Thread(target=self._work, name=f"recorder-{n}", daemon=True)
            for n in range(self._store.workers)
        ]
        for thread in self._threads:
            thread.start()

    @classmethod
    def start(
        cls,
        catalog: Catalog,
        programs: Sequence[Program],
        options: dict[str, Any],
        store: str = "parquet",
        name: str = "",
        find_sources: Callable[[Executable], dict[str, str]] = lambda program: {},
    ) -> "Recorder":
        """Enter a new run into the catalog and make its directory. ``find_sources``: the source texts, by
        name, of a program that execve brings in. Raises RecordingFailed,
        CatalogUnavailable; ValueError for an unknown store."""
        if store not in STORES:
            raise ValueError(f"no store {store!r}: choose one of {', '.join(STORES)}")
        run = catalog.add(programs, options, store, name)
        try:
            run.path.mkdir(parents=True)
            files.sync_directory(run.path.parent)
            size = sum(program.save(run.path, pid) for pid, program in enumerate(programs, 1))
            return cls(catalog, catalog.change(run.id, bytes=size), find_sources)
        except Exception as error:
            failure = RecordingFailed(run.id, _reason(error, run.path), 0)
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
        try:
            save_sources(self.run.path, sha, self._find_sources(program))
        except OSError as error:
            self._stop()
            raise RecordingFailed(self.run.id, _reason(error, self.run.path), self._events) from error

    def segment(self, buffers: Buffers, world: World) -> Buffers:
        """Take a full segment; waits while all other buffers are under way. Raises RecordingFailed."""
        end_seq = buffers.end_seq
        self._submit(buffers, world)
        if self._made <= len(self._threads):
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
        self._store.close()
        values = {"status": status, "reason": reason, "exit_status": exit_status, "bytes": self._bytes()}
        self.run = self.catalog.change(self.run.id, **values)
        return self.run

    def abort(self, reason: str) -> RunRow:
        """Close as failed, with what is committed; never raises because of what went wrong before."""
        self._stop()
        # On a full disk, this makes the room that the catalog needs.
        with suppress(OSError):
            files.drop_staged(self.run.path)
        with suppress(Exception):
            self._store.close()
        with suppress(Exception):
            self.run = self.catalog.change(self.run.id, status="failed", reason=reason, bytes=self._bytes())
        return self.run

    def _bytes(self) -> int:
        return sum(path.stat().st_size for path in self.run.path.rglob("*") if path.is_file())

    def _submit(self, buffers: Buffers, world: World) -> None:
        self._raise_error()
        code, self._code = self._code, []
        seqs, ticks = (buffers.first_seq, buffers.end_seq), (buffers.first_tick, world.tick)
        self._jobs.put(Job(self._number, buffers, *seqs, *ticks, code, Image.of(world, dirty_only=True)))
        self._number += 1

    def _stop(self) -> None:
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        self._threads = []

    def _raise_error(self) -> None:
        if self._error is not None:
            # Segments before the failed one may still be on their way.
            self._stop()
            what = _reason(self._error, self.run.path)
            raise RecordingFailed(self.run.id, what, self._events) from self._error

    # The workers.

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            job, parts = taken
            pieces: list[Piece] = []
            try:
                if job.number < self._first_bad:
                    pieces = self._store.encode(job.number, parts)
            except Exception as error:
                self._fail(job, error)
            # The parts are views of the buffers.
            parts.clear()
            self._free.put(job.buffers)
            self._await_turn(job, pieces)

    def _take(self) -> "tuple[Job, list[Part]] | None":
        """The next job; what depends on the jobs before it is done here, one thread at a time."""
        from recorder.parts import code_part, parts_of

        with self._taking:
            job = self._jobs.get()
            if job is None:
                return None
            parts: list[Part] = []
            try:
                if job.number < self._first_bad:
                    parts = parts_of(job.buffers)
                    self._digest.update(parts)
                    job.digest = self._digest.hexdigest()
                    job.snapshot = self._snapshots.stage(job.number, job.image)
                    if self._writes is not None:
                        parts += self._writes.parts(parts, job.code)
                    if job.code:
                        parts.append(code_part(job.code))
            except Exception as error:
                self._fail(job, error)
            return job, parts

    def _await_turn(self, job: Job, pieces: list[Piece]) -> None:
        """Commit the job behind all jobs before it, unless one of them or it has failed."""
        with self._turn:
            self._turn.wait_for(lambda: self._next == job.number)
            try:
                if job.number < self._first_bad:
                    self._commit(job, pieces)
            except Exception as error:
                self._fail(job, error)
            self._next += 1
            self._turn.notify_all()

    def _commit(self, job: Job, pieces: list[Piece]) -> None:
        assert job.snapshot is not None
        size = self._store.publish(pieces)
        self._snapshots.publish(job.snapshot)
        seqs, ticks = (job.first_seq, job.end_seq), (job.first_tick, job.end_tick)
        chain = chained(self._chain, *seqs, pieces, job.digest)
        row = SegmentRow(job.number, *seqs, *ticks, size, tuple(pieces), chain, job.digest)
        self.catalog.commit(self.run.id, row, job.snapshot)
        self._chain, self._events = chain, job.end_seq

    def _fail(self, job: Job, error: Exception) -> None:
        if job.number < self._first_bad:
            self._first_bad, self._error = job.number, error


def _reason(error: Exception, directory: Path) -> str:
    """What went wrong, in words."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or "disk is full" in str(error):
        return f"the disk of {directory} is full"
    if not directory.exists():
        return f"its directory {directory} has vanished"
    return str(error) or type(error).__name__
