"""What holds after every event of any run, checked while random threads call the kernel.

Between the events of one deed (a switch is several) some tables are one step ahead of others: what must
hold at every event is in `at_event`, what holds between traps in `at_trap`.
"""

from collections import Counter
from itertools import pairwise
from random import Random
from typing import Any

import pytest
import random_programs
import rig
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.events import Event
from sim.image import Image, differences
from sim.kernel import paging
from sim.kernel.kernel import Kernel
from sim.kernel.schedulers import names
from sim.machine.layout import TLB_ENTRIES
from sim.space import PAGE, USER_END
from sim.world import World


def at_event(world: World) -> None:
    ready = {tid for tid, thread in world.threads.items() if thread.state == "ready"}
    assert set(world.run_queue) == ready
    waiting = Counter(tid for queue in world.futexes.values() for tid in queue)
    assert all(count == 1 for count in waiting.values())
    assert all(queue for queue in world.futexes.values())
    assert not waiting.keys() & ready
    assert set(world.timers) == {tid for tid, thread in world.threads.items() if thread.until >= 0}
    tids = [hart.tid for hart in world.harts if hart.tid]
    assert len(tids) == len(set(tids))
    used: Counter[int] = Counter()
    for process in world.processes.values():
        space = process.space
        used.update(space.pages.values())
        regions = space.regions
        assert all(a.end <= b.start for a, b in pairwise(regions))
        assert all(r.start < r.end and r.start % PAGE == r.end % PAGE == 0 for r in regions)
        assert all(r.start >= PAGE and r.end <= USER_END for r in regions)
        assert all(space.region_at(page * PAGE) is not None for page in space.pages)
        assert not space.regions or space.heap_start <= space.heap_end
    assert {frame: count for frame, count in used.items() if count > 1} == world.sharers
    unreaped = {pid for pid, process in world.processes.items() if process.state != "reaped"}
    assert set(world.unreaped) == unreaped
    for process in world.processes.values():
        assert process.state == "running" or not process.children
        for pid in process.children:
            assert pid in unreaped and world.processes[pid].parent == process.pid
    holders = Counter(entry.file for process in world.processes.values() for entry in process.files.values())
    assert {number: file.holders for number, file in world.files.opened.items()} == holders
    for number, pipe in world.files.pipes.items():
        ends = [file for file in world.files.opened.values() if file.pipe == number]
        assert pipe.readers == sum(end.readable for end in ends)
        assert pipe.writers == sum(end.writable for end in ends)
        assert len(pipe.data) <= pipe.size
    free = Counter(world.free_frames)
    assert all(count == 1 for count in free.values())
    assert not used.keys() & free.keys()
    assert used.keys() | free.keys() == set(range(1, world.next_frame))


def at_trap(world: World) -> None:
    at_event(world)
    on_hart = {hart.tid: number for number, hart in enumerate(world.harts) if hart.tid}
    for tid, thread in world.threads.items():
        assert thread.state in ("ready", "running", "blocked", "exited")
        assert (thread.state == "running") == (tid in on_hart)
        assert thread.hart == on_hart.get(tid, -1)
        waits = tid in world.futexes.get(thread.futex, [])
        assert waits == (thread.state == "blocked" and thread.on == "futex")
        assert (thread.on != "") == (thread.state == "blocked")
        # It is in a call exactly while it waits in one.
        assert (thread.syscall >= 0) == (thread.state == "blocked")
    # No hart idles while someone could run, and nobody runs where it may not.
    ready = [world.threads[tid].affinity for tid in world.run_queue]
    for number, hart in enumerate(world.harts):
        if hart.tid:
            assert world.threads[hart.tid].affinity >> number & 1
        else:
            assert not any(affinity >> number & 1 for affinity in ready)
    living = [tid for tid, thread in world.threads.items() if thread.state != "exited"]
    rows = [world.threads[tid].row for tid in living]
    assert len(rows) == len(set(rows)) and not set(rows) & set(world.bank.free)
    for process in world.processes.values():
        assert process.threads == [tid for tid in living if world.threads[tid].pid == process.pid]
        assert (process.state == "running") == bool(process.threads)
        assert process.state != "reaped" or not (process.space.pages or process.files)


def order_holds(kernel: Kernel) -> None:
    """The scheduler knows exactly who is ready, and has nobody run whom one of them should have preempted."""
    scheduler, world = kernel._dispatcher._scheduler, kernel.world
    assert scheduler.ready.members.keys() == world.run_queue.keys()
    if type(scheduler).__name__ not in ("Priority", "Mlfq", "Pct"):
        return
    for number, hart in enumerate(world.harts):
        for tid in world.run_queue if hart.tid else ():
            thread = world.threads[tid]
            if thread.affinity >> number & 1:
                assert scheduler.key(thread) >= scheduler.key(world.threads[hart.tid])


def translations_hold(kernel: Kernel) -> None:
    """Every entry of every hart's TLB says what the page table says."""
    machine, world = kernel.machine, kernel.world
    for tags, letter in ((machine._load_tag, "r"), (machine._store_tag, "w"), (machine._fetch_tag, "x")):
        for slot in (tags >= 0).nonzero()[0].tolist():
            page = int(tags[slot])
            process = world.processes[machine._space_of[slot // TLB_ENTRIES]]
            space = process.space
            region = space.region_at(page * PAGE)
            assert region is not None and letter in region.permissions, f"{letter} {page * PAGE:#x}"
            frame = space.pages[page]
            assert letter != "w" or not paging.is_lent(world, process, page)
            if letter != "x":
                assert machine._data_base[slot] == frame * PAGE


class Woken:
    """No wake is lost: who was woken or timed out gets its hart again unless all ends."""

    def __init__(self) -> None:
        self.waiting: dict[tuple[int, int], list[int]] = {}
        self.owed: set[int] = set()

    def see(self, event: Event) -> None:
        kind: Any = event
        if event.kind == "futex":
            queue = self.waiting.setdefault((kind.pid, kind.address), [])
            if kind.action == "wait":
                queue.append(kind.tid)
            elif kind.action == "timeout":
                queue.remove(kind.tid)
                self.owed.add(kind.tid)
            else:
                assert kind.count <= len(queue)
                self.owed.update(queue[: kind.count])
                del queue[: kind.count]
        elif event.kind == "thread" and kind.action == "running":
            self.owed.discard(kind.tid)
        elif event.kind == "thread" and kind.action == "exited":
            self.owed.discard(kind.tid)
            for queue in self.waiting.values():
                if kind.tid in queue:
                    queue.remove(kind.tid)


def watched(text: str, **options: Any) -> tuple[Kernel, list[Event]]:
    """Run it, looking at the world after every event and every trap."""
    kernel, _ = rig.kernel_for(
        text,
        sink=(sink := rig.Keep()),
        stdin=bytes(range(256)) * 40,
        max_events=3000,
        costs=random_programs.CHEAP,
        **options,
    )
    step, woken = kernel._step, Woken()

    def see(event: Event) -> None:
        at_event(kernel.world)
        woken.see(event)

    def watched_step() -> None:
        at_trap(kernel.world)
        order_holds(kernel)
        translations_hold(kernel)
        step()
        translations_hold(kernel)

    rig.watch(kernel, see)
    kernel._step = watched_step  # type: ignore[method-assign]
    kernel.run()
    at_trap(kernel.world)
    # What a snapshot keeps is the whole state.
    assert differences(Image.of(kernel.world).restore(), kernel.world) == []
    assert kernel.world.ended is not None
    if kernel.world.ended[0] != "max_events":
        assert not woken.owed
    return kernel, sink.kept


@given(
    st.randoms(use_true_random=False),
    st.sampled_from([*names(), "mlfq:levels=4,allotment=30,growth=2,boost=200", "pct:depth=6,steps=400"]),
    st.integers(0, 2),
    st.sampled_from([16, 40, 1000]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_invariants_hold_whatever_threads_ask(random: Random, scheduler: str, seed: int, frames: int) -> None:
    text, harts = random_programs.calls(random)
    watched(text, harts=harts, scheduler=scheduler, seed=seed, quantum=80, ram=PAGE * frames)


@given(st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_invariants_hold_whatever_threads_execute(random: Random) -> None:
    text, harts = random_programs.instructions(random)
    watched(text, harts=harts, quantum=80)


def test_the_random_calls_reach_what_matters() -> None:
    """Every call, success and failure, wakes, timeouts, deadlocks and exhausted memory."""
    seen: set[str] = set()
    for seed in range(60):
        text, harts = random_programs.calls(Random(seed))
        frames = 24 if seed % 3 == 0 else 1000
        kernel, found = watched(text, harts=harts, quantum=80, ram=PAGE * frames, seed=seed % 2)
        assert kernel.world.ended is not None
        seen.add(kernel.world.ended[0])
        for event in found:
            detail: Any = event
            seen.add(event.kind)
            if event.kind in ("futex", "memory_map", "thread"):
                seen.add(detail.action)
            elif event.kind == "syscall" and detail.action == "exit":
                seen.add(f"{detail.name} {'fails' if detail.result < 0 else 'succeeds'}")
                seen.add(str(detail.result) if detail.result < 0 else "")
    both = ("futex", "mprotect", "read", "write", "clock_gettime", "getrandom")
    expected = {f"{name} {how}" for name in both for how in ("fails", "succeeds")}
    expected |= {
        f"{name} succeeds" for name in ("brk", "mmap", "munmap", "nanosleep", "sched_yield", "clone")
    }
    expected |= {
        "wait",
        "wake",
        "timeout",
        "unmapped",
        "protected",
        "grown",
        "paged_in",
        "deadlock",
        "exited",
    }
    expected |= {"-11", "-12", "-14", "-110"}
    assert expected - seen == set()


@pytest.mark.parametrize("name", ["producer_consumer", "deadlock", "generator"])
def test_invariants_hold_in_the_examples(name: str) -> None:
    watched(rig.EXAMPLES / f"{name}.asm", harts=2)
