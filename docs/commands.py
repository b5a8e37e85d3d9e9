"""Runs the commands that the docs show: a process that has its imports done and forks one for each, since a
start from nothing takes most of a second. `output` asks it; `python -m docs.commands` is it.
"""

import io
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
#: How the docs' terminal is.
_TERMINAL = {"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1"}


def output(arguments: Sequence[str], home: str) -> tuple[int, str]:
    """The exit status of ``simrec arguments`` with its recordings in ``home``, and what it prints, stdout and
    stderr as on a terminal."""
    server = _server(home)
    assert server.stdin is not None and server.stdout is not None
    server.stdin.write(json.dumps([*arguments]) + "\n")
    server.stdin.flush()
    status, text = json.loads(server.stdout.readline())
    return status, text


@cache
def _server(home: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "docs.commands"],
        cwd=ROOT,
        env=os.environ | _TERMINAL | {"SIMREC_HOME": home},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _serve() -> None:
    """A list of arguments on each line of the input, status and text on each line of the output."""
    from tests.e2e import warm

    for line in sys.stdin:
        readable, writable = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(readable)
            _become(writable)
            _run(warm.main, json.loads(line))
        os.close(writable)
        with open(readable, "rb") as pipe:
            text = pipe.read().decode("utf-8", "replace")
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(json.dumps([status, text]), flush=True)


def _run(main: Callable[[], None], arguments: list[str]) -> None:
    """Be the command, and end without taking apart what the process was forked with, which takes longer."""
    sys.argv = ["simrec", *arguments]
    status: Any = 1
    try:
        main()
    except SystemExit as ended:
        status = ended.code
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status if isinstance(status, int) else 1)


def _become(output: int) -> None:
    """Take this for standard output and error, unbuffered, so that they stand in order; and no input."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    os.close(output)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout, sys.stderr = (
        io.TextIOWrapper(io.FileIO(descriptor, "w", closefd=False), "utf-8", write_through=True)  # type: ignore[arg-type]
        for descriptor in (1, 2)
    )


if __name__ == "__main__":
    _serve()
