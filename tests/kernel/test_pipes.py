"""Pipes, eventfds and poll: who waits, who goes on, and what the log says of it."""

import pytest
import rig

from sim.image import differences

EAGAIN, EBADF, EFAULT, EINVAL, EMFILE, EPIPE, ESPIPE = -11, -9, -14, -22, -24, -32, -29

#: A pipe (3 reads, 4 writes) and a second thread, which begins at ``other``.
TWO = """
_start: la      a0, fds
        sys     SYS_PIPE2, , 0
        spawn   stack, other
{first}
        sys     SYS_EXIT_GROUP, 0
other:
{second}
        sys     SYS_EXIT, 0
        .data
        .align  3
text:   .ascii  "hello, pipe"
        .align  3
pause:  .dword  0, 5000
fds:    .dword  0
events: .word   3, 1
        .bss
        .align  4
buffer: .zero   64
        .zero   4096
stack:  .zero   16
big:    .zero   200000
"""
SEND = "la a1, text\n sys SYS_WRITE, 4, , 11"
GET = "la a1, buffer\n sys SYS_READ, 3, , 64"
PAUSE = "la a0, pause\n sys SYS_NANOSLEEP, , 0"


def test_bytes_come_out_as_they_went_in() -> None:
    live = rig.run(
        TWO.format(first=f"{SEND}\n{SEND}\n{GET}\n mv s0, a0\n {SEND.replace('4', '1', 1)}", second="")
    )
    assert live.results("pipe2") == [0] and live.results("read") == [22]
    assert [event.fd for event in live.of("file", action="opened")] == [3, 4]
    assert [event.data for event in live.of("file", action="filled")] == [b"hello, pipe"] * 2
    assert [event.count for event in live.of("file", action="drained")] == [22]


@pytest.mark.parametrize("harts", [1, 2])
def test_a_reader_waits_for_a_writer(harts: int) -> None:
    live = rig.run(TWO.format(first=GET, second=f"{PAUSE}\n{SEND}"), harts=harts)
    assert live.results("read") == [11]
    (blocked,) = live.of("thread", action="blocked", on="pipe")
    (ready,) = [event for event in live.of("thread", action="ready", tid=1) if event.seq > blocked.seq]
    assert (blocked.tid, blocked.address, ready.by) == (1, live.of("file", action="opened")[0].pipe, 2)
    assert differences(rig.folded(live), live.world) == []


def test_a_large_write_goes_in_by_and_by(executor: str) -> None:
    """200,000 bytes through 65,536: the writer waits, and is told the whole count once."""
    loop = "1: la a1, big\n sys SYS_READ, 3, , 50000\n add s0, s0, a0\n li t0, 200000\n bltu s0, t0, 1b"
    live = rig.run(
        TWO.format(first=f"li s0, 0\n{loop}", second="la a1, big\n sys SYS_WRITE, 4, , 200000"),
        executor_name=executor,
    )
    assert live.results("write") == [200000]
    assert sum(live.results("read")) == 200000
    assert sum(len(event.data) for event in live.of("file", action="filled")) == 200000
    assert live.of("thread", action="blocked", on="pipe", tid=2)
    assert differences(rig.folded(live), live.world) == []


def test_a_small_write_goes_in_whole() -> None:
    """4,000 bytes don't go into 3,000 bytes of room: the writer waits until all fit."""
    first = f"{PAUSE}\n la a1, big\n sys SYS_READ, 3, , 5000\n {PAUSE}"
    second = "la a1, big\n sys SYS_WRITE, 4, , 62536\n la a1, big\n sys SYS_WRITE, 4, , 4000"
    live = rig.run(TWO.format(first=first, second=second))
    assert [len(event.data) for event in live.of("file", action="filled")] == [62536, 4000]
    assert len(live.of("thread", action="blocked", on="pipe", tid=2)) == 1


def test_the_last_writer_closes() -> None:
    live = rig.run(TWO.format(first=f"{GET}\n{GET}", second=f"{PAUSE}\n{SEND}\n{PAUSE}\n sys SYS_CLOSE, 4"))
    assert live.results("read") == [11, 0]


def test_nobody_will_read() -> None:
    live = rig.run(TWO.format(first=f"sys SYS_CLOSE, 3\n{SEND}", second=""))
    assert live.results("write") in ([EPIPE], [])
    assert live.of("file", action="filled") == []


def test_waiting_for_oneself_is_a_deadlock() -> None:
    live = rig.run(TWO.format(first=GET, second=""))
    assert live.ended == ("deadlock", 3)


def test_without_blocking() -> None:
    live = rig.run("""
_start: la      a0, fds
        sys     SYS_PIPE2, , 04000
        la      a1, fds
        sys     SYS_READ, 3, , 8
1:      la      a1, big
        sys     SYS_WRITE, 4, , 60000
        la      a1, big
        sys     SYS_WRITE, 4, , 60000
        la      a1, big
        sys     SYS_WRITE, 4, , 100
        la      a1, big
        sys     SYS_WRITE, 4, , 100
        sys     SYS_EXIT, 0
        .bss
fds:    .zero   8
big:    .zero   60000
""")
    assert live.results("read") == [EAGAIN]
    assert live.results("write") == [60000, 5536, EAGAIN, EAGAIN]


def test_readers_are_served_in_turn() -> None:
    """Two wait; the first byte is for who has waited longer."""
    live = rig.run("""
_start: la      a0, fds
        sys     SYS_PIPE2, , 0
        spawn   stack1, reader
        la      a0, pause
        sys     SYS_NANOSLEEP, , 0
        spawn   stack2, reader
        la      a0, pause
        sys     SYS_NANOSLEEP, , 0
        la      a1, fds
        sys     SYS_WRITE, 4, , 1
        la      a0, pause
        sys     SYS_NANOSLEEP, , 0
        sys     SYS_EXIT_GROUP, 0
reader: addi    a1, sp, -16
        sys     SYS_READ, 3, , 1
        sys     SYS_EXIT, 0
        .data
        .align  3
pause:  .dword  0, 20000
fds:    .dword  0
        .bss
        .align  4
        .zero   256
stack1: .zero   256
stack2: .zero   16
""")
    read = live.of("syscall", name="read", action="exit")
    assert [(event.tid, event.result) for event in read] == [(2, 1)]


def test_a_thousand_descriptors_and_no_more() -> None:
    live = rig.run("""
_start: la      a0, fds
        sys     SYS_PIPE2, , 0
        bgez    a0, _start
        sys     SYS_DUP, 0
        sys     SYS_CLOSE, 1000
        sys     SYS_DUP, 0
        sys     SYS_EXIT, 0
        .bss
fds:    .zero   8
""")
    pipes = live.results("pipe2")
    assert pipes == [0] * 510 + [EMFILE]
    assert live.results("dup") == [1023, 1000]


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ("SYS_PIPE2, 8, 0", EFAULT),
        ("SYS_PIPE2, 0x40000000, 1", EINVAL),
        ("SYS_READ, 4, 0x40000000, 1", EBADF),
        ("SYS_WRITE, 3, 0x40000000, 1", EBADF),
        ("SYS_LSEEK, 3, 0, 0", ESPIPE),
        ("SYS_PREAD64, 3, 0x40000000, 1, 0", ESPIPE),
        ("SYS_WRITE, 4, 8, 1", EFAULT),
        ("SYS_EVENTFD2, 0, 2", EINVAL),
    ],
)
def test_errors(call: str, result: int) -> None:
    live = rig.run(f"""
_start: li      a0, 0x40000000
        sys     SYS_MMAP, , 4096, 3, 0x32, -1, 0
        li      a0, 0x40000000
        sys     SYS_PIPE2, , 0
        sys     {call}
        sys     SYS_EXIT, 0
""")
    assert live.of("syscall", action="exit")[-1].result == result
    assert live.ended == ("exited", 0)


# Eventfds.

EVENT = """
_start: sys     SYS_EVENTFD2, {start}, {flags}
        spawn   stack, other
{first}
        sys     SYS_EXIT_GROUP, 0
other:
{second}
        sys     SYS_EXIT, 0
        .data
        .align  3
five:   .dword  5
most:   .dword  -2
pause:  .dword  0, 5000
        .bss
        .align  4
value:  .zero   512
stack:  .zero   16
"""
TAKE = "la a1, value\n sys SYS_READ, 3, , 8\n la t0, value\n ld t1, 0(t0)\n probe 1, t1"
ADD = "la a1, five\n sys SYS_WRITE, 3, , 8"


def taken(live: rig.Live) -> list[int]:
    return [event.value for event in live.of("probe", number=1)]


def test_an_eventfd_counts() -> None:
    live = rig.run(EVENT.format(start=2, flags=0, first=f"{ADD}\n{ADD}\n{TAKE}", second=""))
    assert taken(live) == [12]


def test_an_eventfd_as_a_semaphore() -> None:
    live = rig.run(EVENT.format(start=2, flags=0o4001, first=f"{TAKE}\n{TAKE}\n{TAKE}", second=""))
    assert taken(live)[:2] == [1, 1] and live.results("read") == [8, 8, EAGAIN]


def test_who_takes_waits_for_who_adds() -> None:
    live = rig.run(EVENT.format(start=0, flags=0, first=TAKE, second=f"{PAUSE}\n{ADD}"))
    assert taken(live) == [5]
    assert live.of("thread", action="blocked", on="event")
    assert differences(rig.folded(live), live.world) == []


def test_who_adds_too_much_waits_for_who_takes() -> None:
    fill = "la a1, most\n sys SYS_WRITE, 3, , 8"
    live = rig.run(EVENT.format(start=0, flags=0, first=f"{fill}\n{ADD}", second=f"{PAUSE}\n{TAKE}"))
    assert taken(live) == [-2] and live.results("write") == [8, 8]


# Poll.


def test_poll_waits_for_a_pipe() -> None:
    poll = "la a0, events\n sys SYS_PPOLL, , 1, 0, 0\n la t0, events\n lh t1, 6(t0)\n probe 1, t1"
    live = rig.run(TWO.format(first=poll, second=f"{PAUSE}\n{SEND}"))
    assert live.results("ppoll") == [1] and taken(live) == [1]
    assert live.of("thread", action="blocked", on="poll")


def test_poll_gives_up_in_time() -> None:
    poll = "la a0, events\n la a2, pause\n sys SYS_PPOLL, , 1, , 0"
    live = rig.run(TWO.format(first=poll, second=""))
    assert live.results("ppoll") == [0]
    (blocked,) = live.of("thread", action="blocked", on="poll")
    (ended,) = live.of("syscall", name="ppoll", action="exit")
    assert blocked.until <= ended.tick and blocked.until >= 5000


def test_poll_without_files_is_a_sleep() -> None:
    live = rig.run(TWO.format(first="la a2, pause\n sys SYS_PPOLL, 0, 0, , 0", second=""))
    assert live.results("ppoll") == [0]


def test_select_says_which() -> None:
    first = f"""{SEND}
        la a1, buffer
        li t0, 0x18
        sd t0, 0(a1)
        sd t0, 8(a1)
        la a2, buffer + 8
        sys SYS_PSELECT6, 5, , , 0, 0, 0
        la t0, buffer
        ld t1, 0(t0)
        probe 1, t1
        ld t1, 8(t0)
        probe 1, t1"""
    live = rig.run(TWO.format(first=first, second=""))
    assert live.results("pselect6") == [2] and taken(live) == [1 << 3, 1 << 4]


# Signals.

#: ``handler`` counts in s5 what it is called for; it is the answer to signal ``number``.
HANDLED = """
        la      a1, answer
        sys     134, {number}, , 0, 8
"""
HANDLER = """
        .text
handler: la     t0, count
        lw      t1, 0(t0)
        add     t1, t1, a0
        sw      t1, 0(t0)
        ret
        .data
        .align  3
answer: .dword  handler, {flags}, 0
count:  .word   0
        .text
"""
TELL = "la t0, count\n lw t1, 0(t0)\n probe 1, t1"


def test_a_broken_pipe_kills() -> None:
    live = rig.run(TWO.format(first=f"sys SYS_CLOSE, 3\n{SEND}", second="j ."))
    assert live.ended == ("signalled", 128 + 13)


def test_a_broken_pipe_that_is_handled() -> None:
    first = f"{HANDLED.format(number=13)}\n sys SYS_CLOSE, 3\n{SEND}\n{TELL}"
    live = rig.run(TWO.format(first=first, second="") + HANDLER.format(flags=0))
    assert live.results("write") == [EPIPE] and taken(live) == [13]


def test_a_pipe_that_breaks_while_one_waits() -> None:
    """The writer has filled the pipe; what it has written so far is its result, and the next is the error."""
    second = f"""{HANDLED.format(number=13)}
        la a1, big
        sys SYS_WRITE, 4, , 70000
        la a1, big
        sys SYS_WRITE, 4, , 10
        {TELL}
        sys SYS_EXIT_GROUP, 0"""
    first = f"{PAUSE}\n sys SYS_CLOSE, 3\n j ."
    live = rig.run(TWO.format(first=first, second=second) + HANDLER.format(flags=0))
    assert live.results("write") == [65536, EPIPE] and taken(live) == [13]
    assert differences(rig.folded(live), live.world) == []


def test_a_small_write_that_waits_when_the_pipe_breaks() -> None:
    second = f"""{HANDLED.format(number=13)}
        la a1, big
        sys SYS_WRITE, 4, , 65536
        la a1, big
        sys SYS_WRITE, 4, , 10
        {TELL}
        sys SYS_EXIT_GROUP, 0"""
    first = f"{PAUSE}\n sys SYS_CLOSE, 3\n j ."
    live = rig.run(TWO.format(first=first, second=second) + HANDLER.format(flags=0))
    assert live.results("write") == [65536, EPIPE] and taken(live) == [13]
    assert differences(rig.folded(live), live.world) == []


@pytest.mark.parametrize(("flags", "results"), [(0, [-4]), (0x10000000, [-512, 11])])
def test_a_signal_ends_a_read_or_restarts_it(flags: int, results: list[int]) -> None:
    first = f"{HANDLED.format(number=10)}\n{GET}\n{TELL}"
    second = f"{PAUSE}\n sys 130, 1, 10\n{PAUSE}\n{SEND}\n{PAUSE}"
    live = rig.run(TWO.format(first=first, second=second) + HANDLER.format(flags=flags))
    assert live.results("read") == results and taken(live) == [10]
    assert differences(rig.folded(live), live.world) == []


def test_a_signal_ends_a_write_that_has_moved_something() -> None:
    first = f"{HANDLED.format(number=10)}\n la a1, big\n sys SYS_WRITE, 4, , 70000\n{TELL}"
    live = rig.run(
        TWO.format(first=first, second=f"{PAUSE}\n sys 130, 1, 10\n j .") + HANDLER.format(flags=0x10000000)
    )
    assert live.results("write") == [65536] and taken(live) == [10]


def test_a_signal_ends_a_poll() -> None:
    first = f"{HANDLED.format(number=10)}\n la a0, events\n sys SYS_PPOLL, , 1, 0, 0\n{TELL}"
    live = rig.run(
        TWO.format(first=first, second=f"{PAUSE}\n sys 130, 1, 10\n j .") + HANDLER.format(flags=0x10000000)
    )
    assert live.results("ppoll") == [-4] and taken(live) == [10]
