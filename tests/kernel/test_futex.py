"""The futex operations besides wait and wake, absolute timeouts, and robust locks."""

import pytest
import rig
from signal_programs import PRELUDE

EAGAIN, EFAULT, EINVAL, ENOSYS, ETIMEDOUT, EINTR = -11, -14, -22, -38, -110, -4

#: Three threads wait on ``word``, one after the other, with bitsets 1, 2 and 4; then the rest of the program.
WAITERS = (
    PRELUDE
    + """
_start: spawn   stack1, first
        rest    3000
        spawn   stack2, second
        rest    3000
        spawn   stack3, third
        rest    3000
        j       go
first:  li      a5, 1
        j       1f
second: li      a5, 2
        j       1f
third:  li      a5, 4
1:      la      a0, word
        sys     SYS_FUTEX, , 9, 0, 0, 0
        sys     SYS_EXIT, 0
        .data
        .align  3
other:  .dword  0
        .text
go:
"""
)


def run(text: str, **options: object) -> rig.Live:
    return rig.run(text, **{"max_events": 50_000, "harts": 4, **options})


def woken(live: rig.Live) -> list[int]:
    """The waiters in order of their waking."""
    return [e.tid for e in live.of("syscall", name="futex", action="exit") if e.tid in (2, 3, 4)]


def test_a_wake_with_a_bitset_wakes_whom_it_meets(executor: str) -> None:
    live = run(
        WAITERS
        + """
        la      a0, word
        sys     SYS_FUTEX, , 10, 5, , , 6
        probe   1, a0
        la      a0, word
        sys     SYS_FUTEX, , 1, 5
        probe   1, a0
        finish  0
""",
        executor_name=executor,
    )
    assert [event.value for event in live.of("probe")] == [2, 1]
    assert woken(live) == [3, 4, 2]
    assert [event.bitset for event in live.of("futex", action="wait")] == [1, 2, 4]


@pytest.mark.parametrize(("operation", "expected"), [(3, 99), (4, 0)])
def test_a_requeue_wakes_some_and_moves_others(operation: int, expected: int, executor: str) -> None:
    live = run(
        WAITERS
        + f"""
        la      a0, word
        la      a4, other
        sys     SYS_FUTEX, , {operation}, 1, 1, , {expected}
        probe   1, a0
        la      a0, other
        sys     SYS_FUTEX, , 1, 9
        probe   1, a0
        la      a0, word
        sys     SYS_FUTEX, , 1, 9
        probe   1, a0
        finish  0
""",
        executor_name=executor,
    )
    assert [event.value for event in live.of("probe")] == [2, 1, 1]
    assert woken(live) == [2, 3, 4]
    (moved,) = live.of("futex", action="requeue")
    assert (moved.count, moved.address, moved.target) == (1, live.symbol("word"), live.symbol("other"))


def test_a_comparing_requeue_compares() -> None:
    live = run(
        WAITERS
        + """
        la      a0, word
        la      a4, other
        sys     SYS_FUTEX, , 4, 1, 1, , 7
        probe   1, a0
        finish  0
"""
    )
    assert live.of("probe")[0].value == EAGAIN
    assert woken(live) == []


def test_a_moved_waiter_times_out_where_it_is() -> None:
    live = run(
        PRELUDE
        + """
_start: spawn   stack1, child
        rest    2000
        la      a0, word
        la      a4, info
        sys     SYS_FUTEX, , 3, 0, 9
        rest    50000
        finish  0
child:  la      a0, word
        la      a3, short
        sys     SYS_FUTEX, , 0, 0
        sys     SYS_EXIT, 0
        .data
        .align  3
short:  .dword  0, 20000
"""
    )
    (timeout,) = live.of("futex", action="timeout")
    assert timeout.address == live.symbol("info")
    assert live.world.futexes == {}


@pytest.mark.parametrize(
    ("operation", "after", "wakes"),
    [
        ("0 << 28 | 0 << 24 | 7 << 12 | 5", 7, 2),  # set to 7; it was 5
        ("1 << 28 | 1 << 24 | 7 << 12 | 5", 12, 1),  # add 7; it was not other than 5
        ("1 << 28 | 2 << 24 | 0xFFF << 12 | 6", 4, 2),  # add -1; it was less than 6
        ("2 << 28 | 3 << 24 | 2 << 12 | 5", 7, 2),
        ("3 << 28 | 4 << 24 | 4 << 12 | 5", 1, 1),
        ("4 << 28 | 5 << 24 | 1 << 12 | 0xFFF", 4, 2),
        ("10 << 28 | 0 << 24 | 3 << 12 | 5", 13, 2),  # or 1 << 3
    ],
)
def test_wake_op_changes_one_word_and_wakes_on_both(operation: str, after: int, wakes: int) -> None:
    live = run(
        PRELUDE
        + f"""
_start: spawn   stack1, first
        spawn   stack2, second
        rest    4000
        la      a0, word
        la      a4, other
        sys     SYS_FUTEX, , 5, 1, 1, , {operation}
        probe   1, a0
        lw      t0, other
        probe   2, t0
        finish  0
first:  la      a0, word
        sys     SYS_FUTEX, , 0, 0, 0
        sys     SYS_EXIT, 0
second: la      a0, other
        sys     SYS_FUTEX, , 0, 5, 0
        sys     SYS_EXIT, 0
        .data
        .align  3
other:  .dword  5
"""
    )
    values = {event.number: event.value for event in live.of("probe")}
    assert values == {1: wakes, 2: after}


@pytest.mark.parametrize("clock", [0, 256])
def test_a_wait_with_a_bitset_has_an_absolute_timeout(clock: int) -> None:
    live = run(
        PRELUDE
        + f"""
_start: rest    3000
        la      a0, word
        la      a3, past
        sys     SYS_FUTEX, , 9 | {clock}, 0, , , -1
        la      a0, word
        la      a3, soon
        sys     SYS_FUTEX, , 9 | {clock}, 0, , , -1
        finish  0
        .data
        .align  3
past:   .dword  0, 1
soon:   .dword  0, 20000
"""
    )
    assert live.results("futex") == [ETIMEDOUT, ETIMEDOUT]
    assert [event.until for event in live.of("thread", action="blocked", on="futex")][1] == 20000


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        ("0x4000, 9, 0, 0, 0, 0", EINVAL),  # an empty bitset
        ("0x4000, 10, 1, 0, 0, 0", EINVAL),
        ("0x4000, 3, -1, 1, 0x4000", EINVAL),
        ("0x4000, 3, 1, 1, 0x4002", EINVAL),
        ("0x4000, 3, 1, 1, 8", EFAULT),
        ("0x4000, 5, 1, 1, 8, 0", EFAULT),
        ("0x4000, 0 | 256, 1, 0", ENOSYS),  # a relative time takes no clock
        ("0x4000, 6, 1, 0", ENOSYS),
        ("0x4000, 13, 1, 0", ENOSYS),
    ],
)
def test_results(arguments: str, result: int) -> None:
    live = run(PRELUDE + f"_start: sys SYS_FUTEX, {arguments}\n finish 0\n.data\n.align 14\n.dword 0")
    assert live.results("futex") == [result]


def test_operations_on_priority_inheriting_locks_are_named() -> None:
    live = run(PRELUDE + "_start: sys SYS_FUTEX, 0x4000, 6\n finish 0")
    assert live.kernel.refused == {"FUTEX_LOCK_PI"}


def test_a_thread_that_ends_gives_up_its_robust_locks() -> None:
    """Of three entries it holds the first, with a waiter; another thread has the second; the third it was
    about to take."""
    live = run(
        PRELUDE
        + """
_start: spawn   stack1, holder
        rest    3000
        la      a0, lock1
        sys     SYS_FUTEX, , 0, 0x80000002, 0
        mv      s0, a0
        rest    3000
        mv      a0, s0
        sys     SYS_EXIT_GROUP
holder: la      a0, head
        sys     99, , 24
        rest    9000
        sys     SYS_EXIT, 0
        .data
        .align  3
head:   .dword  entry1, 8, entry3
entry1: .dword  entry2
lock1:  .dword  0x80000002
entry2: .dword  head
lock2:  .dword  7
entry3: .dword  0
lock3:  .dword  2
"""
    )
    assert live.ended == ("exited", 0)
    process = live.world.processes[1]
    writes = {e.address: e.data for e in live.of("kernel_write", tid=2)}
    assert writes == {
        live.symbol("lock1"): (0xC0000000).to_bytes(4, "little"),
        live.symbol("lock3"): (0x40000000).to_bytes(4, "little"),
    }
    assert process.state == "exited"
    assert live.of("futex", action="wake", tid=2)[0].count == 1


@pytest.mark.parametrize("head", ["8", "circle", "broken"])
def test_a_robust_list_that_leads_nowhere_ends_the_thread_all_the_same(head: str) -> None:
    live = run(
        PRELUDE
        + f"""
_start: {"li" if head == "8" else "la"} a0, {head}
        sys     99, , 24
        sys     99, 0, 16
        sys     SYS_EXIT, 4
        .data
        .align  3
circle: .dword  entry, 8, 0
entry:  .dword  entry, 0
broken: .dword  64, 8, 0
"""
    )
    assert live.results("set_robust_list") == [0, EINVAL]
    assert live.ended == ("exited", 4)
