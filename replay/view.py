"""A state in words: what `simrec replay --at` prints.

`view` takes the worlds before and after one event and gives lines; sections that have nothing to say are
left out.
"""

from collections.abc import Iterator

from replay.analyses.contention import locks_at
from replay.describe import number
from replay.fold import fold as advance
from replay.listing import line_of, read_events
from replay.recording import Recording
from sim.isa.registers import ABI_NAMES, SP
from sim.space import PAGE_SHIFT
from sim.thread import Thread
from sim.world import World

#: Words of each thread's stack and frames of its call stack that are shown.
STACK_WORDS = 8
CALLS_SHOWN = 12
#: Bytes of output shown.
OUTPUT_SHOWN = 400


def view(recording: Recording, seq: int) -> Iterator[str]:
    """Lines for the state just after event ``seq``."""
    world = recording.state(seq - 1) if seq else World()
    before = registers(world)
    advance(world, recording.log, seq)
    event = next(read_events(recording, seq, seq))
    line = line_of(recording, event)
    yield f"run {recording.log.run.id}, just after event {seq} of {recording.last_seq}, tick {world.tick}"
    yield f"  {line.code}: {line.effect}" if line.effect else f"  {line.code}"
    if line.source:
        yield f"  at {line.source}{_text(recording, line.source)}"
    yield from _harts(world)
    locks = locks_at(recording.log, seq)
    for thread in world.threads.values():
        yield from _thread(recording, world, before.get(thread.tid), thread)
    yield from _locks(locks)
    yield from _coroutines(recording, world)
    yield from _output(world)
    if world.ended:
        yield ""
        yield f"ended: {world.ended[0]}, status {world.ended[1]}"


def _text(recording: Recording, source: str) -> str:
    file, _, line = source.rpartition(":")
    text = recording.source_line(file, int(line)) if line.isdigit() else ""
    return f" | {text}" if text else ""


def _harts(world: World) -> Iterator[str]:
    yield ""
    for index, hart in enumerate(world.harts):
        doing = f"thread {hart.tid}" if hart.tid else "idle"
        yield f"hart {index}: {doing}, {hart.retired:,} instructions retired"
    queue = ", ".join(f"thread {tid}" for tid in world.run_queue)
    yield f"run queue: {queue or 'empty'}"


def registers(world: World) -> dict[int, list[int]]:
    """x0..x31 of every living thread."""
    return {t.tid: t.registers for t in world.threads.values() if t.state != "exited"}


def _thread(recording: Recording, world: World, before: list[int] | None, thread: Thread) -> Iterator[str]:
    yield ""
    yield f"thread {thread.tid} (process {thread.pid}): {_state(recording, thread)}"
    if thread.state == "exited":
        return
    place = recording.place(thread.pc)
    source = f"{place.file}:{place.line}" if place.line else ""
    yield f"  pc {thread.pc:#x} {place}{_text(recording, source) if source else ''}"
    yield from _registers(before, thread)
    yield from _calls(recording, thread)
    yield from _stack(recording, world, thread)


def _state(recording: Recording, thread: Thread) -> str:
    if thread.state == "running":
        return f"running on hart {thread.hart}"
    if thread.state == "blocked":
        what = thread.on if thread.on == "sleep" else f"{thread.on} {recording.address_name(thread.address)}"
        return f"blocked on {what}" + (f" until tick {thread.until}" if thread.until >= 0 else "")
    if thread.state == "exited":
        return f"exited with status {thread.status}"
    return thread.state


def _registers(before: list[int] | None, thread: Thread) -> Iterator[str]:
    """Four to a line; ``*`` marks those that the event changed."""
    old = thread.registers if before is None else before
    cells = [
        f"{'*' if value != old[index] else ' '}{ABI_NAMES[index]:>4} {number(value):<18}"
        for index, value in enumerate(thread.registers)
        if index
    ]
    for start in range(0, len(cells), 4):
        yield "  " + " ".join(cells[start : start + 4]).rstrip()


def _calls(recording: Recording, thread: Thread) -> Iterator[str]:
    """Innermost first; the middle of a deep stack is left out, and said so."""
    kept, depth = thread.calls.kept(), len(thread.calls)
    if not kept:
        return
    yield "  call stack:"
    lines = []
    if depth > len(kept):
        lines.append(f"    ... {depth - len(kept):,} deeper calls, not kept")
    for target, link, sp in reversed(kept):
        caller = recording.place(link - 1)
        lines.append(f"    {recording.address_name(target)} called from {caller}, sp {sp:#x}")
    if len(lines) > CALLS_SHOWN:
        half = CALLS_SHOWN // 2
        lines[half:-half] = [f"    ... {len(lines) - 2 * half:,} calls not shown ..."]
    yield from lines


def _stack(recording: Recording, world: World, thread: Thread) -> Iterator[str]:
    """The words from the stack pointer up, as far as they are in memory."""
    sp = thread.registers[SP]
    space = world.processes[thread.pid].space
    region = space.region_at(sp)
    if region is None or sp % 8:
        return
    count = min(STACK_WORDS, (region.end - sp) // 8)
    data = space.read(world, sp, 8 * count)
    if count and sp >> PAGE_SHIFT in space.pages:
        yield "  stack:"
        for index in range(count):
            value = int.from_bytes(data[8 * index : 8 * index + 8], "little", signed=True)
            name = recording.program.name_of(value) if value > 0 else ""
            yield f"    sp+{8 * index:<3} {sp + 8 * index:#x}: {number(value)}{f'  <{name}>' if name else ''}"


def _locks(locks: list) -> Iterator[str]:  # type: ignore[type-arg]
    busy = [lock for lock in locks if lock.holder or lock.waiters]
    if not busy:
        return
    yield ""
    for lock in busy:
        held = f"held by thread {lock.holder} since tick {lock.since_tick}" if lock.holder else "free"
        waiters = ", ".join(f"thread {tid}" for tid in lock.waiters)
        yield f"{lock.kind} {lock.name}: {held}" + (f"; awaited by {waiters}" if waiters else "")


def _coroutines(recording: Recording, world: World) -> Iterator[str]:
    for coroutine in world.coroutines.values():
        yield ""
        yield f"coroutine {coroutine.frame:#x}: {coroutine.state} by thread {coroutine.tid}, {coroutine.size} bytes on the heap"
        if coroutine.state != "saved":
            continue
        place = recording.place(coroutine.pc)
        yield f"  resumes at pc {coroutine.pc:#x} {place}"
        yield from _frame(recording, world, coroutine.pid, coroutine.frame)
        for target, link, _ in reversed(coroutine.calls):
            yield f"    in {recording.address_name(target)} called from {recording.place(link - 1)}"


#: Fields of the runtime library's coroutine header (sim/runtime/coroutine.s): offset -> name.
_HEADER = {0: "resume pc", 8: "bytes", 16: "state", 24: "slice bytes", 32: "resumer", 40: "value"}
_SAVED, _SLICE = 48, 144


def _frame(recording: Recording, world: World, pid: int, frame: int) -> Iterator[str]:
    """The heap frame, field by field: header, saved registers, the slice of stack."""
    space = world.processes[pid].space

    def word(address: int) -> int:
        return int.from_bytes(space.read(world, address, 8), "little", signed=True)

    for offset, name in _HEADER.items():
        yield f"    +{offset:<4}{name}: {number(word(frame + offset))}"
    saved = [f"s{i} {number(word(frame + _SAVED + 8 * i))}" for i in range(12)]
    yield f"    +{_SAVED:<4}saved: {', '.join(saved)}"
    pointer, count = word(frame + _SLICE), word(frame + 24) // 8
    for index in range(min(count, STACK_WORDS)):
        value = word(pointer + 8 * index)
        name = recording.program.name_of(value) if value > 0 else ""
        yield f"    stack slice +{8 * index:<4}{number(value)}{f'  <{name}>' if name else ''}"
    if count > STACK_WORDS:
        yield f"    ... {count - STACK_WORDS} more words of stack slice"


def _output(world: World) -> Iterator[str]:
    for fd, output in sorted(world.output.items()):
        yield ""
        shown = output.tail[-OUTPUT_SHOWN:]
        cut = f", the last {len(shown)} of them" if len(shown) < output.total else ""
        yield f"output so far on fd {fd} ({output.total:,} bytes{cut}):"
        for line in shown.decode("utf-8", "replace").splitlines():
            yield f"  {line}"
