"""The log as people read it: events of all kinds in order, with source lines, disassembly and effect."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from replay.describe import describe
from replay.recording import Recording
from sim import events
from sim.errors import UserError

#: Events read at a time.
WINDOW = 1 << 14


class UnknownFilter(UserError):
    """Something was asked for by a kind, thread, process or range that there isn't."""

    exit_status = 2


@dataclass(frozen=True)
class Line:
    """An event and what goes with it. ``hart``, ``pid`` and ``tid`` are None where there is none;
    ``source`` is ``file:line`` and ``code`` the disassembly, of events that have a pc."""

    event: events.Event
    hart: int | None
    pid: int | None
    tid: int | None
    source: str
    code: str
    effect: str


def read_events(
    recording: Recording,
    first: int,
    last: int,
    kinds: Collection[str] = (),
    tid: int | None = None,
    pid: int | None = None,
) -> Iterator[events.Event]:
    """The events of ``kinds`` (empty: all) with first <= seq <= last in order of seq, of one thread if
    ``tid``, of one process if ``pid`` is given."""
    log = recording.log
    wanted = [kind for kind in log.kinds() if not kinds or kind in kinds]
    width = WINDOW if len(wanted) > 1 else WINDOW * 16
    for start in range(first, last + 1, width):
        found: list[events.Event] = []
        for kind in wanted:
            table = log.table(kind, start, min(start + width - 1, last))
            lists = [table.column(column.name).to_pylist() for column in events.columns(kind)]
            found += [events.from_row(kind, row) for row in zip(*lists, strict=True)]
        found.sort(key=lambda event: event.seq)
        for event in found:
            if (tid is None or tid in _threads(event)) and (
                pid is None or pid in _processes(recording, event)
            ):
                yield event


def _threads(event: events.Event) -> list[int]:
    """Those that the event is about."""
    return [getattr(event, name) for name in ("tid", "prev", "next") if hasattr(event, name)]


def _processes(recording: Recording, event: events.Event) -> set[int | None]:
    """Those that the event is about."""
    named = [getattr(event, name) for name in ("pid", "parent", "sender") if hasattr(event, name)]
    return {*named, *(recording.pids.get(tid) for tid in _threads(event))}


def check_filters(recording: Recording, tid: int | None, pid: int | None) -> None:
    """Raises UnknownFilter if the run has no such thread or process."""
    run, known = recording.log.run.id, {"thread": recording.pids, "process": recording.processes.pids}
    for what, number in (("thread", tid), ("process", pid)):
        if number is not None and number not in known[what]:
            listed = ", ".join(map(str, sorted(known[what])))
            raise UnknownFilter(f"run {run} has no {what} {number}; there are {listed}")


def line_of(recording: Recording, event: events.Event) -> Line:
    """The event with everything that the log knows about it."""
    hart, tid, pc = (getattr(event, name, None) for name in ("hart", "tid", "pc"))
    source = code = ""
    if pc is not None and tid is not None:
        row = recording.code_of(tid, pc, event.seq)
        if row is not None:
            source = f"{row.file}:{row.line}" if row.line else row.function
            code = row.disassembly if event.kind == "instruction" else ""
    if hart is not None and hart < 0:
        hart = None
    pid = recording.pid_of(event)
    return Line(event, hart, pid, tid or None, source, code or event.kind, describe(recording, event))
