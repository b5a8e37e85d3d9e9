"""What the core's tests stand on: build a program, run it live or recorded, look at its events.

`Keep` is an in-memory sink: a test that asks which events a program leaves needs no store.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import cprograms
import numpy as np

from recorder.catalog import Catalog
from recorder.keeping import Keeping
from recorder.program import Program as RecordedProgram
from recorder.reader import Log
from recorder.recorder import Recorder
from replay.recording import Recording
from sim import events
from sim.code import CodeRow
from sim.deeds import Deed
from sim.isa.assembler import Source, build
from sim.isa.assembler.dialect import DIALECTS, flat
from sim.kernel.console import MemoryConsole
from sim.kernel.kernel import Kernel
from sim.kernel.limits import Limits
from sim.kernel.options import Options
from sim.machine.buffers import ROW_KINDS, Buffers, IntArray
from sim.machine.costs import Costs
from sim.machine.executor import Executor, compiled, reference
from sim.program import Program
from sim.sink import Discard, Sink
from sim.world import World
from simrec.compiler import CXX, C

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
EXECUTORS: dict[str, Executor] = {}
#: What is run: a path, an assembly text or an ELF; a list of them is run as several processes.
Runnable = str | Path | bytes

#: Constants of Linux that the tests' programs use by name.
PRELUDE = """
        .equ SYS_GETCWD, 17
        .equ SYS_EVENTFD2, 19
        .equ SYS_DUP, 23
        .equ SYS_DUP3, 24
        .equ SYS_FCNTL, 25
        .equ SYS_IOCTL, 29
        .equ SYS_MKDIRAT, 34
        .equ SYS_UNLINKAT, 35
        .equ SYS_TRUNCATE, 45
        .equ SYS_FTRUNCATE, 46
        .equ SYS_FACCESSAT, 48
        .equ SYS_CHDIR, 49
        .equ SYS_OPENAT, 56
        .equ SYS_CLOSE, 57
        .equ SYS_PIPE2, 59
        .equ SYS_GETDENTS64, 61
        .equ SYS_LSEEK, 62
        .equ SYS_READV, 65
        .equ SYS_WRITEV, 66
        .equ SYS_PREAD64, 67
        .equ SYS_PWRITE64, 68
        .equ SYS_PSELECT6, 72
        .equ SYS_PPOLL, 73
        .equ SYS_READLINKAT, 78
        .equ SYS_NEWFSTATAT, 79
        .equ SYS_FSTAT, 80
        .equ SYS_FSYNC, 82
        .equ SYS_UNAME, 160
        .equ SYS_UMASK, 166
        .equ SYS_SYSINFO, 179
        .equ SYS_MREMAP, 216
        .equ SYS_EXECVE, 221
        .equ SYS_MINCORE, 232
        .equ SYS_MADVISE, 233
        .equ SYS_PRLIMIT64, 261
        .equ SYS_RENAMEAT2, 276
        .equ SYS_STATX, 291
        .equ SYS_READ, 63
        .equ SYS_WRITE, 64
        .equ SYS_EXIT, 93
        .equ SYS_EXIT_GROUP, 94
        .equ SYS_SET_TID_ADDRESS, 96
        .equ SYS_FUTEX, 98
        .equ SYS_NANOSLEEP, 101
        .equ SYS_CLOCK_GETTIME, 113
        .equ SYS_SCHED_YIELD, 124
        .equ SYS_GETPID, 172
        .equ SYS_GETTID, 178
        .equ SYS_BRK, 214
        .equ SYS_MUNMAP, 215
        .equ SYS_CLONE, 220
        .equ SYS_MMAP, 222
        .equ SYS_MPROTECT, 226
        .equ SYS_GETRANDOM, 278
        .macro sys number, a=, b=, c=, d=, e=, f=
        .ifnb \\a
        li a0, \\a
        .endif
        .ifnb \\b
        li a1, \\b
        .endif
        .ifnb \\c
        li a2, \\c
        .endif
        .ifnb \\d
        li a3, \\d
        .endif
        .ifnb \\e
        li a4, \\e
        .endif
        .ifnb \\f
        li a5, \\f
        .endif
        li a7, \\number
        ecall
        .endm
        .macro spawn stack, entry
        li a0, 0x10f00
        la a1, \\stack
        sys SYS_CLONE, , , 0, 0, 0
        beqz a0, \\entry
        .endm
        .macro pages count
        sys SYS_MMAP, 0, 4096*(\\count), 3, 0x22, -1, 0
        .endm
        .text
        .globl _start
"""


def executor(name: str) -> Executor:
    """``compiled`` or ``reference``."""
    if name not in EXECUTORS:
        EXECUTORS[name] = compiled() if name == "compiled" else reference
    return EXECUTORS[name]


@lru_cache(maxsize=512)
def image_of(source: Runnable, abi: str = "linux", place: int = -1) -> bytes:
    """An ELF: a path's program (assembly, C or C++), that of an assembly text, behind the prelude if it is
    for Linux, or this one itself; with ``place``, assembled for that address and no operating system."""
    if isinstance(source, bytes):
        return source
    if isinstance(source, Path) and source.suffix in C + CXX:
        return cprograms.clang(source)
    if place >= 0:
        return build(
            [source if isinstance(source, Path) else Source("test.asm", source)], dialect=flat(place)
        )
    if isinstance(source, Path):
        return build([source], dialect=DIALECTS[abi])
    return build([Source("test.asm", _text(source, abi))], dialect=DIALECTS[abi])


def _text(source: str, abi: str) -> str:
    return PRELUDE + source if abi == "linux" else source


@lru_cache(maxsize=512)
def program_of(source: Runnable, abi: str = "linux", place: int = -1) -> Program:
    """The program, ready to load."""
    name = source.name if isinstance(source, Path) else "test.asm"
    return Program.from_elf(name, image_of(source, abi, place), flat=place >= 0)


def options_of(costs: tuple[str, ...] = (), **options: Any) -> Options:
    """Options by keyword; ``costs`` as --cost takes them, ``limits`` by name."""
    limits = Limits(**options.pop("limits", {}))
    return Options(costs=Costs.load(costs), limits=limits, **options)


@dataclass
class Keep:
    """A sink that keeps every event as an object, and the code rows."""

    recording = True
    rows: list[CodeRow] = field(default_factory=list)
    kept: list[events.Event] = field(default_factory=list)
    segments: int = 0

    def code(self, rows: list[CodeRow]) -> None:
        self.rows += rows

    def program(self, program: Program) -> None:
        pass

    def segment(self, buffers: Buffers, world: World) -> Buffers:
        self.finish(buffers, world)
        buffers.clear(buffers.end_seq, buffers.end_tick)
        return buffers

    def finish(self, buffers: Buffers, world: World) -> None:
        self.segments += 1
        self.kept += sorted(events_of(buffers), key=lambda event: event.seq)


def events_of(buffers: Buffers) -> Iterator[events.Event]:
    """The events of a segment, by kind."""
    for hart in range(buffers.harts):
        yield from _made("instruction", np.insert(buffers.instruction_rows(hart), 2, hart, axis=1))
    for kind in ROW_KINDS:
        yield from _made(kind, buffers.kind_rows(kind))
    for found in buffers.kernel.values():
        yield from found


def _made(kind: str, rows: IntArray) -> Iterator[events.Event]:
    columns = events.columns(kind)
    for row in rows.tolist():
        values = [
            column.names[value] if column.names else bool(value) if column.type == "bool" else value
            for column, value in zip(columns, row, strict=True)
        ]
        yield events.from_row(kind, tuple(values))


def watch(kernel: Kernel, see: Callable[[events.Event], None]) -> None:
    """Have ``see`` called with each of the kernel's events once it has been applied, also with those of
    a deed, which are otherwise applied together."""

    def watched(emit: Callable[[Any], None]) -> Callable[[Any], None]:
        def emit_and_see(event: events.Event) -> None:
            emit(event)
            see(event)

        return emit_and_see

    def one_by_one(deed: Deed) -> Callable[..., None]:
        def emit(*given: Any) -> None:
            for event in deed.events(*given):
                kernel.emit(event)

        return emit

    for emitted, emit in kernel.emitters.items():
        joint = isinstance(emitted, Deed)
        kernel.emitters[emitted] = one_by_one(emitted) if joint else watched(emit)


@dataclass
class Live:
    """A run that has ended. ``events`` are all of its events if it was kept."""

    kernel: Kernel
    console: MemoryConsole
    events: list[events.Event]
    code: list[CodeRow]

    @property
    def world(self) -> World:
        return self.kernel.world

    @property
    def ended(self) -> tuple[str, int]:
        assert self.world.ended is not None
        return self.world.ended

    @property
    def status(self) -> int:
        return self.ended[1]

    @property
    def out(self) -> bytes:
        return bytes(self.console.output[1])

    def of(self, kind: str, **values: Any) -> list[Any]:
        """The events of a kind whose fields have these values."""
        return [
            event
            for event in self.events
            if event.kind == kind and all(getattr(event, name) == value for name, value in values.items())
        ]

    def results(self, name: str) -> list[int]:
        """What the calls of this name returned, in order."""
        return [event.result for event in self.of("syscall", name=name, action="exit")]

    def symbol(self, name: str) -> int:
        """The address of a label or object."""
        program = self.kernel.programs[0]
        named = {text: address for address, text in program.symbols}
        named |= {text: address for address, _, text in program.objects}
        return named[name]


def folded(live: Live) -> World:
    """The state that the log's events give, applied one by one."""
    world = World()
    code = sorted(live.code, key=lambda row: -row.seq)
    for event in live.events:
        while code and code[-1].seq <= event.seq:
            row = code.pop()
            world.code[row.pid, row.pc] = row
        world.apply(event)
    return world


def kernel_for(
    source: Runnable | list[Runnable],
    *,
    executor_name: str = "compiled",
    sink: Sink | None = None,
    stdin: bytes = b"",
    **options: Any,
) -> tuple[Kernel, MemoryConsole]:
    """A kernel that hasn't run yet."""
    console = MemoryConsole(stdin)
    abi, place = options.get("abi", "linux"), options.get("place", -1)
    programs = [program_of(each, abi, place) for each in _each(source)]
    made = Kernel(programs, options_of(**options), sink or Discard(), console, executor(executor_name))
    return made, console


def _each(source: Runnable | list[Runnable]) -> list[Runnable]:
    return source if isinstance(source, list) else [source]


def run(source: Runnable | list[Runnable], *, keep: bool = True, **options: Any) -> Live:
    """Run a program, or several, to the end, in memory."""
    sink = Keep() if keep else None
    kernel, console = kernel_for(source, sink=sink, **options)
    kernel.run()
    return Live(kernel, console, sink.kept if sink else [], sink.rows if sink else [])


@dataclass
class Recorded:
    """A recorded run: what a reader sees of it, and what the machine that made it was at the end."""

    recording: Recording
    kernel: Kernel
    console: MemoryConsole

    @property
    def digest(self) -> str:
        return self.recording.log.segments[-1].digest


def record(
    catalog: Catalog,
    source: Runnable | list[Runnable],
    *,
    store: str = "parquet",
    detail: str = "full",
    files: str = "",
    **options: Any,
) -> Recorded:
    """Run a program, or several, under the recorder."""
    kernel_options = {name: options.pop(name) for name in ("executor_name", "stdin") if name in options}
    abi, place = options.get("abi", "linux"), options.get("place", -1)
    recorded = [_recorded(each, abi, place) for each in _each(source)]
    keeping = Keeping(store, files=files, detail=detail)
    recorder = Recorder.start(catalog, recorded, options_of(**options).as_dict(), keeping)
    kernel, console = kernel_for(source, sink=recorder, **kernel_options, **options)
    kernel.run()
    assert kernel.world.ended is not None
    recorder.close("complete", *kernel.world.ended)
    return Recorded(Recording(Log.open(catalog, recorder.run.id)), kernel, console)


def _recorded(source: Runnable, abi: str, place: int) -> RecordedProgram:
    name = source.name if isinstance(source, Path) else "test.asm"
    text = source if place >= 0 or not isinstance(source, str) else _text(source, abi)
    sources = {"test.asm": text} if isinstance(text, str) else {}
    return RecordedProgram(name, name, image_of(source, abi, place), sources)
