"""A state in words: what `simrec replay --at` prints.

`view` folds the log to one event and gives lines; sections that have nothing to say are left out. Several
processes are told one by one. Threads are told by `replay.threadview`, coroutine frames by
`replay.coroutineview`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from replay.analyses.contention import HeldLock, locks_at
from replay.coroutineview import coroutine_lines
from replay.listing import line_of, read_events
from replay.recording import Recording
from replay.threadview import thread_lines
from sim.events import Event
from sim.text import printable
from sim.world import OutputSoFar, Process, World

#: Bytes of output shown, of each file descriptor.
OUTPUT_SHOWN = 400
#: Operations of the I/O device, and requests, that are told one by one.
OPERATIONS_SHOWN = 12


@dataclass(frozen=True)
class Part:
    """What of a state is wanted: that of one process or thread (None: of all)."""

    pid: int | None = None
    tid: int | None = None

    def __bool__(self) -> bool:
        return self.pid is not None or self.tid is not None

    def has(self, pid: int, *tids: int) -> bool:
        """True for what is a process's, and one of these threads'."""
        return self.pid in (None, pid) and (self.tid is None or self.tid in tids)


WHOLE = Part()


def view(recording: Recording, seq: int, part: Part = WHOLE) -> Iterator[str]:
    """Lines for (a part of) the state just after event ``seq``. Raises NoSuchEvent."""
    recording.check_seq(seq)
    event = next(read_events(recording, seq, seq))
    world = recording.state(max(seq - 1, 0))
    old = {tid: thread.row_values() for tid, thread in world.threads.items() if thread.state != "exited"}
    if seq:
        recording.step(world, event)
    yield from _event(recording, event, world)
    yield ""
    yield from _harts(world, bare=recording.bare)
    locks = locks_at(recording, seq)
    for process in world.processes.values():
        yield from _process(recording, world, process, part, old, locks)
    yield from _locks(world, [lock for lock in locks if part.has(lock.pid, lock.holder, *lock.waiting)])
    for coroutine in world.coroutines.values():
        if part.has(coroutine.pid, coroutine.tid):
            yield ""
            yield from coroutine_lines(recording.names(coroutine.pid, seq), world, coroutine)
    yield from _files(world, part)
    if not part:
        yield from _devices(world)
    yield from _output(output_of(recording, world, part))
    if world.ended:
        yield ""
        yield f"the run has ended: {world.ended[0].replace('_', ' ')}, status {world.ended[1]}"


def _event(recording: Recording, event: Event, world: World) -> Iterator[str]:
    """Where in the log this is, and the event: its source line, and what it did."""
    run = recording.log.run
    where = f"just after event {event.seq} of {recording.last_seq}, tick {world.tick}"
    yield f"run {run.id}, {run.program}, {where}"
    line = line_of(recording, event)
    if line.source:
        yield f"  {line.source}{recording.names_of(line.event).quoted(line.source)}"
    who = ", ".join(
        f"{name} {value}" for name, value in (("hart", line.hart), ("thread", line.tid)) if value is not None
    )
    if line.tid and len(world.processes) > 1:
        who += f" of process {line.pid}"
    told = line.effect
    if line.event.kind == "instruction":
        told = f"{line.code}  {line.effect}".rstrip()
    on = f" on {who}" if who and not told.startswith("thread") else ""
    yield f"  {line.event.kind}{on}: {told}"


def _harts(world: World, *, bare: bool) -> Iterator[str]:
    doing = [f"thread {hart.tid}" if hart.tid else "idle" for hart in world.harts]
    counts = [f"{hart.retired:,}" for hart in world.harts]
    wide, long = max(map(len, doing), default=0), max(map(len, counts), default=0)
    last = len(str(len(world.harts) - 1))
    for index, (what, count) in enumerate(zip(doing, counts, strict=True)):
        yield f"hart {index:>{last}}  {what:<{wide}}  {count:>{long}} instructions retired"
    if not bare:
        queue = ", ".join(f"thread {tid}" for tid in world.run_queue)
        yield f"run queue: {queue or 'empty'}"


def _process(
    recording: Recording,
    world: World,
    process: Process,
    part: Part,
    old: dict[int, list[int]],
    locks: list[HeldLock],
) -> Iterator[str]:
    """The threads of a process, under its name if there are several; ``old``: registers before the event. One
    that has ended and been waited for is told of only if it was asked for."""
    if process.state == "reaped" and not part:
        return
    threads = [thread for thread in world.threads.values() if thread.pid == process.pid]
    shown = [thread for thread in threads if part.has(thread.pid, thread.tid)]
    if not shown:
        return
    if len(world.processes) > 1:
        yield ""
        yield printable(recording.processes.told(process.pid, world.seq))
    for thread in shown:
        if thread.state != "exited":
            yield ""
        names = recording.names(process.pid, world.seq)
        yield from thread_lines(names, world, thread, old.get(thread.tid), locks)


def _locks(world: World, locks: list[HeldLock]) -> Iterator[str]:
    if not locks:
        return
    yield ""
    yield "locks"
    for lock in locks:
        told = (
            f"held by thread {lock.holder} since event {lock.seq}, at {lock.site}" if lock.holder else "free"
        )
        owner = f" of process {lock.pid}" if len(world.processes) > 1 else ""
        yield f"  {lock.kind} {lock.name}{owner}: {told}"
        for waiter in lock.waiters:
            yield f"    awaited by thread {waiter.tid} since event {waiter.seq}, at {waiter.site}"


def _files(world: World, part: Part) -> Iterator[str]:
    """Open files but the console, with the descriptors that refer to them; and what is in pipes."""
    holders: dict[int, list[str]] = {}
    for process in world.processes.values():
        if not part.has(process.pid, *process.threads):
            continue
        owner = f" of process {process.pid}" if len(world.processes) > 1 else ""
        for fd, entry in sorted(process.files.items()):
            holders.setdefault(entry.file, []).append(f"fd {fd}{owner}")
    opened = world.files.opened.values()
    rest = [file for file in opened if file.form != "console" and file.number in holders]
    if not rest:
        return
    yield ""
    yield "open files"
    for file in rest:
        if file.pipe:
            held = len(world.files.pipes[file.pipe].data)
            what = (
                f"{'read' if file.readable else 'write'} end of pipe {file.pipe}, which holds {held:,} bytes"
            )
        else:
            what = f"{file.form} {printable(file.path)}, at {file.position:,}"
        yield f"  {', '.join(holders[file.number])}: {what}"


def _devices(world: World) -> Iterator[str]:
    """What the I/O device has to do, and the requests that are not done."""
    state = world.operations
    if state.queued or state.in_service:
        yield ""
        yield f"I/O device: {len(state.in_service)} in service, {len(state.queued)} queued"
        for operation in [*state.in_service.values(), *state.queued.values()][:OPERATIONS_SHOWN]:
            since = f"in service since tick {operation.started}" if operation.started >= 0 else "queued"
            yield (
                f"  operation {operation.number} of thread {operation.tid}, tag {operation.tag}, "
                f"{operation.ticks:,} ticks: {since}, submitted at tick {operation.submitted}"
            )
    requests = world.requests
    if requests.arrived:
        yield ""
        yield (
            f"requests: {requests.arrived:,} arrived, {len(requests.backlog):,} in the backlog, "
            f"{len(requests.in_service):,} in service, {requests.done:,} done"
        )
        for request in [*requests.in_service.values()][:OPERATIONS_SHOWN]:
            yield (
                f"  request {request.number} taken by thread {request.tid} at tick {request.taken}, "
                f"arrived at tick {request.arrived}"
            )


def output_of(recording: Recording, world: World, part: Part) -> dict[int, OutputSoFar]:
    """What was written, of a part of the state by its process or thread, by file descriptor."""
    if not part:
        return world.output
    found: dict[int, OutputSoFar] = {}
    for batch in recording.log.batches("output", last=world.seq, columns=["pid", "tid", "fd", "data"]):
        for row in batch.to_pylist():
            if part.has(row["pid"], row["tid"]):
                found.setdefault(row["fd"], OutputSoFar()).extend(row["data"])
    return found


def _output(written: dict[int, OutputSoFar]) -> Iterator[str]:
    for fd, output in sorted(written.items()):
        yield ""
        shown = output.tail[-OUTPUT_SHOWN:]
        cut = f", the last {len(shown)} of them" if len(shown) < output.total else ""
        size = "1 byte" if output.total == 1 else f"{output.total:,} bytes"
        yield f"output so far on fd {fd} ({size}{cut})"
        for line in shown.decode("utf-8", "backslashreplace").split("\n" if shown else None):
            if line:
                yield f"  {printable(line)}"
