"""Signals: sending, blocking, handling, returning; calls that they end; faults with handlers."""

import struct

import pytest
import rig
from signal_programs import (
    COUNTER,
    EFAULT,
    EINVAL,
    ENOMEM,
    ENOSYS,
    ESRCH,
    EXCHANGE,
    SIGUSR1,
    SIGUSR2,
    run,
    told,
)

from sim.signals import set_of


def test_a_handler_runs_and_the_thread_goes_on_where_it_was(executor: str) -> None:
    live = run(
        """
_start: handle  SIGUSR1, handler, 0
        li      s1, 77
        li      t3, 88
        raise   SIGUSR1
        mv      s2, a0
        bnez    a0, bad
        li      t4, 88
        bne     t3, t4, bad
        mv      a0, s1
        sys     SYS_EXIT_GROUP
bad:    finish  1
handler:
        li      t3, 5
        li      a1, 6
        ret
""",
        executor_name=executor,
    )
    assert live.ended == ("exited", 77)
    assert told(live) == [("sent", SIGUSR1, 1), ("delivered", SIGUSR1, 1), ("returned", 0, 1)]
    sent, delivered, returned = live.of("signal")[-3:]
    (call,) = live.of("syscall", name="tkill", action="exit")
    assert sent.seq < call.seq < delivered.seq
    assert delivered.address == live.symbol("handler")
    assert (delivered.mask, returned.mask) == (set_of(SIGUSR1), 0)
    assert live.of("syscall", name="rt_sigreturn", action="exit") == []


def test_the_frame_is_as_linux_lays_it_out() -> None:
    live = run("""
_start: handle  SIGUSR1, handler, SA_SIGINFO
        block   SIG_BLOCK, 1 << (SIGUSR2 - 1)
        li      s3, 333
        li      t0, 3 << 5 | 1
        csrw    fcsr, t0
        li      t0, 0x4000000000000000
        fmv.d.x ft1, t0
        mv      s4, sp
        raise   SIGUSR1
handler:
        mv      s0, a0
        mv      s1, a1
        mv      s2, a2
        la      s5, kept
        mv      s6, a1
        li      s7, 1088/8
1:      ld      t0, 0(s6)
        sd      t0, 0(s5)
        addi    s5, s5, 8
        addi    s6, s6, 8
        addi    s7, s7, -1
        bnez    s7, 1b
        finish  0
        .bss
        .align  3
kept:   .zero   1088
""")
    (delivered,) = live.of("signal", action="delivered")
    assert live.ended == ("exited", 0)
    words = [event for event in live.of("instruction") if 0 <= event.address - live.symbol("kept") < 1088]
    frame = b"".join(struct.pack("<q", event.value) for event in words)
    assert struct.unpack_from("<iii4xii", frame) == (SIGUSR1, 0, -6, 1, 1000)
    assert struct.unpack_from("<qqqiiq", frame, 128) == (0, 0, 0, 2, 0, 0)  # uc_flags, uc_link, uc_stack
    assert struct.unpack_from("<Q", frame, 128 + 40) == (1 << (SIGUSR2 - 1),)
    registers = struct.unpack_from("<32q", frame, 128 + 176)
    (call,) = live.of("syscall", name="tkill", action="exit")
    entered = struct.unpack("<66q", delivered.registers)
    stack = registers[2]
    assert registers[0] == call.pc + 4
    assert (registers[10], registers[17], registers[19], registers[20]) == (0, 130, 333, stack)
    floats = struct.unpack_from("<32QI", frame, 128 + 176 + 256)
    assert (floats[1], floats[32]) == (0x4000000000000000, 3 << 5 | 1)
    assert not any(frame[128 + 176 + 256 + 256 + 4 :])
    # The handler: (number, siginfo, ucontext), on an aligned stack below.
    sp = entered[2]
    assert entered[10:13] == (SIGUSR1, sp, sp + 128)
    assert sp % 16 == 0 and sp == (stack - 1088) & -16


def test_a_handler_may_change_what_it_goes_back_to() -> None:
    live = run("""
_start: handle  SIGUSR1, handler, SA_SIGINFO
        raise   SIGUSR1
        finish  1
elsewhere:
        fmv.x.d t0, ft5
        li      t1, 1234
        bne     t0, t1, bad
        block   SIG_BLOCK, 0
        mv      a0, s5
        sys     SYS_EXIT_GROUP
bad:    finish  2
handler:
        la      t0, elsewhere
        sd      t0, 176(a2)
        li      t0, 42
        sd      t0, 176+8*21(a2)
        li      t0, 1234
        sd      t0, 176+256+8*5(a2)
        li      t0, -1
        sd      t0, 40(a2)
        ret
""")
    assert live.ended == ("exited", 42)
    (returned,) = live.of("signal", action="returned")
    assert returned.mask == ~set_of(9, 19)  # SIGKILL and SIGSTOP can't be blocked


def test_blocked_signals_wait_and_the_same_one_waits_once() -> None:
    live = run(
        """
_start: handle  SIGUSR1, count, 0
        block   SIG_BLOCK, 1 << (SIGUSR1 - 1)
        raise   SIGUSR1
        raise   SIGUSR1
        sys     SYS_KILL, 1, SIGUSR1
        la      a0, info
        sys     SYS_RT_SIGPENDING, , 8
        la      s0, info
        ld      s1, 0(s0)
        ld      s2, word
        bnez    s2, bad
        block   SIG_UNBLOCK, 1 << (SIGUSR1 - 1)
        ld      a0, word
        add     a0, a0, s1
        sys     SYS_EXIT_GROUP
bad:    finish  1
"""
        + COUNTER
    )
    # Once for the thread, once for the process.
    assert live.status == (1 << (SIGUSR1 - 1)) + 2 & 0xFF
    assert told(live)[:3] == [("sent", SIGUSR1, 1), ("ignored", SIGUSR1, 1), ("sent", SIGUSR1, 0)]
    assert [event.number for event in live.of("signal", action="delivered")] == [SIGUSR1] * 2


def test_real_time_signals_queue_with_their_values() -> None:
    live = run("""
_start: handle  40, handler, SA_SIGINFO
        block   SIG_BLOCK, 1 << 39
        la      s0, info
        li      t0, -1
        sw      t0, 8(s0)
        li      t0, 30
        sd      t0, 24(s0)
        mv      a2, s0
        sys     SYS_RT_SIGQUEUEINFO, 1, 40
        li      t0, 4
        sd      t0, 24(s0)
        mv      a2, s0
        sys     SYS_RT_SIGQUEUEINFO, 1, 40
        block   SIG_SETMASK, 0
        ld      a0, word
        sys     SYS_EXIT_GROUP
handler:
        lw      t0, 8(a1)
        addi    t0, t0, 1
        bnez    t0, 1f
        la      t0, word
        ld      t1, 0(t0)
        slli    t1, t1, 3
        ld      t2, 24(a1)
        add     t1, t1, t2
        sd      t1, 0(t0)
1:      ret
""")
    assert live.ended == ("exited", 30 * 8 + 4)


@pytest.mark.parametrize(
    ("flags", "mask", "order"),
    [
        ("0", "0", [SIGUSR1, SIGUSR2, -SIGUSR2, -SIGUSR1]),
        ("0", "1 << (SIGUSR2 - 1)", [SIGUSR1, -SIGUSR1, SIGUSR2, -SIGUSR2]),
    ],
)
def test_what_a_handler_blocks(flags: str, mask: str, order: list[int]) -> None:
    live = run(f"""
_start: handle  SIGUSR1, outer, {flags}, {mask}
        handle  SIGUSR2, inner, 0
        raise   SIGUSR1
        finish  0
outer:  probe   1, a0
        mv      s0, a0
        raise   SIGUSR2
        neg     t0, s0
        probe   1, t0
        ret
inner:  probe   1, a0
        neg     t0, a0
        probe   1, t0
        ret
""")
    assert [event.value for event in live.of("probe")] == order


@pytest.mark.parametrize(("flags", "deepest"), [("0", 1), ("SA_NODEFER", 3)])
def test_a_handler_blocks_its_own_signal_unless_told_not_to(flags: str, deepest: int) -> None:
    live = run(f"""
_start: handle  SIGUSR1, again, {flags}
        li      s2, 3
        raise   SIGUSR1
        finish  0
again:  addi    s1, s1, 1
        probe   1, s1
        addi    s2, s2, -1
        blez    s2, 1f
        addi    sp, sp, -16
        sd      ra, 0(sp)
        raise   SIGUSR1
        ld      ra, 0(sp)
        addi    sp, sp, 16
1:      addi    s1, s1, -1
        ret
""")
    assert max(event.value for event in live.of("probe")) == deepest


def test_a_handler_for_one_time() -> None:
    live = run(
        """
_start: handle  SIGUSR1, count, SA_RESETHAND
        raise   SIGUSR1
        raise   SIGUSR1
"""
        + COUNTER
    )
    assert live.ended == ("signalled", 128 + SIGUSR1)
    assert len(live.of("signal", action="delivered")) == 1


def test_abort_ends_the_process_and_says_by_what(executor: str) -> None:
    live = run("_start: raise SIGABRT\n finish 0", executor_name=executor)
    assert live.ended == ("signalled", 134)
    (kill,) = live.kernel.kills
    assert (kill.number, kill.tid) == (6, 1)
    assert live.of("process", action="signalled")[0].status == 6


def test_a_signal_ends_all_threads_wherever_they_are() -> None:
    live = run("""
_start: spawn   stack1, child
        rest    2000
        send    2, SIGTERM
1:      j       1b
child:  la      a0, word
        sys     SYS_FUTEX, , 0, 0, 0
""")
    assert live.ended == ("signalled", 128 + 15)
    assert {t.state for t in live.world.threads.values()} == {"exited"}
    assert live.world.futexes == {}


@pytest.mark.parametrize("number", ["SIGCHLD", "SIGCONT", "SIGTERM"])
def test_ignored_signals_do_nothing_not_even_to_a_sleeper(number: str) -> None:
    live = run(f"""
_start: answer  SIGTERM, 1
        spawn   stack1, child
        rest    50000
        mv      s0, a0
        mv      a0, s0
        sys     SYS_EXIT_GROUP
child:  rest    3000
        send    1, {number}
        sys     SYS_EXIT, 0
""")
    assert live.ended == ("exited", 0)
    assert [action for action, _, _ in told(live)] == ["ignored"]


def test_becoming_ignored_forgets_what_is_pending() -> None:
    live = run("""
_start: block   SIG_BLOCK, 1 << (SIGUSR1 - 1)
        raise   SIGUSR1
        sys     SYS_KILL, 1, SIGUSR1
        answer  SIGUSR1, 1
        answer  SIGUSR1, 0
        block   SIG_SETMASK, 0
        finish  3
""")
    assert live.ended == ("exited", 3)
    assert [action for action, _, _ in told(live)] == ["sent", "sent", "discarded", "discarded"]


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ("SYS_KILL, 1, 0", 0),
        ("SYS_KILL, 0, 0", 0),
        ("SYS_KILL, -1, 0", ESRCH),
        ("SYS_KILL, 99, 0", ESRCH),
        ("SYS_KILL, 1, 65", EINVAL),
        ("SYS_KILL, 1, -1", EINVAL),
        ("SYS_KILL, 1, SIGSTOP", ENOSYS),
        ("SYS_TKILL, 0, 10", EINVAL),
        ("SYS_TKILL, 7, 10", ESRCH),
        ("SYS_TKILL, 1, 0", 0),
        ("SYS_TGKILL, 1, 1, 0", 0),
        ("SYS_TGKILL, 2, 1, 0", ESRCH),
        ("SYS_TGKILL, 0, 1, 0", EINVAL),
        ("SYS_TGKILL, 1, 1, 70", EINVAL),
        ("SYS_RT_SIGACTION, 9, 8, 0, 8", EINVAL),
        ("SYS_RT_SIGACTION, 9, 0, 0, 8", 0),
        ("SYS_RT_SIGACTION, 0, 0, 0, 8", EINVAL),
        ("SYS_RT_SIGACTION, 65, 0, 0, 8", EINVAL),
        ("SYS_RT_SIGACTION, 10, 0, 0, 16", EINVAL),
        ("SYS_RT_SIGACTION, 10, 8, 0, 8", EFAULT),
        ("SYS_RT_SIGPROCMASK, 3, 0, 0, 8", 0),
        ("SYS_RT_SIGPROCMASK, 0, 8, 0, 8", EFAULT),
        ("SYS_RT_SIGPROCMASK, 0, 0, 0, 4", EINVAL),
        ("SYS_RT_SIGPENDING, 8, 8", EFAULT),
        ("SYS_RT_SIGSUSPEND, 8, 8", EFAULT),
        ("SYS_RT_SIGTIMEDWAIT, 8, 0, 0, 8", EFAULT),
        ("SYS_SIGALTSTACK, 8, 0", EFAULT),
    ],
)
def test_results(call: str, result: int) -> None:
    live = run(f"_start: sys {call}\n finish 0")
    name = call.split(",", maxsplit=1)[0].removeprefix("SYS_").lower()
    assert live.results(name) == [result]
    assert live.ended == ("exited", 0)
    assert live.kernel.refused == ({"stopping a process (SIGSTOP)"} if result == ENOSYS else set())


@pytest.mark.parametrize(
    ("fields", "result"),
    [
        ("alternate, 0, 4096", 0),
        ("alternate, 0, 100", ENOMEM),
        ("alternate, 8, 4096", EINVAL),
        ("0, 2, 0", 0),
    ],
)
def test_alternate_stacks_are_checked(fields: str, result: int) -> None:
    live = run(f"""
_start: la      a0, stack_t
        sys     SYS_SIGALTSTACK, , 0
        finish  0
        .data
        .align  3
stack_t: .dword {fields}
""")
    assert live.results("sigaltstack") == [result]


def test_writing_to_a_pipe_without_readers() -> None:
    text = """
_start: {how}
        la      a0, ends
        sys     59, , 0
        lw      a0, ends
        sys     57
        lw      a0, ends+4
        la      a1, info
        sys     SYS_WRITE, , , 8
        finish  3
        .data
        .align  3
ends:   .dword  0
"""
    assert run(text.format(how="nop")).ended == ("signalled", 128 + 13)
    ignoring = run(text.format(how="answer SIGPIPE, 1"))
    assert ignoring.ended == ("exited", 3)
    assert ignoring.results("write") == [-32]


def test_both_executors_make_the_same_log_of_an_exchange() -> None:
    logs = [rig.run(EXCHANGE, executor_name=name, harts=2).events for name in ("compiled", "reference")]
    assert logs[0] == logs[1]
    assert len(logs[0]) > 1000


def test_a_run_without_handlers_has_no_page_for_their_return() -> None:
    live = run("_start: finish 0")
    assert "sigreturn" not in {event.name for event in live.of("memory_map")}
