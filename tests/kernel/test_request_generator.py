"""The request generator: when requests arrive, who takes them, and how the load is asked for."""

import pickle
import struct
from itertools import pairwise
from random import Random

import pytest
import rig
from hypothesis import given
from hypothesis import strategies as st

from sim.image import Image, differences
from sim.kernel.workload import BadWorkload, Workload
from sim.world import World

EAGAIN, EFAULT, EINVAL, ENXIO = -11, -14, -22, -6

#: The generator (3), and a second thread that begins at ``other``.
PROGRAM = """
_start: la      a1, path
        sys     SYS_OPENAT, -100, , {flags}, 0
{first}
        sys     SYS_EXIT_GROUP, 0
other:
{second}
        sys     SYS_EXIT, 0
        .data
path:   .asciz  "/dev/requests"
        .align  3
pause:  .dword  0, 5000
done:   .dword  {done}
done_end:
files:  .word   3, 1
        .bss
        .align  4
buffer: .zero   4096
        .zero   4096
stack:  .zero   16
"""
READ = "la a1, buffer\n sys SYS_READ, 3, , {}"
DONE = "la a1, buffer\n sys SYS_WRITE, 3, , 8"
SAY = "la a1, done\n la a2, done_end\n sub a2, a2, a1\n sys SYS_WRITE, 3"
PAUSE = "la a0, pause\n sys SYS_NANOSLEEP, , 0"
POLL = "la a0, files\n sys SYS_PPOLL, , 1, 0, 0\n la t0, files\n lh t1, 6(t0)\n probe 3, t1"
#: Takes requests one by one until there are no more; each is done at once.
SERVE = f"""1: {READ.format(32)}
        blez a0, 2f
        {DONE}
        j 1b
2:"""


def serve(
    first: str, requests: str, *, second: str = "", flags: int = 2, done: str = "1", **options: object
) -> rig.Live:
    workload = Workload.parse(requests) if requests else None
    source = PROGRAM.format(first=first, second=second, flags=flags, done=done)
    return rig.run(source, requests=workload, **options)


def test_requests_arrive_in_time_and_are_served(executor: str) -> None:
    live = serve(SERVE, "count=3,arrivals=fixed:1000,cpu=fixed:7,io=fixed:9", executor_name=executor)
    arrived = live.of("request", action="arrived")
    assert [(e.number, e.cpu, e.io) for e in arrived] == [(1, 7, 9), (2, 7, 9), (3, 7, 9)]
    assert [b.tick - a.tick for a, b in pairwise(arrived)] == [1000, 1000]
    (opened,) = live.of("file", action="opened")
    assert arrived[0].tick == opened.tick + 1000
    assert live.results("read") == [32, 32, 32, 0] and live.results("write") == [8, 8, 8]
    assert [e.ticks for e in live.of("request", action="taken")] == [0, 0, 0]
    done = live.of("request", action="done")
    assert [e.ticks for e in done] == [e.tick - a.tick for a, e in zip(arrived, done, strict=True)]
    assert [(e.backlog, e.in_service) for e in live.of("request", number=1)] == [(1, 0), (0, 1), (0, 0)]
    first = next(e for e in live.of("kernel_write") if len(e.data) == 32)
    assert struct.unpack("<4q", first.data) == (1, 7, 9, arrived[0].tick)


def test_the_backlog_grows_while_nobody_takes() -> None:
    live = serve(f"{PAUSE}\n{READ.format(96)}\n{READ.format(4096)}", "count=9,arrivals=fixed:500")
    assert [e.backlog for e in live.of("request", action="arrived")] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert live.results("read") == [96, 192]
    assert live.of("request", action="taken")[0].ticks > 3000
    assert (live.world.requests.arrived, len(live.world.requests.in_service)) == (9, 9)


def test_all_may_arrive_at_once() -> None:
    live = serve(READ.format(4096), "count=20,arrivals=fixed:0")
    assert live.results("read") == [640]


def test_they_arrive_also_when_nobody_has_it_open_any_more() -> None:
    assert len(serve(f"sys SYS_CLOSE, 3\n{PAUSE}", "count=3,arrivals=fixed:1000").of("request")) == 3


def test_only_an_open_begins_the_arrivals() -> None:
    """One for the path alone (O_PATH) does not."""
    assert serve(PAUSE, "count=3,arrivals=fixed:1000", flags=0o10000000).of("request") == []


def test_a_second_open_begins_nothing() -> None:
    open_again = "la a1, path\n sys SYS_OPENAT, -100, , 2, 0"
    live = serve(f"{open_again}\n{open_again}\n{SERVE}", "count=5,arrivals=fixed:300")
    assert [e.number for e in live.of("request", action="arrived")] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("harts", [1, 2, 4])
@pytest.mark.parametrize("seed", [0, 1, 7])
def test_two_threads_share_the_requests(harts: int, seed: int) -> None:
    """Each is taken once, and both are told of the end."""
    first = f"spawn stack, other\n{SERVE}\n{PAUSE}"
    second = SERVE.replace("1b", "3b").replace("2f", "4f").replace("1:", "3:").replace("2:", "4:")
    second = second.replace("la a1, buffer", "addi a1, sp, -64")
    live = serve(first, "count=40,arrivals=poisson:300", second=second, harts=harts, seed=seed)
    numbers = [e.number for e in live.of("request", action="taken")]
    assert numbers == list(range(1, 41))
    assert live.results("read").count(0) == 2 and live.world.requests.done == 40
    assert differences(rig.folded(live), live.world) == []


def test_who_has_waited_longer_is_served_first() -> None:
    first = f"spawn stack, other\n{PAUSE}\n{READ.format(32)}\n{PAUSE}\n{PAUSE}"
    live = serve(first, "count=2,arrivals=fixed:20000", second=READ.format(32), flags=2)
    assert [e.tid for e in live.of("request", action="taken")] == [2, 1]
    assert {e.on for e in live.of("thread", action="blocked", until=-1)} == {"device"}


def test_a_file_that_is_closed_while_one_waits() -> None:
    """The requests that nobody can take any more still arrive."""
    first = f"spawn stack, other\n{READ.format(32)}\n{PAUSE}\n{PAUSE}"
    live = serve(first, "count=2,arrivals=fixed:6000", second=f"{PAUSE}\n sys SYS_CLOSE, 3")
    assert live.results("read") == [-9] and len(live.world.requests.backlog) == 2


def test_without_blocking() -> None:
    live = serve(f"{READ.format(32)}\n{PAUSE}\n{READ.format(32)}\n{READ.format(32)}", "count=1", flags=0o4002)
    assert live.results("read") == [EAGAIN, 32, 0]


def test_poll_waits_for_an_arrival_and_tells_of_the_end() -> None:
    live = serve(f"{POLL}\n{READ.format(32)}\n{POLL}", "count=1,arrivals=fixed:2000")
    assert live.results("ppoll") == [1, 1]
    assert [e.value for e in live.of("probe", number=3)] == [1, 16]
    assert live.of("thread", action="blocked")[0].on == "poll"


def test_a_poll_that_waits_is_told_of_the_end() -> None:
    """The last request goes to who waits for it; who polls finds that none will come."""
    first = f"spawn stack, other\n{PAUSE}\n{POLL}"
    live = serve(first, "count=1,arrivals=fixed:20000", second=READ.format(32))
    assert live.results("read") == [32] and live.results("ppoll") == [1]
    assert [e.value for e in live.of("probe", number=3)] == [16]


def test_without_a_workload_it_is_refused() -> None:
    live = serve("", "")
    assert live.results("openat") == [ENXIO]
    assert live.kernel.refused == {"opening /dev/requests without --requests"}


@pytest.mark.parametrize(
    ("call", "result"),
    [
        (READ.format(31), EINVAL),
        (READ.format(0), 0),
        ("sys SYS_READ, 3, 8, 32", EFAULT),
        ("la a1, buffer\n sys SYS_WRITE, 3, , 7", EINVAL),
        ("sys SYS_WRITE, 3, 8, 8", EFAULT),
        (SAY, EINVAL),
    ],
)
def test_errors(call: str, result: int) -> None:
    live = serve(f"{PAUSE}\n{call}", "count=1,arrivals=fixed:0")
    assert live.of("syscall", action="exit")[-1].result == result
    assert [e.action for e in live.of("request")] == ["arrived"]


@pytest.mark.parametrize("done", ["1, 1", "1, 3", "0", "-1", "2, 9"])
def test_only_what_is_in_service_can_be_done(done: str) -> None:
    """And if one isn't, none is."""
    live = serve(f"{PAUSE}\n{READ.format(64)}\n{SAY}", "count=3,arrivals=fixed:0", done=done)
    assert live.results("write") == [EINVAL] and live.of("request", action="done") == []


def test_several_are_done_at_once_and_only_once() -> None:
    live = serve(f"{PAUSE}\n{READ.format(96)}\n{SAY}\n{SAY}", "count=3,arrivals=fixed:0", done="2, 1")
    assert live.results("write") == [16, EINVAL]
    assert [e.number for e in live.of("request", action="done")] == [2, 1]


def test_the_seed_decides_and_distributions_are_apart() -> None:
    """Another distribution of the work leaves arrivals and I/O as they were."""

    def drawn(requests: str, seed: int) -> list[tuple[int, int, int]]:
        live = serve(SERVE, requests, seed=seed)
        (opened,) = live.of("file", action="opened")
        return [(e.tick - opened.tick, e.cpu, e.io) for e in live.of("request", action="arrived")]

    exponential = "count=30,arrivals=poisson:4000,cpu=exp:100,io=uniform:5:50"
    one, same, other = drawn(exponential, 1), drawn(exponential, 1), drawn(exponential, 2)
    assert one == same != other
    mixed = drawn(exponential.replace("exp:100", "mix:0.5:1:2"), 1)
    assert [(tick, io) for tick, _, io in mixed] == [(tick, io) for tick, _, io in one]
    assert {cpu for _, cpu, _ in mixed} == {1, 2}
    assert all(5 <= io <= 50 for _, _, io in one)


def test_the_log_alone_gives_the_requests() -> None:
    live = serve(SERVE, "count=12,arrivals=poisson:60,cpu=exp:10,io=exp:10")
    world = World()
    code = sorted(live.code, key=lambda row: -row.seq)
    for event in live.events:
        while code and code[-1].seq <= event.seq:
            row = code.pop()
            world.code[row.pid, row.pc] = row
        world.apply(event)
        if event.kind == "request":
            assert differences(Image.of(world).restore(), world) == []
            assert (event.backlog, event.in_service) == (
                len(world.requests.backlog),
                len(world.requests.in_service),
            )
    assert differences(world, live.world) == []


# What --requests says.


def test_what_is_left_out_has_a_default() -> None:
    assert str(Workload.parse("count=7")) == "count=7,arrivals=poisson:1000,cpu=fixed:200,io=fixed:0"


TICKS = st.integers(0, 10**6)
TIMES = st.one_of(
    TICKS.map("fixed:{}".format),
    TICKS.map("exp:{}".format),
    st.tuples(TICKS, TICKS).map(lambda two: f"uniform:{min(two)}:{max(two)}"),
    st.tuples(st.floats(0, 1), TICKS, TICKS).map(lambda all: "mix:{:f}:{}:{}".format(*all)),
)


@given(st.integers(1, 10**6), st.sampled_from(("poisson", "uniform", "fixed")), TICKS, TIMES, TIMES)
def test_a_workload_reads_back_as_it_is_written(count: int, kind: str, gap: int, cpu: str, io: str) -> None:
    text = f"count={count},arrivals={kind}:{gap},cpu={cpu},io={io}"
    made = Workload.parse(text)
    assert str(made) == str(Workload.parse(text.replace(",", " , "))) == text
    # It goes to other processes (simrec sweep), and draws the same there.
    sent = pickle.loads(pickle.dumps(made))
    draws = [(each.cpu.draw(Random(1)), each.arrivals.draw(Random(2))) for each in (made, sent)]
    assert draws[0] == draws[1]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("count", "'count' is no NAME=VALUE"),
        ("count=", "'count=' is no NAME=VALUE"),
        ("count=0", "from 1 up"),
        ("count=1.5", "whole number"),
        ("count=1,count=2", "count is given twice"),
        ("rate=5", "nothing is called 'rate'"),
        ("arrivals=poisson", "poisson:GAP"),
        ("arrivals=exp:5", "poisson:GAP"),
        ("cpu=poisson:5", "fixed:N or uniform:LO:HI or exp:MEAN or mix:P:A:B"),
        ("cpu=fixed:-1", "fixed:N"),
        ("cpu=fixed:1:2", "fixed:N"),
        ("cpu=uniform:5:4", "uniform:LO:HI"),
        ("cpu=mix:2:1:1", "mix:P:A:B"),
        ("cpu=mix:nan:1:1", "mix:P:A:B"),
        ("cpu=mix:x:1:1", "mix:P:A:B"),
        ("io=fixed:9999999999999999999999", "fixed:N"),
    ],
)
def test_what_is_no_workload(text: str, told: str) -> None:
    with pytest.raises(BadWorkload) as caught:
        Workload.parse(text)
    assert told in str(caught.value) and "\n" not in str(caught.value)
