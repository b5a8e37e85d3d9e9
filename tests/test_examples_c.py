"""The examples in C and C++ on several machines and schedules: what must not depend on them doesn't."""

import re
import shutil
import subprocess
from pathlib import Path

import cprograms
import pytest
import rig
from cprograms import C_EXAMPLES

from sim.kernel.schedulers import names

#: What each prints, however it is scheduled.
OUTPUT = {
    "barrier.c": "4 threads took 50 steps together, 0 were early\n",
    "bounded_buffer.c": "took 600 items, sum 90300 of 90300, buffer broken 0 times\n",
    "dining_philosophers.c": "5 philosophers ate 200 meals, forks shared 0 times\n",
    "generator.cpp": "14 even Fibonacci numbers, sum 82790070\n",
    "lockfree_stack.c": "8 of 8 nodes left, owned by two at once 0 times\n",
    "race_fixed.c": "counter = 4000, expected 4000\n",
    "readers_writers.c": "each word was written 200 times, readers saw 0 torn words\n",
    "rendezvous.c": "met 200 times, apart 0 times\n",
    "task.cpp": "6 tasks added up 120 numbers: 7140\n",
    "work_queue.c": "200 jobs, sum of squares below 2000: 2664667000\n",
}
#: Those whose outcome is the schedule's.
SCHEDULED = {"bounded_buffer_if.c", "compute.c", "deadlock.c", "race.c"}
MACHINES = [(harts, seed) for harts in (1, 2, 4) for seed in (0, 1, 2)]


def run(name: str, harts: int, seed: int) -> rig.Live:
    return rig.run(C_EXAMPLES / name, keep=False, harts=harts, seed=seed, max_events=20_000_000)


def test_every_example_is_tested() -> None:
    assert {path.name for path in C_EXAMPLES.iterdir()} == OUTPUT.keys() | SCHEDULED


@pytest.mark.slow
@pytest.mark.parametrize(("harts", "seed"), MACHINES)
@pytest.mark.parametrize("name", OUTPUT)
def test_the_schedule_does_not_change_the_result(name: str, harts: int, seed: int) -> None:
    live = run(name, harts, seed)
    assert (live.ended, live.out.decode()) == (("exited", 0), OUTPUT[name])


@pytest.mark.slow
@pytest.mark.parametrize("scheduler", names())
@pytest.mark.parametrize("name", OUTPUT)
def test_neither_does_the_scheduler(name: str, scheduler: str) -> None:
    live = rig.run(C_EXAMPLES / name, keep=False, harts=2, scheduler=scheduler, max_events=20_000_000)
    assert (live.ended, live.out.decode()) == (("exited", 0), OUTPUT[name])


@pytest.mark.slow
@pytest.mark.parametrize("harts", [1, 2, 4])
def test_a_race_loses_updates_by_schedule(harts: int) -> None:
    sums = []
    for seed in range(3):
        live = run("race.c", harts, seed)
        found = re.fullmatch(rb"counter = (\d+), expected 4000\n", live.out)
        assert found is not None and live.status == 0
        sums.append(int(found.group(1)))
    assert all(1000 <= total < 4000 for total in sums)
    assert len(set(sums)) > 1


@pytest.mark.slow
@pytest.mark.parametrize(("harts", "seed"), MACHINES)
def test_two_locks_in_opposite_orders_deadlock(harts: int, seed: int) -> None:
    live = run("deadlock.c", harts, seed)
    assert live.ended == ("deadlock", 3)
    assert live.out == b""


@pytest.mark.slow
@pytest.mark.parametrize(("harts", "seed"), MACHINES)
def test_a_buffer_that_waits_with_if_breaks(harts: int, seed: int) -> None:
    live = run("bounded_buffer_if.c", harts, seed)
    assert live.ended == ("exited", 1)
    assert int(live.out.split()[-2]) > 0


@pytest.mark.slow
def test_symmetric_philosophers_starve() -> None:
    image = cprograms.clang(C_EXAMPLES / "dining_philosophers.c", "-DSYMMETRIC")
    assert rig.run(image, keep=False, harts=2).ended == ("deadlock", 3)


@pytest.mark.slow
@pytest.mark.parametrize(("harts", "seed"), MACHINES)
def test_the_compute_program_prints_what_a_native_run_prints(tmp_path: Path, harts: int, seed: int) -> None:
    native = tmp_path / "compute"
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        image = cprograms.clang(C_EXAMPLES / "compute.c")
        expected = cprograms.qemu(image, tmp_path)[1]
    else:
        subprocess.run([compiler, "-O1", str(C_EXAMPLES / "compute.c"), "-o", str(native)], check=True)
        expected = subprocess.run([str(native)], capture_output=True, check=True).stdout
    live = run("compute.c", harts, seed)
    assert (live.ended, live.out) == (("exited", 0), expected)
    assert expected.count(b"\n") == 8


@pytest.mark.slow
@pytest.mark.parametrize("name", ["race_fixed.c", "compute.c", "generator.cpp"])
def test_debians_compiler_makes_programs_that_run_too(name: str) -> None:
    image = cprograms.gcc(C_EXAMPLES / name, *(["-std=c++20"] if name.endswith("pp") else []))
    live = rig.run(image, keep=False, harts=2)
    expected = OUTPUT[name] if name in OUTPUT else run(name, 1, 0).out.decode()
    assert (live.ended, live.out.decode()) == (("exited", 0), expected)
