"""What recording costs: whole commands from start to the last commit, read back and verified."""

import tempfile
from pathlib import Path
from typing import Any

from benchmarks import programs
from benchmarks.measuring import home, medians, recorded
from benchmarks.programs import LOOP
from benchmarks.stages import stages

#: Rounds of loop.asm that make 10 million events.
_TEN_MILLION = 135_135
#: Rounds of mixed.c that make about 100 million.
_MIXED = 42


def record_parquet(rounds: int) -> dict[str, Any]:
    """Everything recorded to Parquet: 100 M events of a loop on one hart."""
    rows = [_rate(f"bench-parquet-{i}", LOOP, str(10 * _TEN_MILLION), "--harts", "1") for i in range(rounds)]
    return medians(rows)


def record_mixed(rounds: int) -> dict[str, Any]:
    """The same of a real program: 8 threads on 4 harts sort, multiply matrices, fill a hash table, lock."""
    elf = programs.compiled("mixed", home())
    return medians([_rate(f"bench-mixed-{i}", elf, str(_MIXED), "--harts", "4") for i in range(rounds)])


def record_sqlite(rounds: int) -> dict[str, Any]:
    """The loop to SQLite, 20 M events."""
    options = (str(2 * _TEN_MILLION), "--harts", "1", "--store", "sqlite")
    return medians([_rate(f"bench-sqlite-{i}", LOOP, *options) for i in range(rounds)])


def growth(rounds: int) -> dict[str, Any]:
    """Events/s and the host's memory at 10, 100 and 500 M events of the loop; ``further``: events/s of those
    that a run has more than the next shorter one, so without what starting takes."""
    figures = {}
    before = {"events": 0, "seconds": 0.0}
    for millions in (10, 100, 500):
        size = str(millions // 10 * _TEN_MILLION)
        found = medians([_rate(f"bench-{millions}M-{n}", LOOP, size, "--harts", "1") for n in range(rounds)])
        figures[f"events_per_second_{millions}M"] = found["events_per_second"]
        figures[f"peak_mib_{millions}M"] = found["peak_mib"]
        if before["events"]:
            more = (found["events"] - before["events"]) / (found["seconds"] - before["seconds"])
            figures[f"further_per_second_{millions}M"] = more
        before = found
    return {name: round(figure, 1) for name, figure in figures.items()}


def compression(rounds: int) -> dict[str, Any]:
    """The mixed program with each of `--compression`: events/s and bytes an event."""
    elf = programs.compiled("mixed", home())
    figures = {}
    for how in ("zstd", "lz4", "none"):
        options = (str(_MIXED // 2), "--harts", "4", "--compression", how)
        found = medians([_rate(f"bench-{how}-{i}", elf, *options) for i in range(rounds)])
        figures[f"events_per_second_{how}"] = found["events_per_second"]
        figures[f"bytes_per_event_{how}"] = found["bytes_per_event"]
    return figures


def recording_stages(rounds: int) -> dict[str, Any]:
    """CPU nanoseconds an event by stage, for the loop and the mixed program."""
    mixed = programs.compiled("mixed", home())
    figures = {}
    for label, program, size, harts in (
        ("loop", LOOP, 3 * _TEN_MILLION, 1),
        ("mixed", mixed, _MIXED // 4, 4),
    ):
        rows = []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                rows.append(stages(program, (str(size),), harts, Path(folder)))
        figures |= {f"{label}_{name}": figure for name, figure in medians(rows).items()}
    return figures


def _rate(name: str, program: Path, *arguments: str) -> dict[str, Any]:
    found = recorded(name, program, *arguments)
    seconds = found["seconds"]
    return found | {
        "events_per_second": found["events"] / seconds,
        "cores_busy": found["cpu_seconds"] / seconds,
    }
