"""Signals and calls that wait: ended, made again, suspended, awaited; which thread takes one."""

import pytest
from signal_programs import COUNTER, EAGAIN, EINTR, EINVAL, ERESTARTSYS, SIGUSR1, SIGUSR2, run

from sim.signals import set_of


@pytest.mark.parametrize(
    ("wait", "flags", "results"),
    [
        ("la a0, word\n sys SYS_FUTEX, , 0, 0, 0", "0", [EINTR]),
        ("la a0, word\n sys SYS_FUTEX, , 0, 0, 0", "SA_RESTART", [ERESTARTSYS, 0]),
        ("la a0, word\n la a3, long\n sys SYS_FUTEX, , 0, 0", "SA_RESTART", [EINTR]),
        ("la a0, long\n sys SYS_NANOSLEEP, , 0", "SA_RESTART", [EINTR]),
        ("suspend 0", "SA_RESTART", [EINTR]),
        ("lw a0, ends\n la a1, info\n sys 63, , , 8", "0", [EINTR]),
        ("lw a0, ends\n la a1, info\n sys 63, , , 8", "SA_RESTART", [ERESTARTSYS, 8]),
    ],
)
def test_a_handler_ends_a_waiting_call_or_has_it_made_again(
    wait: str, flags: str, results: list[int], executor: str
) -> None:
    live = run(
        f"""
_start: handle  SIGUSR1, count, {flags}
        la      a0, ends
        sys     59, , 0
        spawn   stack1, child
        probe   1, zero
        {wait}
        mv      s0, a0
        probe   2, s0
        finish  0
child:  rest    5000
        send    1, SIGUSR1
        rest    5000
        la      a0, word
        sw      zero, 0(a0)
        sys     SYS_FUTEX, , 1, 10
        lw      a0, ends+4
        la      a1, info
        sys     SYS_WRITE, , , 8
        sys     SYS_EXIT, 0
        .data
        .align  3
long:   .dword  0, 900000
ends:   .dword  0
        .text
"""
        + COUNTER.replace("addi    t1, t1, 1", "addi    t1, t1, 0"),
        executor_name=executor,
    )
    (first,) = live.of("probe", number=1)
    got = [e.result for e in live.of("syscall", tid=1, action="exit") if e.seq > first.seq]
    assert got == results
    assert live.of("probe", number=2)[0].value == results[-1]
    assert len(live.of("signal", action="delivered", tid=1)) == 1
    assert live.ended == ("exited", 0)


def test_an_interrupted_sleep_tells_what_was_left() -> None:
    live = run(
        """
_start: handle  SIGUSR1, count, 0
        spawn   stack1, child
        la      a0, long
        la      a1, info
        sys     SYS_NANOSLEEP
        ld      a0, info+8
        probe   1, a0
        finish  0
child:  rest    5000
        send    1, SIGUSR1
        sys     SYS_EXIT, 0
        .data
        .align  3
long:   .dword  0, 900000
        .text
"""
        + COUNTER
    )
    (slept,) = live.of("thread", action="blocked", tid=1)
    (ended,) = live.of("syscall", name="nanosleep", tid=1, action="exit")
    assert ended.result == EINTR
    assert live.of("probe")[0].value == slept.until - ended.tick


def test_suspended_until_a_handler_has_run_with_the_old_mask_after_it() -> None:
    live = run(
        """
_start: handle  SIGUSR1, count, 0
        block   SIG_BLOCK, 1 << (SIGUSR1 - 1) | 1 << (SIGUSR2 - 1)
        raise   SIGUSR1
        suspend 1 << (SIGUSR2 - 1)
        mv      s0, a0
        la      a2, info
        sys     SYS_RT_SIGPROCMASK, 0, 0, , 8
        ld      t0, info
        probe   1, t0
        ld      a0, word
        sys     SYS_EXIT_GROUP
"""
        + COUNTER
    )
    assert live.ended == ("exited", 1)
    assert live.results("rt_sigsuspend") == [EINTR]
    assert live.of("probe")[0].value == set_of(SIGUSR1, SIGUSR2)
    (delivered,) = live.of("signal", action="delivered")
    assert delivered.mask == set_of(SIGUSR1, SIGUSR2)


def test_sigtimedwait_takes_a_signal_without_a_handler() -> None:
    live = run("""
_start: block   SIG_BLOCK, 1 << (SIGUSR1 - 1) | 1 << (SIGUSR2 - 1)
        raise   SIGUSR2
        la      a0, both
        la      a1, info
        sys     SYS_RT_SIGTIMEDWAIT, , , 0, 8       # one that is pending
        spawn   stack1, child
        la      a0, both
        la      a1, info
        sys     SYS_RT_SIGTIMEDWAIT, , , 0, 8       # one that comes
        lw      s0, info
        la      a0, both
        la      a2, short
        sys     SYS_RT_SIGTIMEDWAIT, , 0, , 8       # none
        la      a0, both
        sys     SYS_RT_SIGTIMEDWAIT, , 0, 0, 4
        mv      a0, s0
        sys     SYS_EXIT_GROUP
child:  rest    3000
        sys     SYS_KILL, 1, SIGUSR1
        sys     SYS_EXIT, 0
        .data
        .align  3
both:   .dword  1 << (SIGUSR1 - 1) | 1 << (SIGUSR2 - 1)
short:  .dword  0, 5000
""")
    assert live.results("rt_sigtimedwait") == [SIGUSR2, SIGUSR1, EAGAIN, EINVAL]
    assert live.ended == ("exited", SIGUSR1)
    assert live.of("signal", action="delivered") == []


def test_a_process_signal_goes_to_a_thread_that_lets_it_through() -> None:
    live = run(
        """
_start: handle  SIGUSR1, count, 0
        spawn   stack1, child
        block   SIG_BLOCK, 1 << (SIGUSR1 - 1)
        rest    2000
        sys     SYS_KILL, 1, SIGUSR1
        rest    2000
        finish  0
child:  la      a0, word
        sys     SYS_FUTEX, , 0, 0, 0
1:      j       1b
"""
        + COUNTER
    )
    assert [(e.tid, e.number) for e in live.of("signal", action="delivered")] == [(2, SIGUSR1)]
    assert [e.action for e in live.of("futex", tid=2)] == ["wait", "interrupted"]


def test_a_new_thread_blocks_what_its_creator_blocks() -> None:
    live = run(
        """
_start: handle  SIGUSR1, count, 0
        block   SIG_BLOCK, 1 << (SIGUSR1 - 1)
        spawn   stack1, child
        sys     SYS_EXIT, 0
child:  raise   SIGUSR1
        ld      a0, word
        sys     SYS_EXIT_GROUP
"""
        + COUNTER
    )
    assert live.ended == ("exited", 0)
    assert live.world.threads[2].signals.pending == []  # it is gone
