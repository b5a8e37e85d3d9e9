"""State at N from the log alone: equal to the live machine stopped at N, however it is folded.

Three ways to one state: the live machine that was stopped there, the bulk fold of a recording (from its
nearest snapshot), and the definition: `World.apply` of every event, one by one.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import random_programs
import rig
from signal_programs import EXCHANGE

from recorder.reader import Log
from replay.fold import fold
from replay.listing import read_events
from replay.recording import NoSuchEvent, Recording
from sim.image import Image, differences
from sim.kernel.workload import Workload
from sim.world import World

Record = Callable[..., rig.Recorded]

MOST = 5_000
PROGRAMS = [*sorted(rig.EXAMPLES.glob("*.asm"))]
PROGRAMS += [
    rig.ROOT / "tests" / "runtime" / "programs" / f"{name}.asm"
    for name in (
        "coroutine_nested",
        "coroutine_migrate",
        "malloc_coalesce",
        "semaphore_ping_pong",
        "thread_many",
    )
]


@pytest.fixture(params=["parquet", "sqlite"])
def store(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.kernel.kernel.SEGMENT_EVENTS", 700)
    monkeypatch.setattr("sim.kernel.kernel.SEGMENT_KERNEL_EVENTS", 150)


def same(a: World, b: World) -> list[str]:
    """`differences`, and what it leaves out; how long the run was allowed to be is none."""
    for world in (a, b):
        world.options.pop("max_events", None)
    found = differences(a, b)
    found += [f"{name} differ" for name in ("timers", "seq", "tick") if getattr(a, name) != getattr(b, name)]
    return found


def one_by_one(recording: Recording, stops: list[int]) -> Iterator[tuple[int, World]]:
    """The definition, at each of ``stops``."""
    world = World()
    code = sorted((row for rows in recording.log.code.values() for row in rows), key=lambda row: -row.seq)
    for event in read_events(recording, 0, max(stops)):
        while code and code[-1].seq <= event.seq:
            row = code.pop()
            world.code[row.pid, row.pc] = row
        world.apply(event)
        if event.seq in stops:
            yield event.seq, world


def stopped_at(source: Any, seq: int, **options: Any) -> tuple[int, World]:
    """A live machine stopped at ``seq`` or, where a trap's events go on from there, behind them."""
    live = rig.run(source, keep=False, **{**options, "max_events": seq + 1})
    world = live.world
    if live.ended[0] == "max_events":
        world.ended = None
        world.seq -= 1
    return world.seq, world


def check(made: rig.Recorded, source: Any, stops: list[int], **options: Any) -> None:
    recording = made.recording
    # The live machine's end, and the log's.
    assert differences(recording.state(recording.last_seq), made.kernel.world) == []
    for seq, world in one_by_one(recording, stops):
        assert same(recording.state(seq), world) == [], f"one by one at {seq}"
    for stop in stops:
        seq, world = stopped_at(source, stop, **options)
        state = recording.state(seq)
        world.tick = state.tick  # The clock of a stopped machine has gone on to where it ended.
        assert same(state, world) == [], f"live at {seq}"


def some(recording: Recording, count: int, seed: object = 0) -> list[int]:
    random = Random(f"stops {seed}")
    return sorted(random.sample(range(recording.last_seq + 1), min(count, recording.last_seq + 1)))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_state_of_every_example(program: Path, record: Record, small_segments: None) -> None:
    options = {"harts": 2, "max_events": MOST}
    made = record(program, store="parquet", **options)
    check(made, program, some(made.recording, 8, program.stem), **options)


@pytest.mark.parametrize("name", ["server_threads", "server_loop"])
def test_state_of_devices_mid_flight(name: str, record: Record, small_segments: None) -> None:
    """Operations queued, in service and not read, requests in the backlog and in service."""
    load = "count=40,arrivals=poisson:300,io=exp:4000"
    options = {"harts": 2, "io_depth": 2, "requests": Workload.parse(load)}
    program = rig.EXAMPLES / "lessons" / f"{name}.asm"
    made = record(program, **options)
    assert len(made.recording.log.segments) > 4
    events = made.recording.log.table("io", columns=["seq", "queued"]).to_pylist()
    stops = [event["seq"] for event in events if event["queued"] > 2][::40] + some(made.recording, 4, name)
    check(made, program, sorted(stops), **options)


@pytest.mark.parametrize("scheduler", ["rr", "random"])
@pytest.mark.parametrize("harts", [1, 4])
def test_state_in_both_stores(store: str, scheduler: str, harts: int, record: Record) -> None:
    """One segment, so every state is folded from the beginning."""
    program = rig.EXAMPLES / "producer_consumer.asm"
    options = {"harts": harts, "scheduler": scheduler, "seed": 3, "max_events": MOST}
    made = record(program, store=store, **options)
    assert len(made.recording.log.segments) == 1
    check(made, program, some(made.recording, 8), **options)


@pytest.mark.parametrize("seed", range(7))
def test_state_of_random_calls(seed: int, store: str, record: Record, small_segments: None) -> None:
    text, harts = random_programs.calls(Random(seed))
    options = {
        "harts": harts,
        "seed": seed,
        "max_events": 4000,
        "quantum": 60,
        "costs": random_programs.CHEAP,
    }
    made = record(text, store=store, stdin=bytes(range(256)) * 40, **options)
    check(made, text, some(made.recording, 8, seed), **options, stdin=bytes(range(256)) * 40)


@pytest.mark.parametrize("seed", range(7))
def test_state_of_random_instructions(seed: int, record: Record, small_segments: None) -> None:
    text, harts = random_programs.instructions(Random(seed))
    options = {"harts": harts, "max_events": 2000, "quantum": 100, "costs": random_programs.CHEAP}
    made = record(text, **options)
    check(made, text, some(made.recording, 8, seed), **options)


RARS_CALLS = """
        li      a7, 6
        ecall
        fadd.s  fa1, fa0, fa0
        li      a0, 0
        li      a7, 44
        ecall
        li      a1, 7
        li      a7, 30
        ecall
        li      a7, 3
        ecall
        fmv.d   fa1, fa0
        addi    a1, a1, 5
        li      a7, 9
        li      a0, 100
        ecall
        mv      a0, a1
        li      a7, 93
        ecall
"""


def test_state_around_calls_that_fill_several_registers(store: str, record: Record) -> None:
    options = {"abi": "rars", "stdin": b"1.5\n", "seed": 3}
    made = record(RARS_CALLS, store=store, **options)
    assert made.kernel.world.ended == ("exited", 5)
    check(made, RARS_CALLS, list(range(made.recording.last_seq + 1)), **options)


@pytest.mark.parametrize("harts", [1, 2])
def test_state_around_handlers(harts: int, store: str, record: Record, small_segments: None) -> None:
    """Threads that interrupt each other; every event of a handler's beginning and end, and some others."""
    options = {"harts": harts, "seed": 1}
    made = record(EXCHANGE, store=store, **options)
    assert made.kernel.world.ended == ("exited", 0)
    handled = made.recording.log.table("signal", 0, made.recording.last_seq, columns=["seq"])
    seqs = handled.column("seq").to_pylist()
    stops = {seq + d for seq in seqs[20:60:8] for d in (-1, 0, 1)}
    check(made, EXCHANGE, sorted(stops | set(some(made.recording, 8))), **options)


def test_states_across_segments_and_without_snapshots(
    store: str, record: Record, small_segments: None
) -> None:
    """Segment ends and their neighbours; then once more with every snapshot gone."""
    program = rig.EXAMPLES / "counter_mutex.asm"
    made = record(program, store=store, max_events=MOST)
    recording = made.recording
    ends = [segment.end_seq for segment in recording.log.segments]
    assert len(ends) >= 8
    stops = sorted({seq + d for seq in ends[:4] + ends[-3:] for d in (-1, 0)} & set(range(ends[-1])))
    images = {seq: Image.of(recording.state(seq)) for seq in stops}
    assert recording.log.image_before(ends[-1]) is not None
    shutil.rmtree(recording.log.run.path / "snapshots")
    bare = Recording(Log.open(catalog_of(record), recording.log.run.id))
    assert bare.log.image_before(ends[-1]) is None
    for seq in stops:
        state = bare.state(seq)
        assert same(state, images[seq].restore()) == []
        assert (state.seq, state.tick) == (seq, images[seq].tick)


def catalog_of(record: Any) -> Any:
    return record.args[0]


def test_folding_on_is_folding_from_the_beginning(record: Record, small_segments: None) -> None:
    """A world that is already at some event can be taken further, in any steps."""
    recording = record(rig.EXAMPLES / "generator.asm", max_events=MOST).recording
    world = World()
    for seq in some(recording, 15):
        fold(world, recording.log, seq)
        assert same(world, recording.state(seq)) == []


def test_every_single_state_of_a_short_run(record: Record) -> None:
    recording = record(rig.EXAMPLES / "hello.asm").recording
    stops = list(range(recording.last_seq + 1))
    for seq, world in one_by_one(recording, stops):
        assert same(recording.state(seq), world) == [], seq


@pytest.mark.parametrize("seq", [-1, 10**9])
def test_there_is_no_state_outside_of_the_log(seq: int, record: Record) -> None:
    recording = record(rig.EXAMPLES / "hello.asm").recording
    with pytest.raises(NoSuchEvent, match=str(recording.last_seq)):
        recording.state(seq)


LOSE = """
_start: sys     SYS_BRK, 0
        mv      s0, a0
        li      t0, 0x3000
        add     a0, s0, t0
        sys     SYS_BRK
        li      t0, 0x2000
        add     s1, s0, t0              # a page of the heap
        pages   1
        mv      s2, a0
        li      s3, 3
1:      sd      s3, 8(s1)
        sd      s3, 8(s2)
        mv      a1, s1
        sys     SYS_CLOCK_GETTIME, 1
        {lose}
        sd      s3, 16(s1)
        sd      s3, 16(s2)
        addi    s3, s3, -1
        bnez    s3, 1b
        sys     SYS_EXIT, 0
"""


@pytest.mark.parametrize(
    "lose",
    [
        "mv a0, s0\n sys SYS_BRK\n li t0, 0x3000\n add a0, s0, t0\n sys SYS_BRK",
        "mv a0, s2\n sys SYS_MMAP, , 4096, 3, 0x32, -1, 0",
        "mv a0, s2\n sys SYS_MUNMAP, , 4096\n mv a0, s2\n sys SYS_MMAP, , 4096, 3, 0x32, -1, 0",
        "mv a0, s0\n sys SYS_BRK\n mv a0, s2\n sys SYS_MMAP, , 4096, 3, 0x32, -1, 0\n"
        "sd s3, 24(s2)\n li t0, 0x3000\n add a0, s0, t0\n sys SYS_BRK",
    ],
    ids=["brk", "mmap", "munmap", "frame goes to another"],
)
def test_stores_to_pages_that_go_and_come(lose: str, record: Record) -> None:
    """What was stored before goes with the page, and never into its frame's next use."""
    text = LOSE.format(lose=lose)
    made = record(text)
    check(made, text, some(made.recording, 12))
    assert len(made.recording.log.segments) == 1


@pytest.mark.parametrize("first", ["addi a0, s1, 3", "sd s1, 8(s0)", "amoadd.d a0, s1, (s3)"])
@pytest.mark.parametrize("second", ["addi a1, s1, 4", "sw s1, 16(s0)", "bnez s1, .+4"])
def test_code_that_becomes_another_instruction(first: str, second: str, record: Record) -> None:
    """One pc, two code rows with different effects, in one stretch of the log."""
    text = f"""
_start: li      a0, 0x40000000
        sys     SYS_MMAP, , 4096, 7, 0x32, -1, 0
        li      s0, 0x40000000
        li      s1, 77
        addi    s3, s0, 24
        la      s2, first
        call    patch
        la      s2, second
        call    patch
        la      s2, first
        call    patch
        sys     SYS_EXIT, 0
patch:  lw      t1, 0(s2)
        sw      t1, 0(s0)
        la      t0, return
        lw      t1, 0(t0)
        sw      t1, 4(s0)
        fence.i
        jr      s0
first:  {first}
second: {second}
return: ret
"""
    made = record(text)
    assert made.kernel.world.ended == ("exited", 0)
    assert len(made.recording.log.code[1, 0x40000000]) == 3
    check(made, text, some(made.recording, 10))


def test_calls_deeper_than_are_kept(record: Record, small_segments: None) -> None:
    """1,100 calls deep and back: the fold counts what the machine counts."""
    text = """
_start: li      s0, 1100
        call    down
        sys     SYS_EXIT, 0
down:   addi    sp, sp, -16
        sd      ra, 8(sp)
        addi    s0, s0, -1
        beqz    s0, 1f
        call    down
1:      ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
"""
    options = {"max_events": 40_000}
    made = record(text, **options)
    depth = max(len(made.recording.state(seq).threads[1].calls) for seq in range(7_000, 11_000, 50))
    assert depth > 1024
    check(made, text, [7_000, *range(8_650, 9_400, 30), 13_000], **options)


# Determinism.


@pytest.mark.parametrize(
    "program",
    [rig.EXAMPLES / "counter_race.asm", rig.EXAMPLES / "generator.asm", random_programs.calls(Random(2))[0]],
    ids=["counter_race", "generator", "calls"],
)
def test_one_digest_for_every_executor_and_store(program: Any, record: Record) -> None:
    options = {"seed": 5, "scheduler": "random", "max_events": MOST}
    digests = {
        record(program, store=store, executor_name=executor, **options).digest
        for executor in ("compiled", "reference", "compiled")
        for store in ("parquet", "sqlite")
    }
    assert len(digests) == 1


def test_digest_does_not_depend_on_segments(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    program = rig.EXAMPLES / "counter_race.asm"
    whole = record(program, max_events=MOST)
    monkeypatch.setattr("sim.kernel.kernel.SEGMENT_EVENTS", 500)
    pieces = record(program, max_events=MOST)
    assert len(pieces.recording.log.segments) > len(whole.recording.log.segments) == 1
    assert pieces.digest == whole.digest


def test_another_seed_is_another_run(record: Record) -> None:
    program = rig.EXAMPLES / "counter_race.asm"
    digests = {record(program, seed=seed, max_events=MOST).digest for seed in (1, 2, 3, 1, 2, 3)}
    assert len(digests) == 3


# Files, moved memory and other programs.

FILES = """
_start: la      a0, fds
        sys     SYS_PIPE2, , 0
        sys     SYS_EVENTFD2, 3, 0
        spawn   stack, writer
        li      s0, 40
1:      la      a1, buffer
        sys     SYS_READ, 3, , 3000
        la      a1, buffer
        sys     SYS_READ, 5, , 8
        la      a1, one
        sys     SYS_WRITE, 5, , 8
        addi    s0, s0, -1
        bnez    s0, 1b
        sys     SYS_DUP3, 1, 9, 0
        la      a1, buffer
        sys     SYS_WRITE, 9, , 5
        sys     SYS_CLOSE, 3
        sys     SYS_CLOSE, 4
        sys     SYS_EXIT_GROUP, 0
writer: li      s0, 2
1:      la      a1, buffer
        sys     SYS_WRITE, 4, , 70000
        addi    s0, s0, -1
        bnez    s0, 1b
        sys     SYS_EXIT, 0
        .data
        .align  3
one:    .dword  1
        .bss
        .align  4
fds:    .zero   8
        .zero   256
stack:  .zero   16
buffer: .zero   70000
"""

MOVED = """
_start: sys     SYS_MMAP, 0, 4096*4, 3, 0x22, -1, 0
        mv      s0, a0
        li      s1, 30
1:      sd      s1, 0(s0)
        mv      a0, s0
        li      a1, 4096*4
        li      a2, 4096*4
        sys     SYS_MMAP, 0, 4096*4, 3, 0x22, -1, 0
        mv      a4, a0
        mv      a0, s0
        li      a1, 4096*4
        li      a2, 4096*4
        li      a3, 3
        li      a7, SYS_MREMAP
        ecall
        mv      s0, a0
        ld      t0, 0(s0)
        sd      t0, 8(s0)
        li      t1, 4096
        add     t1, t1, s0
        sd      t0, 16(t1)
        mv      a0, t1
        sys     SYS_MADVISE, , 4096, 4
        sd      t0, 24(t1)
        addi    s1, s1, -1
        bnez    s1, 1b
        ld      t0, 0(sp)
        li      t1, 4
        beq     t0, t1, 2f
        call    again
again:  la      a0, self
        la      a1, arguments
        sys     SYS_EXECVE, , , 0
2:      sys     SYS_EXIT, 7
        .data
self:   .asciz  "/proc/self/exe"
        .align  3
arguments: .dword self, self, self, self, 0
"""


@pytest.mark.parametrize("text", [FILES, MOVED], ids=["files", "moved"])
def test_state_of_files_and_moved_memory(text: str, record: Record, small_segments: None) -> None:
    made = record(text)
    assert made.kernel.world.ended in (("exited", 0), ("exited", 7))
    check(made, text, some(made.recording, 12))


def test_much_data_closes_a_segment(record: Record) -> None:
    """A column of bytes holds less than 2 GiB, however few events carry them."""
    text = """
_start: sys     SYS_MMAP, 0, 1 << 20, 3, 0x22, -1, 0
        mv      s0, a0
        li      s1, 300
1:      mv      a1, s0
        sys     SYS_WRITE, 1, , 1 << 20
        addi    s1, s1, -1
        bnez    s1, 1b
        sys     SYS_EXIT, 0
"""
    made = record(text)
    assert len(made.recording.log.segments) == 2
