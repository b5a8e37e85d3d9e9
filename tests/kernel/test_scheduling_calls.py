"""Attributes for the scheduler: what calls set and tell, who inherits them, and affinities that hold."""

import struct

import jobs
import pytest
import rig
from jobs import FREE, Job

from sim.image import differences
from sim.kernel.attributes import BadAttribute, check_processes, read_attributes, typed

EPERM, ESRCH, E2BIG, EFAULT, EINVAL = -1, -3, -7, -14, -22

DATA = """
        .data
        .align  3
nought: .dword  0
five:   .dword  5
hundred: .dword 100
deadline: .word 48, 6
        .dword  0
        .word   0, 0
        .dword  9, 9, 9
rr:     .word   48, 2
        .dword  0
        .word   3, 7
        .dword  0, 0, 0
batch:  .word   48, 3
        .dword  0
        .word   3, 0
        .dword  0, 0, 0
flagged: .word  48, 0
        .dword  1
        .word   0, 0
        .dword  0, 0, 0
small:  .word   8, 0
hart0:  .dword  1
hart1:  .dword  2
both:   .dword  3
far:    .dword  4
        .bss
        .align  4
answer: .zero   128
        .zero   512
stack1: .zero   512
stack2:
"""


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ("sys 140, 0, 0, 5", 0),
        ("sys 140, 1, 0, 5", 0),
        ("sys 140, 1, 1, 5", 0),
        ("sys 140, 2, 1000, 5", 0),
        ("sys 140, 3, 0, 5", EINVAL),
        ("sys 140, 0, 9, 5", ESRCH),
        ("sys 140, 0, -1, 5", ESRCH),
        ("sys 140, 1, 7, 5", ESRCH),
        ("sys 141, 3, 0", EINVAL),
        ("sys 141, 0, 9", ESRCH),
        ("la a2, five\n sys 119, 0, 2", 0),
        ("la a2, five\n sys 119, 1, 1", 0),
        ("la a2, five\n sys 119, 9, 1", ESRCH),
        ("la a2, five\n sys 119, -1, 1", EINVAL),
        ("la a2, five\n sys 119, 0, 0", EINVAL),
        ("la a2, nought\n sys 119, 0, 1", EINVAL),
        ("la a2, hundred\n sys 119, 0, 1", EINVAL),
        ("la a2, nought\n sys 119, 0, 6", EPERM),
        ("la a2, five\n sys 119, 0, 4", EINVAL),
        ("sys 119, 0, 1, 0", EINVAL),
        ("sys 119, 0, 1, 8", EFAULT),
        ("la a1, five\n sys 118, 0", EINVAL),
        ("la a1, nought\n sys 118, 0", 0),
        ("la a1, answer\n sys 127, 0", 0),
        ("la a1, answer\n sys 127, 5", ESRCH),
        ("la a1, rr\n sys 274, 0, , 0", 0),
        ("la a1, rr\n sys 274, 0, , 1", EINVAL),
        ("la a1, batch\n sys 274, 0, , 0", 0),
        ("la a1, flagged\n sys 274, 0, , 0", EINVAL),
        ("la a1, deadline\n sys 274, 0, , 0", EPERM),
        ("la a1, small\n sys 274, 0, , 0", E2BIG),
        ("sys 274, 0, 0, 0", EINVAL),
        ("la a1, answer\n sys 275, 0, , 56, 0", 0),
        ("la a1, answer\n sys 275, 0, , 40, 0", EINVAL),
        ("la a2, hart1\n sys 122, 0, 8", 0),
        ("la a2, far\n sys 122, 0, 8", EINVAL),
        ("la a2, hart0\n sys 122, 9, 8", ESRCH),
        ("la a2, hart0\n sys 122, -1, 8", EINVAL),
    ],
)
def test_results(call: str, result: int) -> None:
    live = rig.run(f"_start: {call}\n sys SYS_EXIT_GROUP, 0\n{DATA}", harts=2)
    first = live.of("syscall", action="exit")[0]
    assert first.result == result
    assert live.ended == ("exited", 0)
    if result < 0:
        assert live.of("scheduling") == []
    assert differences(rig.folded(live), live.world) == []


def test_what_is_set_is_told() -> None:
    live = rig.run(
        f"""
_start: sys     140, 0, 0, -7
        sys     141, 0, 0                       # getpriority: 20 - -7
        sys     140, 0, 0, 99                   # nice values end at 19
        sys     141, 0, 0
        la      a2, five
        sys     119, 0, 1                       # SCHED_FIFO
        sys     120, 0
        la      a1, answer
        sys     121, 0                          # its priority: 5
        la      a1, answer
        sys     127, 0                          # it has no slices
        la      a1, answer
        sys     275, 0, , 48, 0
        la      a2, hart1
        sys     122, 0, 8
        la      a2, answer
        sys     123, 0, 8
        la      a2, both
        sys     122, 0, 8
        la      a2, answer
        sys     123, 0, 8
        sys     SYS_EXIT_GROUP, 0
{DATA}""",
        harts=2,
        quantum=700,
    )
    assert live.results("getpriority") == [27, 1]
    assert live.results("sched_getscheduler") == [1]
    writes = [event.data for event in live.of("kernel_write", tid=1)]
    parameters, interval, attributes, one, all_of_them = writes
    assert struct.unpack("<i", parameters) == (5,)
    assert struct.unpack("<qq", interval) == (0, 0)
    assert struct.unpack("<IIQiI", attributes[:24]) == (48, 1, 0, 0, 5)
    assert (one, all_of_them) == (struct.pack("<Q", 2), struct.pack("<Q", 3))
    assert live.world.threads[1].affinity == -1


def test_equal_values_are_no_event() -> None:
    live = rig.run(
        f"_start: sys 140, 0, 0, 0\n la a2, both\n sys 122, 0, 8\n sys SYS_EXIT, 0\n{DATA}", harts=2
    )
    assert live.of("scheduling") == []


def test_threads_inherit_all_of_it() -> None:
    """But not what happens to the creator later."""
    live = rig.run(
        f"""
_start: sys     140, 0, 0, 4
        la      a2, five
        sys     119, 0, 2
        la      a2, hart1
        sys     122, 0, 8
        spawn   stack1, child
        sys     140, 0, 0, 9
        sys     SYS_EXIT, 0
child:  sys     SYS_EXIT, 0
{DATA}""",
        harts=2,
        attributes=((1, "tickets", 30),),
    )
    child = live.world.threads[2]
    assert (child.nice, child.policy, child.priority, child.tickets, child.affinity) == (4, 2, 5, 30, 2)
    assert live.world.threads[1].nice == 9
    assert live.of("scheduling", tid=2) == []
    assert differences(rig.folded(live), live.world) == []


# Affinity.

SPIN = """
        li      t0, {rounds}
9:      addi    t0, t0, -1
        bnez    t0, 9b
"""


@pytest.mark.parametrize("scheduler", ["rr", "fifo", "random", "priority", "fair", "lottery", "mlfq", "pct"])
def test_a_thread_runs_only_where_it_may(scheduler: str) -> None:
    """The first thread, on any of three harts, moves to hart 2 at once; the second stays off hart 0."""
    live = rig.run(
        f"""
_start: spawn   stack1, child
        la      a2, far
        sys     122, 0, 8
        {SPIN.format(rounds=3000)}
        sys     SYS_EXIT, 0
child:  la      a2, others
        sys     122, 0, 8
        {SPIN.format(rounds=3000)}
        sys     SYS_EXIT, 0
        .data
        .align  3
others: .dword  6
{DATA}""",
        harts=3,
        scheduler=scheduler,
        quantum=100,
        seed=5,
    )
    assert live.ended == ("exited", 0)
    for tid, mask in ((1, 4), (2, 6)):
        (set_at,) = [event.seq for event in live.of("scheduling", tid=tid, action="affinity", value=mask)]
        harts = {event.hart for event in live.of("instruction", tid=tid) if event.seq > set_at}
        assert harts and all(mask >> hart & 1 for hart in harts)


def test_two_on_one_hart_take_turns_though_another_idles() -> None:
    """The program is pinned to hart 0 with its threads; hart 1 has nothing to do."""
    live = rig.run(
        f"_start: spawn stack1, work\nwork: {SPIN.format(rounds=2000)}\n sys SYS_EXIT, 0\n{DATA}",
        harts=2,
        quantum=200,
        attributes=((1, "affinity", 1),),
    )
    assert {event.hart for event in live.of("instruction")} == {0}
    assert len(live.of("context_switch", reason="preempted")) > 20
    assert live.world.harts[1].retired == 0


def test_an_idle_hart_takes_over_to_make_room() -> None:
    """Thread 1 runs on hart 0 and may run anywhere. Thread 2 may only run on hart 0: thread 1 goes to hart 1,
    though nobody ever preempts by fifo."""
    live = rig.run(
        f"""
_start: la      a2, hart0
        sys     122, 0, 8
        spawn   stack1, child
        la      a2, both
        sys     122, 0, 8
        {SPIN.format(rounds=2000)}
        sys     SYS_EXIT, 0
child:  {SPIN.format(rounds=2000)}
        sys     SYS_EXIT, 0
{DATA}""",
        harts=2,
        scheduler="fifo",
    )
    spun = live.of("instruction")[-3000:]
    assert {(event.tid, event.hart) for event in spun} == {(1, 1), (2, 0)}


def test_a_more_urgent_thread_finds_its_way_past_affinities() -> None:
    """A, the most urgent, may run only on hart 0, where B runs; C, the least, runs on hart 1. A takes B's
    hart, and B takes C's."""
    live = rig.run(
        f"""
_start: la      a2, hart1
        sys     122, 0, 8                       # thread 1 is C
        sys     140, 0, 0, 10
        spawn   stack1, b
        mv      s0, a0
        la      a2, both
        sys     122, , 8
        mv      a1, s0
        sys     140, 0, , 5
        spawn   stack2, a
        mv      s0, a0
        la      a2, hart0
        sys     122, , 8
        mv      a1, s0
        sys     140, 0, , 0
        {SPIN.format(rounds=2000)}
        sys     SYS_EXIT, 0
b:      {SPIN.format(rounds=5000)}
        sys     SYS_EXIT, 0
a:      {SPIN.format(rounds=2000)}
        sys     SYS_EXIT, 0
{DATA}""",
        harts=2,
        scheduler="priority",
        costs=FREE,
    )
    (urgent,) = [event.seq for event in live.of("scheduling", tid=3, action="nice", value=0)]
    after = [event for event in live.of("instruction") if event.seq > urgent + 20]
    until = next(event.seq for event in live.of("thread", action="exited", tid=3))
    assert {(event.tid, event.hart) for event in after if event.seq < until} == {(3, 0), (2, 1)}


def test_priorities_changed_while_running_count_at_once() -> None:
    """B, ready, is as urgent as A; A becomes less urgent by a call of its own and is preempted there."""
    live = rig.run(
        f"""
_start: la      a2, hart0
        sys     122, 0, 8
        spawn   stack1, other
        sys     140, 0, 0, 1
        sys     SYS_EXIT, 0
other:  sys     SYS_EXIT, 0
{DATA}""",
        harts=1,
        scheduler="priority",
    )
    (nicer,) = live.of("scheduling", tid=1, action="nice")
    switch = next(event for event in live.of("context_switch") if event.seq > nicer.seq)
    assert (switch.prev, switch.next, switch.reason) == (1, 2, "preempted")


def test_threads_of_sched_fifo_have_no_slices() -> None:
    """Equally urgent, but A is not preempted, save at the end of the slice in which it said so."""
    text = f"""
_start: la      a2, five
        sys     119, 0, {{policy}}
        spawn   stack1, other
        {SPIN.format(rounds=3000)}
        sys     SYS_EXIT, 0
other:  {SPIN.format(rounds=3000)}
        sys     SYS_EXIT, 0
{DATA}"""
    counts = [
        len(
            rig.run(text.format(policy=policy), harts=1, scheduler="priority", quantum=500).of(
                "context_switch", reason="preempted"
            )
        )
        for policy in (1, 2)
    ]
    assert counts[0] <= 1 and counts[1] > 5


def test_a_yield_that_leads_nowhere_is_no_switch() -> None:
    """The other ready thread may not run there."""
    live = rig.run(
        f"""
_start: la      a2, hart0
        sys     122, 0, 8
        spawn   stack1, other                   # pinned to hart 0, too
        spawn   stack2, other
        la      a2, hart1
        sys     122, 0, 8
        sys     SYS_SCHED_YIELD
        sys     SYS_EXIT, 0
other:  {SPIN.format(rounds=3000)}
        sys     SYS_EXIT, 0
{DATA}""",
        harts=2,
        quantum=10_000,
    )
    (call,) = live.of("syscall", name="sched_yield", action="enter")
    after = [event for event in live.events if event.seq > call.seq and event.kind != "tlb"][:3]
    assert [(event.kind, event.action) for event in after] == [  # type: ignore[attr-defined]
        *(("thread", "ready"), ("syscall", "exit"), ("thread", "running"))
    ]


# The command line's.


def test_attributes_are_read() -> None:
    found = read_attributes(
        4, nice=["1=5", "2=-3", "1=6"], priority=["2=10"], tickets=["1=75"], affinity=["1=0,1", "3=3,0,1,2"]
    )
    assert found == (
        *((1, "affinity", 3), (1, "nice", 6), (1, "tickets", 75)),
        *((2, "nice", -3), (2, "priority", 10)),  # process 3 may run anywhere, as ever
    )
    assert [typed(*each) for each in found[:2]] == ["--affinity 1=0,1", "--nice 1=6"]
    assert read_attributes(64, affinity=["1=63"]) == ((1, "affinity", -(1 << 63)),)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"nice": ["5"]}, "want PID=VALUE"),
        ({"nice": ["0=5"]}, "want PID=VALUE"),
        ({"nice": ["1=20"]}, "from -20 to 19"),
        ({"nice": ["1=--5"]}, "whole number"),
        ({"priority": ["1=100"]}, "from 0 to 99"),
        ({"priority": ["1="]}, "whole number"),
        ({"tickets": ["1=0"]}, "from 1 to"),
        ({"affinity": ["1=2"]}, r"harts are 0 to 1 \(--harts\)"),
        ({"affinity": ["1="]}, "want PID=HART"),
        ({"affinity": ["1=0,x"]}, "want PID=HART"),
    ],
)
def test_attributes_that_cannot_be(given: dict[str, list[str]], told: str) -> None:
    with pytest.raises(BadAttribute, match=told):
        read_attributes(2, **given)
    (name,) = given
    with pytest.raises(BadAttribute, match=f"--{name}"):
        read_attributes(2, **given)


def test_attributes_are_of_processes_that_begin() -> None:
    check_processes([(1, "nice", 4), (2, "nice", 4)], 2)
    with pytest.raises(BadAttribute, match=r"--nice 3=.*processes 1 to 2"):
        check_processes([(3, "nice", 4)], 2)


def test_the_loader_gives_attributes_to_the_first_thread() -> None:
    live = rig.run(
        f"_start: spawn stack1, child\nchild: sys SYS_EXIT, 0\n{DATA}",
        attributes=((1, "nice", -4), (1, "priority", 8), (1, "tickets", 9)),
    )
    told = [(event.tid, event.action, event.value) for event in live.of("scheduling")]
    assert told == [(1, "nice", -4), (1, "policy", 2), (1, "priority", 8), (1, "tickets", 9)]
    assert [(t.nice, t.policy, t.priority, t.tickets) for t in live.world.threads.values()] == [
        (-4, 2, 8, 9)
    ] * 2


def test_levels_are_state_of_the_run() -> None:
    """A replay shows them without a scheduler."""
    live, found = jobs.run([Job("A", 5), Job("B", 5)], scheduler="mlfq:boost=0", quantum=1)
    assert [live.world.threads[job.tid].level for job in found.values()] == [2, 2]
