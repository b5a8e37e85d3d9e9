"""Where the time of recording goes: CPU nanoseconds an event by stage, one after the other in one thread."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recorder.digest import Digest
from recorder.parquet import ParquetWriter
from recorder.parts import Arena, parts_of
from recorder.place import LocalPlace
from recorder.snapshots import SnapshotWriter
from recorder.writeindex import WriteIndex
from sim.code import CodeRow
from sim.image import Image
from sim.kernel.console import MemoryConsole
from sim.kernel.kernel import Kernel
from sim.kernel.options import Options
from sim.machine import executor
from sim.machine.buffers import Buffers
from sim.machine.machine import Machine
from sim.program import Program
from sim.world import World
from simrec.programs import read_executable

RUN, LOOP, COPY, DIGEST, INDEX = "run", "loop", "copy", "digest", "index"
ENCODE, SNAPSHOT = "encode", "snapshot"


class Stopwatch:
    """Seconds of this thread's CPU by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.thread_time()
        yield
        self.seconds[name] += time.thread_time() - started


class Staged:
    """What the recorder does to a segment, without its threads, and without the disk's waiting."""

    recording = True

    def __init__(self, folder: Path, watch: Stopwatch) -> None:
        place = LocalPlace(folder)
        self._watch, self._arena, self._digest, self._index = watch, Arena(), Digest(), WriteIndex()
        self._code: list[CodeRow] = []
        self._writer, self._snapshots, self._number = ParquetWriter(place, "zstd"), SnapshotWriter(place), 0

    def code(self, rows: list[CodeRow]) -> None:
        self._code += rows

    def program(self, program: Program) -> None:
        pass

    def segment(self, buffers: Buffers, world: World) -> Buffers:
        self.finish(buffers, world)
        buffers.clear(buffers.end_seq, world.tick)
        return buffers

    def finish(self, buffers: Buffers, world: World) -> None:
        with self._watch.stage(SNAPSHOT):
            self._snapshots.write(self._snapshots.stage(self._number, Image.of(world, dirty_only=True)))
        with self._watch.stage(COPY):
            parts = parts_of(buffers, self._arena)
        with self._watch.stage(DIGEST):
            self._digest.update(parts)
            self._digest.hexdigest()
        with self._watch.stage(INDEX):
            parts += self._index.parts(parts, self._code)
            self._code = []
        with self._watch.stage(ENCODE):
            self._writer.encode(self._number, parts)
        self._number += 1


class WatchedMachine(Machine):
    """Tells how long the loop ran."""

    watch: Stopwatch

    def run(self, stop_tick: int, stop_seq: int) -> tuple[int, int, int]:
        started = time.thread_time()
        told = super().run(stop_tick, stop_seq)
        self.watch.seconds[LOOP] += time.thread_time() - started
        return told


def stages(program: Path, arguments: tuple[str, ...], harts: int, folder: Path) -> dict[str, float]:
    """CPU nanoseconds an event; what the kernel takes is what is left of the machine's thread."""
    watch = Stopwatch()
    sink = Staged(folder, watch)
    options = Options(harts=harts, arguments=arguments)
    kernel = Kernel([read_executable(program).program], options, sink, MemoryConsole(), executor.compiled())
    kernel.machine.__class__, kernel.machine.watch = WatchedMachine, watch  # type: ignore[attr-defined]
    with watch.stage(RUN):
        kernel.run()
    seconds: dict[str, Any] = dict(watch.seconds)
    whole = seconds.pop(RUN)
    seconds["kernel"] = whole - sum(seconds.values())
    return {name: round(1e9 * each / kernel.machine.seq, 1) for name, each in seconds.items()}
