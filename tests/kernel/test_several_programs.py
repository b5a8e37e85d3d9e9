"""Several programs in one run: a process each, scheduled together, none in another's way."""

import pytest
import rig

from sim.image import differences
from sim.program import BadProgram

#: Counts down in memory, says a letter, and exits with what is left in the memory plus a status.
COUNTING = """
_start: li      s0, {rounds}
1:      la      t0, word
        sd      s0, 0(t0)
        addi    s0, s0, -1
        ld      t1, 0(t0)
        bnez    s0, 1b
        la      a1, letter
        sys     SYS_WRITE, 1, , 1
        la      t0, word
        ld      a0, 0(t0)
        addi    a0, a0, {status} - 1
        sys     SYS_EXIT
        .data
        .align  3
word:   .dword  7
letter: .ascii  "{letter}"
"""
PROGRAMS: list[rig.Runnable] = [
    COUNTING.format(rounds=rounds, status=status, letter=letter)
    for rounds, status, letter in ((900, 0, "a"), (600, 5, "b"), (300, 6, "c"))
]


@pytest.mark.parametrize("harts", [1, 2, 4])
def test_each_has_its_own_memory_at_the_same_addresses(executor: str, harts: int) -> None:
    live = rig.run(PROGRAMS, harts=harts, quantum=100, executor_name=executor)
    assert sorted(live.out) == sorted(b"abc")
    ended = {pid: (process.state, process.status) for pid, process in live.world.processes.items()}
    assert ended == {1: ("exited", 0), 2: ("exited", 5), 3: ("exited", 6)}
    assert differences(rig.folded(live), live.world) == []
    # None waits for another to end: all have run before the first one exits.
    (first, *_) = live.of("process", action="exited")
    assert {event.next for event in live.of("context_switch") if event.seq < first.seq} >= {1, 2, 3}


def test_the_run_ends_as_the_first_program_that_did_not_end_well() -> None:
    assert rig.run(PROGRAMS).ended == ("exited", 5)
    assert rig.run([PROGRAMS[0], PROGRAMS[0]]).ended == ("exited", 0)
    fault = "_start: ld a0, 0(zero)"
    live = rig.run([PROGRAMS[0], fault, PROGRAMS[2]])
    assert live.ended == ("signalled", 128 + 11)
    assert [death.fault.pid for death in live.kernel.deaths] == [2]
    assert live.world.processes[3].status == 6, "a fault is its own process's matter"


def test_threads_and_processes_share_one_space_of_numbers() -> None:
    spawning = """
_start: spawn   stack, other
        sys     SYS_EXIT_GROUP, 0
other:  sys     SYS_EXIT, 0
        .bss
        .align  4
        .zero   256
stack:  .zero   16
"""
    live = rig.run([spawning, spawning], harts=1)
    created = [(event.pid, event.tid) for event in live.of("thread", action="created")]
    assert created == [(1, 1), (2, 2), (1, 3), (2, 4)]
    assert live.results("clone") == [3, 4]


def test_each_is_told_the_arguments_and_its_own_name() -> None:
    text = """
_start: ld      t0, 16(sp)
        lbu     a0, 0(t0)
        sys     SYS_EXIT
"""
    live = rig.run([text, text], arguments=("x", "y"))
    assert {process.status for process in live.world.processes.values()} == {ord("x")}
    names = "_start: ld a1, 8(sp)\n sys SYS_WRITE, 1, , 8\n sys SYS_GETPID\n sys SYS_EXIT"
    live = rig.run([names, names])
    assert live.out == b"test.asm" * 2
    assert [process.status for process in live.world.processes.values()] == [1, 2]


def test_a_program_can_take_the_place_of_another() -> None:
    """Both stand in the guest's tree; of two with one name a process finds its own, others the first."""
    hello = rig.EXAMPLES / "hello.asm"
    calls = """
_start: la      a0, path
        la      a1, nothing
        la      a2, nothing
        sys     SYS_EXECVE
        sys     SYS_EXIT, 9
        .data
path:   .asciz  "/hello.asm"
        .align  3
nothing: .dword 0
"""
    live = rig.run([calls, hello], harts=1)
    assert live.out == b"Hello, world!\n" * 2
    assert live.ended == ("exited", 0)
    assert [process.name for process in live.world.processes.values()] == ["/hello.asm", "hello.asm"]


def test_the_program_that_does_not_fit_is_named() -> None:
    large = "_start: sys SYS_EXIT, 0\n .data\n .fill 200000, 1, 1"
    with pytest.raises(BadProgram, match=r"test.asm doesn't fit into what the others left of 409600 bytes"):
        rig.run([large, large], ram=409600, stack=4096)
