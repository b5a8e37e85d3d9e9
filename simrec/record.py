"""Running programs under the recorder, and telling the user how it went."""

import atexit
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from recorder.catalog import Catalog
from recorder.program import Program as RecordedProgram
from recorder.reader import Log
from recorder.recorder import Recorder
from recorder.run import RunRow
from recorder.store import STORES
from replay.describe import printable
from replay.recording import Recording
from sim.errors import UserError
from sim.kernel.attributes import check_processes
from sim.kernel.console import HostConsole
from sim.kernel.kernel import Kernel
from sim.kernel.options import Options
from sim.kernel.schedulers import scheduler
from sim.kernel.syscalls import ABIS
from sim.machine import executor
from sim.program import BadProgram
from simrec.bare import read_flat
from simrec.open import open_recording
from simrec.output import did_you_mean
from simrec.programs import Executable, find_sources, read_executables, shown_name
from simrec.signature import Signature
from simrec.verdict import explain, next_command, signal_name

#: Processes that the summary has a line for.
PROCESSES_SHOWN = 10
#: How a run that ended by a reason is kept in the catalog.
STATUS = {"exited": "complete", "signalled": "complete", "deadlock": "complete", "max_events": "stopped"}
STATUS |= {"halted": "complete", "stopped": "complete"}


def record(
    paths: Sequence[Path],
    options: Options,
    store: str,
    name: str,
    cflags: Iterable[str] = (),
    signature: Signature | None = None,
) -> int:
    """Record one run of the programs in ``paths``; returns the exit status for the command."""
    scheduler(options)
    check_processes(options.attributes, len(paths))
    _check(store, name, options.abi)
    if options.bare:
        executables = [read_flat(paths[0], options.place, cflags)]
    else:
        executables = read_executables(paths, cflags, options.abi)
    span = signature.span(paths[0], executables[0].image, options.ram) if signature else None
    run_loop = _executor()
    recorded = [
        RecordedProgram(each.program.name, shown_name(path), each.image, each.sources)
        for path, each in zip(paths, executables, strict=True)
    ]
    catalog = Catalog.open()
    recorder = Recorder.start(catalog, recorded, options.as_dict(), store, name, find_sources)
    progress = _progress(options.max_events)
    console = _SharedTerminal(progress)
    started = time.perf_counter()
    try:
        try:
            programs = [executable.program for executable in executables]
            kernel = Kernel(programs, options, recorder, console, run_loop, progress)
            with _interruptible(kernel, console):
                kernel.run()
        finally:
            progress.hide()
        assert kernel.world.ended is not None
        reason, status = kernel.world.ended
        run = recorder.close(STATUS.get(reason, "interrupted"), reason, status)
    except BaseException as error:
        run = recorder.abort(str(error) or type(error).__name__)
        if isinstance(error, BadProgram) and not run.events:
            catalog.remove(run)
        raise
    _tell_lost_output(console, run)
    if signature and span:
        signature.write(Recording(Log(catalog, run)), *span)
    _summary(run, kernel, executables, reason, time.perf_counter() - started)
    return status


def _tell_lost_output(console: HostConsole, run: RunRow) -> None:
    """A reader that went away wanted no more; any other loss is told."""
    for fd, error in console.lost.items():
        if not isinstance(error, BrokenPipeError):
            where = f"file descriptor {fd} can't be written ({error.strerror})"
            print(
                f"simrec: {where}; the output is in the log: simrec events --kind output {run.id}",
                file=sys.stderr,
            )
    if 1 in console.lost:
        # What is left in the buffer would fail once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


class BadChoice(UserError):
    """An option has a value that isn't one of those it can have."""

    exit_status = 2


def _check(store: str, name: str, abi: str) -> None:
    """Raises BadChoice."""
    if store not in STORES:
        raise BadChoice(f"no store is called {store!r}; {did_you_mean(store, STORES)}")
    if abi not in ABIS:
        raise BadChoice(f"no ABI is called {abi!r}; {did_you_mean(abi, ABIS)}")
    if name == "latest":
        raise BadChoice("--name latest: that is what the newest run is called anyway; choose another name")


def _executor() -> executor.Executor:
    """The executor; says so when it has to be compiled first, or can't be kept."""
    if not executor.is_compiled():
        return executor.reference
    if not executor.is_cached():
        print("simrec: compiling the executor; once, about ten seconds", file=sys.stderr)
    try:
        return executor.compiled()
    except (OSError, RuntimeError) as error:  # RuntimeError: Numba found no place for its cache.
        print(f"simrec: the compiled executor can't be kept ({error}); see XDG_CACHE_HOME", file=sys.stderr)
        temporary = tempfile.TemporaryDirectory()
        atexit.register(temporary.cleanup)
        return executor.compiled(Path(temporary.name))


@contextmanager
def _interruptible(kernel: Kernel, console: HostConsole) -> Iterator[None]:
    """Ctrl-C ends the run at the next trap, or where it waits for input, and the recording stays whole; a
    second one ends simrec."""

    def stop(number: int, frame: FrameType | None) -> None:
        kernel.interrupted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if console.waiting:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _NoProgress:
    """Where nobody watches: nothing is shown."""

    def __call__(self, events: int, ticks: int) -> None:
        pass

    def hide(self, midline: bool = False) -> None:
        """There is nothing to hide."""


class _Progress(_NoProgress):
    """A progress line on a terminal, from the first second on, while the program doesn't write."""

    def __init__(self, max_events: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            *([BarColumn()] if max_events else []),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._bar.add_task("recording", total=max_events or None)
        self._began = time.perf_counter()
        self._shown = False
        self._midline = False

    def __call__(self, events: int, ticks: int) -> None:
        passed = time.perf_counter() - self._began
        text = f"{events:,} events, {ticks:,} ticks, {events / passed / 1e6:.1f} M events/s"
        self._bar.update(self._task, completed=events, description=text)
        if passed > 1 and not self._shown and not self._midline:
            self._shown = True
            self._bar.start()

    def hide(self, midline: bool = False) -> None:
        """Take the line away; it stays away while the cursor is in the ``midline`` of something else."""
        self._midline = midline
        if self._shown:
            self._shown = False
            self._bar.stop()


def _progress(max_events: int) -> _NoProgress:
    return _Progress(max_events) if sys.stderr.isatty() else _NoProgress()


class _SharedTerminal(HostConsole):
    """The standard streams; the progress line makes way for what the program writes."""

    def __init__(self, progress: _NoProgress) -> None:
        super().__init__(sys.stdin.buffer, sys.stdout.buffer, sys.stderr.buffer)
        self._progress = progress

    def write(self, fd: int, data: bytes) -> None:
        """Write and flush."""
        self._progress.hide(midline=not data.endswith(b"\n"))
        super().write(fd, data)


def _summary(
    run: RunRow, kernel: Kernel, executables: Sequence[Executable], reason: str, seconds: float
) -> None:
    """What happened, in a few lines on standard error."""
    lines = [*explain(run, kernel, reason), *_processes(run, kernel)]
    lines += dict.fromkeys(each.program.trouble() for each in executables if each.program.trouble())
    if kernel.refused:
        lines.append(f"not supported, answered with an error: {', '.join(sorted(kernel.refused))}")
    label = f"{run.id} ({run.name})" if run.name else run.id
    rate = run.events / max(seconds, 1e-9)
    size = run.bytes / max(run.events, 1)
    lines += [
        f"run {label}: {_ending(reason, run.exit_status or 0)}",
        f"{run.events:,} events in {run.ticks:,} ticks, {seconds:.2f} s ({rate:,.0f} events/s)",
        f"stored in {run.path} ({run.store}, {run.bytes:,} bytes, {size:.1f} per event)",
        f"see it: {next_command(run, kernel, reason)}",
    ]
    sys.stdout.flush()
    output = kernel.world.output.get(1)
    if output is not None and not output.tail.endswith(b"\n") and sys.stdout.isatty():
        print(file=sys.stderr)  # The program left the cursor behind its last word.
    for line in lines:
        print(f"simrec: {line}", file=sys.stderr)


def _processes(run: RunRow, kernel: Kernel) -> Iterator[str]:
    """How each process ended, if there were several."""
    world = kernel.world
    if len(world.processes) == 1:
        return
    known = open_recording(run.id).processes
    for pid in list(world.processes)[:PROCESSES_SHOWN]:
        ended = "" if pid in known.endings else ", had not ended"
        yield printable(known.told(pid, world.seq)) + ended
    if len(world.processes) > PROCESSES_SHOWN:
        yield f"{len(world.processes) - PROCESSES_SHOWN:,} more processes: simrec stats {run.id}"


def _ending(reason: str, status: int) -> str:
    return {
        "exited": f"exited with status {status}",
        "signalled": f"ended by signal {signal_name(status - 128)}, status {status}",
        "deadlock": f"deadlock, status {status}",
        "max_events": f"stopped by --max-events, status {status}",
        "interrupted": f"interrupted, status {status}",
        "halted": f"the machine halted with status {status}",
        "stopped": f"the machine stopped, status {status}",
    }[reason]
