"""read, write, clock_gettime, getrandom."""

import pytest
import rig

EFAULT, EINVAL, EBADF, ENOMEM = -14, -22, -9, -12


def test_write_goes_out_and_into_the_log() -> None:
    live = rig.run("""
_start: la      a1, text
        sys     SYS_WRITE, 1, , 3
        la      a1, text
        sys     SYS_WRITE, 2, , 2
        la      a1, text
        sys     SYS_WRITE, 1, , 0
        sys     SYS_EXIT, 0
        .data
text:   .ascii  "abc"
""")
    assert live.results("write") == [3, 2, 0]
    assert (live.out, bytes(live.console.output[2])) == (b"abc", b"ab")
    assert [(e.fd, e.data) for e in live.of("output")] == [(1, b"abc"), (2, b"ab"), (1, b"")]
    assert live.world.output[1].tail == b"abc"


@pytest.mark.parametrize(
    ("call", "arguments", "result"),
    [
        ("write", "0, 0x10000, 1", EBADF),
        ("write", "3, 0x10000, 1", EBADF),
        ("write", "-1, 0x10000, 1", EBADF),
        ("write", "1, 8, 1", EFAULT),
        ("write", "1, -8, 4", EFAULT),
        ("write", "1, 0x10000, -1", EINVAL),
        ("write", "1, 0x10000, 1 << 19", EFAULT),  # begins well, runs past what is mapped
        ("read", "1, 0x10000, 1", EBADF),
        ("read", "0, 8, 1", EFAULT),
        ("read", "0, 0x10000, 1", EFAULT),  # the text may not be written
        ("read", "0, 0x10000, -1", EINVAL),
        ("clock_gettime", "99, 0x10000", EINVAL),
        ("clock_gettime", "1, 8", EFAULT),
        ("getrandom", "8, 4, 0", EFAULT),
        ("getrandom", "0x10000, -1, 0", EINVAL),
    ],
)
def test_errors(call: str, arguments: str, result: int) -> None:
    live = rig.run(f"_start: sys SYS_{call.upper()}, {arguments}\n sys SYS_EXIT, 0", stdin=b"abc")
    first = live.kernel.programs[0].segments[0]
    assert first.address <= 0x10000 < first.address + 4096
    assert live.results(call) == [result]
    assert live.of("output") == live.of("input") == []
    assert live.ended == ("exited", 0)


def test_a_read_without_memory_for_it_takes_no_input() -> None:
    text = """
_start: la      a1, far
        sys     SYS_READ, 0, , 2
        sys     SYS_EXIT, 0
        .bss
        .align  12
far:    .zero   4096
"""
    enough = rig.run(text, stdin=b"hi")
    assert enough.results("read") == [2]
    short = rig.run(text, stdin=b"hi", ram=(enough.world.next_frame - 1) * 4096)
    assert short.results("read") == [ENOMEM]
    assert short.of("input") == []
    assert short.console.read(9) == b"hi"


def test_a_read_of_nothing_brings_in_no_page() -> None:
    live = rig.run("_start: sys SYS_READ, 0, 8, 0\n sys SYS_EXIT, 0", stdin=b"hi")
    assert live.results("read") == [0]
    assert 0 not in live.world.processes[1].space.pages


def test_a_read_that_fails_takes_no_input() -> None:
    live = rig.run(
        """
_start: sys     SYS_READ, 0, 8, 2
        la      a1, buffer
        sys     SYS_READ, 0, , 2
        sys     SYS_EXIT, 0
        .bss
buffer: .zero   8
""",
        stdin=b"abc",
    )
    assert live.results("read") == [EFAULT, 2]
    assert live.of("input")[0].data == b"ab"


def test_read_gives_what_there_is_then_the_end() -> None:
    live = rig.run(
        """
_start: la      s0, buffer
        mv      a1, s0
        sys     SYS_READ, 0, , 4
        add     s0, s0, a0
        mv      a1, s0
        sys     SYS_READ, 0, , 4
        add     s0, s0, a0
        mv      a1, s0
        sys     SYS_READ, 0, , 4
        la      a1, buffer
        sub     a2, s0, a1
        sys     SYS_WRITE, 1
        sys     SYS_EXIT, 0
        .bss
buffer: .zero   16
""",
        stdin=b"abcdef",
    )
    assert live.results("read") == [4, 2, 0]
    assert live.out == b"abcdef"
    assert [event.data for event in live.of("input")] == [b"abcd", b"ef", b""]
    writes = [event.data for event in live.of("kernel_write") if event.tid]
    assert writes == [b"abcd", b"ef"]


def test_read_across_pages_that_were_never_touched() -> None:
    live = rig.run(
        """
_start: la      a1, buffer + 4090
        sys     SYS_READ, 0, , 12
        la      a1, buffer + 4089
        sys     SYS_WRITE, 1, , 14
        sys     SYS_EXIT, 0
        .bss
        .align  12
buffer: .zero   8192
""",
        stdin=b"0123456789ab",
    )
    assert live.out == b"\x000123456789ab\0"


def test_clock_counts_ticks() -> None:
    live = rig.run("""
_start: la      a1, spec
        sys     SYS_CLOCK_GETTIME, 1
        la      t0, spec
        ld      s0, 8(t0)
        probe   1, s0
        sys     SYS_EXIT, 0
        .bss
        .align  3
spec:   .zero   16
""")
    (probe,) = live.of("probe")
    entered = live.of("syscall", name="clock_gettime", action="enter")[0]
    assert probe.value == entered.tick > 0


RANDOM = """
_start: la      a1, buffer
        mv      a0, a1
        sys     SYS_GETRANDOM, , 16, 0
        la      a1, buffer
        sys     SYS_WRITE, 1, , 16
        sys     SYS_EXIT, 0
        .bss
buffer: .zero   16
"""


def test_random_bytes_come_from_the_seed() -> None:
    first, again, other = (rig.run(RANDOM, seed=seed) for seed in (1, 1, 2))
    assert first.out == again.out != other.out
    assert first.results("getrandom") == [16] and len(set(first.out)) > 4
    (choice,) = first.of("choice", oracle="random")
    assert choice.chosen == 16


def test_output_is_kept_only_at_its_end_but_counted_whole() -> None:
    live = rig.run(
        """
_start: li      s0, 40
1:      la      a1, buffer
        sys     SYS_WRITE, 1, , 4096
        addi    s0, s0, -1
        bnez    s0, 1b
        sys     SYS_EXIT, 0
        .bss
buffer: .zero   4096
""",
        keep=False,
    )
    assert live.world.output[1].total == len(live.out) == 40 * 4096
    assert len(live.world.output[1].tail) == 1 << 16
