"""The memory of processes: regions and pages as the world has them, shared frames, last writers, the
picture."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsers import needs_a_browser, rendered

from replay.addressview import BadAddress, address_of, cells_at
from replay.figures.addressscale import MOST_BANDS, runs, scale_for
from replay.figures.memory import NoMemory, memory_figure, write_memory
from replay.memory import Area, Memory, ProcessMemory, last_with_memory, memory_at
from replay.recording import NoSuchEvent
from sim.space import PAGE, PAGE_SHIFT
from sim.world import World

#: An event of counter_mutex at which all four workers run.
BUSY = 20_000


#: A process maps a page to share and forks; the child writes to data, to its stack and to the shared page,
#: then the parent to data.
FORK = """
        .data
        .balign 8
counter: .dword 5
        .text
_start: sys SYS_MMAP, 0, 4096, 3, 0x21, -1, 0
        mv s0, a0
        sys SYS_CLONE, 17, 0, 0, 0, 0
        la t0, counter
        li t1, 77
        beqz a0, child
        sys 260, -1, 0, 0, 0
        la t0, counter
        li t1, 6
        sd t1, 0(t0)
        sys SYS_EXIT, 0
child:  sd t1, 0(t0)
        sd t1, -8(sp)
        sd t1, 8(s0)
        sys SYS_EXIT, 0
"""


@pytest.fixture
def forked(record: Callable[..., Any]) -> Any:
    """A recording of FORK, and its memory when the child has written all that it writes."""
    recording = record(FORK).recording
    seq = (
        next(
            row["seq"]
            for row in recording.log.table("process").to_pylist()
            if row["pid"] == 2 and row["action"] == "exited"
        )
        - 5
    )
    return recording, memory_at(recording, seq)


@pytest.fixture
def busy(example: Any) -> Any:
    """A recording with five threads, and its memory while they run."""
    recording = example("counter_mutex").recording
    return recording, memory_at(recording, BUSY)


def test_areas_are_the_regions(busy: Any) -> None:
    recording, memory = busy
    (process,) = memory.processes
    space = recording.state(BUSY).processes[1].space
    assert process.mapped == sum(region.end - region.start for region in space.regions)
    assert {page: frame for area in process.areas for page, frame in area.pages.items()} == space.pages
    for area in process.areas:
        assert all(area.start <= page << PAGE_SHIFT < area.end for page in area.pages)
        region = space.region_at(area.start)
        assert region is not None
        assert area.permissions == region.permissions + "p"
    assert process.resident == len(memory.owners) == len(space.pages)
    assert memory.free + len(memory.owners) + 1 == memory.ram // PAGE
    assert memory.shared_frames == 0


def test_stacks_and_their_guards_are_named_by_thread(busy: Any) -> None:
    recording, memory = busy
    names = [area.name for area in memory.processes[0].areas]
    assert names[:3] == ["text", "data", "heap"]
    for tid in (1, 2, 3, 4, 5):
        stack = names.index(f"stack of thread {tid}")
        assert names[stack - 1] == f"guard of thread {tid}'s stack"
        area = memory.processes[0].areas[stack]
        sp = memory.world.threads[tid].registers[2]
        assert area.start <= sp <= area.end
        assert area.used == recording.spaces.first_sp[tid] - sp


def test_page_faults_so_far(example: Any) -> None:
    recording = example("counter_mutex").recording
    rows = recording.log.table("memory_map").to_pylist()
    for seq in (0, 40, 400, BUSY):
        counted = sum(row["action"] == "paged_in" and row["seq"] <= seq for row in rows)
        assert sum(process.paged_in for process in memory_at(recording, seq).processes) == counted
    with pytest.raises(NoSuchEvent):
        memory_at(recording, 10**9)


def test_the_last_moment_with_memory(example: Any) -> None:
    recording = example("counter_mutex").recording
    seq = last_with_memory(recording)
    assert memory_at(recording, seq).processes[0].area_at(0x10000) is not None
    threads = recording.state(seq).processes[1].threads
    assert threads == [1]
    assert recording.state(seq + 1).processes[1].threads == []
    blocked = example("deadlock").recording
    assert last_with_memory(blocked) == blocked.last_seq


def test_frames_that_processes_share(forked: Any) -> None:
    recording, memory = forked
    parent, child = memory.processes
    spaces = [memory.world.processes[pid].space for pid in (1, 2)]
    assert (parent.pid, child.pid, child.parent) == (1, 2, 1)
    own = {page for area in child.areas for page in area.pages if page not in area.shared}
    assert own == {page for page in spaces[1].pages if spaces[0].pages.get(page) != spaces[1].pages[page]}
    assert len(own) == child.copied == 2
    assert memory.shared_frames == parent.shared == child.shared == child.resident - 2
    assert len(memory.owners) == parent.resident + child.copied
    assert memory.free + len(memory.owners) + 1 == memory.ram // PAGE
    assert {area.name: area.permissions for area in child.areas}["mmap"] == "rw-s"
    assert "stack of thread 2" in [area.name for area in child.areas]
    # When the child has gone, the pages are the parent's alone.
    (left,) = memory_at(recording, last_with_memory(recording)).processes
    assert (left.pid, left.shared, left.copied) == (1, 0, 0)


def test_who_wrote_last_to_a_shared_page(forked: Any) -> None:
    recording, memory = forked
    counter = address_of(recording, "counter")
    ours, theirs = cells_at(recording, memory, counter)
    assert (ours.word, theirs.word) == (5, 77)
    assert ours.frame != theirs.frame
    assert (ours.write.tid, theirs.write.tid) == (0, 2)
    mapping = next(area.start for area in memory.processes[0].areas if area.name == "mmap")
    ours, theirs = cells_at(recording, memory, mapping + 8)
    assert ours.frame == theirs.frame
    assert ours.write == theirs.write
    assert (ours.word, ours.write.tid) == (77, 2)
    # What the parent wrote after the fork is none of the child's.
    end = memory_at(recording, last_with_memory(recording))
    assert [(cell.word, cell.write.tid) for cell in cells_at(recording, end, counter)] == [(6, 1)]
    text = cells_at(recording, memory, 0x10000)
    assert {cell.write.seq for cell in text} == {text[0].write.seq}


def writes(recording: Any, address: int, last: int) -> Iterator[int]:
    """The events up to ``last`` that wrote one of the eight bytes at an address."""
    rows = recording.log.table("instruction", last=last).to_pylist()
    for row in rows:
        code = recording.code_of(row["tid"], row["pc"], row["seq"])
        if code.effect == "store" and row["address"] < address + 8 and row["address"] + code.size > address:
            yield row["seq"]
    for row in recording.log.table("atomic", last=last).to_pylist():
        near = row["address"] < address + 8 and row["address"] + row["size"] > address
        if near and row["action"] != "lr" and row["success"]:
            yield row["seq"]
    for row in recording.log.table("kernel_write", last=last).to_pylist():
        if row["address"] < address + 8 and row["address"] + len(row["data"]) > address:
            yield row["seq"]


@pytest.mark.parametrize("name", ["counter", "counter_lock", "0x10000", "counter+1", "0x12000"])
def test_who_wrote_last(busy: Any, name: str) -> None:
    recording, memory = busy
    address = address_of(recording, name)
    (cell,) = cells_at(recording, memory, address)
    expected = max(writes(recording, address, BUSY), default=None)
    assert (cell.write.seq if cell.write else None) == expected
    space = memory.world.processes[1].space
    assert cell.data == space.read(memory.world, address, 16)
    if name == "counter":
        assert recording.names(1, BUSY).place(cell.write.pc).function == "worker"
        assert cell.write.tid in (2, 3, 4, 5)
    if name == "0x10000":
        assert cell.write.tid == 0
    if name == "0x12000":
        assert (cell.frame, cell.word) == (None, 0)


def test_addresses(busy: Any) -> None:
    recording, memory = busy
    assert address_of(recording, "counter") == address_of(recording, "69632") == 0x11000
    assert address_of(recording, "counter+0x8") == 0x11008
    for bad in ("nowhere", "counter+x", ""):
        with pytest.raises(BadAddress, match="neither a number nor a symbol"):
            address_of(recording, bad)
    assert cells_at(recording, memory, 0x5000) == []


def test_command(example: Any, simrec: Callable[..., Any], tmp_path: Path) -> None:
    recorded = example("counter_mutex")
    text = simrec(recorded, "memory", "--at", str(BUSY), "--address", "counter").stdout
    for line in (
        "memory just after event 20000 of ",
        "process 1 counter_mutex.asm: 8.3 MiB mapped, 7 pages (28 KiB) resident; 7 paged in so far",
        "0x10000       0x11000  4 KiB   r-xp   1 of 1      text\n",
        "0x3fff7ff000  0x3ffffff000  8 MiB   rw-p   1 of 2,048  stack of thread 1, ",
        "physical memory: 64 MiB in 16,384 frames; 7 in use, 16,376 free (64 MiB)\n",
        "address 0x11000\n  process 1: data <counter>, frame 2, physical 0x2000\n",
        "counter_mutex.asm:42 <worker+48>",
    ):
        assert line in text, line
    plain = json.loads(simrec(recorded, "memory", "--json", "--address", "0x10000").stdout)
    (process,) = plain["processes"]
    assert [region["name"] for region in process["regions"]][:3] == ["text", "data", "heap"]
    assert process["regions"][0]["pages"] == {"16": 1}
    assert plain["frames"]["used"] == process["resident"] == 3
    assert plain["address"]["processes"][0]["written"]["tid"] == 0


def test_command_that_cannot_draw(example: Any, simrec: Callable[..., Any], tmp_path: Path) -> None:
    shown = simrec(example("generator"), "memory", "--figure", str(tmp_path / "no" / "m.html"))
    assert shown.exit_code != 0
    assert "name another file with --figure" in shown.stderr
    shown = simrec(example("generator"), "memory", "--at", "0", "--figure", str(tmp_path / "m.html"))
    assert shown.exit_code == 2
    assert "no process has memory at event 0" in shown.stderr


def bars(figure: Any, meta: str) -> list[tuple[float, float]]:
    """(from, to) of every bar of one kind."""
    return [
        (base, base + y)
        for trace in figure.data
        if trace.meta == meta
        for base, y in zip(trace.base, trace.y, strict=True)
    ]


def test_the_picture_of_two_processes(forked: Any) -> None:
    recording, memory = forked
    figure, _, notes = memory_figure(recording, memory)
    scale = scale_for(memory)
    assert notes == []
    for process in memory.processes:
        shared = {
            (scale.height(run.start), scale.height(run.end))
            for area in process.areas
            for run in runs(area)
            if run.shared
        }
        assert bars(figure, f"shared:{process.pid}") == sorted(shared)
        assert len(bars(figure, f"own:{process.pid}")) == 2
    ribbons = [trace for trace in figure.data if trace.meta == "same:1:2"]
    assert len(ribbons) == memory.shared_frames == 2
    (signs,) = (trace for trace in figure.data if trace.meta == "differ:1:2")
    assert len(signs.y) == 2
    frame = {process.pid: process.area_at(0x11000).pages[0x11] for process in memory.processes}
    told = f"0x11000: the same address, but frame {frame[1]} in process 1, {frame[2]} in 2"
    assert told in signs.hovertext
    (frames,) = (trace for trace in figure.data if trace.meta == "frames")
    texts = [text for row in frames.text for text in row]
    assert "process 1: 0x10000 text<br>process 2: 0x10000 text" in texts[1]
    hover = "\n".join(text for trace in figure.data if trace.hovertext for text in trace.hovertext)
    for words in ("<b>process 1: text</b>", "r-xp (read, execute, private)", "sp of thread 2: 0x"):
        assert words in hover
    with pytest.raises(NoMemory):
        memory_figure(recording, memory_at(recording, recording.last_seq))


def test_heights_follow_addresses(busy: Any) -> None:
    _, memory = busy
    scale = scale_for(memory)
    heights = [scale.height(address) for address in scale.bounds]
    assert heights == sorted(set(heights))
    assert scale.gaps == [(0x13000, 0x3FFF7AB000), (0x3FFF7EF000, 0x3FFF7FE000)]
    assert scale.height(0x10800) == pytest.approx((scale.height(0x10000) + scale.height(0x11000)) / 2)


def test_scattered_pages_are_drawn_together() -> None:
    area = Area(0, 4096 * PAGE, "rw-p", "heap", {page: page + 1 for page in range(0, 4096, 3)}, frozenset())
    memory = _only(area)
    scale = scale_for(memory)
    assert len(scale.bounds) <= MOST_BANDS + 1
    assert sum(run.count for run in runs(area, scale.join)) == len(area.pages)
    assert all(0 < run.cover <= 1 for run in runs(area, scale.join))


def test_runs_are_apart_where_sharing_changes() -> None:
    area = Area(0, 8 * PAGE, "rw-p", "heap", {0: 1, 1: 2, 2: 3, 5: 4}, frozenset({1, 2}))
    assert [(run.first, run.last, run.shared) for run in runs(area)] == [(0, 0, 0), (1, 2, 2), (5, 5, 0)]


def _only(area: Area) -> Memory:
    return Memory(0, 0, World(), (ProcessMemory(1, 0, "p", (area,), 0, 0),), {}, 0, 0)


@needs_a_browser
def test_a_browser_draws_it(forked: Any, tmp_path: Path) -> None:
    page = tmp_path / "memory.html"
    assert write_memory(*forked, page) == []
    dom = rendered(page, tmp_path)
    for label in ("process 1 test.asm", "process 2 test.asm", "physical memory, 64 MiB", "≠"):
        assert label in dom
    assert "stack of thread 2 · rw-p · 8 MiB" in dom
    assert "256 GiB not mapped" in dom
