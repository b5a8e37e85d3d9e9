"""Mounted directories: what a program sees of the host, what it can't, and what the log keeps of it."""

import os
import resource
import struct
from pathlib import Path

import pytest
import rig

from sim.image import differences
from sim.kernel import errno
from sim.kernel.errno import Failure
from sim.kernel.tree import BadMount, Mount, Tree, read_mounts

ENOENT, EACCES, EEXIST, ENOTDIR, EISDIR, EINVAL = -2, -13, -17, -20, -21, -22
EROFS, ENOTEMPTY, ELOOP, EXDEV, EBUSY, EILSEQ = -30, -39, -40, -18, -16, -84


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """outside/secret, and in/: text, sub/deep, links good, bad ones, a FIFO."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    made = tmp_path / "in"
    (made / "sub").mkdir(parents=True)
    (made / "text").write_text("some text\n")
    (made / "text").chmod(0o640)
    (made / "sub" / "deep").write_text("deep")
    (made / "good").symlink_to("sub/deep")
    (made / "absolute").symlink_to("/data/text")
    (made / "escape").symlink_to("../outside/secret")
    (made / "host").symlink_to(tmp_path / "outside" / "secret")
    (made / "away").symlink_to("../outside")
    (made / "loop").symlink_to("loop")
    os.mkfifo(made / "fifo")
    return made


# The tree by itself.


def tree(folder: Path, target: str = "/data") -> Tree:
    return Tree((Mount.parse(f"{folder}:{target}"),), ("/prog",))


@pytest.mark.parametrize(
    ("path", "form", "found"),
    [
        ("/data/text", "file", "/data/text"),
        ("data//./text", "file", "/data/text"),
        ("/data/sub/../text", "file", "/data/text"),
        ("/data/good", "file", "/data/sub/deep"),
        ("/data/absolute", "file", "/data/text"),
        ("/data/sub/", "directory", "/data/sub"),
        ("/..", "directory", "/"),
        ("/data/../../../data", "directory", "/data"),
        ("/data/none", "missing", "/data/none"),
        ("/data/fifo", "other", "/data/fifo"),
        ("/proc/self/exe", "program", "/prog"),
        ("/none", "missing", "/none"),
    ],
)
def test_paths(folder: Path, path: str, form: str, found: str) -> None:
    node = tree(folder).find("/", path, "/prog")
    assert (node.form, node.path) == (form, found)
    assert node.place is None or folder in (node.place, *node.place.parents)


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("/data/escape", ENOENT),
        ("/data/away/secret", ENOENT),
        ("/data/host", ENOENT),
        ("/data/loop", ELOOP),
        ("/data/text/x", ENOTDIR),
        ("/data/text/..", ENOTDIR),
        ("/data/none/x", ENOENT),
        ("/data/text/", ENOTDIR),
        ("/data/" + "x" * 256, errno.ENAMETOOLONG),
        ("", ENOENT),
    ],
)
def test_ways_that_are_none(folder: Path, path: str, number: int) -> None:
    with pytest.raises(Failure) as raised:
        tree(folder).find("/", path, "/prog")
    assert raised.value.number == number


def test_a_mount_at_the_root_leaves_the_kernels_files(folder: Path) -> None:
    found = tree(folder, "/")
    assert found.find("/", "text", "/prog").form == "file"
    assert found.find("/", "/dev/null", "/prog").form == "device"
    assert found.find("/", "/prog", "/prog").form == "program"
    assert ("dev", "directory") in found.names("/")
    (folder / "proc").symlink_to("sub")
    assert found.find("/", "/proc/cpuinfo", "/prog").form == "text"


def test_a_name_that_is_no_text(folder: Path) -> None:
    os.symlink(b"\xff", os.fsencode(folder / "odd"))
    with pytest.raises(Failure) as raised:
        tree(folder).find("/", "/data/odd", "/prog")
    assert raised.value.number == EILSEQ


@pytest.mark.parametrize(
    "text", ["", "x", "/tmp", ":/data", "/tmp:data", "/tmp:/a/../b", "/nowhere/at/all:/data", "{file}:/data"]
)
def test_mounts_that_are_refused(folder: Path, text: str) -> None:
    with pytest.raises(BadMount) as raised:
        Mount.parse(text.format(file=folder / "text"))
    assert str(raised.value).startswith("--mount ") and "\n" not in str(raised.value)


def test_mounts(folder: Path) -> None:
    assert not Mount.parse(f"{folder}:/data").writable
    assert not Mount.parse(f"{folder}:/data:ro").writable
    mount = Mount.parse(f"{folder}:/data//x/:rw")
    assert (mount.target, mount.writable, str(mount)) == ("/data/x", True, "/data/x:rw")
    with pytest.raises(BadMount, match="two directories for /data/x"):
        read_mounts([f"{folder}:/data/x", f"{folder}:/data/x/:rw"])


# Programs.


def program(calls: str, **strings: str) -> str:
    named = "\n".join(f'{name}: .asciz "{text}"' for name, text in strings.items())
    return f"""
_start: {calls}
        sys     SYS_EXIT, 0
        .data
{named}
        .bss
        .align  3
buffer: .zero   8192
"""


def run(folder: Path, calls: str, mode: str = "", strings: dict[str, str] | None = None) -> rig.Live:
    live = rig.run(program(calls, **(strings or {})), mounts=(Mount.parse(f"{folder}:/data{mode}"),))
    assert live.ended == ("exited", 0)
    assert differences(rig.folded(live), live.world) == []
    return live


def opened(name: str, flags: int, mode: int = 0) -> str:
    return f"la a1, {name}\n sys SYS_OPENAT, -100, , {flags}, {mode}"


TEXT = {"text": "/data/text"}
SHOW = "mv a2, a0\n la a1, buffer\n sys SYS_WRITE, 1"


def test_a_file_is_read_and_recorded(folder: Path) -> None:
    get = "la a1, buffer\n sys SYS_READ, 3, , 6"
    live = run(
        folder, f"{opened('text', 0)}\n{get}\n{get}\n{get}\n sys SYS_LSEEK, 3, -4, 2\n{get}\n{SHOW}", "", TEXT
    )
    assert live.results("read") == [6, 4, 0, 4] and live.results("lseek") == [6]
    assert [event.data for event in live.of("input")] == [b"some t", b"ext\n", b"", b"ext\n"]
    assert live.out == b"ext\n"
    assert [event.position for event in live.of("file", action="moved")] == [6, 10, 6, 10]


def test_a_replay_needs_no_file(folder: Path) -> None:
    live = run(folder, f"{opened('text', 0)}\n la a1, buffer\n sys SYS_READ, 3, , 6", "", TEXT)
    (folder / "text").unlink()
    assert differences(rig.folded(live), live.world) == []


def test_the_log_says_nothing_of_the_host(folder: Path) -> None:
    live = run(folder, opened("text", 0), "", TEXT)
    assert live.of("run")[0].options.count("/data") == 1
    assert not any(str(folder) in str(event) for event in live.events)


@pytest.mark.parametrize(
    "name", ["escape", "away/secret", "host", "../../outside/secret", "../outside/secret"]
)
def test_no_way_out(folder: Path, name: str) -> None:
    live = run(folder, opened("path", 0), ":rw", {"path": f"/data/{name}"})
    assert live.results("openat") == [ENOENT]


@pytest.mark.parametrize(
    ("path", "flags", "mode", "result"),
    [
        ("text", 1, "", EROFS),
        ("text", 2, "", EROFS),
        ("text", 0o1000, "", EROFS),
        ("new", 0o101, "", EROFS),
        ("text", 0o300, "", EEXIST),
        ("sub", 1, ":rw", EISDIR),
        ("sub", 0o100, ":rw", EISDIR),
        ("sub", 0, "", 3),
        ("text", 0o200000, "", ENOTDIR),
        ("good", 0o400000, "", ELOOP),
        ("good", 0, "", 3),
        ("loop", 0, "", ELOOP),
        ("fifo", 0, "", EACCES),
        ("none", 0, "", ENOENT),
        ("none/new", 0o101, ":rw", ENOENT),
        ("new/", 0o101, ":rw", EISDIR),
        ("new", 0o101, ":rw", 3),
        ("text", 3, ":rw", EINVAL),
        ("text", 0o10000000, "", 3),
    ],
)
def test_opening(folder: Path, path: str, flags: int, mode: str, result: int) -> None:
    live = run(folder, opened("path", flags, 0o600), mode, {"path": f"/data/{path}"})
    assert live.results("openat") == [result]


def test_a_path_that_is_no_text(folder: Path) -> None:
    live = run(folder, opened("path", 0), "", {"path": "/data/\\377"})
    assert live.results("openat") == [EILSEQ]


def test_writing(folder: Path) -> None:
    put = "la a1, words\n sys SYS_WRITE, {fd}, , 5"
    calls = f"""sys SYS_UMASK, 022
        {opened("path", 0o101, 0o666)}
        {put.format(fd=3)}
        {opened("path", 0o2001)}
        {put.format(fd=4)}
        la a1, words
        sys SYS_PWRITE64, 3, , 2, 1
        {put.format(fd=3)}
        sys SYS_FTRUNCATE, 3, 9
        sys SYS_FSYNC, 3
        la a1, buffer
        sys SYS_READ, 3, , 5"""
    live = run(folder, calls, ":rw", {"path": "/data/new", "words": "01234"})
    assert (folder / "new").read_bytes() == b"001340123"
    assert (folder / "new").stat().st_mode & 0o777 == 0o644
    assert live.results("write") == [5, 5, 5] and live.results("read") == [-9]
    written = [(event.position, event.data) for event in live.of("file", action="written")]
    assert written == [(0, b"01234"), (5, b"01234"), (1, b"01"), (5, b"01234")]


def test_changing_directories(folder: Path) -> None:
    calls = """
        la a1, new
        sys SYS_MKDIRAT, -100, , 0755
        la a1, new
        sys SYS_MKDIRAT, -100, , 0755
        la a1, text
        la a3, moved
        sys SYS_RENAMEAT2, -100, , -100, , 0
        la a1, new
        sys SYS_UNLINKAT, -100, , 0
        la a1, new
        sys SYS_UNLINKAT, -100, , 0x200
        la a1, moved
        sys SYS_UNLINKAT, -100, , 0
        la a1, new
        sys SYS_UNLINKAT, -100, , 0x200
        la a1, top
        sys SYS_UNLINKAT, -100, , 0x200
        la a1, escape
        sys SYS_UNLINKAT, -100, , 0"""
    names = {"new": "/data/new", "text": "/data/text", "moved": "/data/new/moved", "top": "/data"}
    live = run(folder, calls, ":rw", names | {"escape": "/data/escape"})
    assert live.results("mkdirat") == [0, EEXIST]
    assert live.results("renameat2") == [0]
    assert live.results("unlinkat") == [EISDIR, ENOTEMPTY, 0, 0, EBUSY, 0]
    assert (folder.parent / "outside" / "secret").exists()
    actions = [event.action for event in live.of("host") if event.action != "looked_up"]
    assert actions == ["made", "renamed", "removed", "removed", "removed", "removed"]


@pytest.mark.parametrize(
    "call",
    [
        "la a1, new\n sys SYS_MKDIRAT, -100, , 0755",
        "la a1, text\n sys SYS_UNLINKAT, -100, , 0",
        "la a1, text\n la a3, new\n sys SYS_RENAMEAT2, -100, , -100, , 0",
        "la a0, text\n sys SYS_TRUNCATE, , 0",
        "la a1, text\n sys SYS_FACCESSAT, -100, , 2",
    ],
)
def test_nothing_changes_without_rw(folder: Path, call: str) -> None:
    live = run(folder, call, "", TEXT | {"new": "/data/new"})
    assert live.of("syscall", action="exit")[-1].result == EROFS
    assert (folder / "text").read_text() == "some text\n"


def test_reading_a_directory(folder: Path) -> None:
    """By name, whatever order the host has; and from the start again after a rewind."""
    more = "la a1, buffer\n sys SYS_GETDENTS64, 3, , {size}"
    calls = f"{opened('top', 0o200000)}\n{more.format(size=8192)}\n{SHOW}\n{more.format(size=100)}\n"
    calls += f"sys SYS_LSEEK, 3, 0, 0\n{more.format(size=100)}\n{more.format(size=8)}"
    live = run(folder, calls, "", {"top": "/data"})
    first, end, again, small = live.results("getdents64")
    assert first == len(live.out) and end == 0 and 0 < again <= 100 and small == EINVAL
    names, data = {}, live.out
    while data:
        _, _, length, kind = struct.unpack_from("<QqHB", data)
        names[data[19:length].split(b"\0")[0].decode()] = kind
        data = data[length:]
    assert list(names)[:2] == [".", ".."] and list(names)[2:] == sorted(list(names)[2:])
    assert names["text"] == 8 and names["sub"] == 4 and names["good"] == 10
    assert len(live.of("host", action="listed")) == 2


def test_what_stat_says(folder: Path) -> None:
    """The same on every machine that has the same file: no inode, time or owner of the host's."""
    calls = (
        """la a1, text
        la a2, buffer
        sys SYS_NEWFSTATAT, -100, , , 0
        li a0, 128\n"""
        + SHOW
    )
    live = run(folder, calls, "", TEXT)
    values = struct.unpack("<QQIIIIQQqiiq6q2I", live.out)
    inode, mode, links, uid, gid, size, times = values[1], *values[2:6], values[8], values[12:18]
    assert (mode, links, uid, gid, size) == (0o100440, 1, 1000, 1000, 10)
    assert set(times) == {0}
    os.utime(folder / "text", (1, 1))
    (folder / "text").rename(folder / "x")
    (folder / "x").rename(folder / "text")
    assert inode not in (0, (folder / "text").stat().st_ino)
    assert run(folder, calls, "", TEXT).out == live.out


def test_statx_and_fstat_agree(folder: Path) -> None:
    calls = f"""{opened("text", 0)}
        la a1, text
        la a4, buffer
        sys SYS_STATX, -100, , 0, 0x7ff
        la a1, buffer + 256
        sys SYS_FSTAT, 3
        la a1, empty
        la a2, buffer + 384
        sys SYS_NEWFSTATAT, 3, , , 0x1000
        li a0, 512\n{SHOW}"""
    live = run(folder, calls, "", TEXT | {"empty": ""})
    statx, fstat, by_fd = live.out[:256], live.out[256:384], live.out[384:]
    assert fstat == by_fd
    mode, inode, size = struct.unpack_from("<H2xQQ", statx, 28)
    assert (inode, mode, size) == (*struct.unpack_from("<QI", fstat, 8), 10)


def test_links_are_told_and_working_directories_kept(folder: Path) -> None:
    calls = f"""la a0, sub
        sys SYS_CHDIR
        la a0, buffer
        sys SYS_GETCWD, , 100
        la a0, buffer
        sys SYS_GETCWD, , 5
        {opened("deep", 0)}
        la a1, up
        la a2, buffer
        sys SYS_READLINKAT, -100, , , 100\n{SHOW}"""
    live = run(folder, calls, "", {"sub": "/data/sub", "deep": "deep", "up": "../good"})
    assert live.results("chdir") == [0] and live.results("getcwd") == [10, -34]
    assert live.results("openat") == [3] and live.out == b"sub/deep"
    assert live.world.processes[1].directory == "/data/sub"


def test_the_program_finds_itself() -> None:
    calls = "la a1, exe\n la a2, buffer\n sys SYS_READLINKAT, -100, , , 100\n" + SHOW
    live = rig.run(program(calls, exe="/proc/self/exe"))
    assert live.out == b"/test.asm"


def test_a_file_that_vanishes_while_it_is_open(folder: Path) -> None:
    calls = f"""{opened("text", 0)}
        la a1, text
        sys SYS_UNLINKAT, -100, , 0
        la a1, buffer
        sys SYS_READ, 3, , 100\n{SHOW}"""
    live = run(folder, calls, ":rw", TEXT)
    assert live.out == b"some text\n" and not (folder / "text").exists()


def test_no_descriptor_of_the_host_stays_open(folder: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))
    run(
        folder,
        f"{opened('text', 0)}\n{opened('text', 0)}\n sys SYS_DUP3, 3, 9, 0\n sys SYS_CLOSE, 3",
        "",
        TEXT,
    )
    assert len(os.listdir("/proc/self/fd")) <= len(before)


def test_the_same_files_give_the_same_log(folder: Path, tmp_path: Path) -> None:
    """Elsewhere, made in another order, at another time."""
    other = tmp_path / "other"
    other.mkdir()
    for name in ("sub", "text", "good"):
        source = folder / name
        if source.is_symlink():
            (other / name).symlink_to(source.readlink())
        elif source.is_dir():
            (other / name).mkdir()
        else:
            (other / name).write_bytes(source.read_bytes())
            (other / name).chmod(0o640)
    for name in ("absolute", "escape", "host", "away", "loop", "fifo"):
        (folder / name).unlink()
    calls = (
        f"{opened('top', 0o200000)}\n la a1, buffer\n sys SYS_GETDENTS64, 3, , 8192\n{opened('text', 0)}\n"
    )
    calls += "la a1, buffer\n sys SYS_READ, 4, , 100\n la a1, buffer\n sys SYS_FSTAT, 4"
    runs = [run(place, calls, "", TEXT | {"top": "/data"}) for place in (folder, other)]
    assert [str(event) for event in runs[0].events] == [str(event) for event in runs[1].events]


def test_a_thousand_files_at_once(folder: Path) -> None:
    """This process's own limit, often 1,024, is raised: the recorder needs some too."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (600, before[1]))
    try:
        live = run(folder, f"1: {opened('text', 0)}\n bgez a0, 1b", "", TEXT)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert live.results("openat") == [*range(3, 1024), -24]
