"""Textbook workloads: jobs that come at given times to one hart, and what became of them.

The program's first thread is pinned to hart 1 and brings the jobs, threads pinned to hart 0, into being: so
hart 0 is the textbook's machine. All costs are 0. A job is a counted loop of two instructions; what it
executes beside that is taken off its work, so that a job of five units is done within five slices. Every
switch takes a tick. So times are a few ticks (of UNIT) off what the textbook says.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import rig

from sim.machine.buffers import Buffers
from sim.world import World

#: Ticks of the textbook's unit of time.
UNIT = 1000
#: Ticks of a piece of work that are for what isn't its loop: about ten instructions.
REST = 16
FREE = ("context_switch=0", "syscall=0", "tlb_miss=0", "page_fault=0", "thread_create=0")


@dataclass(frozen=True)
class Job:
    """``work`` units, at once or, with a ``burst``, in pieces of so many units with a ``pause`` (units
    asleep) behind each. ``name`` is one letter."""

    name: str
    work: float
    arrival: float = 0
    burst: float = 0
    pause: float = 0
    nice: int = 0
    priority: int = 0


@dataclass
class Ran:
    """What became of job ``tid``, in ticks: when it was first ``ready``, first ran, and finished (-1: never),
    and how long it had hart 0. ``spans`` are its times there."""

    tid: int
    ready: int = -1
    first: int = -1
    finish: int = -1
    running: int = 0
    spans: list[tuple[int, int]] = field(default_factory=list)

    @property
    def turnaround(self) -> int:
        return self.finish - self.ready

    @property
    def response(self) -> int:
        return self.first - self.ready


@dataclass
class KernelEvents(rig.Keep):
    """Keeps the kernel's events, not the instructions."""

    def finish(self, buffers: Buffers, world: World) -> None:
        self.segments += 1
        found = (event for packed in buffers.kernel.values() for event in packed)
        self.kept += sorted(found, key=lambda event: event.seq)


def program(jobs: Sequence[Job]) -> str:
    """The assembly text; job n is thread n + 2."""
    spawns, bodies, data, stacks = [], [], [], []
    for job in sorted(jobs, key=lambda job: job.arrival):
        place = jobs.index(job)
        assert not spawns or len(spawns) == place, "list jobs in the order in which they come"
        spawns.append(f"""
        la      a2, until{place}
        sys     115, 1, 1, , 0                  # clock_nanosleep: to that tick
        spawn   stack{place}, job{place}
        mv      s1, a0
        la      a2, hart0
        sys     122, , 8                        # sched_setaffinity
        mv      a1, s1
        sys     140, 0, , {job.nice}            # setpriority
        {f"mv a0, s1; la a2, priority{place}; sys 119, , 2" if job.priority else ""}
""")
        burst = job.burst or job.work
        pause = f"la a0, pause{place}\n sys SYS_NANOSLEEP, , 0" if job.pause else ""
        bodies.append(f"""
job{place}:
        li      s2, {round(job.work / burst)}
1:      li      t0, {(round(burst * UNIT) - REST) // 2}
2:      addi    t0, t0, -1
        bnez    t0, 2b
        {pause}
        addi    s2, s2, -1
        bnez    s2, 1b
        sys     SYS_EXIT, 0
""")
        data.append(f"until{place}: .dword 0, {round(job.arrival * UNIT)}")
        data.append(f"pause{place}: .dword 0, {round(job.pause * UNIT)}")
        data.append(f"priority{place}: .dword {job.priority}")
        stacks.append(f".zero 256\nstack{place}:")
    newline = "\n"
    return f"""
_start: la      a2, hart1
        sys     122, 0, 8
{newline.join(spawns)}
        sys     SYS_EXIT, 0
{newline.join(bodies)}
        .data
        .align  3
hart0:  .dword  1
hart1:  .dword  2
{newline.join(data)}
        .bss
        .align  4
{newline.join(stacks)}
"""


def run(jobs: Sequence[Job], *, quantum: float = 1, **options: object) -> tuple[rig.Live, dict[str, Ran]]:
    """Run them under a scheduler; ``quantum`` in units. Returns the run and what became of each job."""
    sink = KernelEvents()
    chosen = {"harts": 2, "quantum": round(quantum * UNIT)} | options
    kernel, console = rig.kernel_for(program(jobs), sink=sink, costs=FREE, **chosen)
    kernel.run()
    live = rig.Live(kernel, console, sink.kept, sink.rows)
    found = {job.name: Ran(place) for place, job in enumerate(jobs, 2)}
    by_tid = {job.tid: job for job in found.values()}
    for event in live.of("thread"):
        job = by_tid.get(event.tid)
        if job is None:
            continue
        if event.action == "ready" and job.ready < 0:
            job.ready = event.tick
        elif event.action == "running" and job.first < 0:
            job.first = event.tick
        elif event.action == "exited":
            job.finish = event.tick
    switches = live.of("context_switch", hart=0)
    end = live.events[-1].tick
    for switch, until in pairwise([*((s.tick, s.next) for s in switches), (end, 0)]):
        if switch[1] in by_tid:
            by_tid[switch[1]].spans.append((switch[0], until[0]))
            by_tid[switch[1]].running += until[0] - switch[0]
    return live, found


def units(ticks: float) -> int:
    """In whole units of time, which it must be but for a few ticks."""
    whole = round(ticks / UNIT)
    assert abs(ticks - whole * UNIT) < UNIT / 8, f"{ticks} ticks are no whole number of units"
    return whole


def chart(found: dict[str, Ran]) -> str:
    """Who had the hart, a letter for each unit of time (the one who had it in the unit's middle; ``.``:
    none)."""
    spans = [(start, end, name) for name, job in found.items() for start, end in job.spans]
    last = max((end for _, end, _ in spans), default=0)
    letters = []
    for middle in range(UNIT // 2, last, UNIT):
        letters.append(next((name for start, end, name in spans if start <= middle < end), "."))
    return "".join(letters)
