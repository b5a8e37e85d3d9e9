"""Programs that want everything: the recorder's memory stays bounded, and each ends as it should."""

import os
import subprocess
from pathlib import Path

import pytest
from console import COMMAND, PROGRAMS, ROOT, environment

GIB = 1 << 20  # ru_maxrss counts KiB.


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bomb", "options", "status"),
    [
        ("processes", ("--max-events", "600000"), 4),
        ("threads", ("--limit", "threads=1500", "--ram", "256", "--max-events", "1500000"), (4, 5)),
        ("memory", (), 128 + 9),
        ("pipes", ("--limit", "files=20010"), 6),
    ],
)
def test_host_memory_is_bounded(
    home: Path, bomb: str, options: tuple[str, ...], status: int | tuple[int, ...]
) -> None:
    program = PROGRAMS / f"bomb_{bomb}.asm"
    process = subprocess.Popen(
        [*COMMAND, "run", str(program), *options], cwd=ROOT, env=environment(home), stderr=subprocess.DEVNULL
    )
    _, ended, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(ended)
    assert process.returncode in (status if isinstance(status, tuple) else (status,))
    assert usage.ru_maxrss < GIB
