"""clone, futex, set_tid_address, exit, nanosleep, sched_yield: what threads do to each other."""

import pytest
import rig

EFAULT, EINVAL, EAGAIN, ENOSYS, ETIMEDOUT = -14, -22, -11, -38, -110

STACKS = """
        .bss
        .align 12
        .zero 4096
stack1: .zero 4096
stack2: .zero 4096
stack3: .zero 4096
stack4:
        .data
        .align 3
word:   .dword 0
other:  .dword 0
ctid:   .dword 0
short:  .dword 0, 5000
"""


def run(text: str, **options: object) -> rig.Live:
    return rig.run(text + STACKS, **options)


def test_clone_makes_a_thread_with_the_parents_registers_and_its_own_stack() -> None:
    live = run("""
_start: li      s5, 1234
        li      a0, 0x10f00 | 0x80000 | 0x100000 | 0x200000 | 0x1000000
        la      a1, stack1
        la      a2, word
        li      a3, 0x7777              # tls
        la      a4, ctid
        sys     SYS_CLONE
        beqz    a0, child
        mv      s1, a0
        la      s0, ctid
1:      lw      t0, 0(s0)
        bnez    t0, 1b
        la      t1, word
        lw      a0, 0(t1)
        sub     a0, a0, s1              # parent_tid holds what clone returned
        sys     SYS_EXIT
child:  la      t0, stack1
        sub     t0, t0, sp
        li      t1, 0x7777
        sub     t1, tp, t1
        li      t2, 1234
        sub     t2, s5, t2
        or      a0, t0, t1
        or      a0, a0, t2
        sys     SYS_EXIT
""")
    assert live.results("clone") == [2]
    (created,) = live.of("thread", action="created", tid=2)
    assert (created.by, created.pid) == (1, 1)
    assert [e.status for e in live.of("thread", action="exited")] == [0, 0]
    # The kernel wrote the tid in both places, and zero at the end.
    writes = [(e.address, e.data) for e in live.of("kernel_write") if e.tid]
    word, ctid = live.symbol("word"), live.symbol("ctid")
    assert writes == [(word, b"\2\0\0\0"), (ctid, b"\2\0\0\0"), (ctid, bytes(4))]
    assert live.ended == ("exited", 0)


def test_clone_to_a_bad_address_makes_no_thread() -> None:
    live = run("""
_start: li      a0, 0x10f00 | 0x100000
        la      a1, stack1
        sys     SYS_CLONE, , , 8, 0, 0
        sys     SYS_EXIT, 0
""")
    assert live.results("clone") == [EFAULT]
    assert list(live.world.threads) == [1]


@pytest.mark.parametrize("flags", ["0x100", "0x200", "0x400", "0x900", "0x4400"])
def test_processes_that_share_more_than_memory_are_not_supported_and_said_once(flags: str) -> None:
    live = run(f"""
_start: sys     SYS_CLONE, 17 | {flags}, 0, 0, 0, 0
        sys     SYS_CLONE, 17 | {flags}, 0, 0, 0, 0
        sys     SYS_EXIT, 0
""")
    assert live.results("clone") == [ENOSYS, ENOSYS]
    assert len(live.kernel.refused) == 1


def test_exit_ends_one_thread_exit_group_all() -> None:
    live = run("""
_start: spawn   stack1, child
        spawn   stack2, sleeper
        spawn   stack3, waiter
        sys     SYS_EXIT, 7
child:  la      a0, short
        sys     SYS_NANOSLEEP
        sys     SYS_EXIT_GROUP, 300
sleeper:
        la      a0, long
        sys     SYS_NANOSLEEP
waiter: la      a0, word
        sys     SYS_FUTEX, , 0, 0, 0
        .data
long:   .dword  1000, 0
""")
    assert live.ended == ("exited", 300 & 0xFF)
    exits = {event.tid: event.status for event in live.of("thread", action="exited")}
    assert exits == {1: 7, 2: 44, 3: 44, 4: 44}
    assert live.world.futexes == {} and not live.world.timers


def test_status_of_the_last_thread_is_the_process_status() -> None:
    live = run("""
_start: spawn   stack1, child
        sys     SYS_EXIT, 7
child:  la      a0, short
        sys     SYS_NANOSLEEP
        sys     SYS_EXIT, 9
""")
    assert live.ended == ("exited", 9)


def test_exit_clears_the_tid_word_and_wakes_its_waiter() -> None:
    live = run("""
_start: spawn   stack1, child
        la      s0, ctid
1:      lw      a2, 0(s0)
        beqz    a2, 1b
        mv      a0, s0
        sys     SYS_FUTEX, , 0, , 0
        lw      a0, 0(s0)
        sys     SYS_EXIT
child:  la      a0, ctid
        sys     SYS_SET_TID_ADDRESS
        la      t0, ctid
        sw      a0, 0(t0)
        la      a0, short
        sys     SYS_NANOSLEEP
        sys     SYS_EXIT, 0
""")
    assert live.ended == ("exited", 0)
    assert live.results("set_tid_address") == [2]
    assert live.results("futex") == [0]
    (ready,) = live.of("thread", action="ready", tid=1, by=2)
    exited = live.of("thread", action="exited", tid=2)[0]
    assert ready.seq < exited.seq


@pytest.mark.parametrize("address", ["8", "-1", "_start"])
def test_exit_with_a_tid_word_that_cant_be_written_just_exits(address: str) -> None:
    live = run(f"""
_start: spawn   stack1, child
        la      a0, short
        sys     SYS_NANOSLEEP
        sys     SYS_EXIT, 3
child:  {"la" if address == "_start" else "li"} a0, {address}
        sys     SYS_SET_TID_ADDRESS
        sys     SYS_EXIT, 1
        sys     SYS_EXIT_GROUP, 99
""")
    assert live.ended == ("exited", 3)


def test_exit_never_returns_even_without_memory_for_the_tid_word() -> None:
    """The word's page was never touched and no frame is left for it."""
    frames = 20
    source = """
_start: li      a0, 0x10f00 | 0x200000
        la      a1, stack1
        la      a4, clear
        sys     SYS_CLONE, , , 0, 0
        beqz    a0, child
        la      a0, late
        sys     SYS_NANOSLEEP
        sys     SYS_EXIT, 3
child:  la      t0, big
        li      t2, {count}
        li      t3, 4096
1:      sd      t2, 0(t0)
        add     t0, t0, t3
        addi    t2, t2, -1
        bnez    t2, 1b
        sys     SYS_EXIT, 0
        sys     SYS_EXIT_GROUP, 99
        .data
late:   .dword  0, 100000
        .bss
        .align  12
clear:  .zero   4096
big:    .zero   4096*100
"""
    uncleared = 0
    for count in range(frames - 8, frames):
        live = run(source.format(count=count), ram=4096 * frames)
        assert live.ended in (("exited", 3), ("signalled", 128 + 9)), count
        cleared = live.of("kernel_write", address=live.symbol("clear"))
        uncleared += live.ended[0] == "exited" and not cleared
    assert uncleared == 1


def test_futex_wait_returns_at_once_if_the_word_differs() -> None:
    live = run("""
_start: la      a0, word
        sys     SYS_FUTEX, , 0, 1, 0
        sys     SYS_EXIT, 0
""")
    assert live.results("futex") == [EAGAIN]
    assert live.of("futex") == [] and live.of("thread", action="blocked") == []


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        ("8, 0, 0, 0", EFAULT),
        ("2, 0, 0, 0", EINVAL),  # not aligned
        ("2, 1, 1", EINVAL),
        ("0x4000, 1, 1", 0),  # nobody waits there
        ("0x4000, 99, 1", ENOSYS),
        ("0x4000, 1 | 256, 1", ENOSYS),  # a wake takes no clock
    ],
)
def test_futex_results(arguments: str, result: int) -> None:
    live = run(f"_start: sys SYS_FUTEX, {arguments}\n sys SYS_EXIT, 0")
    assert live.results("futex") == [result]


@pytest.mark.parametrize("flags", [0, 128])
def test_futex_wakes_as_many_as_asked_longest_waiter_first(flags: int) -> None:
    live = run(
        f"""
_start: spawn   stack1, child
        la      a0, short
        sys     SYS_NANOSLEEP
        spawn   stack2, child
        la      a0, short
        sys     SYS_NANOSLEEP
        spawn   stack3, child
        la      a0, short
        sys     SYS_NANOSLEEP
        la      a0, word
        sys     SYS_FUTEX, , 1 | {flags}, 2
        la      a0, short
        sys     SYS_NANOSLEEP
        la      a0, word
        sys     SYS_FUTEX, , 1 | {flags}, 0x7fffffff
        la      a0, word
        sys     SYS_FUTEX, , 1 | {flags}, 1
        sys     SYS_EXIT, 0
child:  la      a0, word
        sys     SYS_FUTEX, , {flags}, 0, 0
        sys     SYS_EXIT, 0
""",
        harts=4,
    )
    assert [event.tid for event in live.of("futex", action="wait")] == [2, 3, 4]
    assert [event.count for event in live.of("futex", action="wake")] == [2, 1, 0]
    woken = [event.tid for event in live.of("thread", action="ready", by=1) if event.hart == -1]
    assert woken[-3:] == [2, 3, 4]
    assert live.ended == ("exited", 0)


def test_futex_on_another_word_wakes_nobody() -> None:
    live = run("""
_start: spawn   stack1, child
        la      a0, short
        sys     SYS_NANOSLEEP
        la      a0, other
        sys     SYS_FUTEX, , 1, 10
        sys     SYS_EXIT, 0
child:  la      a0, word
        sys     SYS_FUTEX, , 0, 0, 0
        sys     SYS_EXIT, 0
""")
    assert live.results("futex") == [0]
    assert live.ended == ("deadlock", 3)


def test_futex_wait_times_out() -> None:
    live = run("""
_start: la      a0, word
        la      a3, short
        sys     SYS_FUTEX, , 0, 0
        sys     SYS_EXIT, 0
""")
    assert live.results("futex") == [ETIMEDOUT]
    wait, timeout = live.of("futex")
    assert (wait.action, timeout.action) == ("wait", "timeout")
    (blocked,) = live.of("thread", action="blocked")
    assert timeout.tick == blocked.until >= wait.tick + 5000
    assert live.world.futexes == {}


def test_a_wait_that_was_woken_does_not_time_out_later() -> None:
    live = run("""
_start: spawn   stack1, child
        la      a0, word
        la      a3, short
        sys     SYS_FUTEX, , 0, 0
        mv      s0, a0
        la      a0, late
        sys     SYS_NANOSLEEP
        mv      a0, s0
        sys     SYS_EXIT
child:  li      t0, 500
1:      addi    t0, t0, -1
        bnez    t0, 1b
        la      a0, word
        sys     SYS_FUTEX, , 1, 1
        sys     SYS_EXIT, 0
        .data
late:   .dword  0, 20000
""")
    assert live.ended == ("exited", 0)
    assert [event.action for event in live.of("futex")] == ["wait", "wake"]


@pytest.mark.parametrize(
    ("seconds", "nanoseconds", "result"), [(-1, 0, EINVAL), (0, -1, EINVAL), (0, 10**9, EINVAL), (0, 0, 0)]
)
def test_timespecs_are_checked(seconds: int, nanoseconds: int, result: int) -> None:
    live = run(f"""
_start: la      a0, spec
        sys     SYS_NANOSLEEP
        la      a0, word
        la      a3, spec
        sys     SYS_FUTEX, , 0, 0
        sys     SYS_NANOSLEEP, 8
        sys     SYS_EXIT, 0
        .data
        .align 3
spec:   .dword  {seconds}, {nanoseconds}
""")
    assert live.results("nanosleep") == [result, EFAULT]
    assert live.results("futex") == [result or ETIMEDOUT]


def test_sleepers_wake_in_order_of_their_time_not_of_their_sleep() -> None:
    live = run(
        """
_start: spawn   stack1, third
        spawn   stack2, first
        spawn   stack3, second
        sys     SYS_EXIT, 0
third:  la      a0, time3
        sys     SYS_NANOSLEEP
        sys     SYS_EXIT, 0
first:  la      a0, time1
        sys     SYS_NANOSLEEP
        sys     SYS_EXIT, 0
second: la      a0, time2
        sys     SYS_NANOSLEEP
        sys     SYS_EXIT, 0
        .data
        .align 3
time1:  .dword  0, 100000
time2:  .dword  0, 200000
time3:  .dword  0, 300000
""",
        harts=4,
    )
    ends = live.of("syscall", name="nanosleep", action="exit")
    assert [event.tid for event in ends] == [3, 4, 2]
    until = {event.tid: event.until for event in live.of("thread", action="blocked", on="sleep")}
    assert all(event.tick == until[event.tid] for event in ends)


def test_yield_lets_the_others_run_first_and_alone_does_nothing() -> None:
    live = run(
        """
_start: sys     SYS_SCHED_YIELD
        spawn   stack1, child
        sys     SYS_SCHED_YIELD
        probe   1, zero
        sys     SYS_EXIT, 0
child:  probe   2, zero
        sys     SYS_EXIT, 0
""",
        harts=1,
    )
    assert live.results("sched_yield") == [0, 0]
    assert [event.number for event in live.of("probe")] == [2, 1]
    (yielded,) = live.of("context_switch", reason="yielded")
    assert (yielded.prev, yielded.next, yielded.runnable) == (1, 2, 1)


def test_thread_and_process_ids() -> None:
    live = run("""
_start: spawn   stack1, child
        sys     SYS_GETPID
        sys     SYS_GETTID
        sys     SYS_EXIT, 0
child:  sys     SYS_GETPID
        sys     SYS_GETTID
        sys     SYS_EXIT, 0
""")
    ids = {(e.tid, e.name): e.result for e in live.of("syscall", action="exit")}
    assert (ids[1, "getpid"], ids[2, "getpid"], ids[1, "gettid"], ids[2, "gettid"]) == (1, 1, 1, 2)


def test_more_threads_than_the_register_bank_first_has_rows_for() -> None:
    live = run(
        """
_start: li      s0, 40
        la      s1, many
1:      addi    s1, s1, 64
        li      a0, 0x10f00
        mv      a1, s1
        sys     SYS_CLONE, , , 0, 0, 0
        beqz    a0, child
        addi    s0, s0, -1
        bnez    s0, 1b
        la      s2, word
2:      lw      t0, 0(s2)
        li      t1, 40
        bne     t0, t1, 2b
        sys     SYS_EXIT, 0
child:  mv      s3, sp
        la      a0, short
        sys     SYS_NANOSLEEP
        bne     s3, sp, bad
        la      t0, word
        li      t1, 1
        amoadd.w zero, t1, (t0)
        sys     SYS_EXIT, 0
bad:    sys     SYS_EXIT_GROUP, 1
        .bss
        .align 6
many:   .zero   64*48
""",
        harts=3,
    )
    assert live.ended == ("exited", 0)
    assert len(live.world.threads) == 41


def test_unknown_calls_are_refused_and_named_once() -> None:
    live = run("""
_start: sys     4000
        sys     4000
        sys     -1
        sys     SYS_EXIT, 0
""")
    assert live.results("call_4000") == [ENOSYS, ENOSYS]
    assert live.results("call_-1") == [ENOSYS]
    assert live.kernel.refused == {"call_4000", "call_-1"}


def test_a_call_number_of_64_bits_is_no_other_call() -> None:
    live = run("_start: li a7, 1 << 32 | 93\n li a0, 5\n ecall\n sys SYS_EXIT, 0")
    assert live.ended == ("exited", 0)
    assert len(live.kernel.refused) == 1


def test_deadlock_is_a_verdict_that_names_who_waits() -> None:
    live = run("""
_start: spawn   stack1, child
child:  la      a0, word
        sys     SYS_FUTEX, , 0, 0, 0
""")
    assert live.ended == ("deadlock", 3)
    waiting = {t.tid: (t.state, t.on, t.address) for t in live.world.threads.values()}
    word = live.symbol("word")
    assert waiting == {1: ("blocked", "futex", word), 2: ("blocked", "futex", word)}


def test_a_sleeper_is_no_deadlock() -> None:
    live = run("""
_start: spawn   stack1, child
        la      a0, word
        sys     SYS_FUTEX, , 0, 0, 0
        sys     SYS_EXIT, 5
child:  la      a0, short
        sys     SYS_NANOSLEEP
        la      a0, word
        sys     SYS_FUTEX, , 1, 1
        sys     SYS_EXIT, 0
""")
    assert live.ended == ("exited", 5)
