"""mremap, madvise, mincore, mappings of files, hints and limits of mmap."""

from pathlib import Path

import pytest
import rig

from sim.image import differences
from sim.kernel.tree import Mount

ENOMEM, EFAULT, EINVAL, EACCES, ENODEV, EBADF = -12, -14, -22, -13, -19, -9
PAGE = 4096
A = 0x4000_0000

#: Eight pages at A; its first, second and eighth word hold 1, 2 and 8 at their pages' starts.
ARENA = """
_start: li      a0, 0x40000000
        sys     SYS_MMAP, , 4096*8, 3, 0x32, -1, 0
        li      s0, 0x40000000
        li      s1, 4096
        li      t0, 1
        sd      t0, 0(s0)
        add     t1, s0, s1
        li      t0, 2
        sd      t0, 0(t1)
        li      t1, 0x40007000
        li      t0, 8
        sd      t0, 0(t1)
"""
END = "\n sys SYS_EXIT_GROUP, 0\n"


def run(text: str, data: str = "", **options: object) -> rig.Live:
    live = rig.run(ARENA + text + END + data, **options)
    assert differences(rig.folded(live), live.world) == []
    return live


def seen(live: rig.Live) -> list[int]:
    return [event.value for event in live.of("probe", number=1)]


def look(address: str) -> str:
    return f"li t0, {address}\n ld t1, 0(t0)\n probe 1, t1\n"


def remap(address: int, old: int, new: int, flags: int, target: int = 0) -> str:
    return f"""
        li a0, {address}
        li a1, {old}
        li a2, {new}
        sys SYS_MREMAP, , , , {flags}, {target}
        mv s2, a0
"""


def test_growing_where_there_is_room() -> None:
    live = run(remap(A, 8 * PAGE, 16 * PAGE, 0) + look(f"{A}") + look(f"{A + 15 * PAGE}"))
    assert live.results("mremap") == [A] and seen(live) == [1, 0]


def test_growing_where_there_is_none(executor: str) -> None:
    """The pages move, with what is in them, and nothing is copied."""
    block = f"li a0, {A + 8 * PAGE}\n sys SYS_MMAP, , 4096, 3, 0x32, -1, 0\n"
    after = "ld t1, 0(s2)\n probe 1, t1\n li t0, 0x7000\n add t0, t0, s2\n ld t1, 0(t0)\n probe 1, t1\n"
    live = run(
        block + remap(A, 8 * PAGE, 16 * PAGE, 0) + remap(A, 8 * PAGE, 16 * PAGE, 1) + after + look(f"{A}"),
        executor_name=executor,
    )
    stays, moved = live.results("mremap")
    assert stays == ENOMEM and moved > A + 8 * PAGE
    assert seen(live) == [1, 8]
    assert live.kernel.deaths[0].fault.address == A
    (move,) = live.of("memory_move")
    assert (move.source, move.address, move.length) == (A, moved, 8 * PAGE)
    assert not [event for event in live.of("kernel_write") if event.tid]


def test_shrinking_gives_the_pages_back() -> None:
    live = run(remap(A, 8 * PAGE, PAGE, 0) + look(f"{A}") + look(f"{A + PAGE}"))
    assert live.results("mremap") == [A] and seen(live) == [1]
    assert live.kernel.deaths[0].fault.address == A + PAGE
    assert len(live.world.free_frames) >= 2


def test_moving_to_a_place_that_is_named() -> None:
    target = A + 32 * PAGE
    live = run(
        mapping(f"{target}", "4096", 3, 0x32)
        + f"li t0, {target}\n li t1, 9\n sd t1, 0(t0)\n"
        + remap(A + PAGE, PAGE, 2 * PAGE, 3, target)
        + look(f"{target}")
        + look(f"{A}")
        + look(f"{A + PAGE}")
    )
    assert live.results("mremap") == [target] and seen(live) == [2, 1]
    assert live.kernel.deaths[0].fault.address == A + PAGE


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        ((A + 1, PAGE, PAGE, 1), EINVAL),
        ((A, 0, PAGE, 1), EINVAL),
        ((A, PAGE, 0, 1), EINVAL),
        ((A, PAGE, PAGE, 8), EINVAL),
        ((A, PAGE, PAGE, 2), EINVAL),
        ((A, PAGE, PAGE, 3, A), EINVAL),
        ((A, PAGE, PAGE, 3, A + 1), EINVAL),
        ((A, PAGE, PAGE, 3, 1 << 40), EINVAL),
        ((A, 9 * PAGE, PAGE, 1), EFAULT),
        ((A + 16 * PAGE, PAGE, PAGE, 1), EFAULT),
        ((A, PAGE, 1 << 45, 1), ENOMEM),
        ((A, PAGE, (1 << 63) - PAGE, 1), ENOMEM),
    ],
)
def test_errors_of_mremap(arguments: tuple[int, ...], result: int) -> None:
    assert run(remap(*arguments)).results("mremap") == [result]


def test_pages_that_are_not_needed_are_zero(executor: str) -> None:
    """They were in the TLB, and their frames serve others."""
    advise = f"li a0, {A}\n sys SYS_MADVISE, , 8192, 4\n"
    live = run(advise + look(f"{A}") + look(f"{A + PAGE}") + look(f"{A + 7 * PAGE}"), executor_name=executor)
    assert live.results("madvise") == [0] and seen(live) == [0, 0, 8]
    (dropped,) = live.of("memory_map", action="dropped")
    assert (dropped.address, dropped.length) == (A, 2 * PAGE)


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ("SYS_MADVISE, 0x40000000, 4096, 3", 0),
        ("SYS_MADVISE, 0x40000000, 4096, 99", EINVAL),
        ("SYS_MADVISE, 0x40000001, 4096, 4", EINVAL),
        ("SYS_MADVISE, 0x40000000, 4096*9, 4", ENOMEM),
        ("SYS_MADVISE, 0x40000000, -1, 4", EINVAL),
        ("SYS_MADVISE, 0x40000000, 0, 4", 0),
        ("228, 0x40000000, 4096", 0),
        ("228, 0x40000000, 4096*9", ENOMEM),
        ("227, 0x40000000, 4096, 4", 0),
        ("227, 0x40000001, 4096, 4", EINVAL),
        ("230, 3", 0),
    ],
)
def test_calls_that_change_nothing(call: str, result: int) -> None:
    live = run(f"sys {call}")
    assert live.of("syscall", action="exit")[1].result == result
    assert live.of("memory_map", action="dropped") == []


def test_which_pages_are_there() -> None:
    live = run(f"li a0, {A}\n li a2, {A + 64}\n sys SYS_MINCORE, , 4096*8\n" + look(f"{A + 64}"))
    assert live.results("mincore") == [0]
    assert seen(live)[0].to_bytes(8, "little") == bytes([1, 1, 0, 0, 0, 0, 0, 1])


def mapping(address: str, length: str, protection: int, flags: int, fd: int = -1, offset: int = 0) -> str:
    return f"""
        li a0, {address}
        li a1, {length}
        sys SYS_MMAP, , , {protection}, {flags}, {fd}, {offset}
        mv s2, a0
"""


@pytest.mark.parametrize(
    ("length", "protection", "flags", "succeeds"),
    [
        ("1 << 30", 0, 0x22, True),  # as runtimes reserve their heaps
        ("1 << 36", 3, 0x4022, True),
        ("1 << 30", 3, 0x22, False),  # more than there is
        ("1 << 26", 3, 0x22, True),
        ("1 << 39", 0, 0x22, False),
        ("-4096", 0, 0x22, False),
    ],
)
def test_large_reservations_cost_nothing(length: str, protection: int, flags: int, succeeds: bool) -> None:
    live = run(mapping("0", length, protection, flags))
    result = live.results("mmap")[1]
    assert result > 0 if succeeds else result in (ENOMEM, EINVAL)
    assert live.world.next_frame < 12


def test_memory_is_found_missing_when_it_is_touched() -> None:
    """Forty pages are promised where there are a few."""
    live = rig.run(
        """
_start: sys     SYS_MMAP, 0, 4096*12, 3, 0x22, -1, 0
        mv      s0, a0
        li      s1, 12
        li      s2, 4096
1:      sd      s1, 0(s0)
        add     s0, s0, s2
        addi    s1, s1, -1
        bnez    s1, 1b
        sys     SYS_EXIT, 0
""",
        ram=PAGE * 12,
    )
    assert live.kernel.deaths[0].fault.cause == "out_of_memory"
    assert differences(rig.folded(live), live.world) == []


def test_a_hint_is_taken_where_it_is_free() -> None:
    live = run(mapping(f"{A + 32 * PAGE + 5}", "4096", 3, 0x22) + mapping(f"{A}", "4096", 3, 0x22))
    _, taken, elsewhere = live.results("mmap")
    assert taken == A + 33 * PAGE and elsewhere > A + 33 * PAGE


# Files.


@pytest.fixture
def mounts(tmp_path: Path) -> tuple[Mount, ...]:
    (tmp_path / "file").write_bytes(b"first".ljust(PAGE, b".") + b"second")
    (tmp_path / "large").write_bytes(bytes(PAGE * 64))
    return (Mount.parse(f"{tmp_path}:/data:rw"),)


def opening(name: str, flags: int) -> str:
    return f"la a1, {name}\n sys SYS_OPENAT, -100, , {flags}, 0\n"


NAMES = '\n .data\nfile: .asciz "/data/file"\nlarge: .asciz "/data/large"\n'
WRITE = "mv a1, s2\n add a1, a1, s3\n sys SYS_WRITE, 1, , 6\n"


def test_a_file_is_mapped(mounts: tuple[Mount, ...]) -> None:
    text = opening("file", 0) + mapping("0", "4096*3", 1, 2, 3) + f"li s3, 4096\n {WRITE} li s3, 0\n {WRITE}"
    live = run(text, NAMES, mounts=mounts)
    assert live.out == b"secondfirst."
    assert b"".join(event.data for event in live.of("input")) == b"first".ljust(PAGE, b".") + b"second"


def test_a_private_mapping_leaves_the_file(mounts: tuple[Mount, ...]) -> None:
    text = opening("file", 2) + mapping("0", "4096", 3, 2, 3, PAGE) + "sb zero, 0(s2)\n"
    live = run(text, NAMES, mounts=mounts)
    assert live.ended == ("exited", 0)
    assert (mounts[0].source / "file").read_bytes()[PAGE:] == b"second"


@pytest.mark.parametrize(
    ("flags", "protection", "kind", "fd", "offset", "result"),
    [
        (1, 1, 2, 3, 0, EACCES),
        (2, 3, 1, 3, 0, ENODEV),
        (0, 1, 1, 3, 0, None),
        (0, 1, 2, 3, 5, EINVAL),
        (0, 1, 2, 9, 0, EBADF),
        (0, 1, 2, 1, 0, EACCES),
        (0, 1, 2, 3, PAGE * 100, None),
    ],
)
def test_mapping_files(
    mounts: tuple[Mount, ...],
    flags: int,
    protection: int,
    kind: int,
    fd: int,
    offset: int,
    result: int | None,
) -> None:
    text = opening("file", flags) + mapping("0", "4096", protection, kind, fd, offset)
    live = run(text, NAMES, mounts=mounts)
    found = live.results("mmap")[1]
    assert found > 0 if result is None else found == result
    assert ("mmap of a file, shared and writable" in live.kernel.refused) == (result == ENODEV)


def test_a_file_larger_than_memory(mounts: tuple[Mount, ...]) -> None:
    text = opening("large", 0) + mapping("0", "4096*64", 1, 2, 3)
    live = run(text, NAMES, mounts=mounts, ram=PAGE * 40)
    assert live.results("mmap")[1] == ENOMEM
    assert live.of("input") == []
