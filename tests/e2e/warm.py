"""What a forked command needs, loaded once: `conftest.call` forks its processes from one that has imported
this. Nothing here starts a thread."""

import os
import sys

import duckdb  # noqa: F401
import pyarrow.parquet  # noqa: F401
import sqlalchemy.orm  # noqa: F401

import replay.statejson  # noqa: F401
import replay.view  # noqa: F401
import simrec.record  # noqa: F401
from sim.machine import executor
from simrec.cli import main

if executor.is_compiled():
    executor.executor()


def command(
    arguments: list[str], cwd: str, environment: dict[str, str], streams: tuple[str, str, str]
) -> None:
    """Become the command ``simrec arguments``, with standard streams that are these files."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    for number, (path, flags) in enumerate(
        zip(streams, (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY), strict=True)
    ):
        os.dup2(os.open(path, flags), number)
    sys.stdin = os.fdopen(0, "r", encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
    sys.argv = ["simrec", *arguments]
    main()
