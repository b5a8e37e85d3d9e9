"""The state that events fold into.

One `World` is a whole machine at one moment: memory, harts, processes, threads, futex queues, heap
coroutines, output. Live, the kernel decides events and `apply` changes the world; the compiled loop works
directly on its arrays (`bank`, `memory`). In replay, the same world is folded from the log alone.
Nothing here decides anything.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import events
from sim.code import CodeRow
from sim.files import O_CLOEXEC, OPENING, Files, OpenFile, Table, console
from sim.isa.registers import PC
from sim.operations import Operations
from sim.requests import Requests
from sim.signals import AlternateStack, ProcessSignals, ThreadSignals
from sim.space import PAGE, PAGE_SHIFT, AddressSpace, Region
from sim.thread import CALLS_KEPT, INHERITED, Bank, Thread, unpack
from sim.timers import Timers

#: Version of the folds; a snapshot made by another version is not used.
FOLD_VERSION = 5
#: What a thread that waits for a file is blocked on.
FILE_WAITS = ("pipe", "poll", "event", "device")
#: The bitset that meets every other one.
ANY = 0xFFFF_FFFF
#: The ``end_signal`` of a process that no other one made.
NOBODYS = -1
#: Waits that end with another attempt of the call that began them.
ATTEMPTS = (*FILE_WAITS, "child")
#: Output kept per file descriptor, bytes; all of it stands in the ``output`` events.
OUTPUT_KEPT = 1 << 16


@dataclass(slots=True)
class Hart:
    """A hart and the thread that it runs (0: idle)."""

    tid: int = 0
    retired: int = 0


@dataclass(slots=True)
class Process:
    """A process. ``state``: running, exited or signalled, then reaped; ``status`` counts once it has ended.
    ``threads`` are its living threads, ``children`` its processes that aren't reaped, oldest first;
    ``end_signal`` goes to the parent at its end (0: none; NOBODYS: it was nobody's child). ``files`` are its
    descriptors by number, ``directory`` the one it works in."""

    pid: int
    parent: int
    name: str
    space: AddressSpace = field(default_factory=AddressSpace)
    threads: list[int] = field(default_factory=list)
    state: str = "running"
    status: int = 0
    files: Table = field(default_factory=Table)
    directory: str = "/"
    umask: int = 0o022
    signals: ProcessSignals = field(default_factory=ProcessSignals)
    children: list[int] = field(default_factory=list)
    end_signal: int = NOBODYS

    @property
    def executable(self) -> str:
        """Where its program stands in the guest's tree."""
        return "/" + self.name.lstrip("/")


@dataclass(slots=True)
class Coroutine:
    """A coroutine's frame on the heap. ``calls`` are the calls it was in when it was saved, as (function,
    return address, sp below its resumer's sp); none for one of compiled C++, which has a ``function``
    that resumes it and leaves no calls behind when that returns."""

    pid: int
    frame: int
    state: str
    size: int
    pc: int
    tid: int
    base: int = 0
    function: int = 0
    calls: list[tuple[int, int, int]] = field(default_factory=list)
    text: str = field(default="", init=False, repr=False, compare=False)

    def as_json(self) -> str:
        """All its fields, in order. It is kept in ``text`` until something changes: of very many coroutines,
        few do from one snapshot to the next."""
        if not self.text:
            calls = ",".join([f"[{target},{link},{sp}]" for target, link, sp in self.calls])
            numbers = f"{self.size},{self.pc},{self.tid},{self.base},{self.function}"
            self.text = f'[{self.pid},{self.frame},"{self.state}",{numbers},[{calls}]]'
        return self.text


@dataclass(slots=True)
class OutputSoFar:
    """What was written to one file descriptor: how many bytes, and the last of them."""

    total: int = 0
    tail: bytes = b""

    def extend(self, data: bytes) -> None:
        """Append, keeping OUTPUT_KEPT bytes."""
        self.total += len(data)
        self.tail = (self.tail + data)[-OUTPUT_KEPT:]


class World:
    """See the module. ``seq`` and ``tick`` are those of the last event applied (-1, 0: none).

    ``memory`` is physical memory, uint8 [ram]; frame 0 is never handed out (the loop joins accesses
    there that cross pages). ``dirty``: uint8 per frame, bit 0 set when written since the last snapshot,
    bit 1 since its code was decoded. ``waiting``: threads that wait for a file or a child, the longest first.
    ``unreaped``: the processes that are there, if only for their parents to learn of their end.
    ``futexes``: the waiters by `futex_key`. ``sharers``: frames that back several pages -> how many;
    ``shares``: true once any region is shared.
    ``run_queue``: the ready threads in the order in which they became so, each with the seq of that event.
    """

    def __init__(self) -> None:
        self.seq = -1
        self.tick = 0
        self.options: dict[str, Any] = {}
        self.harts: list[Hart] = []
        self.bank = Bank()
        self.threads: dict[int, Thread] = {}
        self.moves = 0
        self.processes: dict[int, Process] = {}
        self.unreaped: dict[int, None] = {}
        self.run_queue: dict[int, int] = {}
        self.timers = Timers()
        self.futexes: dict[tuple[int, int], list[int]] = {}
        self.coroutines: dict[tuple[int, int], Coroutine] = {}
        self.files = Files()
        self.operations = Operations()
        self.requests = Requests()
        self.waiting: dict[int, None] = {}
        self.output: dict[int, OutputSoFar] = {}
        self.ended: tuple[str, int] | None = None
        self.next_frame = 1
        self.free_frames: list[int] = []
        self.sharers: dict[int, int] = {}
        self.shares = False
        self.code: dict[tuple[int, int], CodeRow] = {}
        self.allocate(0)

    def allocate(self, ram: int) -> None:
        """Physical memory of ``ram`` bytes, all zero (the host backs only what is touched)."""
        self.memory: NDArray[np.uint8] = np.zeros(ram, np.uint8)
        self.memory_view = self.memory.data
        self.dirty: NDArray[np.uint8] = np.zeros(ram >> PAGE_SHIFT, np.uint8)

    def apply(self, event: events.Event) -> None:
        """Fold one event."""
        event.fold(self)
        self.seq = event.seq
        self.tick = event.tick

    # Instructions: what the machine's loop does to its arrays, as a fold.

    def retire(self, event: "events.Instruction") -> None:
        """An instruction's effect on registers, pc and memory, by its code row."""
        thread = self.threads[event.tid]
        row = self.code[thread.pid, event.pc]
        registers = self.bank.registers[thread.row]
        registers[PC] = event.pc + row.length
        if row.effect == "store":
            self.store(event.tid, event.address, event.value, row.size)
        elif row.effect in ("branch", "jump"):
            registers[PC] = event.value
            thread.set_register(row.rd, event.pc + row.length)
        elif row.effect == "register":
            thread.set_register(row.rd, event.value)
        self.harts[event.hart].retired += 1

    def store(self, tid: int, address: int, value: int, size: int) -> None:
        """Store the low ``size`` bytes of ``value`` in the thread's address space."""
        data = (value & ((1 << (8 * size)) - 1)).to_bytes(size, "little")
        self.processes[self.threads[tid].pid].space.write(self, address, data)

    # Threads.

    def thread_created(self, event: "events.Thread") -> None:
        """A new thread with the registers of the event; not yet in the run queue."""
        thread = Thread(event.tid, event.pid, self.bank.take(), self.bank)
        self.bank.registers[thread.row] = unpack(event.registers)
        if event.by:
            creator = self.threads[event.by]
            thread.signals.mask = creator.signals.mask
            if creator.pid != event.pid:
                thread.signals.stack = creator.signals.stack
                self.bank.copy_calls(creator.row, thread.row)
            for name in INHERITED:
                setattr(thread, name, getattr(creator, name))
        self.threads[event.tid] = thread
        self.processes[event.pid].threads.append(event.tid)

    def thread_ready(self, event: "events.Thread") -> None:
        """Into the run queue, at its end."""
        self._leave_state(self.threads[event.tid], "ready")
        self.run_queue[event.tid] = event.seq

    def thread_running(self, event: "events.Thread") -> None:
        """Out of the run queue onto a hart."""
        thread = self.threads[event.tid]
        self._leave_state(thread, "running")
        thread.hart = event.hart

    def thread_blocked(self, event: "events.Thread") -> None:
        """Waits on an object; with ``until``, at most to that tick."""
        thread = self.threads[event.tid]
        self._leave_state(thread, "blocked")
        thread.on, thread.address, thread.until = event.on, event.address, event.until
        if event.until >= 0:
            self.timers.set(event.tid, event.until)
        if event.on in ATTEMPTS:
            self.waiting[event.tid] = None

    def thread_exited(self, event: "events.Thread") -> None:
        """Gone: its row is free for another, and no queue holds it."""
        thread = self.threads[event.tid]
        if thread.on == "futex" and event.tid in self.futexes.get(thread.futex, ()):
            self._leave_futex(event.tid)
        self._leave_state(thread, "exited")
        thread.status = event.status
        thread.syscall = -1
        thread.signals = ThreadSignals()
        self.bank.give_back(thread.row)
        self.processes[thread.pid].threads.remove(event.tid)

    def thread_loaded(self, event: "events.Thread") -> None:
        """Another program: fresh registers, no calls."""
        thread = self.threads[event.tid]
        self.bank.registers[thread.row] = unpack(event.registers)
        self.bank.depth[thread.row] = 0
        thread.clear_tid = thread.robust_list = 0
        thread.signals.stack = AlternateStack()

    def thread_tid_address(self, event: "events.Thread") -> None:
        """The word to clear at its exit."""
        self.threads[event.tid].clear_tid = event.address

    def thread_robust_list(self, event: "events.Thread") -> None:
        """Where the list of its robust locks is."""
        self.threads[event.tid].robust_list = event.address

    def _leave_state(self, thread: Thread, state: str) -> None:
        self.run_queue.pop(thread.tid, None)
        if thread.on:
            self.timers.drop(thread.tid)
            self.waiting.pop(thread.tid, None)
            thread.on, thread.address, thread.until = "", 0, -1
        thread.state = state
        thread.hart = -1
        thread.signals.awaited = 0
        self.moves += 1

    def continue_at(self, tid: int, registers: bytes) -> None:
        """A thread goes on elsewhere, with other registers."""
        thread = self.threads[tid]
        thread.syscall = -1
        self.bank.registers[thread.row] = unpack(registers)

    # Futexes and coroutines.

    def futex_event(self, event: "events.Futex") -> None:
        """A wait joins the queue of its address; a wake takes ``count`` from it, a requeue those at its head;
        a timeout or a signal, the one."""
        if event.action == "wait":
            self.threads[event.tid].bitset = event.bitset
            self._join_futex(event.tid, self.futex_key(event.pid, event.address))
        elif event.action == "wake":
            for tid in self.waiters(event.pid, event.address, event.bitset, event.count):
                self._leave_futex(tid)
        elif event.action == "requeue":
            target = self.futex_key(event.pid, event.target)
            for tid in self.waiters(event.pid, event.address, ANY, event.count):
                self._leave_futex(tid)
                self._join_futex(tid, target)
                self.threads[tid].address = event.target
        else:
            self._leave_futex(event.tid)

    def futex_key(self, pid: int, address: int) -> tuple[int, int]:
        """What tells one futex from all others: process and address; 0 and the place in physical memory where
        processes share it."""
        if self.shares:
            space = self.processes[pid].space
            region = space.region_at(address)
            if region is not None and region.shared:
                return 0, space.pages[address >> PAGE_SHIFT] * PAGE + address % PAGE
        return pid, address

    def waiters(self, pid: int, address: int, bitset: int, count: int) -> list[int]:
        """The first ``count`` waiters of a futex that share a bit with ``bitset``, longest waiting first."""
        found: list[int] = []
        for tid in self.futexes.get(self.futex_key(pid, address), ()):
            if len(found) >= count:
                break
            if self.threads[tid].bitset & bitset:
                found.append(tid)
        return found

    def _join_futex(self, tid: int, key: tuple[int, int]) -> None:
        self.futexes.setdefault(key, []).append(tid)
        self.threads[tid].futex = key

    def _leave_futex(self, tid: int) -> None:
        key = self.threads[tid].futex
        queue = self.futexes[key]
        queue.remove(tid)
        if not queue:
            del self.futexes[key]

    def coroutine_event(self, event: "events.Coroutine") -> None:
        """Follow a frame from creation to destruction."""
        key = (event.pid, event.frame)
        if event.action == "destroyed":
            self.coroutines.pop(key, None)
            return
        coroutine = self.coroutines.get(key)
        if coroutine is None or event.action == "created":
            coroutine = self.coroutines[key] = Coroutine(event.pid, event.frame, "created", 0, 0, 0)
        if not event.function:
            self._carry_calls(coroutine, event)
        coroutine.state, coroutine.tid, coroutine.function = event.action, event.tid, event.function
        coroutine.size, coroutine.pc = event.size, event.pc
        coroutine.text = ""

    def _carry_calls(self, coroutine: Coroutine, event: "events.Coroutine") -> None:
        """Carry the calls that a coroutine of the runtime library is in over its suspensions."""
        calls = self.threads[event.tid].calls
        if event.action == "resumed":
            coroutine.base = len(calls)
            top = calls.at(min(len(calls), CALLS_KEPT))
            sp = top[2] if top else 0
            for target, link, below in coroutine.calls:
                calls.enter(target, link, sp - below)
            coroutine.calls = []
        elif event.action == "saved":
            resumer = calls.at(coroutine.base)
            sp = resumer[2] if resumer else 0
            taken = calls.cut(coroutine.base)
            if taken and taken[-1][1] == event.pc:
                taken.pop()  # The call of yield itself: the coroutine resumes behind it.
            coroutine.calls = [(target, link, sp - at) for target, link, at in taken]

    # Processes and memory.

    def process_event(self, event: "events.Process") -> None:
        """Created, with the console for its files; forked; or gone with its memory and files; an exec keeps
        those that aren't to be closed."""
        if event.action == "created":
            process = self.processes[event.pid] = Process(event.pid, event.parent, event.name)
            self.unreaped[event.pid] = None
            for fd, (path, flags) in enumerate(console()):
                number = self.files.last + 1
                self.files.open(OpenFile(number, "console", path, flags))
                self.files.refer(process.files, fd, number, False)
            return
        if event.action == "forked":
            self._fork(event)
            return
        process = self.processes[event.pid]
        if event.action == "reaped":
            self._reap(process)
            return
        self._free_pages(process.space, 0, 1 << 62)
        process.space.regions.clear()
        if event.action == "exec":
            process.name = event.name
            process.signals.forget_handlers()
            self.coroutines = {key: entry for key, entry in self.coroutines.items() if key[0] != event.pid}
        else:
            process.state, process.status = event.action, event.status
            self._orphan(process)
        for fd, descriptor in list(process.files.items()):
            if event.action != "exec" or descriptor.cloexec:
                self.files.close(process.files, fd)
        self.operations.forget(self.files.opened)

    def _fork(self, event: "events.Process") -> None:
        parent = self.processes[event.parent]
        process = Process(event.pid, event.parent, event.name, parent.space.copy())
        for frame in process.space.pages.values():
            self.sharers[frame] = self.sharers.get(frame, 1) + 1
        process.directory, process.umask = parent.directory, parent.umask
        process.signals.dispositions = dict(parent.signals.dispositions)
        process.end_signal = event.status
        for fd, entry in parent.files.items():
            self.files.refer(process.files, fd, entry.file, entry.cloexec)
        for coroutine in [each for each in self.coroutines.values() if each.pid == event.parent]:
            copied = replace(coroutine, pid=event.pid, calls=list(coroutine.calls))
            self.coroutines[event.pid, coroutine.frame] = copied
        parent.children.append(event.pid)
        self.processes[event.pid] = process
        self.unreaped[event.pid] = None

    def _reap(self, process: Process) -> None:
        process.state = "reaped"
        del self.unreaped[process.pid]
        if process.parent:
            self.processes[process.parent].children.remove(process.pid)

    def _orphan(self, process: Process) -> None:
        """Nobody will wait for the children of a process that has ended."""
        for pid in process.children:
            child = self.processes[pid]
            child.parent = 0
            if child.state != "running":
                self._reap(child)
        process.children.clear()

    def memory_event(self, event: "events.MemoryMap") -> None:
        """A change of an address space; physical frames go to and come from one pool."""
        space = self.processes[event.pid].space
        start, end = event.address, event.address + event.length
        if event.action == "paged_in":
            self._take_frame(event.frame)
            space.pages[start >> PAGE_SHIFT] = event.frame
        elif event.action == "copied":
            self._copy_page(space, start >> PAGE_SHIFT, event.frame)
        elif event.action == "grown":
            self._grow_heap(space, end)
        elif event.action == "protected":
            for region in space.cut(start, end):
                space.add(Region(region.start, region.end, event.permissions[:3], region.name, region.shared))
        elif event.action == "dropped":
            self._free_pages(space, start, end)
        else:
            space.cut(start, end)
            self._free_pages(space, start, end)
            if event.action == "mapped":
                shared = event.permissions.endswith("s")
                self.shares |= shared
                space.add(Region(start, end, event.permissions[:3], event.name, shared))
                if event.name == "heap":
                    space.heap_start, space.heap_end = start, start

    def _grow_heap(self, space: AddressSpace, end: int) -> None:
        """The heap's region covers whole pages up to ``heap_end``, at least one."""
        old, new = (
            _page_up(max(space.heap_end, space.heap_start + 1)),
            _page_up(max(end, space.heap_start + 1)),
        )
        if new < old:
            space.cut(new, old)
            self._free_pages(space, new, old)
        elif new > old:
            space.add(Region(old, new, "rw-", "heap"))
        space.heap_end = end

    def _take_frame(self, frame: int) -> None:
        if frame == self.next_frame:
            self.next_frame += 1
        else:
            self.free_frames.remove(frame)
            self.memory[frame * PAGE : (frame + 1) * PAGE] = 0
        self.dirty[frame] = 3

    def _copy_page(self, space: AddressSpace, page: int, frame: int) -> None:
        old = space.pages[page]
        self._take_frame(frame)
        self.memory[frame * PAGE : (frame + 1) * PAGE] = self.memory[old * PAGE : (old + 1) * PAGE]
        space.pages[page] = frame
        self._let_go(old)

    def _free_pages(self, space: AddressSpace, start: int, end: int) -> None:
        for frame in space.drop_pages(start, end):
            self._let_go(frame)

    def _let_go(self, frame: int) -> None:
        """One page less has this frame; without any it is free."""
        pages = self.sharers.pop(frame, 1) - 1
        if pages == 0:
            self.free_frames.append(frame)
        elif pages > 1:
            self.sharers[frame] = pages

    # Files.

    def file_event(self, event: "events.File") -> None:
        """A change of a process's table, of an open file or of a pipe."""
        process, files = self.processes[event.pid], self.files
        if event.action == "opened":
            flags = event.flags & ~OPENING
            opened = OpenFile(event.file, event.form, event.path, flags, event.position, event.pipe)
            files.open(opened, event.count)
        if event.action in ("opened", "duplicated"):
            files.refer(process.files, event.fd, event.file, bool(event.flags & O_CLOEXEC))
        elif event.action == "closed":
            files.close(process.files, event.fd)
            self.operations.forget(files.opened)
        elif event.action == "descriptor":
            process.files[event.fd].cloexec = bool(event.flags & O_CLOEXEC)
        elif event.action == "status":
            files.opened[event.file].flags = event.flags
        elif event.action == "moved":
            files.opened[event.file].position = event.position
        elif event.action == "filled":
            files.pipes[event.pipe].data += event.data
            self.threads[event.tid].moved += len(event.data)
        elif event.action == "drained":
            del files.pipes[event.pipe].data[: event.count]
        elif event.action == "directory":
            process.directory = event.path
        elif event.action == "umask":
            process.umask = event.flags

    # The run.

    def run_event(self, event: "events.Run") -> None:
        """``started`` sizes the machine from its options; ``ended`` keeps the verdict."""
        if event.action == "started":
            self.options = json.loads(event.options)
            self.harts = [Hart() for _ in range(self.options["harts"])]
            self.allocate(physical(self.options))
        else:
            self.ended = (event.reason, event.status)

    def write_output(self, fd: int, data: bytes) -> None:
        """Bytes written to a file descriptor."""
        self.output.setdefault(fd, OutputSoFar()).extend(data)

    # What questions need.

    def frames(self) -> Iterable[int]:
        """The physical frames that back some page, in order."""
        return sorted({frame for pid in self.unreaped for frame in self.processes[pid].space.pages.values()})


def physical(options: dict[str, Any]) -> int:
    """Bytes of the array for a run's memory. The loop's own frame is one of the operating system's; without
    any the program has all of its RAM, and the frame comes on top."""
    ram: int = options["ram"]
    return ram + PAGE if options.get("bare") else ram


def _page_up(address: int) -> int:
    return (address + PAGE - 1) & -PAGE
