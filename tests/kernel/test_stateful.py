"""The kernel under random operations of threads and processes, checked after each against a model.

No instruction executes: the machine's loop is replaced by the traps that the rules ask for, so that every
rule is one entry into the kernel. After each, what must always hold is checked (`test_invariants`), the
state is compared with a fold of the log so far, and every word that the processes have written with a model
of what each of them should read.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import rig
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from test_invariants import Woken, at_trap, translations_hold

from sim.events import Event, columns, from_row
from sim.image import Image, differences
from sim.isa.registers import A0
from sim.machine import layout as at
from sim.space import PAGE
from sim.thread import Thread
from sim.world import World

#: Eight private pages and four shared ones, which rules map, write and unmap.
PRIVATE, SHARED = 0x4000_0000, 0x5000_0000
PRIVATE_PAGES = [PRIVATE + PAGE * n for n in range(8)]
SHARED_PAGES = [SHARED + PAGE * n for n in range(4)]
WORD = PRIVATE + 64
STACK = PRIVATE + PAGE * 8
#: What goes into pipes: the program's data.
BUFFER = 0x11000
FRAMES = 60
LIMITS = {"threads": 12, "processes": 6, "files": 16, "open_files": 40, "signals": 4}

PROGRAM = """
_start: j       _start
        .data
        .align  12
data:   .zero   0x14000
"""


@dataclass
class Cell:
    """The first word of a page."""

    value: int = 0
    shared: bool = False


@dataclass
class Model:
    """What each process should find in its pages."""

    pages: dict[int, dict[int, Cell]] = field(default_factory=lambda: {1: {}})

    def fork(self, parent: int, child: int) -> None:
        cells = self.pages[parent]
        self.pages[child] = {page: c if c.shared else Cell(c.value) for page, c in cells.items()}


page_of_all = st.sampled_from(PRIVATE_PAGES + SHARED_PAGES)
value = st.integers(1, 1 << 31)


class Kernels(RuleBasedStateMachine):
    """Rules choose a hart among those that run a thread; ``which`` counts through them."""

    @initialize(harts=st.integers(1, 3), scheduler=st.sampled_from(["rr", "random"]), seed=st.integers(0, 3))
    def boot(self, harts: int, scheduler: str, seed: int) -> None:
        options = {"harts": harts, "scheduler": scheduler, "seed": seed, "quantum": 50}
        self.kernel, _ = rig.kernel_for(PROGRAM, ram=FRAMES * PAGE, stack=4 * PAGE, limits=LIMITS, **options)
        self.world = self.kernel.world
        self.shadow, self.woken, self.model = World(), Woken(), Model()
        self.trap: tuple[int, int, int] | None = None

        def see(event: Event) -> None:
            self.shadow.apply(recorded(event))
            self.woken.see(event)

        rig.watch(self.kernel, see)
        self.kernel.machine.run = self.loop  # type: ignore[method-assign]
        self.kernel._boot()
        self.call(0, 222, PRIVATE, PAGE * 8, 3, 0x32, -1, 0)
        self.model.pages[1] |= {page: Cell() for page in PRIVATE_PAGES}

    # The machine.

    def loop(self, stop_tick: int, stop_seq: int) -> tuple[int, int, int]:
        """In place of the executor: the trap that a rule has asked for; else time passes."""
        machine = self.kernel.machine
        if self.trap is not None:
            found, self.trap = self.trap, None
            machine.tick += 1
            return found
        machine.tick = stop_tick if stop_tick < at.NEVER else machine.tick + 10
        return at.CAUSE_TICK, 0, 0

    def running(self) -> list[int]:
        return [number for number, hart in enumerate(self.world.harts) if hart.tid]

    def thread(self, which: int) -> tuple[int, Thread]:
        harts = self.running()
        hart = harts[which % len(harts)]
        return hart, self.world.threads[self.world.harts[hart].tid]

    def step(self, *trap: int) -> None:
        self.trap = (trap[0], trap[1], trap[2])
        self.kernel._step()

    def call(self, which: int, number: int, *arguments: int) -> int | None:
        """A system call of a running thread; what it returned, None if it is blocked or gone."""
        hart, thread = self.thread(which)
        values = [*arguments, *[0] * (7 - len(arguments)), number]
        for world in (self.world, self.shadow):
            for slot, given in enumerate(values, A0):
                world.threads[thread.tid].set_register(slot, given)
        self.step(at.CAUSE_ECALL, hart + 1, thread.pc)
        self.note_ends()
        if thread.state in ("running", "ready"):
            return thread.registers[A0]
        return None

    def note_ends(self) -> None:
        for pid in list(self.model.pages):
            if self.world.processes[pid].state != "running":
                del self.model.pages[pid]

    # Threads and processes.

    @precondition(lambda self: self.running())
    @rule(which=st.integers(0, 9), futex=st.booleans())
    def clone_thread(self, which: int, futex: bool) -> None:
        flags = 0x10F00 | (0x200000 if futex else 0)
        self.call(which, 220, flags, STACK, 0, 0, WORD)

    @precondition(lambda self: self.running())
    @rule(
        which=st.integers(0, 9),
        tells=st.sampled_from([17, 17, 0, 10]),
        vfork=st.sampled_from([False, False, True]),
    )
    def fork(self, which: int, tells: int, vfork: bool) -> None:
        before = set(self.world.processes)
        _, thread = self.thread(which)
        parent = thread.pid
        self.call(which, 220, tells | (0x4100 if vfork else 0), 0, 0, 0, 0)
        for child in set(self.world.processes) - before:
            self.model.fork(parent, child)
            self.note_ends()

    @precondition(lambda self: self.running())
    @rule(which=st.integers(0, 9), status=st.integers(0, 255), whole=st.booleans())
    def exit(self, which: int, status: int, whole: bool) -> None:
        self.call(which, 94 if whole else 93, status)

    @precondition(lambda self: self.running())
    @rule(which=st.integers(0, 9), pid=st.sampled_from([-1, -1, 0, 2, 3, 4]), options=st.sampled_from([0, 1]))
    def wait4(self, which: int, pid: int, options: int) -> None:
        self.call(which, 260, pid, 0, options, 0)

    @precondition(lambda self: self.running())
    @rule(which=st.integers(0, 9), whom=st.integers(0, 9), number=st.sampled_from([9, 15, 17, 34, 0]))
    def kill(self, which: int, whom: int, number: int) -> None:
        pids = list(self.world.unreaped)
        if pids[whom % len(pids)] != 1:
            self.call(which, 129, pids[whom % len(pids)], number)

    @precondition(lambda self: self.running())
    @rule(which=st.integers(0, 9), handler=st.sampled_from([0, 1]))
    def ignore_children(self, which: int, handler: int) -> None:
        _, thread = self.thread(which)
        if self.write(which, PRIVATE, handler) and thread.state == "running":
            harts = self.running()
            self.call(harts.index(thread.hart), 134, 17, PRIVATE, 0, 8)

    @precondition(lambda self: self.running())
    @rule(which=st.integers(0, 9))
    def sched_yield(self, which: int) -> None:
        self.call(which, 124)

    # Waiting.

    @precondition(lambda self: self.running())
    @rule(which=st.integers(0, 9), page=page_of_all, expected=st.sampled_from([0, 1]))
    def futex_wait(self, which: int, page: int, expected: int) -> None:
        self.call(which, 98, page + 8, 0, expected, 0)

    @precondition(lambda self: self.running())
    @rule(which=st.integers(0, 9), page=page_of_all, count=st.integers(1, 3))
    def futex_wake(self, which: int, page: int, count: int) -> None:
        self.call(which, 98, page + 8, 1, count)

    @precondition(lambda self: self.running())
    @rule(which=st.integers(0, 9), page=page_of_all, to=page_of_all)
    def futex_requeue(self, which: int, page: int, to: int) -> None:
        self.call(which, 98, page + 8, 3, 1, 2, to + 8)

    @precondition(lambda self: self.running())
    @rule(which=st.integers(0, 9))
    def sleep(self, which: int) -> None:
        _, thread = self.thread(which)
        if self.write(which, PRIVATE, 0) and thread.state == "running":
            self.call(self.running().index(thread.hart), 101, PRIVATE + 8, 0)

    @rule()
    def time_passes(self) -> None:
        self.kernel._step()
        self.note_ends()

    # Pipes.

    @precondition(lambda self: self.running())
    @rule(which=st.integers(0, 9), flags=st.sampled_from([0, 0x800]))
    def pipe(self, which: int, flags: int) -> None:
        self.call(which, 59, PRIVATE + 128, flags)

    @precondition(lambda self: self.running())
    @rule(which=st.integers(0, 9), end=st.integers(0, 15), size=st.sampled_from([1, 100, 40_000, 70_000]))
    def write_pipe(self, which: int, end: int, size: int) -> None:
        self.call(which, 64, self.end(which, end, writable=True), BUFFER, size)

    @precondition(lambda self: self.running())
    @rule(which=st.integers(0, 9), end=st.integers(0, 15), size=st.sampled_from([1, 100, 3000]))
    def read_pipe(self, which: int, end: int, size: int) -> None:
        self.call(which, 63, self.end(which, end, writable=False), PRIVATE + 256, size)

    def end(self, which: int, end: int, writable: bool) -> int:
        """A descriptor of the thread's process for an end of a pipe; 99 if it has none."""
        _, thread = self.thread(which)
        table, opened = self.world.processes[thread.pid].files, self.world.files.opened
        ends = [opened[entry.file] for entry in table.values()]
        fds = [fd for fd, file in zip(table, ends, strict=True) if file.pipe and file.writable == writable]
        return fds[end % len(fds)] if fds else 99

    @precondition(lambda self: self.running())
    @rule(which=st.integers(0, 9), fd=st.integers(0, 8))
    def close(self, which: int, fd: int) -> None:
        self.call(which, 57, fd)

    @precondition(lambda self: self.running())
    @rule(which=st.integers(0, 9), fd=st.integers(0, 8))
    def dup(self, which: int, fd: int) -> None:
        self.call(which, 23, fd)

    # Memory.

    @precondition(lambda self: self.running())
    @rule(which=st.integers(0, 9), page=page_of_all, shared=st.booleans())
    def mmap(self, which: int, page: int, shared: bool) -> None:
        _, thread = self.thread(which)
        pid = thread.pid
        if self.call(which, 222, page, PAGE, 3, 0x31 if shared else 0x32, -1, 0) == page:
            self.model.pages[pid][page] = Cell(shared=shared)

    @precondition(lambda self: self.running())
    @rule(which=st.integers(0, 9), page=page_of_all)
    def munmap(self, which: int, page: int) -> None:
        _, thread = self.thread(which)
        pid = thread.pid
        if self.call(which, 215, page, PAGE) == 0:
            self.model.pages[pid].pop(page, None)

    @precondition(lambda self: self.running())
    @rule(which=st.integers(0, 9), page=page_of_all)
    def forget(self, which: int, page: int) -> None:
        """madvise(MADV_DONTNEED)"""
        _, thread = self.thread(which)
        pid = thread.pid
        if self.call(which, 233, page, PAGE, 4) == 0 and not self.model.pages[pid][page].shared:
            self.model.pages[pid][page].value = 0

    @precondition(lambda self: self.running())
    @rule(which=st.integers(0, 9), page=page_of_all, value=value)
    def store(self, which: int, page: int, value: int) -> None:
        self.write(which, page, value)

    def write(self, which: int, page: int, value: int) -> bool:
        """A store by way of the hart's TLB; false if it was a fault."""
        hart, thread = self.thread(which)
        pid, machine = thread.pid, self.kernel.machine
        slot = hart * at.TLB_ENTRIES + (page // PAGE & at.TLB_ENTRIES - 1)
        if machine._store_tag[slot] != page // PAGE:
            self.step(at.CAUSE_STORE, hart, page)
            self.note_ends()
        if thread.state != "running" or machine._store_tag[slot] != page // PAGE:
            return False
        for world in (self.world, self.shadow):
            world.store(thread.tid, page, value, 8)
        assert machine._data_base[slot] == self.world.processes[pid].space.pages[page // PAGE] * PAGE
        self.model.pages[pid][page].value = value
        return True

    # What holds.

    @invariant()
    def tables_agree(self) -> None:
        if hasattr(self, "world"):
            at_trap(self.world)
            translations_hold(self.kernel)

    @invariant()
    def the_log_tells_all(self) -> None:
        if hasattr(self, "world"):
            assert differences(self.shadow, self.world) == []
            assert differences(Image.of(self.world).restore(), self.world) == []

    @invariant()
    def everyone_reads_what_he_should(self) -> None:
        for pid, cells in self.model.pages.items() if hasattr(self, "world") else ():
            space = self.world.processes[pid].space
            for page, cell in cells.items():
                assert int.from_bytes(space.read(self.world, page, 8), "little") == cell.value

    @invariant()
    def limits_hold(self) -> None:
        if hasattr(self, "world"):
            living = Counter(thread.state != "exited" for thread in self.world.threads.values())
            assert living[True] <= LIMITS["threads"]
            assert len(self.world.unreaped) <= LIMITS["processes"]
            assert len(self.world.files.opened) <= LIMITS["open_files"]
            assert all(len(self.world.processes[p].files) <= LIMITS["files"] for p in self.world.unreaped)

    def teardown(self) -> None:
        """Whoever is left is killed: nothing may be left behind, and whoever was woken had his turn."""
        if not hasattr(self, "world"):
            return
        for pid in list(self.world.unreaped):
            if self.world.processes[pid].state == "running":
                process = self.world.processes[pid]
                self.kernel.perform(self.kernel.end_process(process, "signalled", 9))
        self.kernel._dispatcher.reschedule()
        world = self.world
        assert len(world.free_frames) == world.next_frame - 1 and not world.sharers
        assert not (world.run_queue or world.timers or world.futexes or world.waiting)
        assert not (world.files.opened or world.files.pipes)
        assert sorted(world.bank.free) == list(range(world.bank.used))
        assert not [hart for hart in world.harts if hart.tid]
        assert not self.woken.owed


def recorded(event: Event) -> Event:
    """The event as a log gives it back."""
    row = tuple(getattr(event, column.name) for column in columns(event.kind))
    return from_row(event.kind, row)


Kernels.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=80,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestKernels: Callable[[], None] = Kernels.TestCase
