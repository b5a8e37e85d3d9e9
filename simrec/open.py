"""Opening a recording for a command."""

import sys

from replay.recording import Recording


def open_recording(run: str) -> Recording:
    """The recording that ``run`` names; says what of it is lost. Raises the recorder's errors."""
    from recorder.catalog import Catalog
    from recorder.reader import Log

    recording = Recording(Log.open(Catalog.open(), run))
    for loss in recording.losses():
        print(f"simrec: {loss}", file=sys.stderr)
    return recording
