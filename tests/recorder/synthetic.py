"""Made-up runs: events of every kind, put into buffers as the machine and the kernel do, and recorded."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from recorder.catalog import Catalog
from recorder.keeping import Keeping
from recorder.recorder import Program, Recorder
from recorder.run import RunRow
from sim.code import CodeRow
from sim.events import (
    KINDS,
    Column,
    Event,
    Instruction,
    KernelWrite,
    MemoryMap,
    Process,
    Run,
    Thread,
    columns,
    from_row,
)
from sim.kernel.options import Options
from sim.machine.buffers import ROW_KINDS, Buffers
from sim.world import World

HARTS = 3
PROGRAM = Program("toy", "dir/toy.asm", b"\x7fELF toy", {"dir/toy.asm": "nop\n", "../lib.s": "ret\n"})
OPTIONS = Options(harts=HARTS).as_dict()
#: A property is shown by so many runs, in one catalog.
examples = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
cut_points = st.sets(st.integers(1, 39), max_size=4)
BITS = {"int64": 63, "int32": 31, "int16": 15}


def values(kind: str, column: Column) -> st.SearchStrategy[Any]:
    """Any value that the column can hold."""
    if column.name == "hart" and kind == "instruction":
        return st.integers(0, HARTS - 1)
    if column.names:
        return st.sampled_from(column.names)
    if column.type in BITS:
        top = 1 << BITS[column.type]
        return st.integers(-top, top - 1)
    return {"bool": st.booleans(), "text": st.text(max_size=20), "blob": st.binary(max_size=40)}[column.type]


def event_of(kind: str) -> st.SearchStrategy[Event]:
    """Any event of a kind, not yet numbered."""
    own = columns(kind)[2:]
    return st.tuples(*(values(kind, c) for c in own)).map(lambda row: from_row(kind, (-1, -1, *row)))


@st.composite
def runs(draw: st.DrawFn, max_size: int = 40) -> list[Event]:
    """The events of a run, numbered; most are instructions, as in life."""
    kinds = st.one_of(st.just("instruction"), st.sampled_from(list(KINDS)))
    made = draw(st.lists(kinds.flatmap(event_of), min_size=1, max_size=max_size))
    return numbered(made)


def numbered(made: Sequence[Event]) -> list[Event]:
    """Give events their seq, and a tick for every two."""
    for seq, event in enumerate(made):
        event.seq, event.tick = seq, seq // 2
    return list(made)


def steps(count: int, harts: int = HARTS) -> list[Event]:
    """A run of instructions, harts taking turns."""
    return numbered(
        [
            Instruction(hart=n % harts, tid=n % 5 + 1, pc=0x100 + 4 * n, value=n * n, address=0)
            for n in range(count)
        ]
    )


def put(buffers: Buffers, event: Event) -> None:
    """As the machine's loop, or the kernel, writes it."""
    own = columns(event.kind)
    row = tuple(getattr(event, column.name) for column in columns(event.kind))
    integers = [c.names.index(v) if c.names else v for c, v in zip(own, row, strict=True)]
    if event.kind == "instruction":
        hart = integers.pop(2)
        buffers.instructions[hart, buffers.counts[hart]] = integers
        buffers.counts[hart] += 1
    elif event.kind in ROW_KINDS:
        place = buffers.harts + ROW_KINDS.index(event.kind)
        buffers.rows[event.kind][buffers.counts[place]] = integers
        buffers.counts[place] += 1
    else:
        buffers.kernel[event.kind].append(event)
    buffers.end_seq = event.seq + 1


def record(
    catalog: Catalog, made: Sequence[Event], store: str = "parquet", cuts: Sequence[int] = (), **more: Any
) -> RunRow:
    """A whole run; ``cuts`` are the seqs at which segments begin."""
    recorder = Recorder.start(catalog, [PROGRAM], OPTIONS, Keeping(store, **more))
    buffers, world = Buffers(HARTS, 64), World()
    for event in made:
        if event.seq in cuts:
            buffers = recorder.segment(buffers, world)
        put(buffers, event)
        world.seq, world.tick = event.seq, event.tick
    recorder.finish(buffers, world)
    return recorder.close("complete", "exited", 0)


FOREVER = """
import sys; sys.path.insert(0, sys.argv[1])
from pathlib import Path
from synthetic import *
recorder = Recorder.start(Catalog.open(Path(sys.argv[2])), [PROGRAM], OPTIONS, Keeping(sys.argv[3]))
buffers, world = Buffers(HARTS, 600), World()
print("recording", flush=True)
while True:
    first = buffers.first_seq
    for event in steps(500):
        event.seq += first
        put(buffers, event)
    world.seq = first + 499
    buffers = recorder.segment(buffers, world)
"""


def record_and_kill(home: Path, store: str, **variables: str) -> None:
    """Record in a process that is killed soon; ``variables`` are of its environment."""
    arguments = [sys.executable, "-c", FOREVER, str(Path(__file__).parent), str(home), store]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, env=os.environ | variables) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(random.uniform(0.05, 0.4))
        process.send_signal(signal.SIGKILL)
        process.wait()


def code_row(pc: int, seq: int = 0, pid: int = 1, text: str = "nop") -> CodeRow:
    """A row of the code table."""
    return CodeRow(seq, pid, pc, 0x13, 4, "register", 1, 0, text, "main", "dir/toy.asm", 3)


def living_world(buffers: Buffers, pages: int = 8) -> World:
    """A process with one thread and ``pages`` pages from 0x10000; its events are in ``buffers``."""
    world = World()
    apply(world, buffers, Run(action="started", options=json.dumps({"harts": HARTS, "ram": 1 << 20})))
    apply(world, buffers, Process(pid=1, action="created", name="toy"))
    size = pages * 4096
    area = MemoryMap(pid=1, action="mapped", address=0x10000, length=size, permissions="rw-", name="data")
    apply(world, buffers, area)
    for page in range(pages):
        at = 0x10000 + page * 4096
        apply(world, buffers, MemoryMap(pid=1, action="paged_in", address=at, length=4096, frame=page + 1))
    apply(world, buffers, Thread(tid=1, pid=1, action="created", registers=bytes(range(132)) * 2))
    return world


def apply(world: World, buffers: Buffers, event: Event) -> None:
    """What the kernel does with an event that it decided."""
    event.seq, event.tick = world.seq + 1, world.tick + 1
    world.apply(event)
    put(buffers, event)


def store_bytes(world: World, buffers: Buffers, address: int, data: bytes) -> None:
    """A write to memory, with its event."""
    apply(world, buffers, KernelWrite(pid=1, tid=1, address=address, data=data))
