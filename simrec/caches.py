"""Files that compiling has kept, of executables (`simrec.buildcache`) and of the executor, and that nothing
has used for long. Whatever is deleted is compiled again when it is needed."""

import time
from collections.abc import Iterator
from pathlib import Path

from recorder.leftovers import Leftover
from sim.machine import executor
from simrec import buildcache

DAY = 86_400


def old_files(days: int) -> Iterator[Leftover]:
    """Those that weren't made or read in the last ``days`` days, as far as the disk notes readings."""
    limit = time.time() - days * DAY
    for directory in (buildcache.cache_directory(), executor.cache_directory()):
        for path in sorted(_files(directory)):
            found = path.stat()
            if max(found.st_mtime, found.st_atime) < limit:
                yield Leftover(f"compiled, not used for {days} days", path, found.st_size)


def _files(directory: Path) -> Iterator[Path]:
    return (path for path in directory.rglob("*") if path.is_file() and not path.is_symlink())
