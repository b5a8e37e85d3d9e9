"""Opening a recording for a command."""

import sys

from replay.recording import Recording


def open_recording(run: str) -> Recording:
    """The recording that ``run`` names; says what of it is lost, or still to come. Raises the recorder's
    errors."""
    from recorder.catalog import Catalog
    from recorder.reader import Log

    recording = Recording(Log.open(Catalog.open(), run))
    for loss in recording.losses():
        print(f"simrec: {loss}", file=sys.stderr)
    if recording.log.run.status == "recording":
        newest = f"event {recording.last_seq} is the newest that is kept" if recording.log.segments else ""
        print(f"simrec: run {recording.log.run.id} is still being recorded; {newest}", file=sys.stderr)
    return recording
