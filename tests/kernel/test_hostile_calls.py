"""Every system call with the worst arguments: errors come back, the kernel never breaks, and the log alone
gives the state that the machine ended in."""

from pathlib import Path
from random import Random

import pytest
import random_programs
import rig
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.image import Image, differences
from sim.kernel.syscalls import ABIS
from sim.kernel.tree import Mount
from sim.kernel.workload import Workload
from sim.space import PAGE, USER_END

SYSCALLS, NAMES = ABIS["linux"].handlers, ABIS["linux"].names
#: Calls that end the program, or wait for what never comes, come seldom.
SELDOM = {"exit", "exit_group", "execve", "futex", "nanosleep", "clock_nanosleep", "rt_sigtimedwait", "kill"}

ARENA = 0x4000_0000
ARENA_END = ARENA + 8 * PAGE
POINTERS = (
    *(
        0,
        8,
        -8,
        ARENA,
        ARENA + 64,
        ARENA + PAGE - 4,
        ARENA_END - 1,
        ARENA_END - 8,
        ARENA_END,
        0x10000,
        0x10004,
    ),
    *(USER_END - 8, USER_END - PAGE, USER_END, 1 << 62, 1 << 63, (1 << 63) - 8),
)
NUMBERS = (
    *(
        0,
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        9,
        16,
        17,
        22,
        64,
        255,
        1023,
        1024,
        1025,
        PAGE - 1,
        PAGE,
        PAGE + 1,
        3 * PAGE,
    ),
    *(-1, -2, -100, 1 << 16, 1 << 20, 1 << 30, 1 << 31, (1 << 31) - 1, 1 << 32, (1 << 32) + 1, 1 << 40),
    *(1 << 62, (1 << 63) - 1, 1 << 63, -(1 << 31), -PAGE, 0o100, 0o102, 0o1102, 0o200000, 0o2000000, 0x5401),
    *(0x10F00, 0x10900, 0x32, 0x22, 1030, 0x80000),
)
NAMES_IN_ARENA = (
    *(b"", b".", b"..", b"/", b"/data", b"/data/in.txt", b"/data/new", b"/data/new/x", b"/data/link"),
    *(b"/data/../data/./in.txt", b"/dev/null", b"/dev/zero", b"/dev/urandom", b"/dev/stdout", b"/data/loop"),
    *(b"/proc/self/maps", b"/proc/self/exe", b"/test.asm", b"/none/x", b"/data/in.txt/", b"\xff\xfe"),
    *(b"a" * 300, b"/data/other", b"new", b"in.txt", b"/dev/io", b"/dev/requests"),
)
#: Where the names stand, from the arena's second page on.
PLACES = [
    ARENA + PAGE + sum(len(name) + 1 for name in NAMES_IN_ARENA[:at]) for at in range(len(NAMES_IN_ARENA))
]

PROGRAM = """
_start: li      a0, {arena}
        sys     SYS_MMAP, , {size}, 3, 0x32, -1, 0
        li      t0, {arena} + 4096
        la      t1, names
        la      t2, names_end
1:      lbu     t3, 0(t1)
        sb      t3, 0(t0)
        addi    t0, t0, 1
        addi    t1, t1, 1
        bltu    t1, t2, 1b
        li      a0, {arena}
        sys     SYS_PIPE2, , 04000
        sys     SYS_EVENTFD2, 1, 04000
        li      a1, {file}
        sys     SYS_OPENAT, -100, , 2, 0
        li      a1, {folder}
        sys     SYS_OPENAT, -100, , 0, 0
        li      a1, {device}
        sys     SYS_OPENAT, -100, , 04002, 0
        li      a1, {generator}
        sys     SYS_OPENAT, -100, , 04002, 0
        la      s0, table
        la      s1, table_end
next:   bgeu    s0, s1, done
        ld      a0, 0(s0)
        ld      a1, 8(s0)
        ld      a2, 16(s0)
        ld      a3, 24(s0)
        ld      a4, 32(s0)
        ld      a5, 40(s0)
        ld      a7, 48(s0)
        addi    s0, s0, 56
        ecall
        j       next
done:   sys     SYS_EXIT_GROUP, 0
        .data
        .align  3
table:  {table}
table_end:
names:  {names}
names_end:
"""


#: What some calls make sense with, argument by argument: f descriptor, d directory, p path, b buffer,
#: a page, i request of ioctl, n small number, z mostly 0, l pages' length, r protection, m flags of mmap,
#: o of open.
SHAPES = {
    "openat": "dpon", "read": "fbn", "write": "fbn", "readv": "fbn", "writev": "fbn", "pread64": "fbnn",
    "pwrite64": "fbnn", "lseek": "fnn", "close": "f", "dup": "f", "dup3": "ffo", "fcntl": "fnn",
    "ioctl": "fib", "newfstatat": "dpbn", "fstat": "fb", "statx": "dpnnb", "getdents64": "fbn",
    "unlinkat": "dpn", "mkdirat": "dpn", "renameat2": "dpdpz", "readlinkat": "dpbn", "chdir": "p",
    "fchdir": "f", "ftruncate": "fn", "truncate": "pn", "faccessat": "dpn", "mmap": "alrmfn", "munmap": "al",
    "mprotect": "alr", "mremap": "allna", "madvise": "aln", "mincore": "alb", "pipe2": "bo", "ppoll": "bnbnn",
    "pselect6": "nbbbbz", "getcwd": "bn", "fsync": "f", "execve": "pbb",
}  # fmt: skip
KINDS = {
    "f": (0, 1, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10),
    "d": (-100, -100, -100, 7),
    "p": PLACES,
    "b": (ARENA, ARENA + 64, ARENA + PAGE - 4, ARENA + 3 * PAGE, ARENA_END - 8),
    "a": (0, ARENA, ARENA + 2 * PAGE, ARENA + 5 * PAGE, ARENA_END),
    "i": (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451),
    "z": (0, 0, ARENA),
    "n": (0, 0, 0, 1, 2, 3, 4, 8, 16, 32, 100, 512, 4096, 5000, 1030, 0x200),
    "l": (1, PAGE, 2 * PAGE, 3 * PAGE + 5),
    "r": (0, 1, 3, 3, 5),
    "m": (0x22, 0x32, 0x02, 0x12, 0x21, 0x4022),
    "o": (0, 0, 1, 2, 0o102, 0o1102, 0o302, 0o2002, 0o200000, 0o2000000, 0o4000, 0o10000000),
}


COMMON = [
    number
    for number in SYSCALLS
    for _ in range(1 if NAMES[number] in SELDOM else 20 if NAMES[number] in SHAPES else 5)
]


def call(random: Random, numbers: list[int] = COMMON) -> tuple[int, list[int]]:
    number = random.choice(numbers)
    made = [argument(random) for _ in range(6)]
    for at, kind in enumerate(SHAPES.get(NAMES[number], "")):
        if random.randrange(8):
            made[at] = random.choice(KINDS[kind])
    return number, made


def argument(random: Random) -> int:
    kinds = ((POINTERS, 3), (NUMBERS, 4), (PLACES, 3), ((-1, 0, 1, 2, 3, 4, 5, 6, 7), 4))
    chosen = random.choices([values for values, _ in kinds], [weight for _, weight in kinds])[0]
    return random.choice(chosen) if random.randrange(20) else random.getrandbits(64)


def program(calls: list[tuple[int, list[int]]]) -> str:
    rows = [", ".join(str(value) for value in (*arguments, number)) for number, arguments in calls]
    named = b"".join(name + b"\0" for name in NAMES_IN_ARENA)
    return PROGRAM.format(
        arena=ARENA,
        size=ARENA_END - ARENA,
        file=PLACES[NAMES_IN_ARENA.index(b"/data/in.txt")],
        folder=PLACES[NAMES_IN_ARENA.index(b"/data")],
        device=PLACES[NAMES_IN_ARENA.index(b"/dev/io")],
        generator=PLACES[NAMES_IN_ARENA.index(b"/dev/requests")],
        table="\n".join(f".dword {row}" for row in rows),
        names="\n".join(f".byte {byte}" for byte in named),
    )


def survive(calls: list[tuple[int, list[int]]], folder: Path, frames: int, harts: int) -> rig.Live:
    live = rig.run(
        program(calls),
        mounts=(Mount.parse(f"{fresh(folder)}:/data:rw"),),
        stdin=b"some input" * 100,
        harts=harts,
        ram=PAGE * frames,
        max_events=20_000,
        costs=(*random_programs.CHEAP, "io=30"),
        requests=Workload.parse("count=20,arrivals=poisson:50"),
    )
    assert differences(rig.folded(live), live.world) == []
    assert differences(Image.of(live.world).restore(), live.world) == []
    answered = [event for event in live.of("syscall", action="exit") if event.result < 0]
    assert all(event.result > -200 or event.result == -512 or event.result < -4096 for event in answered)
    return live


def fresh(folder: Path) -> Path:
    """A directory to mount, as no earlier program has left it."""
    made = folder / str(len(list(folder.iterdir())))
    made.mkdir()
    (made / "in.txt").write_bytes(b"a line\n" * 1000)
    (made / "link").symlink_to("/etc/passwd")
    (made / "loop").symlink_to("loop")
    return made


@given(st.randoms(use_true_random=False), st.sampled_from([30, 60, 4000]), st.integers(1, 3))
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_arguments_break_the_kernel(
    tmp_path_factory: pytest.TempPathFactory, random: Random, frames: int, harts: int
) -> None:
    calls = [call(random) for _ in range(random.randint(1, 60))]
    survive(calls, tmp_path_factory.mktemp("mount"), frames, harts)


@pytest.mark.parametrize("number", sorted(SYSCALLS), ids=lambda number: NAMES[number])
def test_each_call_survives(number: int, tmp_path: Path) -> None:
    random = Random(number)
    for _ in range(3):
        survive([(number, [argument(random) for _ in range(6)]) for _ in range(60)], tmp_path, 2000, 2)


def test_the_hostile_calls_reach_the_files(tmp_path: Path) -> None:
    """Some succeed: an error for everything would prove little."""
    succeeded: set[str] = set()
    kinds: set[str] = set()
    shaped = [number for number in SYSCALLS if NAMES[number] in SHAPES.keys() - SELDOM]
    for seed in range(60):
        random = Random(seed)
        live = survive([call(random, shaped) for _ in range(100)], tmp_path, 4000, 1)
        succeeded |= {event.name for event in live.of("syscall", action="exit") if event.result >= 0}
        kinds |= {f"{event.kind} {event.action}" for kind in ("io", "request") for event in live.of(kind)}
    assert SHAPES.keys() - succeeded <= {"execve"}
    assert kinds >= {"io submitted", "io completed", "request arrived", "request taken"}
