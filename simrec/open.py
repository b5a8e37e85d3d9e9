"""Opening a recording for a command."""

import sys
from typing import TYPE_CHECKING

from recorder.detail import FULL, require
from replay.recording import Recording

if TYPE_CHECKING:
    from recorder.reader import Log


def open_log(run: str, least: str = FULL) -> "Log":
    """The log of the run; says what of it is damaged, or that more is to come. Raises the recorder's errors;
    NotStored if the run has less than the ``least`` detail that is needed (`recorder.detail`)."""
    from recorder.catalog import Catalog
    from recorder.reader import Log

    log = Log.open(Catalog.open(), run)
    require(log.run, least)
    if log.damage is not None:
        print(f"simrec: {log.damage}", file=sys.stderr)
    _tell_more(log)
    return log


def open_recording(run: str, least: str = FULL) -> Recording:
    """The same with its programs' names; says what of it is lost."""
    from recorder.catalog import Catalog
    from recorder.reader import Log

    recording = Recording(Log.open(Catalog.open(), run))
    require(recording.log.run, least)
    for loss in recording.losses():
        print(f"simrec: {loss}", file=sys.stderr)
    _tell_more(recording.log)
    return recording


def _tell_more(log: "Log") -> None:
    if log.run.status == "recording":
        newest = f"event {log.end_seq - 1} is the newest that is kept" if log.end_seq else "none is kept yet"
        print(f"simrec: run {log.run.id} is still being recorded; {newest}", file=sys.stderr)
