"""Where two runs part: the first event, what kind of difference it is, and each thread's own."""

from collections.abc import Callable
from typing import Any

import pytest
import rig

import replay.diff as comparison
from replay.diff import diff, first_difference, options_that_differ
from replay.listing import read_events
from replay.recording import Recording
from sim import events

Record = Callable[..., rig.Recorded]
RACE = rig.EXAMPLES / "counter_race.asm"
MOST = 4000

VALUES = """
_start: li      s0, {first}
        li      s1, {second}
        add     s2, s0, s1
        la      t0, cell
        sd      s2, 0(t0)
        {more}
        sys     SYS_EXIT, 0
        .data
        .align  3
cell:   .dword  0
"""


def by_hand(a: Recording, b: Recording) -> int | None:
    """The definition: compare event by event, but for the options of the first."""
    pairs = zip(read_events(a, 0, a.last_seq), read_events(b, 0, b.last_seq), strict=False)
    for left, right in pairs:
        if left.kind == right.kind == "run":
            names = [c.name for c in events.columns("run") if c.name != "options"]
            if [getattr(left, n) for n in names] == [getattr(right, n) for n in names]:
                continue
        if left != right:
            return left.seq
    return None if a.last_seq == b.last_seq else min(a.last_seq, b.last_seq) + 1


@pytest.fixture(params=[1 << 20, 600])
def segments(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Logs of one segment, and of many."""
    monkeypatch.setattr("sim.kernel.kernel.SEGMENT_EVENTS", request.param)
    size: int = request.param
    return size


def test_equal_runs_have_no_difference(record: Record, segments: int) -> None:
    a, b = (record(RACE, seed=3, max_events=MOST, store=store).recording for store in ("parquet", "sqlite"))
    found = diff(a, b)
    assert (found.seq, found.threads) == (None, [])
    assert options_that_differ(a.log, b.log) == {}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"seed": 1}, {"seed": 2}),
        ({"seed": 0}, {"seed": 1}),
        ({"seed": 0, "quantum": 700}, {"seed": 0, "quantum": 701}),
        ({"harts": 1}, {"harts": 2}),
        ({"scheduler": "random", "seed": 1}, {"scheduler": "random", "seed": 2}),
        ({"costs": ("divide=33",)}, {"costs": ("syscall=21",)}),
    ],
)
def test_the_first_difference_is_the_first(record: Record, segments: int, left: Any, right: Any) -> None:
    a, b = (record(RACE, max_events=MOST, **options).recording for options in (left, right))
    expected = by_hand(a, b)
    assert expected is not None
    assert first_difference(a.log, b.log) == first_difference(b.log, a.log) == expected
    found = diff(a, b)
    assert found.seq == expected
    assert found.a is not None and found.a.event.seq == expected
    assert [line.event.seq for line in found.before] == list(range(max(expected - 3, 0), expected))
    changed = options_that_differ(a.log, b.log)
    if "costs" in left:
        assert set(changed) == {"cost divide", "cost syscall"}
    else:
        assert set(changed) == {name for name in left if left[name] != right[name]}


LATE = """
_start: li      s0, 900
1:      addi    s0, s0, -1
        bnez    s0, 1b
        la      a1, buffer
        sys     SYS_READ, 0, , 1
        la      a1, buffer
        lbu     t0, 0(a1)
        sys     SYS_EXIT, 0
        .bss
buffer: .zero   8
"""


@pytest.mark.parametrize("store", ["parquet", "sqlite"])
def test_runs_with_other_options_are_compared_from_their_end(
    record: Record, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The option says nothing here, so what the catalog has of the files says up to where they are equal; a
    store without files of its own for each segment is read from the start."""
    monkeypatch.setattr("sim.kernel.kernel.SEGMENT_EVENTS", 300)
    a = record(LATE, stdin=b"x", store=store).recording
    b = record(LATE, stdin=b"y", store=store, costs=("divide=40",)).recording
    expected = by_hand(a, b)
    assert expected is not None
    compared: list[int] = []
    inner = comparison.first_in

    def watched(left: Any, right: Any, kind: str, first: int, last: int) -> int | None:
        compared.extend([first] if kind == "instruction" else [])
        return inner(left, right, kind, first, last)

    monkeypatch.setattr(comparison, "first_in", watched)
    found = diff(a, b)
    assert found.seq == expected
    (segment,) = (each for each in a.log.segments if each.first_seq <= expected < each.end_seq)
    assert segment.number > 3
    assert compared[0] == (segment.first_seq if store == "parquet" else 0)
    (thread,) = found.threads
    assert thread.a is not None
    own = a.log.table("instruction", last=thread.a.event.seq, columns=["tid"], tid=1)
    assert thread.index == own.num_rows - 1


def test_windows_are_seamless(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = (record(RACE, max_events=MOST, seed=seed).recording for seed in (1, 2))
    expected = by_hand(a, b)
    assert expected is not None
    for window in (expected // 2, expected - 1, expected, expected + 1):
        monkeypatch.setattr("replay.diff.WINDOW", window)
        assert first_difference(a.log, b.log) == expected


def test_another_value_is_a_data_difference(record: Record) -> None:
    a, b = (record(VALUES.format(first=1, second=n, more="nop")).recording for n in (2, 3))
    found = diff(a, b)
    # The program's text differs already where the kernel loads it.
    assert found.a is not None and found.a.event.kind == "kernel_write"
    (thread,) = found.threads
    assert (thread.tid, thread.index, thread.kind) == (1, 1, "data")
    assert thread.a is not None and thread.b is not None
    values = [getattr(line.event, "value", None) for line in (thread.a, thread.b)]
    assert values == [2, 3]
    assert list(options_that_differ(a.log, b.log)) == ["program"]


def test_input_that_differs_is_a_data_difference(record: Record) -> None:
    text = """
_start: la      a1, buffer
        sys     SYS_READ, 0, , 1
        la      a1, buffer
        lbu     t0, 0(a1)
        sys     SYS_EXIT, 0
        .bss
buffer: .zero   8
"""
    a, b = (record(text, stdin=data).recording for data in (b"x", b"y"))
    found = diff(a, b)
    assert found.kind == "data"
    assert found.a is not None and found.a.event.kind == "input"
    (thread,) = found.threads
    assert thread.kind == "data"


def test_a_branch_the_other_way_is_a_control_difference(record: Record) -> None:
    more = "{} s0, s1, 1f\n nop\n 1:"
    a, b = (
        record(VALUES.format(first=1, second=2, more=more.format(name))).recording for name in ("beq", "bne")
    )
    (thread,) = diff(a, b).threads
    assert thread.kind == "control"
    assert thread.a is not None and thread.b is not None
    assert (thread.a.code.split()[0], thread.b.code.split()[0]) == ("beq", "bne")


def test_a_log_that_ends_earlier_is_a_difference_of_length(record: Record, segments: int) -> None:
    whole = record(RACE, max_events=MOST, seed=1).recording
    part = record(RACE, max_events=1500, seed=1).recording
    for a, b in ((whole, part), (part, whole)):
        found = diff(a, b)
        assert found.seq == part.last_seq  # its event that says that it ended
        assert found.seq == by_hand(a, b)
        assert {thread.kind for thread in found.threads} == {"length"}
        assert all((thread.a is None) == (a is part) for thread in found.threads)


def test_a_schedule_that_differs_is_told_as_such(record: Record) -> None:
    a, b = (record(RACE, scheduler="random", seed=s, max_events=MOST).recording for s in (1, 2))
    found = diff(a, b)
    assert found.kind == "schedule"
    assert found.a is not None and found.b is not None
    assert "choice" in (found.a.event.kind, found.b.event.kind)


def test_other_costs_are_a_difference_of_time(record: Record) -> None:
    text = VALUES.format(first=1, second=2, more="div t0, s0, s1\n nop")
    a, b = (record(text, costs=costs).recording for costs in ((), ("divide=40",)))
    found = diff(a, b)
    assert found.kind == "time"
    assert found.threads == []
