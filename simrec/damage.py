"""What a command couldn't cope with may be a damaged recording's doing: then that is what is told.

Files are read as fast as they can be, so nobody compares checksums on the way. When something fails that
shouldn't, the recordings that are open are audited. If they are sound, the error is ours, and goes on.
"""

import sys


def explained() -> str | None:
    """What is wrong with one of the recordings that are open, in one line; None if nothing is."""
    reader = sys.modules.get("recorder.reader")
    if reader is None:
        return None
    from recorder.audit import audit
    from recorder.errors import LogError, RunDamaged

    for log in list(reader.OPEN):
        try:
            found = [finding for finding in audit(log.rows, log.run).findings if not finding.lesser]
        except LogError as error:
            return str(error)
        if found:
            first = min(found, key=lambda finding: finding.good)
            return str(RunDamaged(log.run.id, log.run.place.shown(first.where), first.what, first.good))
    return None
