"""Measure and print JSON: ``python -m benchmarks [NAME...] [--rounds N]`` (default: all, 3 rounds).

Every figure is a median over rounds. Rates of whole commands include start-up, and recordings are read
back and verified before they count.
"""

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LOOP, SYSCALLS, SMALL = HERE / "loop.asm", HERE / "syscalls.asm", HERE / "small.asm"
BENCHMARKS: dict[str, Callable[[int], dict[str, Any]]] = {}


def benchmark(measure: Callable[[int], dict[str, Any]]) -> Callable[[int], dict[str, Any]]:
    """Declare a benchmark: takes the number of rounds, returns its figures."""
    BENCHMARKS[measure.__name__] = measure
    return measure


def command(*arguments: str) -> float:
    """Wall seconds of one simrec command, which must succeed."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "simrec", *arguments],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"simrec {' '.join(arguments)} failed:\n{done.stderr.decode()}")
    return seconds


def kernel_rate(program: Path, argument: str, compiled: bool) -> tuple[int, int, float]:
    """(instructions, events, seconds) of a run that nothing records, without start-up."""
    from sim.kernel.console import MemoryConsole
    from sim.kernel.kernel import Kernel
    from sim.kernel.options import Options
    from sim.machine import executor
    from sim.sink import Discard
    from simrec.programs import read_executable

    execute = executor.compiled() if compiled else executor.reference
    warm = Kernel(read_executable(SMALL).program, Options(harts=1), Discard(), MemoryConsole(), execute)
    warm.run()
    options = Options(harts=1, arguments=(argument,))
    kernel = Kernel(read_executable(program).program, options, Discard(), MemoryConsole(), execute)
    started = time.perf_counter()
    kernel.run()
    seconds = time.perf_counter() - started
    return int(kernel.machine.retired.sum()), kernel.machine.seq, seconds


def recorded(name: str, store: str, rounds: str, *more: str) -> dict[str, Any]:
    """Record the loop with a whole command; verify the recording; its figures."""
    from recorder.catalog import Catalog
    from recorder.reader import Log

    seconds = command("run", str(LOOP), rounds, "--name", name, "--store", store, "--harts", "1", *more)
    log = Log.open(Catalog.open(), name)
    damage = log.verify_files()
    assert not damage, damage
    assert sum(log.kinds().values()) == log.end_seq
    return {"events": log.end_seq, "seconds": seconds, "bytes_per_event": log.run.bytes / log.end_seq}


def medians(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The median of every figure."""
    return {name: round(statistics.median(row[name] for row in rows), 3) for name in rows[0]}


@benchmark
def executor_compiled(rounds: int) -> dict[str, Any]:
    """Instructions/s of the compiled executor without recording."""
    runs = [kernel_rate(LOOP, "3000000", True) for _ in range(rounds)]
    return medians([{"instructions_per_second": n / s} for n, _, s in runs])


@benchmark
def executor_reference(rounds: int) -> dict[str, Any]:
    """The same of the reference executor (SIMREC_JIT=0)."""
    runs = [kernel_rate(LOOP, "5000", False) for _ in range(rounds)]
    return medians([{"instructions_per_second": n / s} for n, _, s in runs])


@benchmark
def system_calls(rounds: int) -> dict[str, Any]:
    """getpid calls/s: unrecorded without start-up, and recorded to Parquet as a whole command."""
    bare = [200_000 / kernel_rate(SYSCALLS, "200000", True)[2] for _ in range(rounds)]
    whole = [1_000_000 / command("run", str(SYSCALLS), "1000000", "--harts", "1") for _ in range(rounds)]
    return {
        "unrecorded_per_second": round(statistics.median(bare)),
        "recorded_per_second": round(statistics.median(whole)),
    }


@benchmark
def record_parquet(rounds: int) -> dict[str, Any]:
    """Everything recorded to Parquet, durable: the whole command, 50 M events."""
    rows = [recorded(f"bench-parquet-{i}", "parquet", "680000") for i in range(rounds)]
    return medians([row | {"events_per_second": row["events"] / row["seconds"]} for row in rows])


@benchmark
def record_sqlite(rounds: int) -> dict[str, Any]:
    """The same to SQLite, 5 M events."""
    rows = [recorded(f"bench-sqlite-{i}", "sqlite", "70000") for i in range(rounds)]
    return medians([row | {"events_per_second": row["events"] / row["seconds"]} for row in rows])


@benchmark
def start_up(rounds: int) -> dict[str, Any]:
    """Seconds of `simrec --help`, and of `simrec run` of a 1,000-instruction program."""
    help_ = statistics.median(command("--help") for _ in range(rounds + 2))
    small = statistics.median(command("run", str(SMALL)) for _ in range(rounds + 2))
    return {"help_seconds": round(help_, 3), "small_run_seconds": round(small, 3)}


@benchmark
def replay_at(rounds: int) -> dict[str, Any]:
    """Seconds of `simrec replay --at N` for random N in a 50 M event run, as commands."""
    events = recorded("bench-replay", "parquet", "680000")["events"]
    pick = random.Random(1)
    times = [
        command("replay", "--at", str(pick.randrange(events)), "bench-replay") for _ in range(4 * rounds)
    ]
    return {
        "events": events,
        "median_seconds": round(statistics.median(times), 3),
        "worst_seconds": round(max(times), 3),
    }


def main() -> None:
    """Run the named benchmarks in a catalog of their own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    unknown = [name for name in chosen.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark is called {unknown[0]}; there are {', '.join(BENCHMARKS)}")
    results: dict[str, Any] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
    }
    with tempfile.TemporaryDirectory() as home:
        os.environ["SIMREC_HOME"] = home
        for name in chosen.names or BENCHMARKS:
            print(f"{name} ...", file=sys.stderr)
            results[name] = BENCHMARKS[name](chosen.rounds)
    print(json.dumps(results, indent=2))


main()
