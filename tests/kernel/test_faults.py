"""What a program must not do: each ends it with a signal and a fault that names place and cause."""

import pytest
import rig

from sim.program import BadProgram

SIGILL, SIGTRAP, SIGBUS, SIGKILL, SIGSEGV = 4, 5, 7, 9, 11


@pytest.mark.parametrize(
    ("code", "cause", "signal", "address"),
    [
        ("at: .word 0", "illegal_instruction", SIGILL, "at"),
        ("at: .word 0xffffffff", "illegal_instruction", SIGILL, "at"),
        ("at: .word 0x30529073", "illegal_instruction", SIGILL, "at"),  # csrw mtvec
        ("at: .word 0xc0029073", "illegal_instruction", SIGILL, "at"),  # csrw cycle
        ("at: ebreak", "breakpoint", SIGTRAP, "at"),
        ("li t0, 0x5000\n at: ld a0, 8(t0)", "load", SIGSEGV, 0x5008),
        ("at: ld a0, 0(zero)", "load", SIGSEGV, 0),
        ("at: ld a0, -8(zero)", "load", SIGSEGV, -8),
        ("li t0, 1 << 62\n at: lb a0, 0(t0)", "load", SIGSEGV, 1 << 62),
        ("li t0, 1 << 38\n at: sb a0, 0(t0)", "store", SIGSEGV, 1 << 38),
        ("la t0, at\n at: sd t0, 0(t0)", "store", SIGSEGV, "at"),
        ("li t0, 1 << 63\n at: amoadd.w a0, a1, (t0)", "store", SIGSEGV, -(1 << 63)),
        ("la t0, data+4\n at: amoadd.d a0, a1, (t0)", "misaligned_atomic", SIGBUS, "data+4"),
        ("la t0, data+2\n at: lr.w a0, (t0)", "misaligned_atomic", SIGBUS, "data+2"),
        ("la t0, data+1\n at: sc.w a0, a1, (t0)", "misaligned_atomic", SIGBUS, "data+1"),
    ],
)
def test_fault_in_an_instruction(
    code: str, cause: str, signal: int, address: int | str, executor: str
) -> None:
    live = rig.run(
        f"_start: nop\n {code}\n sys SYS_EXIT, 0\n .data\n .align 3\ndata: .zero 16", executor_name=executor
    )
    (fault,) = live.of("fault")
    if isinstance(address, str):
        name, _, offset = address.partition("+")
        address = live.symbol(name) + int(offset or 0)
    assert (fault.cause, fault.signal, fault.address) == (cause, signal, address)
    assert (fault.pc, fault.tid, fault.pid) == (live.symbol("at"), 1, 1)
    assert live.ended == ("signalled", 128 + signal)
    # It did not retire; ebreak traps when it has.
    retired = [event.pc for event in live.of("instruction")]
    assert (retired[-1:] == [live.symbol("at")]) == (cause == "breakpoint")
    assert live.world.processes[1].state == "signalled"
    (death,) = live.kernel.deaths
    assert death.place.line > 0


@pytest.mark.parametrize(
    ("code", "cause", "target"),
    [
        ("li t0, 0\n jr t0", "fetch", 0),
        ("li t0, 0x123456000\n jr t0", "fetch", 0x123456000),
        ("li t0, -4\n jr t0", "fetch", -4),
        ("la t0, data\n jr t0", "fetch", "data"),
        ("la t0, zeros+2\n jr t0\n zeros: .word 0", "illegal_instruction", "zeros+2"),
    ],
)
def test_jump_to_where_no_code_is(code: str, cause: str, target: int | str, executor: str) -> None:
    """The jump itself is right; the fault is at its target, with the target as pc."""
    live = rig.run(f"_start: {code}\n .data\n .align 3\ndata: .dword 0x13", executor_name=executor)
    if isinstance(target, str):
        name, _, offset = target.partition("+")
        target = live.symbol(name) + int(offset or 0)
    (fault,) = live.of("fault")
    assert (fault.cause, fault.address, fault.pc) == (cause, target, target)
    assert live.status == 128 + (SIGSEGV if cause == "fetch" else SIGILL)


def test_running_off_the_end_of_the_code() -> None:
    live = rig.run("_start: nop\nlast: nop")
    (fault,) = live.of("fault")
    assert fault.cause == "illegal_instruction"
    assert fault.pc == live.symbol("last") + 4


RECURSE = """
down:   addi    sp, sp, -256
        sd      ra, 0(sp)
        call    down
"""


def test_stack_overflow_of_the_main_thread() -> None:
    live = rig.run(f"_start: call down\n{RECURSE}", stack=64 << 10)
    (fault,) = live.of("fault")
    guard = next(event for event in live.of("memory_map", action="mapped") if event.name == "guard")
    assert (fault.cause, fault.signal) == ("stack_overflow", SIGSEGV)
    assert guard.address <= fault.address < guard.address + guard.length


def test_stack_overflow_of_another_thread() -> None:
    """A thread's stack as the runtime library maps it, with a guard below."""
    live = rig.run(f"""
_start: pages   5
        mv      s0, a0
        sys     SYS_MPROTECT, , 4096, 0
        li      a1, 4096*5
        add     a1, a1, s0
        li      a0, 0x10f00
        sys     SYS_CLONE, , , 0, 0, 0
        beqz    a0, down
1:      j       1b
{RECURSE}""")
    (fault,) = live.of("fault")
    base = live.results("mmap")[0]
    assert (fault.cause, fault.tid) == ("stack_overflow", 2)
    assert base <= fault.address < base + 4096
    # It takes the other thread with it.
    assert [thread.state for thread in live.world.threads.values()] == ["exited", "exited"]
    assert live.ended == ("signalled", 128 + SIGSEGV)


def test_a_wild_pointer_into_a_guard_is_no_stack_overflow() -> None:
    live = rig.run("""
_start: pages   5
        mv      s0, a0
        sys     SYS_MPROTECT, , 4096, 0
        sd      zero, 0(s0)
""")
    assert live.of("fault")[0].cause == "store"


def test_access_over_the_end_of_what_is_mapped(executor: str) -> None:
    """The first page is there, the second isn't: nothing is written, the fault names the second."""
    live = rig.run(
        """
_start: li      a0, 0x40000000
        sys     SYS_MMAP, , 4096, 3, 0x32, -1, 0
        li      t0, 0x40001000 - 4
        li      t1, -1
        sd      t1, 0(t0)
""",
        executor_name=executor,
    )
    (fault,) = live.of("fault")
    assert (fault.cause, fault.address) == ("store", 0x40001000)
    assert not [event for event in live.of("instruction") if event.address == 0x40001000 - 4]


TOUCH = """
_start: la      t0, big
        li      t1, 4096
        li      t2, {pages}
1:      sd      t2, 0(t0)
        add     t0, t0, t1
        addi    t2, t2, -1
        bnez    t2, 1b
        sys     SYS_EXIT, 0
        .bss
        .align  12
big:    .zero   4096*{pages}
"""


@pytest.mark.parametrize("ram", [4096 * 30, 4096 * 30 + 1, 4096 * 31 - 1])
def test_out_of_memory_while_running(ram: int, executor: str) -> None:
    """Also when the memory is no whole number of pages: the rest is not used."""
    live = rig.run(TOUCH.format(pages=100), ram=ram, executor_name=executor)
    (fault,) = live.of("fault")
    assert (fault.cause, fault.signal) == ("out_of_memory", SIGKILL)
    assert live.ended == ("signalled", 128 + SIGKILL)
    assert len(live.of("memory_map", action="paged_in")) == 29  # frame 0 is never handed out


def test_a_program_that_just_fits() -> None:
    live = rig.run(TOUCH.format(pages=26), ram=4096 * 29)
    assert live.ended == ("exited", 0)


def test_a_program_that_is_too_big_to_load() -> None:
    text = "_start: sys SYS_EXIT, 0\n .data\n .fill 100000, 1, 1"
    with pytest.raises(BadProgram, match="--ram"):
        rig.run(text, ram=4096 * 8)


def test_arguments_that_dont_fit_the_stack() -> None:
    with pytest.raises(BadProgram, match="stack"):
        rig.run("_start: sys SYS_EXIT, 0", arguments=("x" * 40_000,), stack=64 << 10)


def test_system_calls_without_memory_say_so() -> None:
    live = rig.run(
        """
_start: la      t0, big
        li      t1, 4096
1:      addi    s0, s0, 1
        mv      a1, t0
        add     t0, t0, t1
        sys     SYS_CLOCK_GETTIME, 1
        beqz    a0, 1b
        sys     SYS_EXIT, 0
        .bss
        .align  12
big:    .zero   4096*100
""",
        ram=4096 * 20,
    )
    assert set(live.results("clock_gettime")) == {0, -12}
    assert live.ended == ("exited", 0)


def test_division_by_zero_is_no_fault() -> None:
    live = rig.run("_start: li a0, 5\n div a0, a0, zero\n neg a0, a0\n sys SYS_EXIT")
    assert live.ended == ("exited", 1)


@pytest.mark.parametrize("most", [1000, 1001, 1002, 1003])
@pytest.mark.parametrize("harts", [1, 3])
def test_max_events_stops_an_endless_loop(most: int, harts: int, executor: str) -> None:
    live = rig.run("_start: j _start", max_events=most, harts=harts, executor_name=executor)
    assert live.ended == ("max_events", 4)
    assert len(live.events) == most + 1  # and the one that says that it ended
    assert live.events[-1].kind == "run"


def test_interruption_ends_the_run_at_the_next_trap() -> None:
    kernel, _ = rig.kernel_for("_start: sys SYS_SCHED_YIELD\n j _start", sink=(sink := rig.Keep()))
    kernel.interrupted = True
    kernel.run()
    assert kernel.world.ended == ("interrupted", 130)
    assert [event.seq for event in sink.kept] == list(range(kernel.machine.seq))
