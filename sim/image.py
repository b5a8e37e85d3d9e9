"""An image of a world: the plain data that a snapshot stores and that a world is rebuilt from.

``tables`` is JSON text (kernel tables), ``registers`` and ``calls`` are the living threads' rows, and
``pages`` the contents of physical frames. An image made with ``dirty_only`` holds just the frames
written since the last image; ``frames`` always names all that back some page.
"""

import json
from base64 import b64decode, b64encode
from collections import Counter
from dataclasses import dataclass, fields
from typing import Any
from zlib import compress, decompressobj

import numpy as np
from numpy.typing import NDArray

from sim.files import PIPE_SIZE, Descriptor, OpenFile, Pipe, Table
from sim.isa.registers import SINK, WIDTH
from sim.operations import Operations
from sim.requests import Requests
from sim.signals import ProcessSignals, ThreadSignals
from sim.space import PAGE, AddressSpace, Region
from sim.thread import Thread
from sim.world import FOLD_VERSION, Coroutine, Hart, OutputSoFar, Process, World, physical

IntArray = NDArray[np.int64]

_FILE_FIELDS = [field.name for field in fields(OpenFile)]
_THREAD_FIELDS = [field.name for field in fields(Thread) if field.name not in ("bank", "signals")]


@dataclass
class Image:
    """``tables``: JSON. ``registers``: int64 [living threads, WIDTH], in order of tid; ``calls``: int64
    [n, 4], (tid, function, return address, sp), oldest first; ``frames``: int64, the frames in use,
    ascending; ``pages``: frame -> PAGE bytes."""

    fold_version: int
    seq: int
    tick: int
    tables: str
    registers: IntArray
    calls: IntArray
    frames: IntArray
    pages: dict[int, bytes]

    @classmethod
    def of(cls, world: World, *, dirty_only: bool = False) -> "Image":
        """Copy a world. With ``dirty_only``, only the pages written since the last such call, whose marks
        it takes away."""
        living = _living(world)
        frames = np.fromiter(world.frames(), np.int64)
        wanted = frames[(world.dirty[frames] & 1) == 1] if dirty_only else frames
        if dirty_only:
            world.dirty &= 2
        pages = {int(f): world.memory[f * PAGE : (f + 1) * PAGE].tobytes() for f in wanted}
        calls = [(t.tid, *call) for t in living for call in t.calls.kept()]
        return cls(
            FOLD_VERSION,
            world.seq,
            world.tick,
            _tables_text(world),
            world.bank.registers[[t.row for t in living]].copy(),
            np.array(calls, np.int64).reshape(len(calls), 4),
            frames,
            pages,
        )

    def owners(self) -> dict[int, int]:
        """The process of every thread that there ever was."""
        tid, pid = (_THREAD_FIELDS.index(name) for name in ("tid", "pid"))
        return {row[tid]: row[pid] for row in json.loads(self.tables)["threads"]}

    def restore(self) -> World:
        """A world like the one that the image was taken from. ``pages`` must cover ``frames``."""
        world = World()
        _restore_tables(world, json.loads(self.tables))
        world.seq, world.tick = self.seq, self.tick
        living = _living(world)
        for thread, registers in zip(living, self.registers, strict=True):
            world.bank.registers[thread.row] = registers
        places = {thread.tid: thread for thread in living}
        depths = {thread.tid: int(world.bank.depth[thread.row]) for thread in living}
        world.bank.depth[[thread.row for thread in living]] = 0
        for tid, target, link, sp in self.calls.tolist():
            places[tid].calls.enter(target, link, sp)
        for thread in living:
            world.bank.depth[thread.row] = depths[thread.tid]
        for frame in self.frames.tolist():
            world.memory[frame * PAGE : (frame + 1) * PAGE] = np.frombuffer(self.pages[frame], np.uint8)
        return world


def tables(world: World) -> dict[str, Any]:
    """The kernel's tables as plain data."""
    coroutines = [
        [c.pid, c.frame, c.state, c.size, c.pc, c.tid, c.base, c.function, c.calls]
        for c in world.coroutines.values()
    ]
    return _small_tables(world) | {"coroutines": coroutines}


def _tables_text(world: World) -> str:
    """Those as JSON."""
    small = json.dumps(_small_tables(world), separators=(",", ":"))
    coroutines = ",".join([coroutine.as_json() for coroutine in world.coroutines.values()])
    return f'{small[:-1]},"coroutines":[{coroutines}]}}'


def _small_tables(world: World) -> dict[str, Any]:
    """All but the coroutines, of which there may be very many."""
    return {
        "options": world.options,
        "harts": [[hart.tid, hart.retired] for hart in world.harts],
        "rows": [world.bank.used, world.bank.free],
        "threads": [
            [getattr(t, name) for name in _THREAD_FIELDS]
            + [t.signals.plain(), len(t.calls) if t.state != "exited" else 0]
            for t in world.threads.values()
        ],
        "processes": [
            [
                *(p.pid, p.parent, p.name, p.threads, p.state, p.status),
                *(_space(p.space), _table(p), p.signals.plain(), p.children, p.end_signal),
            ]
            for p in world.processes.values()
        ],
        "files": [[getattr(f, name) for name in _FILE_FIELDS] for f in world.files.opened.values()],
        "pipes": [
            [number, pipe.size, _packed(pipe.data), pipe.readers, pipe.writers]
            for number, pipe in world.files.pipes.items()
        ],
        "last_file": world.files.last,
        "operations": world.operations.plain(),
        "requests": world.requests.plain(),
        "waiting": list(world.waiting),
        "run_queue": list(world.run_queue.items()),
        "futexes": [[pid, address, tids] for (pid, address), tids in world.futexes.items()],
        "output": [[fd, out.total, out.tail.decode("latin-1")] for fd, out in world.output.items()],
        "ended": world.ended,
        "next_frame": world.next_frame,
        "free_frames": world.free_frames,
    }


def differences(a: World, b: World) -> list[str]:
    """What differs between two worlds, one line each; empty if they are equal."""
    found = []
    ours, theirs = json.loads(json.dumps(tables(a))), json.loads(json.dumps(tables(b)))
    for name in ours:
        if ours[name] != theirs[name]:
            found.append(f"{name}: {ours[name]} != {theirs[name]}")
    if found:
        return found
    for thread in _living(a):
        other = b.threads[thread.tid]
        left, right = (t.bank.registers[t.row].tolist() for t in (thread, other))
        for slot in (slot for slot in range(WIDTH) if slot != SINK and left[slot] != right[slot]):
            found.append(f"thread {thread.tid}: slot {slot} differs: {left[slot]:#x} {right[slot]:#x}")
        if thread.calls.kept() != other.calls.kept():
            found.append(
                f"thread {thread.tid}: call stacks differ: {thread.calls.kept()} {other.calls.kept()}"
            )
    for frame in a.frames():
        here = slice(frame * PAGE, (frame + 1) * PAGE)
        if not np.array_equal(a.memory[here], b.memory[here]):
            found.append(f"frame {frame}: contents differ")
    return found


def _packed(data: bytes | bytearray) -> str:
    """Bytes as text of JSON: what is in a pipe may be much, and would be six times as long in escapes."""
    return b64encode(compress(data, 1)).decode()


def _unpacked(text: str, most: int) -> bytearray:
    """Raises ValueError for more bytes than ``most``: little text may stand for very many."""
    unpacking = decompressobj()
    data = unpacking.decompress(b64decode(text), most + 1)
    if len(data) > most or not unpacking.eof:
        raise ValueError(f"a pipe of {most} bytes holds more")
    return bytearray(data)


def _living(world: World) -> list[Thread]:
    return [world.threads[tid] for tid in sorted(world.threads) if world.threads[tid].state != "exited"]


def _space(space: AddressSpace) -> list[Any]:
    regions = [[r.start, r.end, r.permissions, r.name, r.shared] for r in space.regions]
    return [regions, sorted(space.pages.items()), space.heap_start, space.heap_end]


def _table(process: Process) -> list[Any]:
    descriptors = [[fd, entry.file, entry.cloexec] for fd, entry in process.files.items()]
    return [descriptors, process.directory, process.umask]


def _restore_files(world: World, data: dict[str, Any]) -> None:
    for values in data["files"]:
        file = OpenFile(*values)
        world.files.opened[file.number] = file
    for number, size, contents, readers, writers in data["pipes"]:
        world.files.pipes[number] = Pipe(size, _unpacked(contents, min(size, PIPE_SIZE)), readers, writers)
    world.files.last = data["last_file"]
    world.operations = Operations.from_plain(data["operations"])
    world.requests = Requests.from_plain(data["requests"])
    world.waiting = dict.fromkeys(data["waiting"])


def _restore_space(regions: list[Any], pages: list[Any], heap_start: int, heap_end: int) -> AddressSpace:
    return AddressSpace([Region(*region) for region in regions], dict(pages), heap_start, heap_end)


def _count_sharers(world: World) -> None:
    spaces = [process.space for process in world.processes.values()]
    counts = Counter(frame for space in spaces for frame in space.pages.values())
    world.sharers = {frame: count for frame, count in counts.items() if count > 1}
    world.shares = any(region.shared for space in spaces for region in space.regions)


def _restore_tables(world: World, data: dict[str, Any]) -> None:
    world.options = data["options"]
    world.harts = [Hart(tid, retired) for tid, retired in data["harts"]]
    used, free = data["rows"]
    world.bank.reserve(used)
    world.bank.used, world.bank.free = used, free
    for *values, signals, depth in data["threads"]:
        fields = dict(zip(_THREAD_FIELDS, values, strict=True))
        fields["futex"] = tuple(fields["futex"])
        thread = world.threads[fields["tid"]] = Thread(
            bank=world.bank, signals=ThreadSignals.from_plain(signals), **fields
        )
        if thread.state != "exited":
            world.bank.depth[thread.row] = depth
        if thread.until >= 0:
            world.timers.set(thread.tid, thread.until)
    for pid, parent, name, threads, state, status, space, table, signals, *family in data["processes"]:
        descriptors, directory, umask = table
        world.processes[pid] = Process(
            *(pid, parent, name, _restore_space(*space), threads, state, status),
            Table({fd: Descriptor(file, cloexec) for fd, file, cloexec in descriptors}),
            *(directory, umask),
            ProcessSignals.from_plain(signals),
            *family,
        )
    world.unreaped = dict.fromkeys(p.pid for p in world.processes.values() if p.state != "reaped")
    _restore_files(world, data)
    _count_sharers(world)
    world.run_queue = dict(data["run_queue"])
    world.futexes = {(pid, address): tids for pid, address, tids in data["futexes"]}
    for pid, frame, state, size, pc, tid, base, function, calls in data["coroutines"]:
        kept = [(target, link, sp) for target, link, sp in calls]
        world.coroutines[pid, frame] = Coroutine(pid, frame, state, size, pc, tid, base, function, kept)
    world.output = {fd: OutputSoFar(total, tail.encode("latin-1")) for fd, total, tail in data["output"]}
    world.ended = (data["ended"][0], data["ended"][1]) if data["ended"] else None
    world.next_frame, world.free_frames = data["next_frame"], data["free_frames"]
    if world.options:
        world.allocate(physical(world.options))
