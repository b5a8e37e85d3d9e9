"""What a program is told of itself: auxiliary vector, environment, names, limits."""

import struct

import pytest
import rig

from sim.kernel.options import BadVariable, variables
from sim.kernel.stack import STACK_TOP
from sim.program import BadProgram

EFAULT, EINVAL, EPERM, ESRCH = -14, -22, -1, -3

#: Writes out the whole initial stack, 1 MiB at most, from the stack pointer on.
STACK = f"""
_start: mv      a1, sp
        mv      s0, sp
        li      a2, {STACK_TOP}
        sub     a2, a2, sp
        sys     SYS_WRITE, 1
        sys     SYS_EXIT, 0
"""


def stack_of(**options: object) -> tuple[list[str], list[str], dict[int, int], bytes, int]:
    """(arguments, environment, auxiliary vector, bytes, address of the first)"""
    live = rig.run(STACK, **options)
    data = live.out
    base = STACK_TOP - len(data)
    assert base % 16 == 0
    words = list(struct.unpack(f"<{len(data) // 8}q", data[: len(data) // 8 * 8]))
    text = lambda at: data[at - base : data.index(b"\0", at - base)].decode()  # noqa: E731
    count = words[0]
    arguments = [text(at) for at in words[1 : 1 + count]]
    assert words[1 + count] == 0
    rest = words[2 + count :]
    end = rest.index(0)
    environment = [text(at) for at in rest[:end]]
    pairs = rest[end + 1 :]
    vector = {}
    for kind, value in zip(pairs[::2], pairs[1::2], strict=False):
        if kind == 0:
            break
        vector[kind] = value
    return arguments, environment, vector, data, base


def test_arguments_and_environment() -> None:
    arguments, environment, *_ = stack_of(arguments=("a b", ""), environment=("X=1", "EMPTY="))
    assert arguments == ["test.asm", "a b", ""] and environment == ["X=1", "EMPTY="]


def test_no_variable_of_the_host_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x")
    _, environment, _, data, _ = stack_of()
    assert environment == [] and b"SECRET" not in data


def test_the_auxiliary_vector() -> None:
    _, _, vector, data, base = stack_of()
    program = rig.program_of(STACK)
    assert (vector[3], vector[4], vector[5]) == program.header
    assert (vector[6], vector[9]) == (4096, program.entry)
    assert [vector[kind] for kind in (7, 8, 23, 17)] == [0, 0, 0, 100]
    assert {vector[kind] for kind in (11, 12, 13, 14)} == {1000}
    assert vector[16] == 0b1_0001_0010_1101  # i, m, a, f, d, c
    random = data[vector[25] - base :][:16]
    assert len(set(random)) > 8
    assert data[vector[31] - base :].startswith(b"/test.asm\0")
    assert vector[51] >= 2048


def test_the_stack_ends_before_arguments_do() -> None:
    with pytest.raises(BadProgram, match="don't fit the stack"):
        rig.run(STACK, environment=("X=" + "y" * (1 << 19),), stack=1 << 20)


def test_variables() -> None:
    assert variables(["A=1", "B=x=y", "A=2"]) == ("A=2", "B=x=y")
    for bad in ("A", "=1", ""):
        with pytest.raises(BadVariable, match="NAME=VALUE"):
            variables([bad])


def answer(call: str, size: int, **options: object) -> bytes:
    """What a call stores at ``buffer``."""
    live = rig.run(
        f"""
_start: la      s0, buffer
        {call}
        la      a1, buffer
        sys     SYS_WRITE, 1, , {size}
        sys     SYS_EXIT, 0
        .bss
        .align  3
buffer: .zero   {size}
""",
        **options,
    )
    assert live.of("syscall", action="exit")[0].result >= 0
    return live.out


def test_names() -> None:
    names = answer("mv a0, s0\n sys SYS_UNAME", 390)
    assert [names[at : at + 65].rstrip(b"\0") for at in (0, 65, 260)] == [b"Linux", b"simrec", b"riscv64"]


def test_memory_and_processes() -> None:
    data = answer("mv a0, s0\n sys SYS_SYSINFO", 112, ram=1 << 20)
    assert struct.unpack_from("<Q", data, 32)[0] == 1 << 20
    assert 0 < struct.unpack_from("<Q", data, 40)[0] < 1 << 20
    assert struct.unpack_from("<H", data, 80)[0] == 1 and struct.unpack_from("<I", data, 104)[0] == 1


@pytest.mark.parametrize(
    ("resource", "limits"),
    [(3, (8 << 20, 8 << 20)), (7, (1024, 1024)), (9, ((1 << 64) - 1, (1 << 64) - 1)), (4, (0, 0))],
)
def test_limits(resource: int, limits: tuple[int, int]) -> None:
    assert struct.unpack("<QQ", answer(f"mv a3, s0\n sys SYS_PRLIMIT64, 0, {resource}, 0", 16)) == limits


@pytest.mark.parametrize(
    ("before", "call", "result"),
    [
        ("la a2, low", "SYS_PRLIMIT64, 0, 3, , 0", EPERM),
        ("la a2, same", "SYS_PRLIMIT64, 0, 7, , 0", 0),
        ("la a2, wrong", "SYS_PRLIMIT64, 0, 7, , 0", EINVAL),
        ("", "SYS_PRLIMIT64, 0, 16, 0, 0", EINVAL),
        ("", "SYS_PRLIMIT64, 5, 3, 0, 0", ESRCH),
        ("", "SYS_PRLIMIT64, 0, 3, 0, 8", EFAULT),
        ("", "163, 7, 0", EFAULT),
        ("la a1, low", "164, 7", EPERM),
        ("", "SYS_UNAME, 8", EFAULT),
        ("", "SYS_SYSINFO, 8", EFAULT),
        ("", "158, 0, 0", 1),
        ("", "158, -1, 0", EINVAL),
        ("", "174", 1000),
        ("", "177", 1000),
    ],
)
def test_results(before: str, call: str, result: int) -> None:
    live = rig.run(f"""
_start: {before}
        sys     {call}
        sys     SYS_EXIT, 0
        .data
        .align  3
low:    .dword  5, 6
same:   .dword  1024, 1024
wrong:  .dword  6, 5
""")
    assert live.of("syscall", action="exit")[0].result == result
    assert ("changing a limit" in live.kernel.refused) == (result == EPERM)
