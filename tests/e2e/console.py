"""The command in a real process, as a user starts it."""

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import warm

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "programs"
COMMAND = [sys.executable, "-m", "simrec"]
FORKS = multiprocessing.get_context("forkserver")


@dataclass(frozen=True)
class Answer:
    """What a command did. ``errors`` is standard error."""

    status: int
    output: str
    errors: str
    data: bytes

    @property
    def run(self) -> str:
        """The id in the summary of `simrec run`."""
        line = next(line for line in self.errors.splitlines() if line.startswith("simrec: run "))
        return line.split()[2].rstrip(":")


def environment(home: Path, **more: str) -> dict[str, str]:
    """This process's environment, with nothing of the terminal's or of the user's simrec in it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SIMREC_", "LC_", "COLUMNS"))}
    return kept | {"SIMREC_HOME": str(home), "PYTHONPATH": str(ROOT), "NO_COLOR": "1"} | more


def call(home: Path, *arguments: object, stdin: bytes = b"", cwd: Path = ROOT, **variables: str) -> Answer:
    """Run the command to its end, in a process forked from one that has its imports done: tests start
    hundreds, and a start from nothing takes half a second."""
    with tempfile.TemporaryDirectory() as directory:
        paths = [Path(directory, name) for name in ("stdin", "stdout", "stderr")]
        for path in paths:
            path.write_bytes(stdin if path.name == "stdin" else b"")
        given = [str(argument) for argument in arguments], str(cwd), environment(home, **variables)
        process = FORKS.Process(target=warm.command, args=(*given, tuple(map(str, paths))))
        process.start()
        process.join(120)
        assert process.exitcode is not None, f"{arguments} hangs"
        data, errors = paths[1].read_bytes(), paths[2].read_text("utf-8", "replace")
    assert "Traceback" not in errors, errors
    return Answer(process.exitcode, data.decode("utf-8", "replace"), errors, data)


Simrec = Callable[..., Answer]
