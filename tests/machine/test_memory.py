"""Memory as harts see it: accesses over a page's end, reservations, shared words, code that changes."""

from collections.abc import Callable

import pytest
import rig

from sim.image import differences

#: Thread 1 reserves and waits; thread 2, on another hart, does ``deed`` meanwhile; then thread 1 stores.
RESERVE = """
_start: spawn   stack, other
        la      s0, line
        addi    s0, s0, 64
1:      la      t0, started
        ld      t1, 0(t0)
        beqz    t1, 1b
        {load}  t2, (s0)
        la      t0, go
        li      t1, 1
        sd      t1, 0(t0)
2:      la      t0, done
        ld      t1, 0(t0)
        beqz    t1, 2b
        {store} a0, t1, (s0)
        sys     SYS_EXIT_GROUP
other:  la      t0, started
        li      t1, 1
        sd      t1, 0(t0)
1:      la      t0, go
        ld      t1, 0(t0)
        beqz    t1, 1b
        la      t0, line
        li      t1, 7
        {deed}
        fence
        la      t0, done
        li      t1, 1
        sd      t1, 0(t0)
        sys     SYS_EXIT, 0
        .data
        .align  6
line:   .zero   192
started: .dword 0
        .align  6
go:     .dword  0
        .align  6
done:   .dword  0
        .align  6
        .zero   256
stack:
"""


@pytest.mark.parametrize(
    ("deed", "lost"),
    [
        ("sd t1, 64(t0)", True),
        ("sb t1, 127(t0)", True),  # the line is reserved, not the word
        ("sd t1, 60(t0)", True),  # begins in the line before
        ("sd t1, 57(t0)", True),
        ("sd t1, 56(t0)", False),
        ("sb t1, 63(t0)", False),
        ("sd t1, 128(t0)", False),
        ("sd t1, 124(t0)", True),  # ends in the line behind
        ("ld t1, 64(t0)", False),
        ("addi t0, t0, 64\n amoadd.d zero, t1, (t0)", True),
        ("addi t0, t0, 64\n amoor.w zero, zero, (t0)", True),  # a store of what was there is a store
        ("addi t0, t0, 64\n lr.d t2, (t0)", False),
        ("addi t0, t0, 64\n lr.d t2, (t0)\n sc.d t2, t1, (t0)", True),
        ("addi t0, t0, 64\n sc.d t2, t1, (t0)", False),  # fails, and stores nothing
        ("addi t0, t0, 64\n mv a1, t0\n sys SYS_CLOCK_GETTIME, 1", True),  # the kernel writes it
        ("addi t0, t0, 56\n mv a1, t0\n sys SYS_CLOCK_GETTIME, 1", True),
        ("addi t0, t0, 48\n mv a1, t0\n sys SYS_CLOCK_GETTIME, 1", False),
    ],
)
@pytest.mark.parametrize("size", ["w", "d"])
def test_reservations_are_lost_to_writes_of_the_line(deed: str, lost: bool, size: str, executor: str) -> None:
    text = RESERVE.format(load=f"lr.{size}", store=f"sc.{size}", deed=deed)
    live = rig.run(text, executor_name=executor, harts=2)
    assert live.ended == ("exited", int(lost))
    (last,) = live.of("atomic", tid=1, action="sc")
    assert last.success == (not lost)


@pytest.mark.parametrize("size", ["w", "d"])
def test_a_reservation_is_good_for_one_store(size: str, executor: str) -> None:
    """Without one, behind the one that used it up, and behind one that failed, a store fails."""
    live = rig.run(
        f"""
_start: la      s0, word
        la      s1, apart
        sc.{size}    s2, s0, (s0)
        lr.{size}    t0, (s0)
        sc.{size}    s3, s0, (s0)
        sc.{size}    s4, s0, (s0)
        lr.{size}    t0, (s1)
        sc.{size}    s5, s0, (s0)
        sc.{size}    s6, s0, (s1)
        sys     SYS_EXIT, 0
        .data
        .align  6
word:   .dword  0
        .align  12
apart:  .dword  0
""",
        executor_name=executor,
    )
    assert [event.success for event in live.of("atomic", action="sc")] == [False, True, False, False, False]


def test_a_reservation_over_a_pages_end(executor: str) -> None:
    """The store crosses into the page whose first line is reserved."""
    text = RESERVE.replace(
        "\n        .align  6\nline:", "\n        .align 12\n        .zero 4096-64\nline:", 1
    )
    live = rig.run(text.format(load="lr.d", store="sc.d", deed="sd t1, 60(t0)"), executor_name=executor)
    assert live.symbol("line") % 4096 == 4096 - 64
    assert live.ended == ("exited", 1)


def test_a_context_switch_loses_the_reservation(executor: str) -> None:
    live = rig.run(
        """
_start: spawn   stack, other
        la      s0, word
        lr.d    t0, (s0)
        li      t1, 400
1:      addi    t1, t1, -1
        bnez    t1, 1b
        sc.d    a0, t1, (s0)
        sys     SYS_EXIT_GROUP
other:  j       other
        .data
        .align  3
word:   .dword  0
        .zero   256
stack:
""",
        harts=1,
        quantum=200,
        executor_name=executor,
    )
    assert live.ended == ("exited", 1)


def test_a_call_that_does_not_switch_keeps_the_reservation() -> None:
    live = rig.run("""
_start: la      s0, word
        lr.d    t0, (s0)
        sys     SYS_GETTID
        sc.d    a0, t1, (s0)
        sys     SYS_EXIT
        .data
        .align  3
word:   .dword  0
""")
    assert live.ended == ("exited", 0)


CROSS = """
_start: li      a0, 0x40000000
        sys     SYS_MMAP, , 8192, 3, 0x32, -1, 0
        li      s0, 0x40001000
        li      t0, 0x1122334455667788
        li      t1, -1
        {store} t0, -{before}(s0)
        {load}  s1, -{before}(s0)
        addi    a1, s0, -16
        sys     SYS_WRITE, 1, , 32
        sys     SYS_EXIT, 0
"""


@pytest.mark.parametrize(
    ("store", "load", "size", "is_signed"),
    [
        ("sh", "lh", 2, True),
        ("sh", "lhu", 2, False),
        ("sw", "lw", 4, True),
        ("sw", "lwu", 4, False),
        ("sd", "ld", 8, True),
    ],
)
def test_accesses_over_a_pages_end(
    store: str, load: str, size: int, is_signed: bool, executor: str, record: Callable[..., rig.Recorded]
) -> None:
    """The two pages are apart in physical memory or not: each byte goes where its address says."""
    for before in range(size + 1):
        text = CROSS.format(store=store, load=load, before=before)
        live = rig.run(text, executor_name=executor)
        data = (0x1122334455667788).to_bytes(8, "little")[:size]
        assert live.out == bytes(16 - before) + data + bytes(16 + before - size)
        (loaded,) = [e for e in live.of("instruction") if e.value and e.address == 0x40001000 - before][1:]
        assert loaded.value == int.from_bytes(data, "little", signed=is_signed)
    made = record(CROSS.format(store=store, load=load, before=1), executor_name=executor)
    assert differences(made.recording.state(made.recording.last_seq), made.kernel.world) == []


def test_atomics_do_not_lose_updates(executor: str) -> None:
    live = rig.run(
        """
_start: spawn   stacks + 256, work
        spawn   stacks + 512, work
        spawn   stacks + 768, work
work:   la      s0, counter
        addi    s3, s0, 8
        li      s1, 100
        li      t1, 1
1:      amoadd.d zero, t1, (s0)
2:      lr.w    t2, (s3)
        addi    t2, t2, 1
        sc.w    t3, t2, (s3)
        bnez    t3, 2b
        addi    s1, s1, -1
        bnez    s1, 1b
        sys     SYS_EXIT, 0
        .data
        .align  6
counter: .dword 0
stacks: .zero   1024
""",
        harts=4,
        quantum=37,
        executor_name=executor,
        costs=("context_switch=5",),
    )
    assert live.of("atomic", action="amo")[-1].new == 400
    stored = live.of("atomic", action="sc", success=True)
    assert stored[-1].new == 400 and len(stored) == 400
    assert live.of("atomic", action="sc", success=False)


PATCH = """
_start: li      a0, 0x40000000
        sys     SYS_MMAP, , 4096, 7, 0x32, -1, 0
        li      s0, 0x40000000
        li      s2, 5
1:      la      t0, one
        lw      t1, 0(t0)
        slli    t2, s2, 20
        add     t1, t1, t2              # addi a0, zero, n
        sw      t1, 0(s0)
        lw      t1, 4(t0)
        sw      t1, 4(s0)
        fence.i
        jalr    s0
        add     s3, s3, a0
        addi    s2, s2, -1
        bnez    s2, 1b
        mv      a0, s3
        sys     SYS_EXIT
one:    li      a0, 0
        ret
"""


def test_code_that_rewrites_itself_runs_as_written(
    executor: str, record: Callable[..., rig.Recorded]
) -> None:
    made = record(PATCH, executor_name=executor)
    assert made.kernel.world.ended == ("exited", 15)
    recording = made.recording
    versions = recording.log.code[1, 0x40000000]
    assert [row.disassembly.split()[-1][-1] for row in versions] == ["5", "4", "3", "2", "1"]
    assert [row.seq for row in versions] == sorted({row.seq for row in versions})
    table = recording.log.table("instruction")
    for pc, seq, value in zip(*(table.column(n).to_pylist() for n in ("pc", "seq", "value")), strict=True):
        if pc == 0x40000000:
            row = recording.code_of(1, pc, seq)
            assert row is not None and row.disassembly.endswith(str(value))
    assert differences(recording.state(recording.last_seq), made.kernel.world) == []


def test_another_harts_fence_is_enough_for_all_harts(executor: str) -> None:
    """Stronger than the manual asks: no hart runs code that a fence.i anywhere has made stale."""
    live = rig.run(
        """
_start: li      a0, 0x40000000
        sys     SYS_MMAP, , 4096, 7, 0x32, -1, 0
        li      s0, 0x40000000
        la      t0, one
        lw      t1, 0(t0)
        sw      t1, 0(s0)
        lw      t1, 4(t0)
        sw      t1, 4(s0)
        fence.i
        jalr    s0
        spawn   stack, other
        la      s1, flag
1:      lw      t0, 0(s1)
        beqz    t0, 1b
        jalr    s0
        sys     SYS_EXIT_GROUP
other:  la      t0, two
        lw      t1, 0(t0)
        sw      t1, 0(s0)
        fence.i
        la      s1, flag
        sw      s0, 0(s1)
2:      j       2b
one:    li      a0, 1
        ret
two:    li      a0, 2
        .data
        .align  3
flag:   .dword  0
        .zero   256
stack:
""",
        harts=2,
        executor_name=executor,
    )
    assert live.ended == ("exited", 2)


def test_more_code_pages_than_are_decoded_at_first_and_than_the_tlb_holds(executor: str) -> None:
    """A chain of jumps through 300 pages, then off its end."""
    live = rig.run(
        """
        .equ    PAGES, 300
_start: li      a0, 0x40000000
        li      a1, 4096*PAGES
        sys     SYS_MMAP, , , 7, 0x32, -1, 0
        li      s0, 0x40000000
        li      s1, PAGES
        li      s2, 4096
        la      t0, hop
        ld      t1, 0(t0)
1:      sd      t1, 0(s0)
        add     s0, s0, s2
        addi    s1, s1, -1
        bnez    s1, 1b
        li      s0, 0x40000000
        jr      s0
        .align  3
hop:    add     s0, s0, s2
        jr      s0
""",
        executor_name=executor,
    )
    (fault,) = live.of("fault")
    assert (fault.cause, fault.address) == ("fetch", 0x40000000 + 300 * 4096)
    hops = [event.pc for event in live.of("instruction") if event.pc % 4096 == 0 and event.pc >= 0x40000000]
    assert hops == [0x40000000 + 4096 * i for i in range(300)]
