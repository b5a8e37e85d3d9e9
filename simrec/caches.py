"""Files in the user's cache that nothing has used for long: executables (`simrec.buildcache`), machine code
of executor and recorder, what was found out about runs (`replay.kept`). It is all made again when needed."""

import time
from collections.abc import Iterator
from pathlib import Path

from recorder import compiling
from recorder.leftovers import Leftover
from replay import kept
from sim.machine import executor
from simrec import buildcache

DAY = 86_400


def old_files(days: int) -> Iterator[Leftover]:
    """Those that weren't made or read in the last ``days`` days, as far as the disk notes readings."""
    limit = time.time() - days * DAY
    caches = {
        buildcache.cache_directory(): "compiled",
        executor.cache_directory(): "compiled",
        compiling.cache_directory(): "compiled",
        kept.cache_directory(): "found out about a run",
    }
    for directory, what in caches.items():
        for path in sorted(_files(directory)):
            found = path.stat()
            if max(found.st_mtime, found.st_atime) < limit:
                yield Leftover(f"{what}, not used for {days} days", path, found.st_size)


def _files(directory: Path) -> Iterator[Path]:
    return (path for path in directory.rglob("*") if path.is_file() and not path.is_symlink())
