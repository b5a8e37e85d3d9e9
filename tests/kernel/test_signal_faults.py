"""Faults that go to handlers, alternate stacks, frames that can't be made or read."""

import struct

import pytest
from signal_programs import COUNTER, SIGSEGV, SIGUSR1, run, told


@pytest.mark.parametrize(
    ("cause", "signal", "code", "address"),
    [
        ("ld t0, 8(zero)", 11, 1, 8),
        ("sd t0, _start, t1", 11, 2, "_start"),
        ("j faulty", 11, 1, "faulty"),
        (".word 0xffffffff", 4, 1, "fault"),
        ("ebreak", 5, 1, "fault"),
    ],
)
def test_a_fault_goes_to_its_handler(
    cause: str, signal: int, code: int, address: int | str, executor: str
) -> None:
    live = run(
        f"""
        .equ    faulty, 0x100
_start: handle  {signal}, handler, SA_SIGINFO
        la      s3, fault
        li      t1, 0x100
        {"jr t1" if cause == "j faulty" else "la t1, _start"}
fault:  {"sd t0, 0(t1)" if cause.startswith("sd") else cause if cause != "j faulty" else "nop"}
handler:
        lw      s0, 0(a1)
        lw      s1, 8(a1)
        ld      s2, 16(a1)
        probe   1, s0
        probe   2, s1
        probe   3, s2
        ld      s4, 176(a2)
        probe   4, s4
        finish  9
""",
        executor_name=executor,
    )
    values = {event.number: event.value for event in live.of("probe")}
    wanted = 0x100 if address == "faulty" else live.symbol(address) if isinstance(address, str) else address
    assert (values[1], values[2], values[3]) == (signal, code, wanted)
    assert values[4] == (0x100 if address == "faulty" else live.symbol("fault"))
    (fault,) = live.of("fault")
    assert fault.signal == signal
    assert live.ended == ("exited", 9)
    assert live.kernel.deaths == []


@pytest.mark.parametrize("how", ["block   SIG_BLOCK, -1", "answer  SIGSEGV, 1"])
def test_a_fault_that_is_blocked_or_ignored_ends_the_process(how: str) -> None:
    live = run(f"_start: {how}\n ld t0, 8(zero)\n finish 0")
    assert live.ended == ("signalled", 128 + SIGSEGV)
    assert [death.fault.cause for death in live.kernel.deaths] == ["load"]


OVERFLOW = """
_start: handle  SIGSEGV, handler, {flags}
        la      t0, stack_t
        la      t1, alternate
        sd      t1, 0(t0)
        la      a0, stack_t
        sys     SYS_SIGALTSTACK, , 0
down:   addi    sp, sp, -1024
        sd      zero, 0(sp)
        j       down
handler:
        la      t0, alternate
        sub     t0, sp, t0
        sltiu   a0, t0, 1024
        xori    a0, a0, 1               # near the upper end
        sltiu   t0, t0, 2047
        and     a0, a0, t0
        la      a1, info
        sys     SYS_SIGALTSTACK, 0
        lw      a0, info+8
        sys     SYS_EXIT_GROUP
        .data
        .align  3
stack_t: .dword {base}, 0, 4096
        .text
"""


def test_an_overflown_stack_is_handled_on_the_alternate_one() -> None:
    live = run(OVERFLOW.format(flags="SA_ONSTACK", base=0))
    assert live.ended == ("exited", 1)  # SS_ONSTACK
    (delivered,) = live.of("signal", action="delivered")
    sp = struct.unpack_from("<q", delivered.registers, 16)[0]
    assert live.symbol("alternate") < sp < live.symbol("alternate_end")


def test_an_overflown_stack_has_no_room_for_a_handler() -> None:
    live = run(OVERFLOW.format(flags="0", base=0))
    assert live.ended == ("signalled", 128 + SIGSEGV)
    (death,) = live.kernel.deaths
    assert death.fault.cause == "stack_overflow"


def test_a_handler_without_room_for_its_frame_is_a_bad_access() -> None:
    live = run("""
_start: handle  SIGUSR1, handler, 0
        handle  SIGSEGV, saved, SA_ONSTACK
        la      a0, stack_t
        sys     SYS_SIGALTSTACK, , 0
        sys     SYS_GETTID
        li      a1, SIGUSR1
        li      sp, 64
        sys     SYS_TKILL
        finish  0
saved:  finish  5
handler: finish 6
        .data
        .align  3
stack_t: .dword alternate, 0, 4096
""")
    assert live.ended == ("exited", 5)
    assert told(live) == [
        ("sent", SIGUSR1, 1),
        ("discarded", SIGUSR1, 1),
        ("sent", SIGSEGV, 1),
        ("delivered", SIGSEGV, 1),
    ]


def test_sigreturn_without_a_frame_is_a_bad_access() -> None:
    live = run("_start: li sp, 64\n sys SYS_RT_SIGRETURN\n finish 0")
    assert live.ended == ("signalled", 128 + SIGSEGV)


def test_a_reservation_is_lost_over_a_handler() -> None:
    live = run(
        """
_start: handle  SIGUSR1, count, 0
        spawn   stack1, child
        la      s0, info
again:  lr.d    t0, (s0)
        li      t1, 2000
1:      addi    t1, t1, -1
        bnez    t1, 1b
        sc.d    a0, t0, (s0)
        sys     SYS_EXIT_GROUP
child:  rest    2000
        send    1, SIGUSR1
        sys     SYS_EXIT, 0
"""
        + COUNTER
    )
    (reserved,) = live.of("atomic", action="lr")
    (delivered,) = live.of("signal", action="delivered")
    (stored,) = live.of("atomic", action="sc")
    assert reserved.seq < delivered.seq < stored.seq
    assert not stored.success
    assert live.ended == ("exited", 1)
