"""The memory of a machine at one event: each process's regions, the pages that back them, and the frames
that several processes have.

A state that `Recording` folded in, plain data out: `simrec memory` prints it, `replay.figures.memory`
draws it.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from replay.recording import Recording
from sim.isa.registers import SP
from sim.space import PAGE, PAGE_SHIFT, Region
from sim.thread import Thread
from sim.world import Process, World

#: What may follow a process's death in the log before the run ends: no process lives there any more.
_ENDED = ("exited", "signalled")
#: The process that stands for a machine without an operating system.
BARE = 1


@dataclass(frozen=True)
class Area:
    """A region, or the part of one that is a thread's stack or the guard below it: [start, end).

    ``permissions`` are as in /proc/PID/maps (``rw-p``; ``s`` if it was mapped to be shared). ``pages`` maps
    the numbers of the present pages to their frames; ``shared`` are those whose frame another process has
    too. ``used``: bytes of a stack between where its thread began and its sp now, or of the heap up to its
    end; 0 for others.
    """

    start: int
    end: int
    permissions: str
    name: str
    pages: dict[int, int]
    shared: frozenset[int]
    used: int = 0

    @property
    def size(self) -> int:
        """Bytes."""
        return self.end - self.start


@dataclass(frozen=True)
class Run:
    """Present pages [first, last] of an area, ``count`` of them, ``shared`` with another process."""

    first: int
    last: int
    count: int
    shared: int

    @property
    def start(self) -> int:
        """Its first address."""
        return self.first << PAGE_SHIFT

    @property
    def end(self) -> int:
        """The address behind it."""
        return (self.last + 1) << PAGE_SHIFT

    @property
    def cover(self) -> float:
        """The part of its pages that are present."""
        return self.count / (self.last - self.first + 1)


def runs(area: Area, join: int = 0) -> list[Run]:
    """The present pages of an area in runs that are alike; those that are at most ``join`` pages apart are
    one, whoever shares them."""
    found: list[Run] = []
    for page in area.pages:
        shared = int(page in area.shared)
        before = found[-1] if found else None
        alike = before is not None and (join > 0 or (shared == 1) == (before.shared > 0))
        if before is not None and alike and page - before.last <= join + 1:
            found[-1] = Run(before.first, page, before.count + 1, before.shared + shared)
        else:
            found.append(Run(page, page, 1, shared))
    return found


@dataclass(frozen=True)
class ProcessMemory:
    """A living process. ``areas`` ascend by address; ``paged_in`` and ``copied`` count the events so far
    that gave it a page of zeros, and a copy of a page that it had shared."""

    pid: int
    parent: int
    name: str
    areas: tuple[Area, ...]
    paged_in: int
    copied: int

    @property
    def mapped(self) -> int:
        """Bytes in regions."""
        return sum(area.size for area in self.areas)

    @property
    def resident(self) -> int:
        """Pages that have a frame."""
        return sum(len(area.pages) for area in self.areas)

    @property
    def shared(self) -> int:
        """Pages of these whose frame another process has too."""
        return sum(len(area.shared) for area in self.areas)

    def area_at(self, address: int) -> Area | None:
        """The area that holds ``address``."""
        return next((area for area in self.areas if area.start <= address < area.end), None)


@dataclass(frozen=True)
class Memory:
    """All of it just after event ``seq``. ``owners``: frame -> the (pid, page number) that it backs;
    ``free``: frames that nobody has; ``ram``: bytes. ``bare``: there is no operating system; an address is a
    physical one, and the pages that are present are those that were ever used."""

    seq: int
    tick: int
    world: World
    processes: tuple[ProcessMemory, ...]
    owners: dict[int, list[tuple[int, int]]]
    free: int
    ram: int
    bare: bool = False

    @property
    def shared_frames(self) -> int:
        """Frames that back pages of several processes."""
        return sum(_is_shared(owners) for owners in self.owners.values())


def memory_at(recording: Recording, seq: int) -> Memory:
    """The memory just after event ``seq``. Raises NoSuchEvent."""
    world = recording.state(seq)
    return memory_of(recording, world)


def memory_of(recording: Recording, world: World) -> Memory:
    """The memory of a state of the recording."""
    if recording.bare and world.processes:
        return _bare_memory(recording, world)
    living = [process for process in world.processes.values() if process.space.regions]
    owners: dict[int, list[tuple[int, int]]] = {}
    for process in living:
        for page, frame in process.space.pages.items():
            owners.setdefault(frame, []).append((process.pid, page))
    gained = _gained(recording, world.seq)
    processes = tuple(
        ProcessMemory(
            process.pid,
            process.parent,
            process.name,
            tuple(_areas(recording, world, process, owners)),
            gained[process.pid, "paged_in"],
            gained[process.pid, "copied"],
        )
        for process in living
    )
    free = len(world.free_frames) + len(world.memory) // PAGE - world.next_frame
    return Memory(world.seq, world.tick, world, processes, owners, free, len(world.memory))


def _bare_memory(recording: Recording, world: World) -> Memory:
    """Without an operating system a page's frame is the page itself, wherever the recording keeps it."""
    (process,) = world.processes.values()
    ram = world.options["ram"]
    pages = {page: page for page in sorted(process.space.pages)}
    used = Area(0, ram, "rwx", "ram", pages, frozenset())
    bounds = sorted({0, ram} | {at for run in runs(used) for at in (run.start, run.end)})
    areas = []
    for start, end in pairwise(bounds):
        present = {page: page for page in pages if start <= page << PAGE_SHIFT < end}
        name = _contents(recording, world, start, end) if present else "unused"
        areas.append(Area(start, end, "rwx", name, present, frozenset()))
    owners = {page: [(process.pid, page)] for page in pages}
    whole = ProcessMemory(process.pid, 0, process.name, tuple(areas), len(pages), 0)
    free = ram // PAGE - len(pages)
    return Memory(world.seq, world.tick, world, (whole,), owners, free, ram, bare=True)


def _contents(recording: Recording, world: World, start: int, end: int) -> str:
    """What of the program was placed there, and which harts' stack pointers point there."""
    placed = [
        segment.name
        for segment in recording.names(BARE, world.seq).program.segments
        if segment.address < end and segment.address + segment.size > start
    ]
    stacks = [
        f"sp of hart {number}"
        for number, hart in enumerate(world.harts)
        if hart.tid and start < world.threads[hart.tid].registers[SP] <= end
    ]
    return ", ".join([*placed, *stacks]) or "used"


def last_with_memory(recording: Recording) -> int:
    """The last event before the end of the last process began; the run's last if a process lives on."""
    table = recording.log.table("process", last=recording.last_seq, columns=["seq", "pid", "action"])
    ended = {row["pid"]: row["seq"] for row in table.to_pylist() if row["action"] in _ENDED}
    if not ended or set(table["pid"].to_pylist()) - ended.keys():
        return recording.last_seq
    seq: int = max(ended.values()) - 1
    first = max(seq - len(recording.pids), 0)
    exits = recording.log.table("thread", first, seq, columns=["seq", "action"]).to_pylist()
    for row in reversed(exits):
        if (row["seq"], row["action"]) != (seq, "exited"):
            break
        seq -= 1
    return seq


def _is_shared(owners: list[tuple[int, int]]) -> bool:
    return len({pid for pid, _ in owners}) > 1


def _gained(recording: Recording, seq: int) -> Counter[tuple[int, str]]:
    """(pid, action) -> how many pages a process got that way."""
    table = recording.log.table("memory_map", last=seq, columns=["pid", "action"])
    counts = table.group_by(["pid", "action"]).aggregate([([], "count_all")]).to_pylist()
    return Counter({(row["pid"], row["action"]): row["count_all"] for row in counts})


def _areas(
    recording: Recording,
    world: World,
    process: Process,
    owners: dict[int, list[tuple[int, int]]],
) -> Iterator[Area]:
    """A process's regions, cut where threads' stacks begin and end."""
    known = recording.spaces.stacks(process.pid)
    stacks = {tid: known[tid] for tid in process.threads if tid in known}
    pages = sorted(process.space.pages.items())
    for region in process.space.regions:
        for start, end, tid in _cut(region, stacks):
            low, high = (bisect_left(pages, (at >> PAGE_SHIFT, 0)) for at in (start, end))
            present = dict(pages[low:high])
            shared = frozenset(page for page, frame in present.items() if _is_shared(owners[frame]))
            guarded = tid or next((t for t, stack in stacks.items() if stack.start == end), 0)
            if region.permissions == "---" and (guarded or region.name == "guard"):
                name, used = f"guard of thread {guarded}'s stack" if guarded else "guard", 0
            else:
                name, used = _told(recording, process, region, stacks.get(tid), world.threads.get(tid))
            permissions = region.permissions + ("s" if region.shared else "p")
            yield Area(start, end, permissions, name, present, shared, used)


def _cut(region: Region, stacks: dict[int, range]) -> Iterator[tuple[int, int, int]]:
    """(start, end, thread whose stack it is or 0) of a region's parts."""
    at = region.start
    inside = [(s.start, s.stop, tid) for tid, s in stacks.items() if s.start < region.end and s.stop > at]
    for start, stop, tid in sorted(inside):
        low, high = max(start, at), min(stop, region.end)
        if low > at:
            yield at, low, 0
        if high > low:
            yield low, high, tid
        at = max(at, high)
    if at < region.end:
        yield at, region.end, 0


def _told(
    recording: Recording, process: Process, region: Region, stack: range | None, thread: Thread | None
) -> tuple[str, int]:
    """What a part of a region is, and how many bytes of it are in use, as far as that means anything."""
    if thread is not None and stack is not None:
        began, sp = recording.spaces.first_sp[thread.tid], thread.registers[SP]
        return f"stack of thread {thread.tid}", began - sp if sp in stack and sp <= began else 0
    if region.name == "heap":
        space = process.space
        return "heap", max(space.heap_end - max(space.heap_start, region.start), 0)
    return region.name, 0
