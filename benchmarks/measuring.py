"""How things are measured: commands by the wall clock, the kernel without start-up."""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.programs import SMALL


def command(*arguments: str, statuses: tuple[int, ...] = (0,), **variables: str) -> float:
    """Wall seconds of one simrec command, which must exit with one of ``statuses``."""
    return timed([sys.executable, "-m", "simrec", *arguments], statuses, **variables)


def timed(words: list[str], statuses: tuple[int, ...] = (0,), **variables: str) -> float:
    """Wall seconds of any command."""
    seconds: float = _measured(words, statuses, **variables)["seconds"]
    return seconds


def peak(*arguments: str, statuses: tuple[int, ...] = (0,)) -> dict[str, Any]:
    """Wall seconds of one simrec command, and the most of the host's memory that it had."""
    return _measured([sys.executable, "-m", "simrec", *arguments], statuses)


#: A small process of its own starts the command: Linux counts what a parent has as its child's peak.
_WATCH = """
import json, os, subprocess, sys, time
started = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
seconds = time.perf_counter() - started
told = {"seconds": seconds, "peak_mib": usage.ru_maxrss / 1024, "status": os.waitstatus_to_exitcode(status)}
print(json.dumps(told | {"cpu_seconds": usage.ru_utime + usage.ru_stime}))
"""


def _measured(words: list[str], statuses: tuple[int, ...], **variables: str) -> dict[str, Any]:
    watch = [sys.executable, "-S", "-c", _WATCH, *words]
    # pip compiles what it installs; so a command doesn't have to.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(watch, capture_output=True, env=kept | variables, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    if found.pop("status") not in statuses:
        raise SystemExit(f"{' '.join(words)} failed:\n{done.stderr.decode(errors='replace')}")
    return found


def count(name: str, kind: str) -> int:
    """How many events of a kind a recording has."""
    from recorder.catalog import Catalog
    from recorder.reader import Log

    return Log.open(Catalog.open(), name).kinds()[kind]


def kernel_rate(program: Path, arguments: tuple[str, ...], compiled: bool) -> tuple[int, int, float]:
    """(instructions, events, seconds) of a run that nothing records, without start-up."""
    from sim.kernel.console import MemoryConsole
    from sim.kernel.kernel import Kernel
    from sim.kernel.options import Options
    from sim.machine import executor
    from sim.sink import Discard
    from simrec.programs import read_executable

    execute = executor.compiled() if compiled else executor.reference
    warm = Kernel([read_executable(SMALL).program], Options(harts=1), Discard(), MemoryConsole(), execute)
    warm.run()
    options = Options(harts=1, arguments=arguments)
    kernel = Kernel([read_executable(program).program], options, Discard(), MemoryConsole(), execute)
    started = time.perf_counter()
    kernel.run()
    seconds = time.perf_counter() - started
    return int(kernel.machine.retired.sum()), kernel.machine.seq, seconds


def recorded(name: str, program: Path, *arguments: str, statuses: tuple[int, ...] = (0,)) -> dict[str, Any]:
    """Record a program with a whole command; verify the recording; its figures."""
    from recorder.audit import audit
    from recorder.catalog import Catalog
    from recorder.reader import Log

    figures = peak("run", str(program), *arguments, "--name", name, statuses=statuses)
    catalog = Catalog.open()
    found = audit(catalog, catalog.find(name)).findings
    assert not found, found
    log = Log.open(catalog, name)
    assert sum(log.kinds().values()) == log.end_seq
    return figures | {"events": log.end_seq, "bytes_per_event": log.run.bytes / log.end_seq}


def home() -> Path:
    """The recordings' home, in which compiled programs are, too."""
    return Path(os.environ["SIMREC_HOME"])


def percentiles(seconds: list[float]) -> dict[str, float]:
    """Milliseconds: the median, and what 99 of 100 stay below."""
    ordered = sorted(seconds)
    worst = ordered[min(len(ordered) * 99 // 100, len(ordered) - 1)]
    return {"p50_ms": round(1000 * statistics.median(ordered), 2), "p99_ms": round(1000 * worst, 2)}


def medians(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The median of every figure."""
    return {name: round(statistics.median(row[name] for row in rows), 3) for name in rows[0]}
