"""Opening a recording for a command."""

from replay.recording import Recording


def open_recording(run: str) -> Recording:
    """The recording that ``run`` names. Raises the recorder's errors."""
    from recorder.catalog import Catalog
    from recorder.reader import Log

    return Recording(Log.open(Catalog.open(), run))
