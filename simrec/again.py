"""Running a recorded run again: the same programs, options and outside, taken from the recording alone.

Data flows from a log into a kernel, and from there into another sink. Every event that the recorded run made
is made once more, the same, as far as the machine is the same; `simrec verify` and `simrec rebuild` are what
that is good for.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from recorder.errors import LogError
from recorder.reader import Log
from sim.errors import UserError
from sim.events import Event, columns, from_row
from sim.kernel.answers import Answers
from sim.kernel.attributes import check_processes
from sim.kernel.console import MemoryConsole
from sim.kernel.kernel import Kernel
from sim.kernel.options import Options
from sim.kernel.schedulers import scheduler
from sim.kernel.syscalls import ABIS
from sim.machine.executor import Executor
from sim.program import Program
from sim.sink import Sink

#: The kinds of events that say what came from outside.
OUTSIDE = ("input", "host", "file")


class NotAgain(LogError):
    """A run asks for what this version of simrec doesn't have."""


def run_again(
    log: Log,
    sink: Sink,
    executor: Executor,
    progress: Callable[[int, int], None] = lambda events, ticks: None,
) -> Kernel:
    """A kernel that makes a log's events again, for ``sink``; its `run` may raise Unanswered where it goes
    another way. Raises RunDamaged, NotAgain."""
    options = _options(log)
    programs = [_program(log, pid, options.bare) for pid, _ in enumerate(log.run.programs, 1)]
    kernel = Kernel(programs, options, sink, MemoryConsole(), executor, progress)
    Answers(_answers(log), _interrupted(log)).give(kernel)
    return kernel


def _options(log: Log) -> Options:
    try:
        options = Options.from_plain(log.options)
        check_processes(options.attributes, len(log.run.programs))
        scheduler(options)
        if options.abi not in ABIS:
            raise ValueError(f"abi is {options.abi!r}")
        return options
    except (UserError, AttributeError, KeyError, TypeError, ValueError) as error:
        what = f"run {log.run.id} can't be run again: its options mean nothing to this version ({error})"
        raise NotAgain(f"{what}; use the version of simrec that recorded it") from None


def _program(log: Log, pid: int, flat: bool) -> Program:
    name = Path(log.run.programs[pid - 1].path).name
    return Program.from_elf(name, log.image(pid), flat=flat)


def _answers(log: Log) -> Iterator[Event]:
    """What came from outside, in order of seq; a segment of it is in memory at a time."""
    for segment in log.segments:
        found: list[Event] = []
        for kind in OUTSIDE:
            if segment.rows.get(kind):
                table = log.table(kind, segment.first_seq, segment.end_seq - 1)
                lists = [table.column(column.name).to_pylist() for column in columns(kind)]
                found += [from_row(kind, row) for row in zip(*lists, strict=True)]
        yield from sorted(found, key=lambda event: event.seq)


def _interrupted(log: Log) -> tuple[int, int] | None:
    """(seq, tick) of the last event if Ctrl-C ended the run."""
    last = log.table("run", max(log.end_seq - 1, 0), columns=["seq", "tick", "reason"]).to_pylist()
    for row in last:
        if row["reason"] == "interrupted":
            return row["seq"], row["tick"]
    return None
