"""A state in words: what `simrec replay --at` prints.

`view` folds the log to one event and gives lines; sections that have nothing to say are left out. Threads
are told by `replay.threadview`, coroutine frames by `replay.coroutineview`.
"""

from collections.abc import Iterator

from replay.analyses.contention import HeldLock, locks_at
from replay.coroutineview import coroutine_lines
from replay.describe import printable
from replay.listing import line_of, read_events
from replay.recording import Recording
from replay.threadview import thread_lines
from sim.world import World

#: Bytes of output shown, of each file descriptor.
OUTPUT_SHOWN = 400


def view(recording: Recording, seq: int) -> Iterator[str]:
    """Lines for the state just after event ``seq``. Raises NoSuchEvent."""
    recording.check_seq(seq)
    world = recording.state(max(seq - 1, 0))
    old = {tid: thread.row_values() for tid, thread in world.threads.items() if thread.state != "exited"}
    recording.advance(world, seq)
    yield from _event(recording, seq, world)
    yield ""
    yield from _harts(world, bare=recording.bare)
    locks = locks_at(recording.log, seq)
    for thread in world.threads.values():
        if thread.state != "exited":
            yield ""
        yield from thread_lines(recording, world, thread, old.get(thread.tid), locks)
    yield from _locks(locks)
    for coroutine in world.coroutines.values():
        yield ""
        yield from coroutine_lines(recording, world, coroutine)
    yield from _files(world)
    yield from _output(world)
    if world.ended:
        yield ""
        yield f"the run has ended: {world.ended[0].replace('_', ' ')}, status {world.ended[1]}"


def _event(recording: Recording, seq: int, world: World) -> Iterator[str]:
    """Where in the log this is, and the event: its source line, and what it did."""
    run = recording.log.run
    yield f"run {run.id}, {run.program}, just after event {seq} of {recording.last_seq}, tick {world.tick}"
    line = line_of(recording, next(read_events(recording, seq, seq)))
    if line.source:
        yield f"  {line.source}{recording.quoted(line.source)}"
    who = ", ".join(
        f"{name} {value}" for name, value in (("hart", line.hart), ("thread", line.tid)) if value is not None
    )
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


def _locks(locks: list[HeldLock]) -> Iterator[str]:
    if not locks:
        return
    yield ""
    yield "locks"
    for lock in locks:
        told = (
            f"held by thread {lock.holder} since event {lock.seq}, at {lock.site}" if lock.holder else "free"
        )
        yield f"  {lock.kind} {lock.name}: {told}"
        for waiter in lock.waiters:
            yield f"    awaited by thread {waiter.tid} since event {waiter.seq}, at {waiter.site}"


def _files(world: World) -> Iterator[str]:
    """Open files but the console, with the descriptors that refer to them; and what is in pipes."""
    holders: dict[int, list[str]] = {}
    for process in world.processes.values():
        owner = f" of process {process.pid}" if len(world.processes) > 1 else ""
        for fd, entry in sorted(process.files.items()):
            holders.setdefault(entry.file, []).append(f"fd {fd}{owner}")
    rest = [file for file in world.files.opened.values() if file.form != "console"]
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


def _output(world: World) -> Iterator[str]:
    for fd, output in sorted(world.output.items()):
        yield ""
        shown = output.tail[-OUTPUT_SHOWN:]
        cut = f", the last {len(shown)} of them" if len(shown) < output.total else ""
        size = "1 byte" if output.total == 1 else f"{output.total:,} bytes"
        yield f"output so far on fd {fd} ({size}{cut})"
        for line in shown.decode("utf-8", "backslashreplace").split("\n" if shown else None):
            if line:
                yield f"  {printable(line)}"
