"""One run under the recorder: a kernel, its console and a recording. Tells nobody how it went.

Programs in; a row of the catalog and the kernel as the run left it out.
"""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from recorder.catalog import Catalog
from recorder.program import Program as RecordedProgram
from recorder.recorder import Recorder
from recorder.run import RunRow
from sim.kernel.console import HostConsole
from sim.kernel.kernel import Kernel
from sim.machine.executor import Executor
from sim.program import BadProgram
from simrec.bare import read_flat
from simrec.programs import Executable, find_sources, read_executables, shown_name
from simrec.request import Request

#: How a run that ended by a reason is kept in the catalog.
STATUS = {"exited": "complete", "signalled": "complete", "deadlock": "complete", "max_events": "stopped"}
STATUS |= {"halted": "complete", "stopped": "complete"}


@dataclass(frozen=True)
class Finished:
    """A run that has ended, for ``reason`` and with ``status``, as its last event says."""

    run: RunRow
    kernel: Kernel
    reason: str
    status: int


def build(request: Request) -> list[Executable]:
    """Read or build the programs that a request names. Raises what `simrec.bare.read_flat` and
    `simrec.programs.read_executables` raise."""
    options = request.options
    if options.bare:
        return [read_flat(request.programs[0], options.place, request.cflags, options.defines)]
    return read_executables(request.programs, request.cflags, options.abi, options.defines)


def perform(
    catalog: Catalog,
    executables: Sequence[Executable],
    request: Request,
    executor: Executor,
    console: HostConsole,
    progress: Callable[[int, int], None] = lambda events, ticks: None,
) -> Finished:
    """Record the run of programs that `build` made of a request. A recording that fails is closed as far as
    it came. Raises BadProgram (nothing is recorded then), and what the recorder raises."""
    options = request.options
    recorded = [
        RecordedProgram(each.program.name, shown_name(path), each.image, each.sources)
        for path, each in zip(request.programs, executables, strict=True)
    ]
    recorder = Recorder.start(catalog, recorded, options.as_dict(), request.keeping, find_sources)
    try:
        programs = [each.program for each in executables]
        kernel = Kernel(programs, options, recorder, console, executor, progress)
        with _interruptible(kernel, console):
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
def _interruptible(kernel: Kernel, console: HostConsole) -> Iterator[None]:
    """Ctrl-C ends the run at the next trap, or where it waits for input, and the recording stays whole; a
    second one ends simrec."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        kernel.interrupted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if console.waiting:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
