"""Processes as the log tells them: copies of pages, shared memory, waiting for children, limits."""

from typing import Any

import pytest
import rig

from sim.space import PAGE

EAGAIN, ECHILD, ENOMEM, EMFILE, ENFILE = -11, -10, -12, -24, -23

PROCESSES = """
        .equ SYS_WAIT4, 260
        .equ SYS_KILL, 129
        .macro fork child
        li      a1, 0
        sys     SYS_CLONE, 17, , 0, 0, 0
        beqz    a0, \\child
        .endm
        .macro wait
        sys     SYS_WAIT4, -1, 0, 0, 0
        .endm
"""


def run(source: str, **options: Any) -> rig.Live:
    return rig.run(PROCESSES + source, **options)


def test_a_page_is_copied_when_one_of_the_two_writes_and_not_before() -> None:
    live = run("""
_start: la      s0, first
        ld      t0, 0(s0)
        fork    child
        wait
        ld      s1, 0(s0)
        sd      zero, 0(s0)
        sys     SYS_EXIT, 0
child:  ld      t0, 0(s0)
        addi    t0, t0, 1
        sd      t0, 0(s0)
        sd      t0, 8(s0)
        sys     SYS_EXIT, 0
        .data
        .align  12
first:  .dword  40, 0
""")
    page = live.symbol("first")
    (copied,) = live.of("memory_map", action="copied")
    # The child gets a page of its own; the parent, alone with the old one when the child is gone, doesn't.
    assert (copied.pid, copied.address, copied.length) == (2, page, PAGE)
    stored = [(e.tid, e.value) for e in live.of("instruction", address=page)]
    assert stored == [(1, 40), (2, 40), (2, 41), (1, 40), (1, 0)]
    assert rig.folded(live).processes[2].state == "reaped"


def test_frames_come_back() -> None:
    live = run("""
_start: la      s0, data
        li      s2, 50
again:  fork    child
        wait
        addi    s2, s2, -1
        bnez    s2, again
        sys     SYS_EXIT, 0
child:  sd      sp, 0(s0)
        sd      sp, -16(sp)
        sys     SYS_EXIT, 0
        .data
data:   .dword  0
""", ram=16 * PAGE)  # fmt: skip
    assert live.ended == ("exited", 0)
    assert len(live.of("process", action="forked")) == len(live.of("process", action="reaped")) == 50
    assert live.world.sharers == {}
    assert len(live.world.free_frames) == live.world.next_frame - 1


def test_the_kernel_writes_to_a_copy_too() -> None:
    live = run("""
_start: fork    child
        wait
        la      a0, word
        ld      a0, 0(a0)
        sys     SYS_EXIT
child:  la      a1, word
        sys     SYS_CLOCK_GETTIME, 1
        sys     SYS_EXIT, 0
        .data
        .align  4
word:   .dword  7, 7
""")
    assert live.status == 7
    assert [e.pid for e in live.of("memory_map", action="copied")] == [2]


def test_shared_memory_is_one_memory_at_two_addresses() -> None:
    live = run("""
_start: sys     SYS_MMAP, 0, 4096, 3, 0x21, -1, 0
        mv      s0, a0
        fork    child
        mv      a0, s0
        sys     SYS_FUTEX, , 0, 0, 0       # a wait of one process, a wake of another
        wait
        lw      a0, 0(s0)
        sys     SYS_EXIT
child:  mv      a0, s0
        sys     216, , 4096, 4096, 3, 0x50000000     # mremap
        mv      s0, a0
        la      a0, pause
        sys     SYS_NANOSLEEP
        li      t0, 9
        sw      t0, 0(s0)
        mv      a0, s0
        sys     SYS_FUTEX, , 1, 1
        sys     SYS_EXIT, 0
        .data
        .align  3
pause:  .dword  0, 5000
""")
    assert live.status == 9
    assert live.of("memory_map", action="copied") == []
    (region,) = live.of("memory_map", action="mapped", permissions="rw-s", pid=1)
    assert [e.pid for e in live.of("memory_map", action="mapped", permissions="rw-s")] == [1, 2]
    assert [e.count for e in live.of("futex", action="wake", tid=2)] == [1]
    assert len(live.of("memory_map", action="paged_in", address=region.address)) == 1


def test_a_private_futex_wakes_nobody_in_another_process() -> None:
    live = run("""
_start: fork    child
        la      a0, word
        sys     SYS_FUTEX, , 0, 0, 0
child:  la      a0, pause
        sys     SYS_NANOSLEEP
        la      a0, word
        sys     SYS_FUTEX, , 1, 1
        sys     SYS_EXIT, 0
        .data
        .align  3
pause:  .dword  0, 5000
word:   .dword  0
""")
    assert [e.count for e in live.of("futex", action="wake")] == [0]
    assert live.ended[0] == "deadlock"


def test_another_address_space_costs_its_switch_and_its_translations() -> None:
    live = run("""
_start: fork    child
        wait
        sys     SYS_EXIT, 0
child:  la      s0, pause
        mv      a0, s0
        sys     SYS_NANOSLEEP
        sys     SYS_EXIT, 0
        .data
        .align  3
pause:  .dword  0, 50
""", harts=1, costs=("context_switch=100", "address_space_switch=30"))  # fmt: skip
    switches = [(e.prev, e.next, e.cost) for e in live.of("context_switch") if e.next]
    assert switches[0] == (0, 1, 100)
    assert all(cost == (130 if {prev, after} != {0, 1} else 100) for prev, after, cost in switches[:3])
    # Each process finds the hart's TLB without its own translation of the code's page.
    fetches = [(e.pid, e.frame) for e in live.of("tlb", access="fetch", address=0x10000)]
    assert fetches[:2] == [(1, fetches[0][1]), (2, fetches[0][1])]


def test_children_that_ended_wait_to_be_asked_for_and_orphans_dont() -> None:
    live = run("""
_start: fork    child
        la      a0, pause
        sys     SYS_NANOSLEEP
        wait
        wait
        sys     SYS_EXIT, 0
child:  fork    grandchild
        sys     SYS_EXIT, 4
grandchild:
        la      a0, pause
        sys     SYS_NANOSLEEP
        sys     SYS_EXIT, 5
        .data
        .align  3
pause:  .dword  0, 20000
""")
    assert live.results("wait4") == [2, ECHILD]
    told = [(e.pid, e.action, e.status) for e in live.of("process") if e.action != "created"]
    assert told.index((2, "exited", 4)) < told.index((2, "reaped", 4))
    assert told.index((3, "exited", 5)) < told.index((3, "reaped", 5))
    assert live.world.processes[3].parent == 0


def test_wait4_says_how_it_ended() -> None:
    live = run("""
_start: fork    child
        la      a1, status
        sys     SYS_WAIT4, -1, , 0, 0
        fork    victim
        mv      s0, a0
        sys     SYS_KILL, , 9
        la      a1, status
        sys     SYS_WAIT4, -1, , 0, 0
        sys     SYS_EXIT, 0
child:  sys     SYS_EXIT, 0x1ff
victim: j       victim
        .data
        .align  3
status: .dword  0
""")
    writes = [e.data for e in live.of("kernel_write", address=live.symbol("status"))]
    assert writes[-2:] == [b"\0\xff\0\0", b"\x09\0\0\0"]


FORKS = """
_start: li      s2, {count}
again:  fork    idle
        blt     a0, zero, over
        addi    s2, s2, -1
        bnez    s2, again
over:   mv      s3, a0
        sys     SYS_KILL, 0, 9
idle:   la      a0, pause
        sys     SYS_NANOSLEEP
        j       idle
        .data
        .align  3
pause:  .dword  1000, 0
"""


@pytest.mark.parametrize("name", ["processes", "threads"])
def test_forks_end_at_a_limit(name: str) -> None:
    live = run(FORKS.format(count=100), limits={name: 10})
    assert live.results("clone") == [*range(2, 11), EAGAIN]
    assert live.ended == ("signalled", 128 + 9)


def test_page_tables_have_a_limit() -> None:
    live = run(FORKS.format(count=100), limits={"mappings": 20})
    assert live.results("clone")[-1] == ENOMEM
    assert 1 < len(live.results("clone")) < 12


def test_a_fork_bomb_ends_by_itself() -> None:
    """Each of them forks for ever: what is over the limit fails, and memory is bounded."""
    live = run("""
_start: fork    _start
        bltz    a0, over
        j       _start
over:   wait
        sys     SYS_EXIT, 0
""", limits={"processes": 30}, max_events=60_000, ram=4096 * 400, keep=False)  # fmt: skip
    assert len(live.world.unreaped) <= 30


def test_descriptors_have_limits_of_a_process_and_of_all() -> None:
    source = """
_start: la      s0, ends
again:  mv      a0, s0
        sys     SYS_PIPE2, , 0
        beqz    a0, again
        sys     SYS_EXIT, 0
        .bss
        .align  3
ends:   .zero   8
"""
    assert run(source, limits={"files": 20}).results("pipe2") == [0] * 8 + [EMFILE]
    assert run(source, limits={"open_files": 20}).results("pipe2") == [0] * 8 + [ENFILE]


def test_ten_thousand_pipes_hold_little_each() -> None:
    live = run("""
_start: la      s0, ends
        la      s1, _start
        li      s2, 10000
again:  mv      a0, s0
        sys     SYS_PIPE2, , 0x800
        bnez    a0, over
        lw      s3, 4(s0)
        mv      a0, s3
        mv      a1, sp
        la      a1, data
        li      a2, 0x10000
        sys     SYS_WRITE
        addi    s2, s2, -1
        bnez    s2, again
over:   sys     SYS_EXIT, 0
        .bss
        .align  3
ends:   .zero   8
data:   .zero   0x10000
""", limits={"files": 20_010}, keep=False)  # fmt: skip
    assert len(live.world.files.pipes) == 0  # The process is gone.
    assert live.ended == ("exited", 0)
    small = sum(0x1000 for _ in range(10_000 - 1024)) + 1024 * 0x10000
    assert small < 128 << 20


def test_regions_have_a_limit() -> None:
    live = run("""
_start: li      s0, 0x40000000
        li      s1, 0x2000
again:  mv      a0, s0
        sys     SYS_MMAP, , 4096, 3, 0x100022, -1, 0
        bltz    a0, over
        add     s0, s0, s1
        j       again
over:   sys     SYS_EXIT, 0
""", limits={"regions": 20})  # fmt: skip
    assert live.results("mmap")[-1] == ENOMEM
    assert len(live.world.processes[1].space.regions) == 0


def test_a_forked_coroutine_is_the_childs_own(tmp_path: Any) -> None:
    """The child resumes a copy of its parent's suspended coroutine."""
    live = rig.run(rig.ROOT / "tests" / "kernel" / "programs" / "fork_coroutine.asm")
    assert live.out == b"child 2\nparent 2\n"
    told = [(e.pid, e.action) for e in live.of("coroutine")]
    assert told == [
        *((1, action) for action in ("created", "resumed", "saved")),
        *((2, action) for action in ("resumed", "finished")),
        *((1, action) for action in ("resumed", "finished", "destroyed")),
    ]
