"""Running a program under the recorder, and telling the user how it went."""

import os
import sys
import time
from collections.abc import Iterator, Sequence

from recorder.catalog import Catalog
from recorder.detail import CHOICES
from recorder.reader import Log
from recorder.run import RunRow
from replay.recording import Recording
from sim.kernel.console import HostConsole
from sim.kernel.kernel import Kernel
from sim.text import printable
from simrec.executors import ready_executor
from simrec.open import open_recording
from simrec.programs import Executable
from simrec.progress import NoProgress, watched
from simrec.request import Request, check_choices
from simrec.session import Finished, build, perform
from simrec.verdict import explain, next_command, signal_name

#: Processes that the summary has a line for.
PROCESSES_SHOWN = 10


def record(request: Request) -> int:
    """Record one run; returns the exit status for the command."""
    if request.doubt:
        print(f"simrec: {request.doubt}", file=sys.stderr)
    check_choices(request)
    executables, options, signature = build(request), request.options, request.signature
    first = request.programs[0]
    span = signature.span(first, executables[0].image, options.ram) if signature else None
    loop = ready_executor()
    progress = watched("recording", options.max_events)
    console = _SharedTerminal(progress)
    catalog = Catalog.open()
    started = time.perf_counter()
    try:
        finished = perform(catalog, executables, request, loop, console, progress)
    finally:
        progress.hide()
    run = finished.run
    _tell_lost_output(console, run)
    if signature and span:
        signature.write(Recording(Log(catalog, run)), *span)
    _summary(finished, executables, time.perf_counter() - started)
    return finished.status


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


class _SharedTerminal(HostConsole):
    """The standard streams; the progress line makes way for what the program writes."""

    def __init__(self, progress: NoProgress) -> None:
        super().__init__(sys.stdin.buffer, sys.stdout.buffer, sys.stderr.buffer)
        self._progress = progress

    def write(self, fd: int, data: bytes) -> None:
        """Write and flush."""
        self._progress.hide(midline=not data.endswith(b"\n"))
        super().write(fd, data)


def _summary(finished: Finished, executables: Sequence[Executable], seconds: float) -> None:
    """What happened, in a few lines on standard error."""
    run, kernel, reason = finished.run, finished.kernel, finished.reason
    lines = [*explain(run, kernel, reason), *_processes(run, kernel)]
    lines += dict.fromkeys(each.program.trouble() for each in executables if each.program.trouble())
    if kernel.refused:
        lines.append(f"not supported, answered with an error: {', '.join(sorted(kernel.refused))}")
    label = f"{run.id} ({printable(run.name)})" if run.name else run.id
    rate = run.events / max(seconds, 1e-9)
    size = run.bytes / max(run.events, 1)
    lines += [
        f"run {label}: {_ending(reason, run.exit_status or 0)}",
        f"{run.events:,} events in {run.ticks:,} ticks, {seconds:.2f} s ({rate:,.0f} events/s)",
        f"stored in {run.where} ({run.store}, {run.bytes:,} bytes, {size:.1f} per event)",
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
    known = open_recording(run.id, CHOICES).processes
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
