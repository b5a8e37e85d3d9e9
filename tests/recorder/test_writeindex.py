"""Who wrote a place: the write index's answers are those of the events, read one by one."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rig
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import code_row, numbered, put

from recorder.audit import audit
from recorder.catalog import Catalog
from recorder.reader import Log
from recorder.recorder import Program, Recorder
from recorder.writeindex import Places
from recorder.writeloops import ADDRESS, LAST, ROW, SIZE
from replay.lastwrite import Write, last_write, writes
from replay.listing import read_events
from replay.recording import Recording
from sim import events
from sim.code import CodeRow
from sim.machine.buffers import Buffers
from sim.world import World

Record = Callable[..., rig.Recorded]


def by_hand(recording: Recording, pid: int, address: int, size: int, seq: int) -> Iterator[Write]:
    """The definition: every event that wrote one of the bytes of a process, which has no ancestors, newest
    first."""
    for event in reversed(list(read_events(recording, 0, seq))):
        if isinstance(event, events.KernelWrite):
            by, tid, pc, low, wide = event.pid, 0, 0, event.address, len(event.data)
        elif isinstance(event, events.Instruction):
            row = recording.code_of(event.tid, event.pc, event.seq)
            stored = row.size if row is not None and row.effect == "store" else 0
            by, tid, pc = recording.pids.get(event.tid, 0), event.tid, event.pc
            low, wide = event.address, stored
        elif isinstance(event, events.Atomic) and event.action != "lr" and event.success:
            by, tid, pc = recording.pids.get(event.tid, 0), event.tid, event.pc
            low, wide = event.address, event.size
        else:
            continue
        if by == pid and wide and low < address + size and address < low + wide:
            yield Write(event.seq, tid, pc)


@pytest.mark.parametrize("options", [{"harts": 1}, {"harts": 4, "quantum": 300, "seed": 3}])
def test_a_program_s_writes_are_found(
    record: Record, store: str, options: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a run of many segments: places that all threads write, and places of the start."""
    monkeypatch.setattr("sim.kernel.kernel.SEGMENT_EVENTS", 300)
    recording = record(rig.EXAMPLES / "counter_mutex.asm", max_events=6000, store=store, **options).recording
    assert len(recording.log.segments) > 16
    pick = random.Random(4)
    everything = [
        (each.address, max(getattr(each, "size", 8), 1))
        for each in read_events(recording, 0, recording.last_seq)
        if isinstance(each, events.Instruction | events.Atomic) and each.address
    ]
    for _ in range(60):
        address, size = pick.choice(everything)
        address, size = address + pick.randrange(-3, 4), min(size, 8)
        seq = pick.randrange(recording.last_seq + 1)
        expected = list(by_hand(recording, 1, address, size, seq))
        assert list(writes(recording, 1, address, size, seq)) == expected
        assert last_write(recording, 1, address, size, seq) == next(iter(expected), None)


def test_without_its_files_the_events_are_asked(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.kernel.kernel.SEGMENT_EVENTS", 300)
    recording = record(rig.EXAMPLES / "counter_mutex.asm", max_events=4000, harts=2).recording
    log = recording.log
    pid, address = 1, 0
    for event in read_events(recording, 3000, recording.last_seq, ["atomic"]):
        address = getattr(event, "address", 0)
    asked = range(50, recording.last_seq, 400)
    found = [last_write(recording, pid, address, 4, seq) for seq in asked]
    files = [p for kind in ("writes", "writes_before") for p in (log.run.path / kind).iterdir()]
    assert len(files) > len(log.segments)
    for number, path in enumerate(sorted(files)):
        # Some are gone, some are cut, some say something else.
        data = path.read_bytes()
        if number % 3 == 0:
            path.unlink()
        elif number % 3 == 1:
            path.write_bytes(data[:-9])
        else:
            table = pq.read_table(path)
            lie = table.set_column(5, "tid", pa.array([77] * len(table), pa.int32()))
            pq.write_table(lie, path) if len(table) else path.unlink()
    catalog = Catalog.open(log.run.home)
    with Log.open(catalog, log.run.id) as again:
        assert again.damage is None
        assert [last_write(Recording(again), pid, address, 4, seq) for seq in asked] == found
    told = audit(catalog, log.run)
    assert {log.run.path / finding.where for finding in told.findings} == set(files)
    # Nothing depends on it.
    assert told.sound and told.good == log.end_seq


# Made-up runs.

#: Code at 0x100, 0x104, ...: what stands there is drawn.
PCS = range(0x100, 0x100 + 4 * 6, 4)
PLACES = st.sampled_from([0x1000, 0x1004, 0x1008, 0x1FFC, 0x2000, 0x2001, 0x5000])
TIDS = st.integers(1, 4)


def _instruction(hart: int, tid: int, pc: int, address: int) -> events.Event:
    return events.Instruction(hart=hart, tid=tid, pc=pc, value=1, address=address)


def _atomic(tid: int, action: str, address: int, size: int, success: bool) -> events.Event:
    return events.Atomic(0, tid, 0x200, action, address, size, 0, 1, success)


def _by_kernel(pid: int, address: int, data: bytes) -> events.Event:
    return events.KernelWrite(pid=pid, tid=1, address=address, data=data)


EVENTS = st.one_of(
    st.builds(_instruction, st.integers(0, 2), TIDS, st.sampled_from(PCS), st.one_of(st.just(0), PLACES)),
    st.builds(
        _atomic, TIDS, st.sampled_from(["lr", "sc", "amo"]), PLACES, st.sampled_from([4, 8]), st.booleans()
    ),
    st.builds(
        _by_kernel,
        st.integers(1, 2),
        PLACES,
        st.integers(0, 5000).map(bytes),
    ),
)
CODE = st.builds(
    lambda pid, pc, effect, size: (pid, pc, effect, size),
    st.integers(1, 2),
    st.sampled_from(PCS),
    st.sampled_from(["store", "store", "register"]),
    st.sampled_from([1, 2, 4, 8]),
)


@st.composite
def runs(draw: st.DrawFn) -> tuple[list[events.Event], dict[int, list[CodeRow]], list[int]]:
    """Events, code rows by the event that they come before, cuts. Threads 1 and 2 are process 1's, 3 and 4
    process 2's, which is no child of it."""
    made: list[events.Event] = [events.Process(pid=pid, action="created") for pid in (1, 2)]
    made += [events.Thread(tid, (tid + 1) // 2, "created", registers=bytes(264)) for tid in range(1, 5)]
    made = numbered(made + draw(st.lists(EVENTS, min_size=5, max_size=60)))
    code: dict[int, list[CodeRow]] = {}
    for pid, pc, effect, size in draw(st.lists(CODE, max_size=20)):
        seq = draw(st.integers(0, len(made) - 1))
        row = code_row(pc, seq, pid)
        row.effect, row.size = effect, size
        code.setdefault(seq, []).append(row)
    cuts = sorted(draw(st.sets(st.integers(1, len(made) - 1), max_size=24)))
    return made, code, cuts


@settings(max_examples=12)
@given(
    run=runs(),
    asks=st.lists(st.tuples(PLACES, st.integers(1, 8), st.integers(0, 70)), min_size=4, max_size=8),
)
@pytest.mark.parametrize("loops", ["compiled", "plain"])
def test_any_run_s_writes_are_found(loops: str, run: Any, asks: list[tuple[int, int, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recorder.compiling.WORTH_COMPILING", 0 if loops == "compiled" else 1 << 60)
        writes_are_found(*run, asks)


@pytest.mark.parametrize("cuts", [[], [5]])
def test_no_bytes_are_no_write(cuts: list[int]) -> None:
    made = [events.Process(pid=pid, action="created") for pid in (1, 2)]
    made += [events.Thread(1, 1, "created", registers=bytes(264))]
    made += [_by_kernel(1, 0x1000, bytes(16)), _by_kernel(1, 0x1008, b""), _atomic(1, "sc", 0x1008, 4, True)]
    writes_are_found(numbered(made), {}, cuts, [(0x1004, 6, 70), (0x1008, 1, 70)])


@given(
    st.lists(
        st.tuples(st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(0, 9), st.integers(0, 1 << 40)),
        unique=True,
    )
)
def test_places_come_in_order(made: list[tuple[int, int]]) -> None:
    places = Places()
    rows = np.zeros((ROW, len(made)), np.int64)
    rows[ADDRESS], rows[LAST] = [address for address, _ in made], [last for _, last in made]
    # As many places as writes, whatever their addresses.
    rows[SIZE] = np.arange(len(made))
    places.add(rows)
    taken = places.taken()
    assert list(zip(taken[ADDRESS].tolist(), taken[LAST].tolist(), strict=True)) == sorted(made)


def writes_are_found(
    made: list[events.Event],
    code: dict[int, list[CodeRow]],
    cuts: list[int],
    asks: list[tuple[int, int, int]],
) -> None:
    """Record these events, in segments that are cut there, and ask for (address, size, seq)."""
    with TemporaryDirectory() as home:
        catalog = Catalog.open(Path(home))
        programs = [Program(f"p{pid}", f"p{pid}.asm", b"\x7fELF", {}) for pid in (1, 2)]
        recorder = Recorder.start(catalog, programs, {"harts": 3})
        buffers, world = Buffers(3, 128), World()
        for event in made:
            if event.seq in cuts:
                buffers = recorder.segment(buffers, world)
            recorder.code(code.get(event.seq, []))
            put(buffers, event)
            if isinstance(event, events.Process | events.Thread):
                world.apply(event)
            world.seq, world.tick = event.seq, event.tick
        recorder.finish(buffers, world)
        with Log.open(catalog, recorder.close("complete", "", 0).id) as log:
            recording = Recording(log)
            for address, size, seq in asks:
                for pid in (1, 2):
                    at = min(seq, recording.last_seq)
                    expected = list(by_hand(recording, pid, address, size, at))
                    assert list(writes(recording, pid, address, size, at)) == expected
        catalog.close()
