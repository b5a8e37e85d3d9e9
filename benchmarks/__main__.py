"""Measure and print JSON: ``python -m benchmarks [NAME...] [--rounds N]`` (default: all, 3 rounds).

Every figure is a median over rounds. Rates of whole commands include start-up, and recordings are read
back and verified before they count. ``compare`` among the names measures other simulators, too. With --save,
the results go to docs/benchmarks.json, of which ``make docs`` makes docs/benchmarks.md.
"""

import argparse
import json
import os
import platform
import random
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import asking, programs, recording
from benchmarks.compare import compare
from benchmarks.measuring import command, count, home, kernel_rate, medians, peak, recorded, timed
from benchmarks.programs import COROUTINES, LOOP, PINGPONG, PREEMPTED, SMALL, SYSCALLS, THREADS, YIELDS

RESULTS = Path(__file__).parents[1] / "docs" / "benchmarks.json"
BENCHMARKS: dict[str, Callable[[int], dict[str, Any]]] = {}


def benchmark(measure: Callable[[int], dict[str, Any]]) -> Callable[[int], dict[str, Any]]:
    """Declare a benchmark: takes the number of rounds, returns its figures."""
    BENCHMARKS[measure.__name__] = measure
    return measure


@benchmark
def executor_compiled(rounds: int) -> dict[str, Any]:
    """Instructions/s of the compiled executor without recording."""
    runs = [kernel_rate(LOOP, ("3000000",), True) for _ in range(rounds)]
    return medians([{"instructions_per_second": n / s} for n, _, s in runs])


@benchmark
def executor_reference(rounds: int) -> dict[str, Any]:
    """The same of the reference executor (SIMREC_JIT=0)."""
    runs = [kernel_rate(LOOP, ("5000",), False) for _ in range(rounds)]
    return medians([{"instructions_per_second": n / s} for n, _, s in runs])


@benchmark
def executor_start(rounds: int) -> dict[str, Any]:
    """Seconds of a process that runs 1,000 instructions on the compiled executor, nothing recorded: with an
    empty cache, and with what the first one left there."""
    ready = [sys.executable, "-m", "benchmarks.unrecorded", str(SMALL)]
    rows = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as cache:
            first = timed(ready, XDG_CACHE_HOME=cache)
            rows.append({"first_seconds": first, "cached_seconds": timed(ready, XDG_CACHE_HOME=cache)})
    return medians(rows)


@benchmark
def system_calls(rounds: int) -> dict[str, Any]:
    """getpid calls/s: unrecorded without start-up, and recorded to Parquet as a whole command."""
    bare = [200_000 / kernel_rate(SYSCALLS, ("200000",), True)[2] for _ in range(rounds)]
    whole = [1_000_000 / command("run", str(SYSCALLS), "1000000", "--harts", "1") for _ in range(rounds)]
    return {
        "unrecorded_per_second": round(statistics.median(bare)),
        "recorded_per_second": round(statistics.median(whole)),
    }


@benchmark
def context_switches(rounds: int) -> dict[str, Any]:
    """Context switches/s on one hart, recorded to Parquet as whole commands: of threads that run to the end
    of their slices, that yield, and that wake each other by futex and sleep."""
    runs = {
        "preempted": (PREEMPTED, "2500000", "--quantum", "10"),
        "yielded": (YIELDS, "500000"),
        "futex": (PINGPONG, "250000"),
    }
    figures = {}
    for how, (program, *arguments) in runs.items():
        rates = []
        for i in range(rounds):
            name = f"bench-{how}-{i}"
            seconds = recorded(name, program, *arguments, "--harts", "1")["seconds"]
            rates.append(count(name, "context_switch") / seconds)
        figures[f"{how}_per_second"] = round(statistics.median(rates))
    return figures


@benchmark
def coroutines(rounds: int) -> dict[str, Any]:
    """100,000 coroutines alive at once, each resumed twice, recorded: the whole command and its memory."""
    return medians([peak("run", str(COROUTINES), "100000", "--ram", "128") for _ in range(rounds)])


@benchmark
def threads(rounds: int) -> dict[str, Any]:
    """1,000 threads alive at once, each asleep 8 times, recorded: the whole command and its memory."""
    return medians([peak("run", str(THREADS), "1000") for _ in range(rounds)])


for measure in (
    *asking.BENCHMARKS,
    recording.record_parquet,
    recording.record_mixed,
    recording.record_sqlite,
    recording.growth,
    recording.compression,
    recording.recording_stages,
):
    benchmark(measure)


@benchmark
def record_hello(rounds: int) -> dict[str, Any]:
    """A static musl hello, compiled beforehand, recorded: the whole command."""
    elf = programs.compiled("hello", home())
    return medians([recorded(f"bench-hello-{i}", elf) for i in range(rounds + 2)])


@benchmark
def record_locks(rounds: int) -> dict[str, Any]:
    """400,000 contended lock and unlock pairs of pthreads, 4 threads on 2 harts, recorded."""
    elf = programs.compiled("locks", home())
    return medians([recorded(f"bench-locks-{i}", elf, "--harts", "2") for i in range(rounds)])


@benchmark
def start_up(rounds: int) -> dict[str, Any]:
    """Seconds of `simrec --help`, and of `simrec run` of a 1,000-instruction program."""
    help_ = statistics.median(command("--help") for _ in range(rounds + 2))
    small = statistics.median(command("run", str(SMALL)) for _ in range(rounds + 2))
    return {"help_seconds": round(help_, 3), "small_run_seconds": round(small, 3)}


@benchmark
def replay_at(rounds: int) -> dict[str, Any]:
    """Seconds of `simrec replay --at N` for random N in a 50 M event run, as commands."""
    events = recorded("bench-replay", LOOP, "680000", "--harts", "1")["events"]
    pick = random.Random(1)
    times = [
        command("replay", "--at", str(pick.randrange(events)), "bench-replay") for _ in range(4 * rounds)
    ]
    return {
        "events": events,
        "median_seconds": round(statistics.median(times), 3),
        "worst_seconds": round(max(times), 3),
    }


def machine() -> dict[str, Any]:
    """What the figures are of."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return {"machine": f"{model}, {os.cpu_count()} cores", "python": platform.python_version()}


def main() -> None:
    """Run the named benchmarks, or the comparison, in a catalog of their own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"compare, or of {', '.join(BENCHMARKS)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--simulators",
        type=Path,
        metavar="BIN",
        help="compare: the bin folder of an environment with spike, unicorn, tinyrv from PyPI",
    )
    parser.add_argument("--save", action="store_true", help=f"into {RESULTS.name}, too")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.names if name not in (*BENCHMARKS, "compare")]
    if unknown:
        parser.error(f"no benchmark is called {unknown[0]}; there are compare, {', '.join(BENCHMARKS)}")
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as home:
        os.environ["SIMREC_HOME"] = home
        for name in chosen.names or BENCHMARKS:
            print(f"{name} ...", file=sys.stderr)
            if name == "compare":
                results[name] = compare(home(), chosen.simulators)
            else:
                results[name] = BENCHMARKS[name](chosen.rounds)
    if chosen.save:
        saved = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
        text = json.dumps(saved | machine() | results, indent=1)
        RESULTS.write_text(text + "\n", encoding="utf-8")
    print(json.dumps(machine() | results, indent=2))


main()
