"""Stack frames over time: the calls of every state, what was passed and returned, the picture."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsers import needs_a_browser, rendered

from replay.analyses.frames import OUTSIDE, FrameWalk
from replay.figures import stacks as figure_of_stacks
from replay.figures.panels import BadRange
from replay.figures.stacks import TooManyCalls, stacks, write_stacks
from replay.figures.timeline import BUDGET
from replay.frameslots import slots
from replay.recording import Recording

#: Calls of many sorts: recursive, of several threads, carried by a coroutine, never returned from.
PROGRAMS = ("fib", "generator", "producer_consumer", "counter_mutex", "deadlock", "stack_overflow")
#: A forked process is in the calls of its parent, and in a coroutine's.
FORK = """
        .globl main
main:   addi    sp, sp, -16
        sd      ra, 8(sp)
        call    outer
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
outer:  addi    sp, sp, -32
        sd      ra, 24(sp)
        li      a0, 17
        li      a1, 0
        li      a7, 220
        ecall
        mv      s0, a0
        call    leaf
        li      a0, -1
        li      a1, 0
        li      a2, 0
        li      a3, 0
        li      a7, 260
        ecall
        call    leaf
        li      a0, 0
        ld      ra, 24(sp)
        addi    sp, sp, 32
        ret
leaf:   ret
"""
#: longjmp's way of leaving several functions at once.
JUMP = """
        .globl main
main:   addi    sp, sp, -16
        sd      ra, 8(sp)
        mv      s0, sp
        la      s1, back
        call    one
back:   li      a0, 0
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
one:    addi    sp, sp, -16
        call    two
two:    addi    sp, sp, -16
        call    three
three:  addi    sp, sp, -16
        mv      sp, s0
        mv      ra, s1
        ret
"""


def agree(recording: Recording, walk: FrameWalk, seq: int) -> None:
    """The frames open at the end are the calls of the state."""
    world = recording.state(seq)
    for tid, thread in world.threads.items():
        if thread.state != "exited":
            kept = thread.calls.kept()
            assert walk.calls(tid)[: len(kept)] == kept
            assert len(walk.calls(tid)) == len(thread.calls)


@pytest.mark.parametrize("name", PROGRAMS)
def test_open_frames_are_the_calls_of_the_state(example: Any, name: str) -> None:
    recording = example(name).recording
    last = min(recording.last_seq, 40_000)
    for seq in {last // 7, last // 3, last // 2, last - 20, last}:
        agree(recording, FrameWalk(recording, 0, seq), seq)
        agree(recording, FrameWalk(recording, seq // 2, seq), seq)


@pytest.mark.parametrize("source", [FORK, JUMP], ids=["fork", "jump"])
def test_at_every_event_of_small_programs(record: Callable[..., Any], source: str) -> None:
    recording = record(source).recording
    for seq in range(0, recording.last_seq, 3):
        agree(recording, FrameWalk(recording, 0, seq), seq)
        agree(recording, FrameWalk(recording, seq * 2 // 3, seq), seq)


def fib(n: int) -> int:
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def test_arguments_results_and_sizes(example: Any) -> None:
    recording = example("fib").recording
    walk = FrameWalk(recording, 0, recording.last_seq)
    frames = walk.frames()
    entry = {name: address for address, name in recording.names(1, 0).program.functions}["fib"]
    mine = np.flatnonzero(frames.function == entry)
    assert len(mine) > 1900
    assert frames.returned[mine].all()
    assert not frames.carried[mine].any()
    for number in mine[:: len(mine) // 40].tolist():
        n = int(frames.a0[number])
        assert frames.result[number] == fib(n)
        assert frames.sp[number] - frames.low[number] == (0 if n < 2 else 32)
        assert frames.enter_seq[number] < frames.leave_seq[number]
    # A frame lies inside of its caller's, in time and below it on the stack.
    deeper = np.flatnonzero(frames.depth > 0)
    for number in deeper[::97].tolist():
        callers = np.flatnonzero(
            (frames.depth == frames.depth[number] - 1) & (frames.enter_seq < frames.enter_seq[number])
        )
        caller = int(callers[-1])
        assert frames.low[caller] >= frames.sp[number]
        assert frames.leave_seq[caller] == OUTSIDE or frames.leave_seq[caller] >= frames.leave_seq[number]


def test_the_stack_pointer_over_time(example: Any) -> None:
    recording = example("fib").recording
    moves = FrameWalk(recording, 0, recording.last_seq).moves()[1]
    rows = recording.log.table("stack", columns=["sp", "action"]).to_pylist()
    moved = [row["sp"] for row in rows if row["action"] in ("push", "pop")]
    assert moves.sp.tolist() == [moves.first, *moved]


def test_what_from_before_is_carried(example: Any) -> None:
    recording = example("fib").recording
    frames = FrameWalk(recording, 10_000, 12_000, tick=77).frames()
    before = frames.enter_seq == OUTSIDE
    assert before.sum() == len(recording.state(9_999).threads[1].calls) + 1
    assert frames.carried[before].all()
    assert set(frames.enter_tick[before].tolist()) == {77}


def bars(figure: Any, tid: int) -> list[tuple[float, int, int, str]]:
    """(depth, start, finish, hover text) of a thread's frames."""
    return [
        bar
        for trace in figure.data
        if trace.meta == f"frames:{tid}"
        for bar in zip(
            trace.y,
            trace.base,
            [base + x for base, x in zip(trace.base, trace.x, strict=True)],
            trace.hovertext,
            strict=True,
        )
    ]


def test_the_picture_has_every_frame(example: Any) -> None:
    log = example("producer_consumer").recording.log
    made = stacks(log)
    frames = FrameWalk(Recording(log), 0, log.end_seq - 1).frames()
    lasting = frames.leave_tick > frames.enter_tick
    for tid in (1, 2, 3, 4, 5):
        assert len(bars(made.figure, tid)) == int((lasting & (frames.tid == tid)).sum())
    assert made.marks == int(lasting.sum()) <= BUDGET
    assert (made.merged, made.notes) == (0, ())
    headings = [note.text for note in made.figure.layout.annotations]
    assert "<b>thread 2 producer: calls, the innermost on top</b>" in headings
    assert "<b>stack of thread 5 (bytes)</b>" in headings


def test_hover_texts(example: Any) -> None:
    log = example("fib").recording.log
    texts = [text for *_, text in bars(stacks(log).figure, 1)]
    text = next(text for text in texts if "a0 = 3 at the call" in text and text.startswith("<b>fib</b>"))
    for pattern in (
        r"<b>fib</b>, thread 1 main, depth \d+<br>ticks [\d,]+ to [\d,]+ \(\d+\)",
        r"called at .*fib\.asm:\d+.*; returns to 0x[0-9a-f]+ &lt;fib\+\d+&gt;",
        r"returned a0 = 2<br>",
        r"sp 0x3f[0-9a-f]+ at its entry; 32 bytes of stack: 0x3f[0-9a-f]+ to 0x3f[0-9a-f]+",
        r"\Wsp\+24  ra = 0x[0-9a-f]+ &lt;fib\+\d+&gt; \(return address\)",
        r"\Wsp\+16  s0 = \d+",
        rf"simrec replay --at \d+ {log.run.id}$",
    ):
        assert re.search(pattern, text), pattern


def test_the_words_of_frames_are_those_of_memory(example: Any) -> None:
    """What a hover text says stood in a frame did so when it was left."""
    recording = example("fib").recording
    texts = [text for *_, text in bars(stacks(recording.log).figure, 1)]
    chosen = [text for text in texts if text.startswith("<b>fib</b>") and "32 bytes" in text][::150]
    assert chosen
    frames = FrameWalk(recording, 0, recording.last_seq).frames()
    for text in chosen:
        found = re.search(r"--at (\d+) ", text)
        assert found is not None
        number = int(np.flatnonzero(frames.enter_seq == int(found[1]))[0])
        world = recording.state(int(frames.leave_seq[number]))
        space = world.processes[1].space
        for offset, value in re.findall(r"sp\+(\d+)  \w+ = (0x[0-9a-f]+|\d+)", text):
            data = space.read(world, int(frames.low[number]) + int(offset), 8)
            assert int.from_bytes(data, "little") == int(value, 0)


def test_merged_frames_are_said(example: Any) -> None:
    made = stacks(example("counter_mutex").recording.log)
    assert made.marks <= BUDGET
    assert made.merged > 0
    assert f"{made.merged:,} frames merged" in made.figure.layout.title.text


def test_zooming_in(example: Any) -> None:
    log = example("counter_mutex").recording.log
    made = stacks(log, 30_000, 34_000)
    low, high = made.figure.layout.xaxis.range
    assert made.merged == 0
    for tid in (1, 2, 3, 4, 5):
        found = bars(made.figure, tid)
        assert found
        assert all(low <= start < finish <= high for _, start, finish, _ in found)
        assert any((depth, start, finish) == (0, low, high) for depth, start, finish, _ in found)
    with pytest.raises(BadRange):
        stacks(log, 9, 5)


def test_curves(example: Any) -> None:
    log = example("generator").recording.log
    figure = stacks(log).figure
    curves = {trace.meta: trace for trace in figure.data if trace.type == "scatter"}
    assert list(curves) == ["stack of thread 1", "heap", "coroutine frames"]
    assert max(curves["heap"].y) == 16_384
    sizes = [row["size"] for row in log.table("coroutine").to_pylist() if row["action"] == "saved"]
    assert max(curves["coroutine frames"].y) == max(sizes)
    assert curves["coroutine frames"].y[-1] == 0
    recording = Recording(log)
    lowest = min(row["sp"] for row in log.table("stack").to_pylist())
    assert max(curves["stack of thread 1"].y) == recording.spaces.first_sp[1] - lowest


def test_deep_recursion_is_thinned(record: Callable[..., Any]) -> None:
    source = """
        .globl main
main:   li      a0, 3000
deeper: addi    sp, sp, -16
        sd      ra, 8(sp)
        addi    a0, a0, -1
        blez    a0, 1f
        call    deeper
1:      ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
"""
    made = stacks(record(source).recording.log)
    assert made.notes == ("thread 1 is up to 3,001 calls deep: every 26th is drawn",)
    depths = {depth for depth, *_ in bars(made.figure, 1)}
    assert depths == set(range(0, 3001, 26))


def test_too_many_calls(example: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    log = example("fib").recording.log
    monkeypatch.setattr(figure_of_stacks, "MOST_CALLS", 100)
    with pytest.raises(
        TooManyCalls, match=r"more than 100 calls: zoom in, as with --from 0 --to (\d+)"
    ) as told:
        stacks(log)
    last = int(str(told.value).split()[-1])
    assert stacks(log, 0, last).marks == 100 + 1


def test_command(example: Any, simrec: Callable[..., Any], tmp_path: Path) -> None:
    page = tmp_path / "s.html"
    shown = simrec(example("fib"), "timeline", "--stacks", "-o", str(page))
    assert shown.exit_code == 0
    assert "fib.asm – stacks of run" in shown.stdout
    assert not re.search(r'<(script|link|img)[^>]*(src|href)="?http', page.read_text())


@needs_a_browser
def test_a_browser_draws_it(example: Any, tmp_path: Path) -> None:
    page = tmp_path / "stacks.html"
    write_stacks(example("producer_consumer").recording.log, page)
    dom = rendered(page, tmp_path)
    for label in (
        "thread 1 main: calls",
        "thread 5 consumer: calls",
        "stack of thread 3 (bytes)",
        ">thread_join<",
    ):
        assert label in dom, label
    assert dom.count('class="barlayer mlayer"') >= 5


def test_slots_of_a_frame(example: Any, record: Callable[..., Any]) -> None:
    recording = example("fib").recording
    entry = {name: address for address, name in recording.names(1, 0).program.functions}
    last = recording.last_seq
    assert slots(recording.names(1, 0), entry["fib"], last) == {
        -8: "return address",
        -16: "caller's s0",
        -24: "caller's s1",
    }
    assert slots(recording.names(1, 0), entry["fib"], 0) == {}
    assert slots(recording.names(1, 0), entry["strlen"], last) == {}
    pointed = record(
        """
        .globl main
main:   addi    sp, sp, -48
        sd      ra, 40(sp)
        sd      s0, 32(sp)
        addi    s0, sp, 48
        sd      a0, -24(s0)
        mv      a1, a0
        sd      a1, -32(s0)
        sw      a2, -36(s0)
        call    leaf
        ld      ra, 40(sp)
        ld      s0, 32(sp)
        addi    sp, sp, 48
        li      a0, 0
        ret
leaf:   ret
"""
    ).recording
    main = {name: address for address, name in pointed.names(1, 0).program.functions}["main"]
    assert slots(pointed.names(1, 0), main, pointed.last_seq) == {
        -8: "return address",
        -16: "caller's s0",
        -24: "argument a0",
        -36: "argument a2",
    }


def test_replay_tells_what_stands_in_frames(example: Any, simrec: Callable[..., Any]) -> None:
    recorded = example("fib")
    rows = recorded.recording.log.table("stack").to_pylist()
    seq = next(row["seq"] for row in rows if row["action"] == "call" and row["a0"] == 9)
    text = simrec(recorded, "replay", "--at", str(seq)).stdout
    part = text[text.index("  stack, from sp") :]
    assert re.search(
        r"\n    fib +sp\+0 .*\n +sp\+8 .*  caller's s1\n.*  caller's s0\n.*  return address\n", part
    )
