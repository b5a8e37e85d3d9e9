"""What a command couldn't cope with may be a recording's doing: then that is what is told.

Files are read as fast as they can be, so nobody compares checksums on the way, and nobody can know
beforehand that events which somebody made up contradict each other. When something fails that shouldn't, the
recordings that are open are audited. SIMREC_TRACEBACK=1 shows where it failed.
"""

import os
import sys
import traceback
from pathlib import Path


def explained(error: Exception) -> str | None:
    """What is wrong with one of the recordings that are open, in one line; None if that can't be why."""
    reader = sys.modules.get("recorder.reader")
    logs = list(reader.OPEN) if reader is not None else []
    if not logs or os.environ.get("SIMREC_TRACEBACK"):
        return None
    from recorder.audit import audit
    from recorder.errors import LogError, RunDamaged

    for log in logs:
        try:
            found = [finding for finding in audit(log.rows, log.run).findings if not finding.lesser]
        except LogError as damage:
            return str(damage)
        if found:
            first = min(found, key=lambda finding: finding.good)
            return str(RunDamaged(log.run.id, log.run.place.shown(first.where), first.what, first.good))
    if isinstance(error, OSError):
        return None  # It is rather the output's.
    at = traceback.extract_tb(error.__traceback__)[-1]
    what = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    runs = " and ".join(sorted({log.run.id for log in logs}))
    return (
        f"run {runs}: {what} ({Path(at.filename).name}, line {at.lineno}); its files are as written, so its "
        f"events contradict each other, which `simrec verify {logs[0].run.id}` tells, or simrec is wrong: "
        "SIMREC_TRACEBACK=1 shows where"
    )
