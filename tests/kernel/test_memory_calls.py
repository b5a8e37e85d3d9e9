"""brk, mmap, munmap, mprotect: what the program gets, and what the log says."""

import pytest
import rig

from sim.image import differences
from sim.space import USER_END

ENOMEM, EFAULT, EINVAL, EEXIST, EBADF = -12, -14, -22, -17, -9
PAGE = 4096


def fault_of(live: rig.Live) -> tuple[str, int, int]:
    (death,) = live.kernel.deaths
    return death.fault.cause, death.fault.address, death.fault.signal


def test_brk_says_where_the_heap_ends_and_moves_it() -> None:
    live = rig.run("""
_start: sys SYS_BRK, 0
        mv      s0, a0
        li      t0, 10000
        add     a0, s0, t0
        sys     SYS_BRK
        sd      s0, -8(a0)              # the last word of the new heap
        sys     SYS_BRK, 0
        sys     SYS_BRK, 4096           # below its start: stays
        li      a0, 1 << 40             # beyond user space: stays
        sys     SYS_BRK
        sys     SYS_EXIT, 0
""")
    start, *after = live.results("brk")
    assert start % PAGE == 0
    assert after == [start + 10000] * 4
    (grown,) = live.of("memory_map", action="grown")
    assert (grown.address, grown.length) == (start, 10000)
    assert live.ended == ("exited", 0)


def test_what_brk_gave_back_is_gone(executor: str) -> None:
    """The page was in the TLB when it was given back."""
    live = rig.run(
        """
_start: sys SYS_BRK, 0
        mv      s0, a0
        li      t0, 0x3000
        add     a0, s0, t0
        sys     SYS_BRK
        li      t0, 0x2800
        add     s1, s0, t0
        sd      s0, 0(s1)
        mv      a0, s0
        sys     SYS_BRK
touch:  ld      a0, 0(s1)
        sys     SYS_EXIT, 0
""",
        executor_name=executor,
    )
    assert fault_of(live) == ("load", live.results("brk")[0] + 0x2800, 11)
    assert live.kernel.deaths[0].fault.pc == live.symbol("touch")


def test_heap_that_shrinks_and_grows_again_is_zero_but_for_the_page_that_stayed() -> None:
    live = rig.run("""
_start: sys SYS_BRK, 0
        mv      s0, a0
        li      s2, 0x3000
        add     a0, s0, s2
        sys     SYS_BRK
        li      t0, 0x2000
        add     s1, s0, t0
        li      t1, 5
        sd      t1, 0(s0)
        sd      t1, 0(s1)
        addi    a0, s0, 16
        sys     SYS_BRK
        add     a0, s0, s2
        sys     SYS_BRK
        ld      t0, 0(s0)
        ld      t1, 0(s1)
        slli    t0, t0, 4
        or      a0, t0, t1
        sys     SYS_EXIT
""")
    assert live.ended == ("exited", 0x50)


def test_brk_stops_at_what_is_mapped_above() -> None:
    live = rig.run("""
_start: sys SYS_BRK, 0
        mv      s0, a0
        li      t0, 0x4000
        add     a0, s0, t0
        sys     SYS_MMAP, , 4096, 3, 0x32, -1, 0
        li      t0, 0x4000
        add     a0, s0, t0
        sys     SYS_BRK
        li      t0, 0x4001
        add     a0, s0, t0
        sys     SYS_BRK
        sys     SYS_EXIT, 0
""")
    start, fits, refused = live.results("brk")
    assert (fits, refused) == (start + 0x4000, start + 0x4000)


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        ("0, 0, 3, 0x22, -1, 0", EINVAL),  # no length
        ("0, -4096, 3, 0x22, -1, 0", EINVAL),
        ("0, 4096, 8, 0x22, -1, 0", EINVAL),  # no such protection
        ("0, 4096, 3, 0x20, -1, 0", EINVAL),  # neither shared nor private
        ("0, 4096, 3, 0x02, 5, 0", EBADF),  # no file is open there
        ("0x10000001, 4096, 3, 0x32, -1, 0", EINVAL),  # fixed, not at a page
        ("0, 4096, 3, 0x32, -1, 0", ENOMEM),  # page 0 is never there
        (f"{USER_END}, 4096, 3, 0x32, -1, 0", ENOMEM),
        (f"{USER_END - 4096}, 8192, 3, 0x32, -1, 0", ENOMEM),
        (f"0, {USER_END}, 3, 0x22, -1, 0", ENOMEM),
        (f"0, {(1 << 63) - 1}, 3, 0x22, -1, 0", ENOMEM),
        ("0x10000000, 4096, 3, 0x22 | 0x100000, -1, 0", 0x10000000),
        (f"{USER_END - 8192}, 4096, 3, 0x22 | 0x100000, -1, 0", EEXIST),  # the stack is there
    ],
)
def test_mmap_results(arguments: str, result: int) -> None:
    live = rig.run(f"_start: sys SYS_MMAP, {arguments}\n sys SYS_EXIT, 0")
    assert live.results("mmap") == [result]
    mapped = [event for event in live.of("memory_map", action="mapped") if event.name == "mmap"]
    assert len(mapped) == (result >= 0)


def test_mappings_are_zero_apart_and_as_long_as_asked() -> None:
    live = rig.run("""
_start: sys SYS_MMAP, 0, 4097, 3, 0x22, -1, 0
        mv      s0, a0
        sys     SYS_MMAP, 0, 4096, 3, 0x22, -1, 0
        mv      s1, a0
        li      t0, 8184
        add     t0, s0, t0
        ld      t1, 0(t0)
        sd      t0, 0(t0)
        ld      t2, 0(s1)
        or      a0, t1, t2
        sys     SYS_EXIT
""")
    first, second = live.results("mmap")
    assert second + PAGE <= first or first + 2 * PAGE <= second
    assert live.ended == ("exited", 0)


def test_fixed_mapping_replaces_what_was_there() -> None:
    live = rig.run("""
_start: pages   3
        mv      s0, a0
        li      t0, 4096
        add     s1, s0, t0
        sd      s0, 0(s0)
        sd      s0, 0(s1)
        mv      a0, s1
        sys     SYS_MMAP, , 4096, 1, 0x32, -1, 0
        ld      s2, 0(s1)               # zero now
        ld      s3, 0(s0)               # still there
        snez    a0, s2
        bne     s3, s0, 1f
        sd      s0, 0(s1)               # and may not be written
1:      sys     SYS_EXIT
""")
    base = live.results("mmap")[0]
    assert fault_of(live) == ("store", base + PAGE, 11)
    thread = live.world.threads[1]
    assert thread.state == "exited"


def test_unmapped_memory_faults_even_if_it_was_in_the_tlb(executor: str) -> None:
    live = rig.run(
        """
_start: pages   3
        mv      s0, a0
        li      t0, 4096
        add     s1, s0, t0
        add     s2, s1, t0
        sd      s0, 0(s0)
        sd      s0, 0(s1)
        sd      s0, 0(s2)
        mv      a0, s1
        sys     SYS_MUNMAP, , 1
        ld      a1, 0(s0)
        ld      a2, 0(s2)
        ld      a3, 0(s1)
        sys     SYS_EXIT, 0
""",
        executor_name=executor,
    )
    base = live.results("mmap")[0]
    assert live.results("munmap") == [0]
    assert fault_of(live) == ("load", base + PAGE, 11)


@pytest.mark.parametrize(
    ("address", "length", "result"),
    [
        ("1", "4096", EINVAL),
        ("0x10000000", "0", EINVAL),
        ("0x10000000", "-1", EINVAL),
        ("0x10000000", "4096", 0),  # nothing there: as Linux, no error
        ("0", "4096", EINVAL),
        (f"{USER_END}", "4096", EINVAL),
    ],
)
def test_munmap_results(address: str, length: str, result: int) -> None:
    live = rig.run(f"_start: sys SYS_MUNMAP, {address}, {length}\n sys SYS_EXIT, 0")
    assert live.results("munmap") == [result]


def test_freed_frames_are_used_again_and_come_back_zero() -> None:
    """Far more is mapped and touched than the machine has memory."""
    live = rig.run(
        """
_start: li      s3, 100
1:      pages   4
        mv      s0, a0
        li      t0, 4096*3
        add     s1, s0, t0
        ld      t0, 0(s0)
        ld      t1, 8(s1)
        or      s2, s2, t0
        or      s2, s2, t1
        sd      s0, 0(s0)
        sd      s0, 8(s1)
        mv      a0, s0
        sys     SYS_MUNMAP, , 4096*4
        addi    s3, s3, -1
        bnez    s3, 1b
        snez    a0, s2
        sys     SYS_EXIT
""",
        ram=PAGE * 12,
    )
    assert live.ended == ("exited", 0)
    assert len(live.of("memory_map", action="paged_in")) >= 200


@pytest.mark.parametrize(
    ("protection", "access", "cause"),
    [
        (1, "sd s0, 0(s0)", "store"),
        (0, "sd s0, 0(s0)", "store"),
        (0, "ld a0, 0(s0)", "load"),
        (4, "ld a0, 0(s0)", "load"),
        (2, "ld a0, 0(s0)", "load"),
        (4, "sd s0, 0(s0)", "store"),
        (3, "jr s0", "fetch"),
        (1, "amoadd.d a0, s0, (s0)", "store"),
        (2, "lr.d a0, (s0)", "load"),
        (1, "sc.d a0, s0, (s0)", "store"),
    ],
)
def test_protection_holds(protection: int, access: str, cause: str, executor: str) -> None:
    """Both for a page that the TLB knew with more permissions, and for one that it didn't know."""
    for touch in ("sd s0, 0(s0)\n ld a1, 0(s0)", ""):
        live = rig.run(
            f"""
_start: pages   1
        mv      s0, a0
        {touch}
        mv      a0, s0
        sys     SYS_MPROTECT, , 4096, {protection}
        {access}
        sys     SYS_EXIT, 0
""",
            executor_name=executor,
        )
        assert fault_of(live) == (cause, live.results("mmap")[0], 11)


def test_protection_of_a_part_leaves_the_rest() -> None:
    live = rig.run("""
_start: pages   3
        mv      s0, a0
        li      t0, 4096
        add     s1, s0, t0
        add     s2, s1, t0
        mv      a0, s1
        sys     SYS_MPROTECT, , 4096, 1
        sd      s0, 0(s0)
        sd      s0, 0(s2)
        mv      a0, s1
        sys     SYS_MPROTECT, , 4096, 3
        sd      s0, 0(s1)
        sys     SYS_EXIT, 0
""")
    assert live.ended == ("exited", 0)
    base = live.results("mmap")[0]
    permissions = [(e.address, e.length, e.permissions) for e in live.of("memory_map", action="protected")]
    assert permissions == [(base + PAGE, PAGE, "r--"), (base + PAGE, PAGE, "rw-")]


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        ("0x10000000, 4096, 1", ENOMEM),
        ("0x10000001, 4096, 1", EINVAL),
        ("0x10000000, 4096, 99", EINVAL),
        ("0x10000000, -1, 1", EINVAL),
        ("0x10000000, 0, 1", 0),
        (f"{USER_END - 8192}, 4096*3, 1", ENOMEM),
    ],
)
def test_mprotect_results(arguments: str, result: int) -> None:
    live = rig.run(f"_start: sys SYS_MPROTECT, {arguments}\n sys SYS_EXIT, 0")
    assert live.results("mprotect") == [result]


COPY_ONE = """
        la      t0, one
        lw      t1, 0(t0)
        sw      t1, 0(s0)
        lw      t1, 4(t0)
        sw      t1, 4(s0)
"""
COPY_TWO = COPY_ONE.replace("one", "two")
CODE = """
one:    li      a0, 1
        ret
two:    li      a0, 2
        ret
"""


def test_code_in_memory_that_is_mapped_again_is_the_new_code(executor: str, record) -> None:
    """The frame of the old code comes back at another address, filled by stores."""
    source = f"""
_start: sys SYS_MMAP, 0, 4096, 7, 0x22, -1, 0
        mv      s0, a0
        {COPY_ONE}
        jalr    s0
        mv      s1, a0
        mv      a0, s0
        sys     SYS_MUNMAP, , 4096
        sys     SYS_MMAP, 0x100000, 4096, 7, 0x32, -1, 0
        mv      s0, a0
        {COPY_TWO}
        jalr    s0
        slli    s1, s1, 4
        or      a0, s1, a0
        sys     SYS_EXIT
{CODE}"""
    made = record(source, executor_name=executor)
    assert made.kernel.world.ended == ("exited", 0x12)
    assert differences(made.recording.state(made.recording.last_seq), made.kernel.world) == []


def test_code_read_from_outside_into_a_reused_frame_is_the_new_code(executor: str, record) -> None:
    """The frame of the old code comes back filled by the kernel."""
    source = f"""
_start: pages   1
        mv      s0, a0
        {COPY_ONE}
        mv      a0, s0
        sys     SYS_MPROTECT, , 4096, 5
        jalr    s0
        mv      s1, a0
        mv      a0, s0
        sys     SYS_MUNMAP, , 4096
        pages   1
        mv      s0, a0
        mv      a1, s0
        sys     SYS_READ, 0, , 8
        mv      a0, s0
        sys     SYS_MPROTECT, , 4096, 5
        jalr    s0
        slli    s1, s1, 4
        or      a0, s1, a0
        sys     SYS_EXIT
{CODE}"""
    two = bytes.fromhex("13052000 67800000")
    made = record(source, executor_name=executor, stdin=two)
    assert made.kernel.world.ended == ("exited", 0x12)
    assert differences(made.recording.state(made.recording.last_seq), made.kernel.world) == []
