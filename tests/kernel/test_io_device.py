"""The I/O device: how many operations it does at once, who waits for it, what the log says of it."""

import struct

import pytest
import rig

from sim.image import Image, differences
from sim.world import World

EAGAIN, EBADF, EFAULT, EINVAL, ESPIPE = -11, -9, -14, -22, -29

#: The device (3), and a second thread that begins at ``other``; ``ops`` are what SUBMIT submits.
PROGRAM = """
_start: la      a1, path
        sys     SYS_OPENAT, -100, , {flags}, 0
{first}
        sys     SYS_EXIT_GROUP, 0
other:
{second}
        sys     SYS_EXIT, 0
        .data
path:   .asciz  "/dev/io"
        .align  3
ops:    .dword  {ops}
ops_end:
pause:  .dword  0, 300
files:  .word   3, {events}
        .bss
        .align  4
buffer: .zero   256
        .zero   4096
stack:  .zero   16
"""
SUBMIT = "la a1, ops\n la a2, ops_end\n sub a2, a2, a1\n sys SYS_WRITE, 3"
READ = "la a1, buffer\n sys SYS_READ, 3, , {}"
TAG = "la t0, buffer\n ld t1, 0(t0)\n probe 1, t1\n ld t1, 8(t0)\n probe 2, t1"
POLL = "la a0, files\n sys SYS_PPOLL, , 1, 0, 0\n la t0, files\n lh t1, 6(t0)\n probe 3, t1"
PAUSE = "la a0, pause\n sys SYS_NANOSLEEP, , 0"


def io(
    first: str,
    *operations: tuple[int, int],
    second: str = "",
    flags: int = 2,
    events: int = 1,
    **options: object,
) -> rig.Live:
    """Run the program with these operations (tag, ticks) in ``ops``."""
    ops = ", ".join(f"{tag}, {ticks}" for tag, ticks in operations) or "0"
    source = PROGRAM.format(first=first, second=second, ops=ops, flags=flags, events=events)
    return rig.run(source, **options)


def probes(live: rig.Live, number: int) -> list[int]:
    return [event.value for event in live.of("probe", number=number)]


def test_an_operation_takes_its_ticks(executor: str) -> None:
    live = io(f"{SUBMIT}\n{READ.format(16)}\n{TAG}", (7, 1000), executor_name=executor)
    assert (live.results("write"), live.results("read")) == ([16], [16])
    assert (probes(live, 1), probes(live, 2)) == ([7], [1000])
    submitted, started, completed, read = live.of("io")
    assert [e.action for e in live.of("io")] == ["submitted", "started", "completed", "read"]
    assert (submitted.tick, completed.tick) == (started.tick, submitted.tick + 1000)
    assert (submitted.tid, submitted.tag, submitted.ticks, completed.ticks, read.count) == (
        1,
        7,
        1000,
        1000,
        1,
    )
    (blocked,) = live.of("thread", action="blocked")
    assert (blocked.on, blocked.address) == ("device", submitted.file)
    assert read.tick == completed.tick


def test_without_ticks_it_takes_the_cost() -> None:
    first = f"{SUBMIT}\n{READ.format(16)}"
    assert [e.ticks for e in io(first, (1, 0)).of("io", action="submitted")] == [2250]
    assert [e.ticks for e in io(first, (1, 0), costs=("io=70",)).of("io", action="completed")] == [70]


def test_no_more_than_the_depth_are_in_service() -> None:
    """Five of 100 ticks, two at a time: they end at 100, 100, 200, 200, 300."""
    read = "\n".join([READ.format(16), TAG] * 5)
    live = io(f"{SUBMIT}\n{read}", *((tag, 100) for tag in range(5)), io_depth=2)
    assert (probes(live, 1), probes(live, 2)) == ([0, 1, 2, 3, 4], [100, 100, 200, 200, 300])
    assert [e.ticks for e in live.of("io", action="started")] == [0, 0, 100, 100, 200]
    assert max(e.in_service for e in live.of("io")) == 2
    assert [e.queued for e in live.of("io", action="submitted")] == [1, 1, 1, 2, 3]
    assert live.of("io")[-1].in_service == live.of("io")[-1].queued == 0


def test_the_short_ones_come_back_first() -> None:
    live = io(f"{SUBMIT}\n{PAUSE}\n{READ.format(64)}", (1, 200), (2, 100), (3, 250))
    assert [e.tag for e in live.of("io", action="completed")] == [2, 1, 3]
    assert live.results("read") == [48]
    (write,) = [e for e in live.of("kernel_write") if len(e.data) == 48]
    assert list(struct.iter_unpack("<qq", write.data)) == [(2, 100), (1, 200), (3, 250)]


def test_a_read_takes_what_fits_and_leaves_the_rest() -> None:
    live = io(f"{SUBMIT}\n{PAUSE}\n{READ.format(40)}\n{READ.format(256)}\n{READ.format(16)}", *[(1, 10)] * 3)
    assert live.results("read") == [32, 16, 0]
    assert [e.count for e in live.of("io", action="read")] == [2, 1]


def test_nothing_outstanding_is_the_end() -> None:
    assert io(READ.format(16)).results("read") == [0]


def test_each_open_file_has_its_completions() -> None:
    first = f"""la a1, path
        sys SYS_OPENAT, -100, , 2, 0
        {SUBMIT}
        la a1, buffer
        sys SYS_READ, 4, , 16
        {READ.format(16)}"""
    live = io(first, (1, 50))
    assert live.results("read") == [0, 16]


def test_files_share_the_device() -> None:
    """The other file's operation waits for this one's."""
    first = f"{SUBMIT}\n la a1, path\n sys SYS_OPENAT, -100, , 2, 0\n la a1, ops\n sys SYS_WRITE, 4, , 16"
    live = io(f"{first}\n{READ.format(16)}", (1, 500), io_depth=1)
    assert [e.queued for e in live.of("io", action="submitted")] == [1, 1]
    assert [(e.number, e.file) for e in live.of("io", action="completed")] == [(1, live.of("io")[0].file)]
    assert [e.action for e in live.of("io", number=2)] == ["submitted", "started"]


@pytest.mark.parametrize("harts", [1, 2])
def test_two_threads_read_one_file(harts: int) -> None:
    """The first completion is for who has waited longer; who is left waits for nothing."""
    first = f"{SUBMIT}\n spawn stack, other\n{READ.format(16)}\n{PAUSE}\n{PAUSE}"
    live = io(first, (1, 20000), second=READ.format(16), harts=harts)
    assert sorted(live.results("read")) == [0, 16]
    assert differences(rig.folded(live), live.world) == []


def test_without_blocking() -> None:
    live = io(
        f"{READ.format(16)}\n{SUBMIT}\n{READ.format(16)}\n{PAUSE}\n{READ.format(16)}", (1, 250), flags=0o4002
    )
    assert live.results("read") == [0, EAGAIN, 16]


def test_poll_waits_for_a_completion() -> None:
    live = io(f"{SUBMIT}\n{POLL}\n{READ.format(16)}", (1, 900))
    assert (live.results("ppoll"), probes(live, 3), live.results("read")) == ([1], [1], [16])
    (blocked,) = live.of("thread", action="blocked")
    (ready,) = [e for e in live.of("thread", action="ready") if e.seq > blocked.seq]
    assert blocked.on == "poll" and ready.tick == live.of("io", action="completed")[0].tick


def test_poll_tells_of_room() -> None:
    """A file takes 1,024 operations and no more until some have been read."""
    fill = "\n".join(["li s1, 1024", "1:", SUBMIT, "addi s1, s1, -1", "bnez s1, 1b", SUBMIT])
    again = "la a0, files\n la a2, pause\n sys SYS_PPOLL, , 1, , 0"
    live = io(f"{POLL}\n{fill}\n{again}", (1, 1 << 40), events=4)
    assert live.results("write") == [16] * 1024 + [EAGAIN]
    assert (live.results("ppoll"), probes(live, 3)) == ([1, 0], [4])


def test_a_write_takes_as_many_as_there_is_room_for() -> None:
    live = io(f"li s1, 513\n1:\n{SUBMIT}\n addi s1, s1, -1\n bnez s1, 1b", (1, 9000), (2, 9000), (3, 9000))
    assert sum(live.results("write")[:342]) == 1024 * 16
    assert live.results("write")[340:343] == [48, 16, EAGAIN]


def test_a_wait_for_a_lost_lock_is_still_a_deadlock() -> None:
    """What the device will do wakes nobody who doesn't wait for it."""
    live = io(f"{SUBMIT}\n la a0, buffer\n sys SYS_FUTEX, , 0, 0, 0", (1, 5000))
    assert live.ended == ("deadlock", 3) and live.of("io", action="completed") == []


def test_who_waits_for_the_device_is_no_deadlock() -> None:
    live = io(
        f"{SUBMIT}\n spawn stack, other\n la a0, buffer\n sys SYS_FUTEX, , 0, 0, 0",
        (1, 5000),
        second=READ.format(16),
    )
    assert live.results("read") == [16]
    assert live.ended == ("deadlock", 3)


def test_a_closed_file_has_no_completions() -> None:
    """The device does what it was given; nobody hears of it."""
    again = "sys SYS_CLOSE, 3\n la a1, path\n sys SYS_OPENAT, -100, , 2, 0"
    first = f"{SUBMIT}\n{again}\n{PAUSE}\n{READ.format(16)}"
    live = io(first, (1, 100), (2, 150))
    assert len(live.of("io", action="completed")) == 2 and live.results("read") == [0]
    assert live.world.operations.files == {}
    assert differences(rig.folded(live), live.world) == []


def test_a_file_that_is_closed_while_one_reads() -> None:
    first = f"{SUBMIT}\n spawn stack, other\n{READ.format(16)}\n{PAUSE}"
    live = io(first, (1, 90000), second=f"{PAUSE}\n{PAUSE}\n{PAUSE}\n sys SYS_CLOSE, 3")
    assert live.results("read") == [EBADF] and live.ended == ("exited", 0)
    assert differences(rig.folded(live), live.world) == []


def test_a_signal_ends_a_read() -> None:
    first = f"""la a1, answer
        sys 134, 10, , 0, 8
        spawn stack, other
        {SUBMIT}
        {READ.format(16)}"""
    second = f"{PAUSE}\n{PAUSE}\n{PAUSE}\n{PAUSE}\n sys 130, 1, 10\n j ."
    handler = "\n .text\nhandler: ret\n .data\n .align 3\nanswer: .dword handler, 0, 0\n"
    source = PROGRAM.format(first=first, second=second, ops="1, 90000", flags=2, events=1) + handler
    live = rig.run(source)
    assert live.results("read") == [-4]
    assert differences(rig.folded(live), live.world) == []


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ("SYS_READ, 3, 0x40000000, 15", EINVAL),
        ("SYS_READ, 3, 0x40000000, 0", 0),
        ("SYS_READ, 3, 8, 16", EFAULT),
        ("SYS_WRITE, 3, 0x40000000, 15", EINVAL),
        ("SYS_WRITE, 3, 0x40000000, 24", EINVAL),
        ("SYS_WRITE, 3, 0x40000000, 0", 0),
        ("SYS_WRITE, 3, 8, 16", EFAULT),
        ("SYS_PREAD64, 3, 0x40000000, 16, 0", ESPIPE),
        ("SYS_PWRITE64, 3, 0x40000000, 16, 0", ESPIPE),
        ("SYS_LSEEK, 3, 0, 0", ESPIPE),
        ("SYS_FTRUNCATE, 3, 0", EINVAL),
        ("SYS_FSYNC, 3", EINVAL),
    ],
)
def test_errors(call: str, result: int) -> None:
    live = io(f"li a0, 0x40000000\n sys SYS_MMAP, , 4096, 3, 0x32, -1, 0\n sys {call}", (1, 5), (2, -1))
    assert live.of("syscall", action="exit")[-1].result == result
    assert live.of("io") == [] and live.ended == ("exited", 0)


def test_of_a_good_and_a_bad_operation_none_is_submitted() -> None:
    live = io(SUBMIT, (1, 5), (2, -1))
    assert live.results("write") == [EINVAL] and live.of("io") == []


def test_too_long_an_operation() -> None:
    assert io(SUBMIT, (1, (1 << 40) + 1)).results("write") == [EINVAL]
    assert io(SUBMIT, (-1 << 63, 1 << 40)).results("write") == [16]


@pytest.mark.parametrize("flags", [0, 1])
def test_only_to_read_or_only_to_write(flags: int) -> None:
    live = io(f"{SUBMIT}\n{READ.format(16)}", (1, 5), flags=flags)
    assert (live.results("write"), live.results("read")) == [([EBADF], [0]), ([16], [EBADF])][flags]


def test_several_parts_of_memory() -> None:
    first = f"""{SUBMIT}
        {PAUSE}
        la a1, parts
        sys SYS_READV, 3, , 2
        la a1, parts
        sys SYS_READV, 3, , 2"""
    parts = "\n .data\n .align 3\nparts: .dword buffer, 8, buffer + 64, 24\n"
    source = PROGRAM.format(first=first, second="", ops="1, 10, 2, 20", flags=2, events=1) + parts
    assert rig.run(source).results("readv") == [32, 0]


def test_the_log_alone_gives_the_device() -> None:
    """At every event of the device, with operations queued, in service and not read."""
    operations = [(tag, 150 + 40 * (tag % 3)) for tag in range(9)]
    live = io(f"{SUBMIT}\n{PAUSE}\n{READ.format(32)}\n{PAUSE}\n{READ.format(256)}", *operations, io_depth=2)
    world = World()
    code = sorted(live.code, key=lambda row: -row.seq)
    for event in live.events:
        while code and code[-1].seq <= event.seq:
            row = code.pop()
            world.code[row.pid, row.pc] = row
        world.apply(event)
        if event.kind == "io":
            assert differences(Image.of(world).restore(), world) == []
            assert (event.in_service, event.queued) == (
                len(world.operations.in_service),
                len(world.operations.queued),
            )
    assert differences(world, live.world) == []
