"""Worker processes that do tasks: real processes, so that compiled code and Python run in parallel.

Tasks go out one at a time over a pipe and results come back as they are ready. A worker that dies costs the
task that it had; another one takes its place. Workers whose parent dies, however it does, end at once.
"""

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Generic, TypeVar

from sim.errors import UserError

Task = TypeVar("Task")
Result = TypeVar("Result")

#: Threads and Arrow's pools don't survive a fork.
_PROCESSES = multiprocessing.get_context("spawn")


@dataclass
class _Worker:
    process: SpawnProcess
    pipe: "Connection[Any, Any]"
    #: The number of the task under way.
    busy: int | None = None


class Workers(Generic[Task, Result]):
    """At most ``jobs`` processes; ``do`` is a function of a module, and tasks and results can be pickled."""

    def __init__(self, do: Callable[[Task], Result], jobs: int) -> None:
        self._do = do
        self._jobs = jobs
        self._workers: list[_Worker] = []

    def __call__(self, tasks: Sequence[Task]) -> Iterator[tuple[int, Result | None]]:
        """(number of the task, its result) as they are done; None if its worker died. What ``do`` raises is
        raised here. When the caller stops, or is interrupted, so do the workers, at once."""
        waiting = iter(enumerate(tasks))
        try:
            self._workers = [self._start() for _ in range(min(self._jobs, len(tasks)))]
            for worker in self._workers:
                self._hand_out(worker, waiting)
            while any(worker.busy is not None for worker in self._workers):
                ready = wait([worker.pipe for worker in self._workers if worker.busy is not None])
                for worker in [worker for worker in self._workers if worker.pipe in ready]:
                    number = worker.busy
                    assert number is not None
                    result = self._take(worker)
                    self._hand_out(worker, waiting)
                    yield number, result
        finally:
            self._stop()

    def _start(self) -> _Worker:
        ours, theirs = _PROCESSES.Pipe()
        process = _PROCESSES.Process(target=_serve, args=(theirs, self._do), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _hand_out(self, worker: _Worker, waiting: Iterator[tuple[int, Task]]) -> None:
        for number, task in waiting:
            worker.busy = number
            with suppress(BrokenPipeError):  # It has died, which taking its result will show.
                worker.pipe.send(task)
            return
        worker.busy = None

    def _take(self, worker: _Worker) -> Result | None:
        """The result of a worker that has one, or has died: then it is replaced."""
        try:
            result, error = worker.pipe.recv()
        except (EOFError, OSError):
            fresh = self._start()
            worker.process.join()
            worker.process, worker.pipe = fresh.process, fresh.pipe
            return None
        if error is not None:
            raise error
        taken: Result = result
        return taken

    def _stop(self) -> None:
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.pipe.close()
        self._workers = []


def _serve(pipe: "Connection[Any, Any]", do: Callable[[Any], Any]) -> None:
    """A worker's life: until the other end of the pipe is gone."""
    # Ctrl-C reaches every process of the terminal; what becomes of the workers is the parent's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="worker-parent", daemon=True).start()
    with suppress(EOFError, BrokenPipeError):
        while True:
            task = pipe.recv()
            try:
                answer: tuple[Any, Exception | None] = do(task), None
            except UserError as error:
                answer = None, error
            except Exception:
                # Of any other one only the text is sure to come through.
                answer = None, RuntimeError(traceback.format_exc())
            pipe.send(answer)


def _end_with_parent() -> None:
    """Wait for the parent's end. In the middle of a task nothing else would show it, and nobody wants the
    result any more; what the task records is then as if it had been killed, too."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
