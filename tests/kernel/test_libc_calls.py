"""What C libraries ask for besides: clone3, clocks, scheduling, process ids, and what they do without."""

import struct

import pytest
import rig
from signal_programs import PRELUDE

EPERM, ESRCH, E2BIG, ECHILD, EFAULT, EINVAL, ENOSYS, EOPNOTSUPP = -1, -3, -7, -10, -14, -22, -38, -95


def run(text: str, **options: object) -> rig.Live:
    return rig.run(PRELUDE + text, **{"max_events": 50_000, **options})


#: What pthread_create of glibc and of musl asks for.
PTHREAD = 0x3D0F00


def test_clone3_makes_a_thread(executor: str) -> None:
    live = run(
        f"""
_start: la      a0, arguments
        sys     435, , 88
        beqz    a0, child
        mv      s1, a0
        la      s0, word
1:      lw      t0, 0(s0)
        bnez    t0, 1b
        finish  5
child:  mv      a0, sp
        probe   1, a0
        probe   2, tp
        sys     SYS_EXIT, 0
        .data
        .align  3
arguments: .dword {PTHREAD}, 0, word, word, 0, stack1, 8192, 0x7777, 0, 0, 0
""",
        executor_name=executor,
    )
    assert live.results("clone3") == [2]
    values = {event.number: event.value for event in live.of("probe")}
    assert values == {1: live.symbol("stack1") + 8192, 2: 0x7777}
    assert live.ended == ("exited", 5)


@pytest.mark.parametrize(
    ("arguments", "size", "result"),
    [
        (f"{PTHREAD}, 0, word, word, 0, stack1, 8192, 0", 56, EINVAL),
        (f"{PTHREAD}, 0, word, word, 0, stack1, 8192, 0, 0, 0, 0, 1", 96, E2BIG),
        (f"{PTHREAD}, 0, word, word, 0, stack1, 8192, 0", 5000, E2BIG),
        (f"{PTHREAD}, 0, word, word, 0, stack1, 0, 0", 64, EINVAL),
        (f"{PTHREAD}, 0, word, word, 17, stack1, 8192, 0", 64, EINVAL),
        (f"{PTHREAD} | 17, 0, word, word, 0, stack1, 8192, 0", 64, EINVAL),
        (f"{PTHREAD & ~0x800}, 0, word, word, 0, stack1, 8192, 0", 64, EINVAL),
        (f"{PTHREAD}, 0, word, 8, 0, stack1, 8192, 0", 64, EFAULT),
        (f"{PTHREAD}, 0, word, word, 0, stack1, 8192, 0, word, 1, 0", 88, EPERM),
        ("0, 0, 0, 0, 65, 0, 0, 0", 64, EINVAL),
        ("0, 0, 0, 0, 17, 4096, 0, 0", 64, EINVAL),
        ("0x200, 0, 0, 0, 17, 0, 0, 0", 64, ENOSYS),
    ],
)
def test_clone3_checks_its_arguments(arguments: str, size: int, result: int) -> None:
    live = run(f"""
_start: la      a0, arguments
        sys     435, , {size}
        finish  0
        .data
        .align  3
arguments: .dword {arguments}
""")
    assert live.results("clone3") == [result]
    assert list(live.world.threads) == [1]


def test_what_every_start_asks_for_and_does_without_isnt_told() -> None:
    live = run("_start: sys 293\n sys 258\n sys 449\n finish 0")
    assert live.results("rseq") + live.results("riscv_hwprobe") + live.results("futex_waitv") == [ENOSYS] * 3
    assert live.kernel.refused == set()


@pytest.mark.parametrize("name", ["setitimer", "timer_create"])
def test_timers_are_refused_by_name(name: str) -> None:
    number = {"setitimer": 103, "timer_create": 107}[name]
    live = run(f"_start: sys {number}, 0, 0, 0\n finish 0")
    assert live.results(name) == [ENOSYS]
    assert live.kernel.refused == {name}


def test_clocks_count_ticks() -> None:
    live = run("""
_start: rest    5000
        la      a1, info
        sys     SYS_CLOCK_GETTIME, 0
        la      a1, info+16
        sys     SYS_CLOCK_GETTIME, 1
        la      a1, info+32
        sys     114, 1
        sys     114, 1, 0
        la      a0, info+48
        sys     169, , 0
        la      a0, info+64
        sys     153
        la      a1, info+96
        sys     SYS_CLOCK_GETTIME, -6           # a process's own
        finish  0
""")
    writes = [(event.tick, event.data) for event in live.of("kernel_write", tid=1)]
    times = [(tick, struct.unpack_from("<qq", data)) for tick, data in writes]
    (t0, real), (t1, monotonic), (_, resolution), (t3, day), (_, used), (t5, own) = times
    assert (real, monotonic, own) == ((0, t0), (0, t1), (0, t5))
    assert resolution == (0, 1)
    assert day == (0, t3 // 1000)
    assert used == (0, 0)
    assert t0 > 5000


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ("sys SYS_CLOCK_GETTIME, 12, 0", EINVAL),
        ("sys SYS_CLOCK_GETTIME, 10, 0", EINVAL),
        ("sys SYS_CLOCK_GETTIME, 1, 8", EFAULT),
        ("sys 114, 99, 0", EINVAL),
        ("la a2, rest_\n sys 115, 99, 0", EINVAL),
        ("la a2, rest_\n sys 115, 3, 0", EINVAL),
        ("la a2, rest_\n sys 115, 5, 0", EOPNOTSUPP),
        ("la a2, bad\n sys 115, 1, 0", EINVAL),
        ("sys 115, 1, 0, 8", EFAULT),
        ("la a2, rest_\n sys 115, 1, 1", 0),  # long ago
        ("la a2, later\n sys 115, 1, 1", 0),
        ("la a2, later\n sys 115, 0, 0", 0),
        ("la a1, info\n sys 165, 0", 0),
        ("sys 165, 5, 0", EINVAL),
        ("sys 165, 0, 8", EFAULT),
        ("sys 260, -1, 0, 0, 0", ECHILD),
        ("sys 260, -1, 0, 0x100, 0", EINVAL),
        ("sys 95, 0, 0, 0, 4, 0", ECHILD),
        ("sys 95, 9, 0, 0, 4, 0", EINVAL),
        ("sys 95, 0, 0, 0, 0, 0", EINVAL),
        ("sys 173", 0),
        ("sys 155, 0", 1),
        ("sys 156, 1", 1),
        ("sys 155, 9", ESRCH),
        ("sys 157", EPERM),
        ("sys 120, 0", 0),
        ("sys 120, 44", ESRCH),
        ("sys 125, 1", 99),
        ("sys 126, 2", 1),
        ("sys 125, 0", 0),
        ("sys 125, 9", EINVAL),
        ("la a2, word\n sys 119, 0, 0", 0),
        ("la a2, word\n sys 119, 0, 1", EINVAL),
        ("la a2, one\n sys 119, 0, 1", 0),
        ("la a1, info\n sys 121, 0", 0),
        ("la a2, info\n sys 123, 0, 128", 8),
        ("la a2, info\n sys 123, 0, 4", EINVAL),
        ("la a2, info\n sys 123, 77, 8", ESRCH),
        ("la a2, three\n sys 122, 0, 8", 0),
        ("la a2, one\n sys 122, 0, 8", 0),
        ("la a2, word\n sys 122, 0, 8", EINVAL),
        ("sys 141, 0, 0", 20),
        ("la a0, info\n sys 168, , 0, 0", 0),
        ("sys 283, 0, 0", 31),
        ("sys 283, 8, 0", 0),
        ("sys 283, 8, 1", EINVAL),
        ("sys 283, 3, 0", EINVAL),
        ("la a1, word\n sys 167, 15", 0),
        ("la a1, info\n sys 167, 16", 0),
        ("sys 167, 15, 8", EFAULT),
        ("sys 167, 999", EINVAL),
        ("sys 259, 0, 0, 0", 0),
        ("sys 259, 0, 0, 8", EINVAL),
        ("sys 100, 0, 8, 8", EFAULT),
        ("sys 100, 55, 8, 8", ESRCH),
    ],
)
def test_results(call: str, result: int) -> None:
    live = run(
        f"""
_start: {call}
        finish  0
        .data
        .align  3
one:    .dword  1
three:  .dword  3
bad:    .dword  0, 1000000000
later:  .dword  0, 9000
""",
        harts=2,
    )
    first = live.of("syscall", action="exit")[0]
    assert first.result == result
    assert live.ended == ("exited", 0)
    assert bool(live.kernel.refused) == (result == ENOSYS)


def test_an_absolute_sleep_ends_at_its_time() -> None:
    live = run("""
_start: la      a2, later
        sys     115, 1, 1
        finish  0
        .data
        .align  3
later:  .dword  0, 9000
""")
    (blocked,) = live.of("thread", action="blocked")
    assert blocked.until == 9000


def test_flushing_the_instruction_cache_is_fence_i() -> None:
    live = run("""
_start: sys     SYS_MMAP, 0, 4096, 7, 0x22, -1, 0
        mv      s0, a0
        li      t0, 0x00100513          # li a0, 1
        sw      t0, 0(s0)
        li      t0, 0x00008067          # ret
        sw      t0, 4(s0)
        jalr    s0
        li      t0, 0x00200513          # li a0, 2
        sw      t0, 0(s0)
        sys     259, 0, 0, 0
        jalr    s0
        sys     SYS_EXIT_GROUP
""")
    assert live.ended == ("exited", 2)
