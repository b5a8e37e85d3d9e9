"""Room on the disk of a home that is kept for when it is full: a file that can be given up.

A full disk takes no rows, not even those that say that a recording failed, or that a run was removed to
make room; SQLite can't even be opened then. So recorders keep the reserve, and whoever finds the disk full
releases it and tries again.
"""

import os
from contextlib import suppress
from pathlib import Path

from recorder.errors import CatalogUnavailable

FILE = "catalog.reserve"
#: Bytes: what opening the catalog, closing a run and removing one take, several times over.
SIZE = 1 << 18


def keep(home: Path) -> None:
    """See that the reserve is there. Raises CatalogUnavailable if the disk has no room for it."""
    path = home / FILE
    with suppress(FileNotFoundError):
        if path.stat().st_size == SIZE:
            return
    try:
        # Nothing that a file system could store in less.
        path.write_bytes(os.urandom(SIZE))
    except OSError as error:
        release(home)
        raise CatalogUnavailable(
            f"{home} has no room for recordings ({error.strerror}): remove some with `simrec rm`, or choose "
            "another with --home or SIMREC_HOME"
        ) from error


def release(home: Path) -> bool:
    """Give it up; True if that made room."""
    try:
        os.unlink(home / FILE)
    except OSError:
        return False
    return True
