"""The runtime library's ways to the devices: io.s, request.s, work.s and loop.s; and the servers on them.

There are no such devices on a real machine, so these run on simrec only.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import rig

from sim.image import differences
from sim.kernel.workload import Workload

SERVERS = ("server_threads", "server_pool", "server_loop")
MOST = 3_000_000


def main(body: str, data: str = "") -> str:
    """A program whose main saves ra and returns 0."""
    return f"""
        .globl  main
main:   addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
{body}
        li      a0, 0
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret
{data}
"""


def run(source: str | Path, requests: str = "", **options: Any) -> rig.Live:
    text = source.replace(".globl _start", "") if isinstance(source, str) else source
    workload = Workload.parse(requests) if requests else None
    live = rig.run(text, abi="linux", requests=workload, max_events=MOST, **options)
    assert live.kernel.refused <= {"opening /dev/requests without --requests"}
    return live


def probed(live: rig.Live, number: int = 1) -> list[int]:
    return [event.value for event in live.of("probe", number=number)]


@pytest.mark.parametrize(("ticks", "most"), [(0, 12), (1, 12), (100, 110), (1000, 1010)])
def test_work_takes_about_so_long(ticks: int, most: int) -> None:
    live = run(
        main(f"probe 1, zero\n li a0, {ticks}\n call work\n probe 1, zero"), harts=1, costs=("tlb_miss=0",)
    )
    begin, end = live.of("probe")
    assert ticks <= end.tick - begin.tick <= most


def test_io_wait_gives_the_latency() -> None:
    live = run(main("li a0, 700\n call io_wait\n probe 1, a0\n li a0, 0\n call io_wait\n probe 1, a0"))
    assert probed(live) == [700, 2250]
    assert len(live.results("openat")) == 1
    assert [e.on for e in live.of("thread", action="blocked")] == ["device", "device"]


def test_each_thread_has_a_file_of_its_own_and_closes_it() -> None:
    """More threads, one after the other, than a process may have files."""
    threads = """
        li      s0, 1100
1:      la      a0, io_wait
        li      a1, 10
        call    thread_create
        call    thread_join
        probe   1, a0
        addi    s0, s0, -1
        bnez    s0, 1b
    """
    live = run(main(threads), keep=True, costs=("page_fault=0",))
    assert set(probed(live)) == {10} and len(probed(live)) == 1100
    assert len(live.world.processes[1].files) == 0 and live.ended == ("exited", 0)


def test_submit_and_reap() -> None:
    body = """
        li      a0, 0
        call    io_open
        mv      s0, a0
        li      a1, 7
        li      a2, 300
        call    io_submit
        probe   1, a0
        mv      a0, s0
        la      a1, buffer
        li      a2, 4
        call    io_reap
        probe   1, a0
        mv      a0, s0
        la      a1, buffer
        li      a2, 4
        call    io_reap
        probe   1, a0
        mv      a0, s0
        li      a1, 7
        li      a2, -1
        call    io_submit
        probe   1, a0
        la      t0, buffer
        ld      t1, 0(t0)
        probe   2, t1
        ld      t1, 8(t0)
        probe   2, t1
    """
    live = run(main(body, "        .bss\n        .align 3\nbuffer: .zero 64"))
    assert probed(live) == [0, 1, 0, -22] and probed(live, 2) == [7, 300]


def test_requests_one_by_one() -> None:
    body = """
        li      a0, 0
        call    request_open
        mv      s0, a0
1:      mv      a0, s0
        la      a1, buffer
        call    request_next
        probe   1, a0
        blez    a0, 2f
        ld      a1, buffer
        mv      a0, s0
        call    request_done
        probe   2, a0
        mv      a0, s0
        ld      a1, buffer
        call    request_done
        probe   3, a0
        j       1b
2:
    """
    live = run(main(body, "        .bss\n        .align 3\nbuffer: .zero 32"), "count=3,arrivals=fixed:500")
    assert (probed(live), probed(live, 2), probed(live, 3)) == ([1, 1, 1, 0], [0] * 3, [-22] * 3)


def test_without_requests_opening_tells_so() -> None:
    assert probed(run(main("li a0, 0\n call request_open\n probe 1, a0"))) == [-6]


# The event loop.

TASK = """
task:   addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        mv      s0, a0
        mv      s1, a1
{body}
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret
"""
SPAWN = "mv a0, s0\n la a1, task\n li a2, {}\n call loop_spawn"
RUN = "mv a0, s0\n call loop_run\n probe 9, a0\n mv a0, s0\n call loop_destroy"


def loop(task: str, *arguments: int, requests: str = "", **options: Any) -> rig.Live:
    """Tasks of one loop, one for each argument (which they have in s0; the loop is in s1)."""
    spawn = "\n".join(SPAWN.format(argument) for argument in arguments)
    return run(
        main(f"call loop_create\n mv s0, a0\n{spawn}\n{RUN}", TASK.format(body=task)), requests, **options
    )


def test_a_loop_without_tasks_is_over() -> None:
    assert probed(loop(""), 9) == [0]


def test_tasks_wait_at_the_same_time(executor: str) -> None:
    """Three I/Os of one thread, each seen by its task when it is complete."""
    live = loop("mv a0, s0\n call loop_io\n probe 1, a0", 3000, 1000, 2000, executor_name=executor)
    assert probed(live) == [1000, 2000, 3000] and probed(live, 9) == [3]
    assert live.world.tick < 8000
    assert {e.on for e in live.of("thread", action="blocked")} == {"poll"}
    assert differences(rig.folded(live), live.world) == []


def test_sleepers_wake_in_order_of_time() -> None:
    body = "mv a0, s0\n call loop_sleep\n probe 1, a0\n probe 2, s0"
    live = loop(body, 9000, 4000, 6000, 4000, 20)
    assert probed(live, 2) == [20, 4000, 4000, 6000, 9000] and set(probed(live)) == {0}
    asleep = live.of("coroutine", action="saved")[0].tick
    for event in live.of("probe", number=2):
        assert event.tick >= asleep + event.value


def test_tasks_take_turns() -> None:
    body = "li s1, 3\n1: probe 1, s0\n call loop_yield\n addi s1, s1, -1\n bnez s1, 1b"
    assert probed(loop(body, 1, 2, 3)) == [1, 2, 3] * 3


def test_who_yields_for_ever_does_not_starve_the_others() -> None:
    """A task that spins until the other's I/O is complete."""
    body = """
        bnez    s0, 2f
1:      call    loop_yield
        lw      t0, flag
        beqz    t0, 1b
        probe   1, t0
        j       3f
2:      mv      a0, s0
        call    loop_io
        li      t0, 5
        sw      t0, flag, t1
3:
        .bss
flag:   .zero   4
        .text
    """
    assert probed(loop(body, 0, 2500)) == [5]


def test_a_task_spawns_others() -> None:
    body = "probe 1, s0\n blez s0, 1f\n mv a0, s1\n la a1, task\n addi a2, s0, -1\n call loop_spawn\n1:"
    live = loop(body, 4)
    assert probed(live) == [4, 3, 2, 1, 0] and probed(live, 9) == [5]


@pytest.mark.parametrize("count", [1, 2, 40])
def test_tasks_take_requests_until_there_are_no_more(count: int) -> None:
    body = """
1:      call    loop_next_request
        blez    a0, 2f
        ld      a1, 0(a0)
        probe   1, a1
        ld      a2, 16(a0)
        mv      s0, a1
        mv      a0, a2
        call    loop_io
        mv      a0, s1
        mv      a1, s0
        call    loop_request_done
        probe   2, a0
        j       1b
2:      probe   3, a0
    """
    live = loop(body, 0, 0, 0, requests=f"count={count},arrivals=poisson:200,io=exp:900")
    assert sorted(probed(live)) == list(range(1, count + 1))
    assert probed(live, 2) == [0] * count and probed(live, 3) == [0, 0, 0]
    assert live.world.requests.done == count
    assert not live.world.coroutines


def test_errors_come_back_to_the_task() -> None:
    """No requests to be had; an operation of negative ticks."""
    assert probed(loop("call loop_next_request\n probe 1, a0", 0)) == [-6]
    assert probed(loop("li a0, -5\n call loop_io\n probe 1, a0", 0)) == [-22]


@pytest.mark.parametrize("wait", ["loop_io", "loop_sleep", "loop_next_request", "loop_yield"])
def test_outside_of_a_task_nothing_waits(wait: str) -> None:
    assert probed(run(main(f"li a0, 100\n call {wait}\n probe 1, a0"))) == [-1]


def test_everything_is_given_back() -> None:
    """A second loop after the first finds all memory free: the heap does not grow."""
    body = f"""
        li      s0, 8
1:      sd      s0, count, t0
        call    loop_create
        mv      s0, a0
        {SPAWN.format(100)}
        {SPAWN.format(200)}
        {RUN}
        ld      s0, count
        addi    s0, s0, -1
        bnez    s0, 1b
    """
    data = TASK.format(body="mv a0, s0\n call loop_io") + "\n .bss\n .align 3\ncount: .zero 8"
    live = run(main(body, data))
    assert probed(live, 9) == [2] * 8
    assert len(live.of("memory_map", action="grown")) == 1
    assert len(live.world.processes[1].files) == 0


# The servers.


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize(("harts", "seed"), [(1, 0), (2, 0), (2, 5), (4, 1)])
@pytest.mark.parametrize("load", ["arrivals=poisson:300", "arrivals=poisson:800,cpu=exp:300,io=exp:3000"])
def test_a_server_does_every_request(name: str, harts: int, seed: int, load: str) -> None:
    program = rig.EXAMPLES / "lessons" / f"{name}.asm"
    live = run(program, f"count=60,{load}", harts=harts, seed=seed, io_depth=16)
    assert live.ended == ("exited", 0)
    assert [event.number for event in live.of("request", action="arrived")] == list(range(1, 61))
    assert sorted(event.number for event in live.of("request", action="done")) == list(range(1, 61))
    assert live.world.requests.done == 60
    assert re.match(rb"\d+ (requests done|tasks served all requests)\n", live.out)


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_says_why_it_cannot(name: str) -> None:
    live = run(rig.EXAMPLES / "lessons" / f"{name}.asm")
    assert live.ended == ("exited", 6) and live.kernel.refused


def test_a_pool_serves_no_more_at_a_time_than_it_has_threads() -> None:
    load = "count=40,arrivals=fixed:10,cpu=fixed:10,io=fixed:20000"
    found = {}
    for name in SERVERS:
        live = run(rig.EXAMPLES / "lessons" / f"{name}.asm", load, io_depth=64)
        found[name] = max(event.in_service for event in live.of("io"))
    assert found["server_pool"] == 8
    assert found["server_threads"] > 10 and found["server_loop"] > 10


def test_a_thread_for_each_request_gives_its_stack_back_when_that_is_done() -> None:
    """Also while an older request takes long."""
    load = "count=60,arrivals=fixed:3000,cpu=mix:0.95:100:60000"
    live = run(rig.EXAMPLES / "lessons" / "server_threads.asm", load, seed=1)
    assert max(event.cpu for event in live.of("request", action="arrived")) == 60_000
    stacks = most = 0
    for event in live.of("memory_map"):
        stacks += event.tick > 0 and (event.action == "mapped") - (event.action == "unmapped")
        most = max(most, stacks)
    assert 2 <= most <= 2 + max(event.in_service for event in live.of("request"))
