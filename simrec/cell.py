"""One cell of a sweep's grid: a run that a worker process records, and what is measured of it.

A program's image, the options of a run and metrics in; the values out, and the recording if it is kept.
"""

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from recorder.catalog import Catalog
from recorder.reader import Log
from replay.analyses.metrics import Metric, NoSuchMetric, Value, measure
from replay.query import QueryFailed
from sim.errors import UserError
from sim.kernel.console import HostConsole
from sim.program import Program
from simrec.executors import ready_executor
from simrec.programs import Executable, shown_name
from simrec.request import Request
from simrec.session import perform
from simrec.verdict import explain

KEEP = ("all", "failed", "none")


@dataclass(frozen=True)
class Cell:
    """A run to be made. ``images`` are its programs' with their sources, ``data`` is what they read from
    their standard input, ``keep`` says which recordings stay (of KEEP), ``expected`` is the right last line
    of output, if there is one; ``cache`` is where the executor is."""

    request: Request
    images: tuple[tuple[bytes, Mapping[str, str]], ...]
    metrics: tuple[Metric, ...]
    keep: str
    data: bytes = b""
    expected: str | None = None
    cache: Path | None = None


@dataclass(frozen=True)
class Measured:
    """How a run went. ``ended`` is exited, signalled, deadlock, ... or ``failed`` if it couldn't be recorded;
    ``status`` is the exit status that `simrec run` would have had; ``why`` tells what went wrong;
    ``is_right`` whether the output was as expected. ``run`` is the recording, "" if it isn't kept, with its
    size on disk in ``bytes``."""

    ended: str
    status: int | None = None
    why: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)
    is_right: bool | None = None
    digest: str = ""
    run: str = ""
    bytes: int = 0

    @property
    def is_good(self) -> bool:
        """Whether the program ended by itself, with status 0 and no wrong output."""
        return self.ended in ("exited", "halted") and self.status == 0 and self.is_right is not False


def record_cell(cell: Cell) -> Measured:
    """Record, measure, and keep or remove the recording. Quiet. A run that can't be recorded is a result,
    too. Raises NoSuchMetric and QueryFailed, which are no run's fault."""
    catalog = Catalog.open()
    try:
        return _recorded(catalog, cell)
    except (NoSuchMetric, QueryFailed):
        raise
    except UserError as error:
        return Measured("failed", error.exit_status, str(error))
    finally:
        catalog.close()


def _recorded(catalog: Catalog, cell: Cell) -> Measured:
    request = cell.request
    executables = []
    for path, (image, sources) in zip(request.programs, cell.images, strict=True):
        program = Program.from_elf(shown_name(Path(path.name)), image, flat=request.options.bare)
        executables.append(Executable(image, program, dict(sources)))
    with open(os.devnull, "wb") as nowhere:
        finished = perform(
            catalog,
            executables,
            request,
            ready_executor(cell.cache),
            HostConsole(io.BytesIO(cell.data), nowhere, nowhere),
        )
    run = finished.run
    with Log(catalog, run) as log:
        values = measure(log, cell.metrics)
    is_right = None if cell.expected is None else values["output"] == cell.expected
    why = next(explain(run, finished.kernel, finished.reason), "")
    measured = Measured(
        finished.reason, finished.status, why, values, is_right, run.digest, run.id, run.bytes
    )
    if cell.keep == "none" or (cell.keep == "failed" and measured.is_good):
        catalog.remove(run)
        return replace(measured, run="", bytes=0)
    return measured
