"""A recorded run, run again from its recording alone: the same events, whatever came from outside."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import cprograms
import pytest
import rig
from handmade import Broken, Interrupting, OtherCosts, recorded_by_hand
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.catalog import Catalog
from recorder.reader import Log
from replay.diff import first_difference
from replay.recording import Recording
from sim.isa.assembler import Source, build
from sim.kernel.answers import Answers, Unanswered
from sim.kernel.console import MemoryConsole
from sim.kernel.kernel import Kernel
from sim.kernel.options import Options
from sim.kernel.tree import Mount
from sim.kernel.workload import Workload
from sim.machine.costs import Costs
from sim.sink import Discard
from simrec.again import OUTSIDE, NotAgain, run_again
from simrec.comparing import Parting, compare


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = Catalog.open(tmp_path / "home")
    yield opened
    opened.close()


Record = Callable[..., rig.Recorded]

EXAMPLES = sorted(path for path in rig.EXAMPLES.glob("*.asm"))
#: Reads all of its input, a little at a time, and then once more.
READER = """
_start: la      a1, buffer
        sys     SYS_READ, 0, , 7
        bgtz    a0, _start
        sys     SYS_READ, 0, , 7
        sys     SYS_EXIT, 3
        .bss
buffer: .zero   8
"""
#: Looks at, lists, reads, makes, writes, renames and removes files; most of it twice, and some in vain.
FILES = """
_start: la      s0, paths
1:      ld      s1, 0(s0)
        beqz    s1, 2f
        la      a2, buffer
        mv      a1, s1
        sys     SYS_NEWFSTATAT, -100, , , 0
        mv      a1, s1
        sys     SYS_OPENAT, -100, , 0102, 0644
        mv      s2, a0
        la      a1, buffer
        mv      a0, s2
        sys     SYS_READ, , , 100
        la      a1, text
        mv      a0, s2
        sys     SYS_WRITE, , , 4
        mv      a0, s2
        la      a1, buffer
        sys     SYS_FSTAT
        mv      a0, s2
        la      a1, buffer
        sys     SYS_GETDENTS64, , , 512
        mv      a0, s2
        sys     SYS_FSYNC
        mv      a0, s2
        sys     SYS_FTRUNCATE, , 2
        la      a3, other
        mv      a1, s1
        sys     SYS_RENAMEAT2, -100, , -100, , 0
        la      a1, other
        sys     SYS_UNLINKAT, -100, , 0
        mv      a1, s1
        sys     SYS_MKDIRAT, -100, , 0755
        mv      a1, s1
        sys     SYS_OPENAT, -100, , 0, 0
        la      a1, buffer
        sys     SYS_GETDENTS64, , , 512
        addi    s0, s0, 8
        j       1b
2:      sys     SYS_EXIT, 0
        .data
text:   .ascii  "some"
other:  .asciz  "/rw/other"
p1:     .asciz  "/ro/text"
p2:     .asciz  "/rw/text"
p3:     .asciz  "/rw/new"
p4:     .asciz  "/rw/no/way"
p5:     .asciz  "/ro/new"
p6:     .asciz  "/rw/null"
p7:     .asciz  "/rw"
p8:     .asciz  "/ro/link/../text"
p9:     .asciz  "/ro/fifo"
p10:    .asciz  "/ro/../dev/zero"
p11:    .asciz  "/rw/far"
        .align  3
paths:  .dword  p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, 0
        .bss
buffer: .zero   512
"""


def again(recorded: Recording | rig.Recorded, executor: str = "compiled") -> Parting | None:
    recording = recorded.recording if isinstance(recorded, rig.Recorded) else recorded
    return compare(recording, rig.executor(executor))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples(record: Record, path: Path) -> None:
    assert again(record(path, max_events=300_000)) is None


@pytest.mark.parametrize("store", ["parquet", "sqlite"])
def test_executors_and_stores(record: Record, store: str, executor: str) -> None:
    recorded = record(rig.EXAMPLES / "counter_mutex.asm", store=store, seed=3, max_events=20_000)
    assert again(recorded, executor) is None


@pytest.mark.parametrize("data", [b"", b"some words\nand more of them", b"x" * 14])
def test_console_input(record: Record, data: bytes) -> None:
    assert again(record(READER, stdin=data)) is None


def test_input_of_rars(record: Record) -> None:
    """One event for a line, that is read byte by byte."""
    text = ".text\nmain: li a7, 5\necall\nli a7, 12\necall\nli a7, 5\necall\nli a7, 10\necall\n"
    for data in (b"12\nx34\n", b"12", b"", b"12\nx34"):
        assert again(record(text, stdin=data, abi="rars")) is None


@pytest.fixture
def mounts(tmp_path: Path) -> tuple[Mount, ...]:
    return mounted(tmp_path)


def mounted(tmp_path: Path) -> tuple[Mount, ...]:
    """/ro and /rw: a text, a folder, links, a FIFO."""
    for name in ("ro", "rw"):
        folder = tmp_path / name
        (folder / "sub").mkdir(parents=True)
        (folder / "text").write_text("a text of its own")
        (folder / "link").symlink_to("sub")
        (folder / "null").symlink_to("/dev/null")
        (folder / "far").symlink_to("/ro/link/../text")
        os.mkfifo(folder / "fifo")
    return (Mount.parse(f"{tmp_path}/ro:/ro"), Mount.parse(f"{tmp_path}/rw:/rw:rw"))


def test_files_of_the_host(record: Record, mounts: tuple[Mount, ...]) -> None:
    """They have changed since; nothing of them is touched."""
    recorded = record(FILES, mounts=mounts)
    kinds = recorded.recording.log.kinds()
    assert kinds["host"] > 50 and kinds["input"] > 1
    before = sorted(path.name for path in mounts[1].source.iterdir())
    (mounts[1].source / "new").rmdir()
    (mounts[0].source / "text").unlink()
    assert again(recorded) is None
    assert sorted(path.name for path in mounts[1].source.iterdir()) == [n for n in before if n != "new"]


def test_execve(record: Record, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(build([Source("other.asm", rig.PRELUDE + "_start: sys SYS_EXIT, 9")]))
    other.chmod(0o755)
    text = """
_start: la      a0, path
        sys     SYS_EXECVE, , 0, 0
        .data
path:   .asciz  "/bin/other"
"""
    recorded = record(text, mounts=(Mount.parse(f"{tmp_path}:/bin"),))
    assert recorded.kernel.world.ended == ("exited", 9)
    other.unlink()
    assert again(recorded) is None


def test_processes_and_signals(record: Record) -> None:
    source = rig.ROOT / "tests" / "kernel" / "programs" / "processes.c"
    cprograms.need_clang()
    assert again(record(source, harts=3, max_events=400_000)) is None


def test_several_programs(record: Record) -> None:
    names = ("fib.asm", "primes.asm", "hello.asm")
    programs = [rig.EXAMPLES / name for name in names]
    options: dict[str, Any] = {"scheduler": "lottery", "seed": 7, "attributes": ((2, "tickets", 500),)}
    options |= {"arguments": ("one", "zwölf"), "environment": ("A=b",), "defines": ("N=3",)}
    options |= {"costs": ("context_switch=77", "load=5"), "limits": {"threads": 100}}
    assert again(record(programs, max_events=100_000, **options)) is None


def test_a_machine_without_an_operating_system(record: Record) -> None:
    text = "main: li t0, 100\n1: sw t0, 0(zero)\naddi t0, t0, -1\nbnez t0, 1b\nebreak\n"
    assert again(record(text, bare=True, place=0x1000, pc=0x1000, harts=2)) is None


def test_devices(record: Record) -> None:
    program = rig.EXAMPLES / "lessons" / "server_pool.asm"
    workload = Workload.parse("count=20,arrivals=poisson:500,cpu=exp:100,io=mix:0.5:200:2000")
    recorded = record(program, requests=workload, io_depth=2, seed=5, max_events=200_000)
    assert recorded.recording.log.kinds()["request"] > 40
    assert again(recorded) is None


def test_interrupted_while_it_waits(catalog: Catalog) -> None:
    recording = recorded_by_hand(catalog, READER, Interrupting())
    assert recording.log.run.reason == "interrupted"
    assert again(recording) is None


def test_interrupted_in_the_middle(catalog: Catalog) -> None:
    """At a trap that leaves no event of its own, too."""

    def stop(kernel: Kernel) -> None:
        kernel.interrupted = kernel.machine.seq > 3_000

    recording = recorded_by_hand(catalog, rig.EXAMPLES / "counter_race.asm", MemoryConsole(), stop)
    assert recording.log.run.reason == "interrupted"
    assert again(recording) is None


def test_a_console_that_cannot_be_read(catalog: Catalog) -> None:
    assert again(recorded_by_hand(catalog, READER, Broken())) is None


@pytest.mark.parametrize("store", ["parquet", "sqlite"])
def test_up_to_where_a_recorder_was_killed(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, store: str
) -> None:
    monkeypatch.setattr("sim.kernel.kernel.SEGMENT_EVENTS", 1_000)
    recording = recorded_by_hand(
        catalog, rig.EXAMPLES / "primes.asm", MemoryConsole(), segments=4, store=store
    )
    assert len(recording.log.segments) == 4
    assert again(recording) is None


def test_segments_of_another_size(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("sim.kernel.kernel.SEGMENT_EVENTS", 1_700)
        recorded = record(rig.EXAMPLES / "counter_race.asm", max_events=12_345)
    assert len(recorded.recording.log.segments) > 5
    monkeypatch.setattr("sim.kernel.kernel.SEGMENT_EVENTS", 2_500)
    assert again(recorded) is None


# Where it isn't the same.


def test_another_behaviour_is_found_where_it_begins(
    catalog: Catalog, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.kernel.kernel.SEGMENT_EVENTS", 500)
    program = """
_start: li      t0, 1000
1:      addi    t0, t0, -1
        bnez    t0, 1b
        div     t1, t0, t0
        sys     SYS_EXIT, 0
"""
    good = record(program)
    costs = OtherCosts(costs=Costs.load(["divide=33"]))
    other = recorded_by_hand(catalog, program, MemoryConsole(), options=costs)
    found = again(other)
    assert found is not None and found.seq is not None
    assert found.seq == first_difference(good.recording.log, other.log)
    assert found.seq > 1_000
    assert found.recorded is not None and found.again is not None
    assert found.recorded.event != found.again.event


def test_a_missing_answer(record: Record, mounts: tuple[Mount, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks where the recorded run asked for nothing."""
    recorded = record(FILES, mounts=mounts)
    monkeypatch.setattr("simrec.again.OUTSIDE", ("input",))
    found = again(recorded)
    assert found is not None and found.lost
    log = recorded.recording.log
    assert found.seq == log.table("host", columns=["seq"])["seq"][0].as_py()
    assert found.recorded is not None and found.recorded.event.kind == "host"


def test_a_digest_that_is_another(record: Record) -> None:
    """Then no event says more."""
    recorded = record(rig.EXAMPLES / "hello.asm")
    log = recorded.recording.log
    log.segments = [replace(segment, digest="0" * 32) for segment in log.segments]
    assert again(recorded) == Parting(None, log.end_seq)


BAD_OPTIONS: list[tuple[str, Any]] = [
    *(("harts", 0), ("harts", 1 << 40), ("harts", "2"), ("ram", 1 << 60), ("stack", -1), ("quantum", 0)),
    *(("abi", "dos"), ("abi", []), ("scheduler", "best"), ("scheduler", 3), ("requests", "count=x")),
    *(("arguments", [1]), ("environment", 5), ("mounts", [None]), ("attributes", [[1, "__class__", 3]])),
    *(("attributes", [[9, "nice", 3]]), ("attributes", [[1, "nice"]]), ("limits", {"threads": "many"})),
    *(("limits", {"wishes": 3}), ("costs", {"wishes": 3}), ("costs", {"load": -1}), ("new", True)),
]


@pytest.mark.parametrize(("name", "value"), BAD_OPTIONS)
def test_options_that_nobody_could_have_typed(catalog: Catalog, name: str, value: object) -> None:
    """They come from somebody else's recording."""
    run = rig.record(catalog, rig.EXAMPLES / "hello.asm").recording.log.run
    catalog.change(run.id, options={**run.options, name: value})
    with Log.open(catalog, run.id) as log, pytest.raises(NotAgain, match="mean nothing to this version"):
        run_again(log, Discard(), rig.executor("compiled"))


NUMBERS = st.sampled_from([0, 1, -1, -2, -13, 4096, 0o100644, 0o40755, 0o120777, (1 << 31) - 1, -(1 << 31)])
CHANGES: dict[str, st.SearchStrategy[Any]] = {
    "path": st.sampled_from(["", "a", "/", "//", "/rw", "/rw/..", "/dev/null", "/proc/self/exe", "/" * 5000]),
    "action": st.sampled_from(["looked_up", "listed", "opened", "read", "written", "renamed", "synced"]),
    "result": NUMBERS,
    "mode": NUMBERS,
    "size": NUMBERS,
    "data": st.sampled_from([b"", b"\0", b"\0\0", b"f", b"x\xff\xfe\0d..\0", b"/" * 5000]),
}


@pytest.fixture(scope="module")
def files_log(tmp_path_factory: pytest.TempPathFactory) -> rig.Live:
    return rig.run(FILES, mounts=mounted(tmp_path_factory.mktemp("mounted")))


@settings(max_examples=60)
@given(data=st.data())
def test_answers_that_nobody_gave(files_log: rig.Live, data: st.DataObject) -> None:
    """A run to which they are given goes on, or ends where one is missing; nothing else happens."""
    answers = [copy(event) for event in files_log.events if event.kind in OUTSIDE]
    for event in data.draw(st.lists(st.sampled_from(range(len(answers))), max_size=4)):
        name = data.draw(st.sampled_from(sorted(CHANGES)))
        if hasattr(answers[event], name):
            setattr(answers[event], name, data.draw(CHANGES[name]))
    options = Options.from_plain(files_log.kernel.options.as_dict())
    kernel = Kernel(files_log.kernel.programs, options, Discard(), MemoryConsole(), rig.executor("compiled"))
    Answers(iter(answers), None).give(kernel)
    with suppress(Unanswered):
        kernel.run()
