"""A thread in words: what it does, its registers, its call stack and the top of its stack."""

import textwrap
from collections.abc import Iterator, Sequence

from replay.analyses.contention import HeldLock
from replay.describe import fcsr_text, float_text, hart_names, signal_names, waited_for
from replay.frameslots import slots
from replay.names import Names
from sim.isa.registers import ABI_NAMES, FCSR, FLOAT_NAMES, SP, TP, F
from sim.signals import name_of
from sim.space import PAGE_SHIFT
from sim.text import printable
from sim.thread import EVERY_HART, Thread
from sim.world import FILE_WAITS, World

#: Words of the stack and entries of the call stack that are shown.
STACK_WORDS = 8
CALLS_SHOWN = 12
#: Attributes for the scheduler that are 0 unless something else is wanted.
SCHEDULING = ("policy", "priority", "nice", "tickets", "level")
#: Columns that wrapped lines stay within.
WIDTH = 96

#: Bytes below a thread's tp in which musl keeps what it knows of the thread.
THREAD_BLOCK = 512

#: The grid of registers, column by column.
_COLUMNS = (
    ("pc", "ra", "sp", "gp", "tp", "t0", "t1", "t2"),
    ("a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7"),
    ("s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"),
    ("s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"),
)


def thread_lines(
    names: Names, world: World, thread: Thread, old: list[int] | None, locks: Sequence[HeldLock]
) -> Iterator[str]:
    """The thread; ``old``: its register row before the event (None: it had none), to mark what changed."""
    yield f"thread {thread.tid}: {_state(names, world, thread, locks)}"
    if thread.state == "exited":
        return
    place = names.place(thread.pc)
    source = f"{place.file}:{place.line}" if place.line else ""
    yield f"  next {place or names.number(thread.pc)}{names.quoted(source)}"
    yield from _signals(world, thread)
    yield from _scheduling(thread)
    yield from _registers(names, thread, old)
    yield from _floats(thread, old)
    yield from call_lines(names, thread.calls.kept(), thread.pc, len(thread.calls))
    yield from _stack(names, world, thread)


def _signals(world: World, thread: Thread) -> Iterator[str]:
    """What it blocks, and what waits to be taken by it."""
    own, others = thread.signals, world.processes[thread.pid].signals
    pending = [name_of(sent.number) for sent in (*own.pending, *others.pending)]
    if own.mask:
        yield f"  blocks {signal_names(own.mask)}"
    if pending:
        yield f"  pending: {', '.join(pending)}"


def _scheduling(thread: Thread) -> Iterator[str]:
    """What the scheduler goes by, where that isn't what every thread has."""
    told = [f"{name} {getattr(thread, name)}" for name in SCHEDULING if getattr(thread, name)]
    if thread.affinity != EVERY_HART:
        told.append(f"only on {hart_names(thread.affinity)}")
    if told:
        yield f"  scheduling: {', '.join(told)}"


def _state(names: Names, world: World, thread: Thread, locks: Sequence[HeldLock]) -> str:
    if thread.state == "running":
        return f"running on hart {thread.hart}"
    if thread.state == "blocked":
        until = f", until tick {thread.until} at the latest" if thread.until >= 0 else ""
        return f"blocked, waits for {awaited(names, world, thread, locks)}{until}"
    if thread.state == "exited":
        killed = world.processes[thread.pid].state == "signalled"
        return f"ended by {name_of(thread.status)}" if killed else f"exited with status {thread.status}"
    return thread.state


def awaited(names: Names, world: World, thread: Thread, locks: Sequence[HeldLock]) -> str:
    """What a blocked thread waits for, as far as it can be told: a lock and its holder, another thread's
    end, else the address of its futex."""
    if thread.on == "sleep":
        return "time to pass (sleep)"
    if thread.on == "signal":
        return "a signal"
    if thread.on == "device":
        return f"{printable(world.files.opened[thread.address].path)}, open file {thread.address}"
    if thread.on in FILE_WAITS:
        return waited_for(thread.on, thread.address)
    for lock in locks:
        if any(waiter.tid == thread.tid for waiter in lock.waiters):
            holder = f", held by thread {lock.holder}" if lock.holder else ""
            return f"{lock.kind} {lock.name}{holder}"
    for other in world.threads.values():
        if other.pid == thread.pid and other.state != "exited" and _is_end_of(names, other, thread):
            return f"thread {other.tid} to end"
    return f"{thread.on} {names.address_name(thread.address)}"


def _is_end_of(names: Names, thread: Thread, waiter: Thread) -> bool:
    """True if the futex that ``waiter`` waits for tells the thread's end: the word that the kernel clears
    then, or, in a join of musl's, one in the thread's own block, which ends where its tp points."""
    if waiter.address == thread.clear_tid:
        return True
    joins = any("join" in names.address_name(target) for target, _, _ in waiter.calls.kept())
    return joins and 0 < thread.registers[TP] - waiter.address <= THREAD_BLOCK


def _registers(names: Names, thread: Thread, old: list[int] | None) -> Iterator[str]:
    """A grid that stands still from event to event; ``*`` marks what the event changed. What registers
    point to follows by name."""
    values = dict(zip(ABI_NAMES, thread.registers, strict=True)) | {"pc": thread.pc}
    before = values if old is None else dict(zip(ABI_NAMES, old[:32], strict=True)) | {"pc": thread.pc}
    grid = []
    for column in _COLUMNS:
        wide = max(map(len, column))
        cells = [
            f"{'*' if values[name] != before[name] else ' '}{name:<{wide}} "
            + (f"{values[name]:#x}" if name == "sp" else names.number(values[name]))
            for name in column
        ]
        grid.append([cell.ljust(max(map(len, cells))) for cell in cells])
    for row in zip(*grid, strict=True):
        yield " " + "  ".join(row).rstrip()
    pointers = [(name, names.program.name_of(values[name])) for name in ABI_NAMES[1:]]
    named = ", ".join(f"{name} {target}" for name, target in pointers if target)
    if named:
        lead = "  names: "
        yield from textwrap.wrap(named, WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead))


def _floats(thread: Thread, old: list[int] | None) -> Iterator[str]:
    """The f registers that aren't zero, and fcsr's flags and rounding mode; nothing for a program that never
    used them."""
    before = thread.row_values() if old is None else old
    shown = [
        f"{'*' if bits != before[F + n] else ''}{FLOAT_NAMES[n]} {float_text(bits)}"
        for n, bits in enumerate(thread.floats)
        if bits or before[F + n]
    ]
    if thread.fcsr or before[FCSR]:
        shown.append(f"{'*' if thread.fcsr != before[FCSR] else ''}fcsr {fcsr_text(thread.fcsr)}")
    if shown:
        lead = "  floats: "
        yield from textwrap.wrap(
            ", ".join(shown), WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead)
        )


def call_lines(names: Names, calls: list[tuple[int, int, int]], pc: int, depth: int) -> Iterator[str]:
    """A call stack, innermost first, each function with the place that it has come to. ``calls`` are
    (function entered, return address, sp), oldest first; ``depth`` counts those too deep to be kept."""
    if not calls:
        return
    lost = depth - len(calls)
    at = [link - 1 for _, link, _ in calls] + ([pc] if not lost else [])
    entered = [0] + [target for target, _, _ in calls]
    rows = [
        (f"#{lost + number}" if index == 0 else "", name, source)
        for number, (target, where) in enumerate(list(zip(entered, at, strict=False))[::-1])
        for index, (name, source) in enumerate(_frames(names, target, where))
    ]
    wide = max(len(name) for _, name, _ in rows)
    lines = [f"    {number:<4} {name:<{wide}}  {source}" for number, name, source in rows]
    if len(lines) > CALLS_SHOWN:
        half = CALLS_SHOWN // 2
        lines[half:-half] = [f"    ...  {len(lines) - 2 * half:,} calls not shown"]
    yield "  call stack"
    if lost:
        yield f"    ...  {lost:,} inner calls, too deep to be kept"
    yield from lines


def _frames(names: Names, target: int, where: int) -> Iterator[tuple[str, str]]:
    """The function entered and the place in it; before it those that are inlined there, innermost first."""
    place = names.place(where)
    source = f"{place.file}:{place.line}" if place.line else names.number(where)
    function = place.function
    for caller in place.callers:
        yield f"{function} (inlined)", source + names.quoted(source)
        function, source = caller.function, f"{caller.file}:{caller.line}" if caller.line else ""
    name = names.address_name(target) if target else function
    if function and name != function:
        name = f"{name} (now in {function})"
    yield name, source + names.quoted(source)


def _stack(names: Names, world: World, thread: Thread) -> Iterator[str]:
    """The words from the stack pointer up, as far as they are in memory, and whose frame each is in."""
    sp = thread.registers[SP]
    space = world.processes[thread.pid].space
    region = space.region_at(sp)
    if region is None or sp % 8 or sp >> PAGE_SHIFT not in space.pages:
        return
    count = min(STACK_WORDS, (region.end - sp) // 8)
    words = space.read(world, sp, 8 * count)
    calls = thread.calls.kept()[::-1] if len(thread.calls) == len(thread.calls.kept()) else []
    owners = [
        next((number for number, (_, _, entry) in enumerate(calls) if sp + 8 * index < entry), len(calls))
        for index in range(count)
    ]
    functions = [*(names.address_name(target) for target, _, _ in calls), ""]
    kept = [*(slots(names, target, world.seq) for target, _, _ in calls), {}]
    entries = [*(entry for _, _, entry in calls), 0]
    values = [int.from_bytes(words[8 * i : 8 * i + 8], "little", signed=True) for i in range(count)]
    shown = [names.pointer(value) for value in values]
    wide, long = max(len(functions[owner]) for owner in owners), max(map(len, shown))
    yield f"  stack, from sp {sp:#x}" + (", by function" if wide else "")
    for index, owner in enumerate(owners):
        label = functions[owner] if index == 0 or owner != owners[index - 1] else ""
        first = sp + 8 * index - entries[owner]
        told = ", ".join(kept[owner][at] for at in range(first, first + 8) if at in kept[owner])
        line = f"    {label:<{wide}}{'  ' if wide else ''}sp+{8 * index:<3} {shown[index]:<{long}}  {told}"
        yield line.rstrip()
