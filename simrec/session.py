"""One run under the recorder: a kernel, its console and a recording. Tells nobody how it went.

A program in; a row of the catalog and the kernel as the run left it out.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from recorder.catalog import Catalog
from recorder.program import Program as RecordedProgram
from recorder.recorder import Recorder
from recorder.run import RunRow
from sim.kernel.console import HostConsole
from sim.kernel.kernel import Kernel
from sim.kernel.options import Options
from sim.machine.executor import Executor
from sim.program import BadProgram
from simrec.programs import Executable, shown_name

#: How a run that ended by a reason is kept in the catalog.
STATUS = {"exited": "complete", "signalled": "complete", "deadlock": "complete", "max_events": "stopped"}


@dataclass(frozen=True)
class Finished:
    """A run that has ended, for ``reason`` and with ``status``, as its last event says."""

    run: RunRow
    kernel: Kernel
    reason: str
    status: int


def perform(
    catalog: Catalog,
    executable: Executable,
    path: Path,
    options: Options,
    store: str,
    name: str,
    executor: Executor,
    console: HostConsole,
    progress: Callable[[int, int], None] = lambda events, ticks: None,
    stop: signal.Signals = signal.SIGINT,
) -> Finished:
    """Record the run of a program that was read from ``path``; the signal ``stop`` ends it. A recording that
    fails is closed as far as it came. Raises BadProgram (nothing is recorded then), and what the recorder
    raises."""
    recorded = RecordedProgram(
        executable.program.name, shown_name(path), executable.image, executable.sources
    )
    recorder = Recorder.start(catalog, recorded, options.as_dict(), store, name)
    try:
        kernel = Kernel(executable.program, options, recorder, console, executor, progress)
        with _interruptible(kernel, console, stop):
            kernel.run()
        assert kernel.world.ended is not None
        reason, status = kernel.world.ended
        run = recorder.close(STATUS.get(reason, "interrupted"), reason, status)
    except BaseException as error:
        run = recorder.abort(str(error) or type(error).__name__)
        if isinstance(error, BadProgram) and not run.events:
            catalog.remove(run)
        raise
    return Finished(run, kernel, reason, status)


@contextmanager
def _interruptible(kernel: Kernel, console: HostConsole, number: signal.Signals) -> Iterator[None]:
    """The signal (Ctrl-C) ends the run at the next trap, or where it waits for input, and the recording stays
    whole; a second one ends simrec."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        kernel.interrupted = True
        signal.signal(number, signal.default_int_handler)
        if console.waiting:
            raise KeyboardInterrupt

    before = signal.signal(number, stop)
    try:
        yield
    finally:
        signal.signal(number, before)
