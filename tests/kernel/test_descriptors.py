"""Descriptors and the console: dup, fcntl, ioctl, readv, writev, the kernel's own files."""

import struct

import pytest
import rig

from sim.image import differences

EBADF, EFAULT, EINVAL, ENOTTY, EACCES, ESPIPE, ENOENT, ENOSPC = -9, -14, -22, -25, -13, -29, -2, -28
O_CLOEXEC = 0o2000000


def test_a_copy_of_the_console_is_the_console() -> None:
    live = rig.run("""
_start: sys     SYS_DUP, 1
        la      a1, text
        sys     SYS_WRITE, 3, , 3
        sys     SYS_DUP3, 2, 9, 0
        la      a1, text
        sys     SYS_WRITE, 9, , 2
        sys     SYS_DUP3, 1, 2, 0
        la      a1, text
        sys     SYS_WRITE, 2, , 1
        sys     SYS_CLOSE, 1
        la      a1, text
        sys     SYS_WRITE, 1, , 1
        sys     SYS_EXIT, 0
        .data
text:   .ascii  "abc"
""")
    assert live.results("dup") + live.results("dup3") == [3, 9, 2]
    assert live.results("write") == [3, 2, 1, EBADF]
    assert [(event.fd, event.data) for event in live.of("output")] == [(1, b"abc"), (2, b"ab"), (1, b"a")]
    assert (live.out, bytes(live.console.output[2])) == (b"abca", b"ab")
    assert differences(rig.folded(live), live.world) == []


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ("SYS_DUP, -1", EBADF),
        ("SYS_DUP, 1 << 40", 3),  # an int is what C makes of it
        ("SYS_DUP3, 1, 1, 0", EINVAL),
        ("SYS_DUP3, 1, 1024, 0", EBADF),
        ("SYS_DUP3, 1, 5, 1", EINVAL),
        ("SYS_DUP3, 7, 5, 0", EBADF),
        ("SYS_CLOSE, 7", EBADF),
        ("SYS_FCNTL, 1, 0, 1024", EINVAL),
        ("SYS_FCNTL, 1, 0, 100", 100),
        ("SYS_FCNTL, 1, 1030, 100", 100),
        ("SYS_FCNTL, 1, 1, 0", 0),
        ("SYS_FCNTL, 1, 3, 0", 1),
        ("SYS_FCNTL, 9, 3, 0", EBADF),
        ("SYS_FCNTL, 1, 77, 0", EINVAL),
        ("SYS_LSEEK, 1, 0, 0", ESPIPE),
        ("SYS_IOCTL, 1, 0x5401, 8", EFAULT),
        ("SYS_IOCTL, 1, 0x9999, 0", ENOTTY),
        ("SYS_IOCTL, 9, 0x5401, 0", EBADF),
        ("SYS_WRITEV, 1, 0x10000, -1", EINVAL),
        ("SYS_WRITEV, 1, 0x10000, 1 << 31", EINVAL),
        ("SYS_WRITEV, 1, 8, 1", EFAULT),
        ("SYS_WRITEV, 1, 8, 0", 0),
        ("SYS_FSTAT, 1, 8", EFAULT),
        ("SYS_FSTAT, 8, 0", EBADF),
    ],
)
def test_results(call: str, result: int) -> None:
    live = rig.run(f"_start: sys {call}\n sys SYS_EXIT, 0")
    assert live.of("syscall", action="exit")[0].result == result
    assert live.ended == ("exited", 0)


def test_flags_of_descriptors_and_of_files() -> None:
    """FD_CLOEXEC is the descriptor's own, O_APPEND all copies'."""
    live = rig.run("""
_start: sys     SYS_FCNTL, 1, 1030, 3
        sys     SYS_FCNTL, 3, 1, 0
        sys     SYS_FCNTL, 1, 1, 0
        sys     SYS_FCNTL, 3, 4, 02000
        sys     SYS_FCNTL, 1, 3, 0
        sys     SYS_FCNTL, 3, 2, 0
        sys     SYS_FCNTL, 3, 1, 0
        sys     SYS_EXIT, 0
""")
    assert live.results("fcntl") == [3, 1, 0, 0, 0o2001, 0, 0]
    assert differences(rig.folded(live), live.world) == []


def test_the_console_is_a_terminal() -> None:
    """Whatever the host's streams are: what the program does, and so the log, doesn't depend on it."""
    live = rig.run("""
_start: la      a2, buffer
        sys     SYS_IOCTL, 1, 0x5401
        la      a2, buffer
        sys     SYS_IOCTL, 0, 0x5413
        la      a1, buffer
        sys     SYS_WRITE, 1, , 8
        la      a1, buffer
        sys     SYS_FSTAT, 1
        la      t0, buffer
        lwu     t1, 16(t0)
        probe   1, t1
        sys     SYS_EXIT, 0
        .bss
        .align  3
buffer: .zero   128
""")
    assert live.results("ioctl") == [0, 0]
    assert struct.unpack("<4H", live.out) == (24, 80, 0, 0)
    assert live.of("probe")[0].value == 0o20620


def test_vectors() -> None:
    live = rig.run(
        """
_start: la      a1, parts
        sys     SYS_READV, 0, , 3
        la      a1, parts
        sys     SYS_WRITEV, 1, , 3
        la      a1, text
        sys     SYS_WRITE, 1, , 4
        sys     SYS_EXIT, 0
        .data
        .align  3
parts:  .dword  text + 2, 2, 8, 0, text, 2
text:   .ascii  "...."
""",
        stdin=b"abcdef",
    )
    assert live.results("readv") == [4] and live.out == b"abcdcdab"
    assert [event.data for event in live.of("input")] == [b"abcd"]
    assert [event.data for event in live.of("output")] == [b"abcd", b"cdab"]


def test_a_read_stops_where_memory_stops() -> None:
    """As on Linux: what can be stored is read, and only nothing at all is an error."""
    live = rig.run(
        """
_start: li      a0, 0x40000000
        sys     SYS_MMAP, , 4096, 3, 0x32, -1, 0
        li      a1, 0x40000ffe
        sys     SYS_READ, 0, , 100
        li      a1, 0x40001000
        sys     SYS_READ, 0, , 100
        sys     SYS_EXIT, 0
""",
        stdin=b"abcdef",
    )
    assert live.results("read") == [2, EFAULT]
    assert [event.data for event in live.of("input")] == [b"ab"]


OWN = """
_start: la      a1, path
        sys     SYS_OPENAT, -100, , {flags}, 0
        la      a1, buffer
        {call}
        mv      a2, a0
        la      a1, buffer
        sys     SYS_WRITE, 1
        sys     SYS_EXIT, 0
        .data
path:   .asciz  "{path}"
        .bss
buffer: .zero   2000
"""
READ = "sys SYS_READ, 3, , 2000"


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/dev/null", b""),
        ("/dev/zero", bytes(2000)),
        ("/sys/devices/system/cpu/online", b"0-2\n"),
        ("dev/../dev/.//null", b""),
    ],
)
def test_the_kernels_own_files(path: str, content: bytes) -> None:
    live = rig.run(OWN.format(path=path, flags=0, call=READ), harts=3)
    assert live.out == content
    assert live.of("input") == live.of("host") == []


def test_random_bytes_from_a_device() -> None:
    runs = [rig.run(OWN.format(path="/dev/urandom", flags=0, call=READ), seed=seed) for seed in (1, 1, 2)]
    assert runs[0].out == runs[1].out != runs[2].out and len(runs[0].out) == 2000
    assert runs[0].of("choice", oracle="random")[0].chosen == 2000


def test_the_map_of_memory() -> None:
    live = rig.run(OWN.format(path="/proc/self/maps", flags=0, call=READ))
    lines = [line.split() for line in live.out.decode().splitlines()]
    assert lines[0] == ["00010000-00011000", "r-xp", "00000000", "00:00", "0", "/test.asm"]
    assert [line[5] for line in lines if len(line) > 5].count("[stack]") == 1
    assert "[heap]" in live.out.decode()


@pytest.mark.parametrize(
    ("path", "flags", "call", "result"),
    [
        ("/dev/null", 1, "sys SYS_WRITE, 3, , 2000", 2000),
        ("/dev/full", 1, "sys SYS_WRITE, 3, , 2000", ENOSPC),
        ("/dev/stdout", 1, "sys SYS_WRITE, 3, , 4", 4),
    ],
)
def test_writing_to_devices(path: str, flags: int, call: str, result: int) -> None:
    live = rig.run(OWN.format(path=path, flags=flags, call=call))
    assert live.of("syscall", name="write", action="exit")[0].result == result


@pytest.mark.parametrize(
    ("path", "flags", "result"),
    [
        ("/etc/passwd", 0, ENOENT),
        ("/", 0, 3),
        ("/", 1, -21),
        ("/dev", 0o200000, 3),
        ("/dev/null", 0o200000, -20),
        ("/dev/null/x", 0, -20),
        ("/dev/null/", 0, -20),
        ("/dev/none", 0o100, -30),
        ("/proc/self/maps", 1, EACCES),
        ("/test.asm", 0, EACCES),
        ("", 0, ENOENT),
        ("/" + "a" * 300, 0, -36),
        ("/a" * 2100, 0, -36),
    ],
)
def test_opening(path: str, flags: int, result: int) -> None:
    live = rig.run(OWN.format(path=path, flags=flags, call="nop"))
    assert live.results("openat") == [result]
