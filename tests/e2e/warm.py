"""What a forked command needs, loaded once: `console.call` forks its processes from one that has imported
this. Nothing here starts a thread."""

import contextlib
import importlib
import io
import os
import sys

from sim.isa.assembler import Source, build
from sim.kernel.console import MemoryConsole
from sim.kernel.kernel import Kernel
from sim.kernel.options import Options
from sim.machine import executor
from sim.program import Program
from sim.sink import Discard
from simrec.cli import app, main

HEAVY = [
    *("adbc_driver_sqlite.dbapi", "alembic.command", "duckdb", "numpy.ma", "pyarrow.compute"),
    *("pyarrow.dataset", "pyarrow.parquet", "sqlalchemy.dialects.sqlite", "sqlalchemy.orm"),
    *("recorder.conform", "recorder.database", "recorder.digest", "recorder.models", "recorder.parquet"),
    *("recorder.reader", "recorder.snapshots", "recorder.sqlite", "recorder.writeindex", "replay.diff"),
    *("replay.statejson", "simrec.record", "simrec.signature"),
]

for name in HEAVY:
    importlib.import_module(name)
# Typer loads what it checks options with when it first sees some.
with contextlib.redirect_stdout(io.StringIO()):
    app(["runs", "--help"], standalone_mode=False)
# A run loads the compiled loop, and the assembler keeps the library's units.
_image = build(
    [Source("warm.asm", "main: li a0, 0\nret\ncall thread_create\ncall mutex_lock\ncall print_int\n")]
)
Kernel([Program.from_elf("warm", _image)], Options(), Discard(), MemoryConsole(), executor.executor()).run()


def command(
    arguments: list[str], cwd: str, environment: dict[str, str], streams: tuple[str, str, str]
) -> None:
    """Become the command ``simrec arguments``, with standard streams that are these files."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    flags = (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)
    for number, (path, flag) in enumerate(zip(streams, flags, strict=True)):
        os.dup2(os.open(path, flag), number)
    sys.stdin = os.fdopen(0, "r", encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
    sys.argv = ["simrec", *arguments]
    main()
