"""Programs that want everything: the recorder's memory stays bounded, and each ends as it should."""

import subprocess
import sys
from pathlib import Path

import pytest
from console import COMMAND, PROGRAMS, ROOT, environment

GIB = 1 << 20  # ru_maxrss counts KiB.
#: A process begins with the peak of the one that it was forked from, which may be the test's: so one stands
#: between that has none to speak of, and tells its child's.
MEASURE = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bomb", "options", "statuses"),
    [
        ("processes", ("--max-events", "600000"), (4,)),
        ("threads", ("--limit", "threads=1500", "--ram", "256", "--max-events", "1500000"), (4, 5)),
        ("memory", (), (128 + 9,)),
        ("pipes", ("--limit", "files=20010"), (6,)),
    ],
)
def test_host_memory_is_bounded(
    home: Path, bomb: str, options: tuple[str, ...], statuses: tuple[int, ...]
) -> None:
    command = [*COMMAND, "run", str(PROGRAMS / f"bomb_{bomb}.asm"), *options]
    told = subprocess.run(
        [sys.executable, "-c", MEASURE, *command],
        cwd=ROOT, env=environment(home), capture_output=True, check=True, text=True, timeout=300,
    )  # fmt: skip
    status, peak = map(int, told.stdout.split())
    assert status in statuses
    assert peak < GIB
