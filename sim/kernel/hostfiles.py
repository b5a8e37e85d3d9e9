"""The host's side of the guest's open files: its descriptors, and what was read of its directories.

The answers are recorded by those who ask (`sim.events.Host`, `sim.events.Input`). Everything here raises
Failure with Linux's error number.
"""

import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sim.files import O_ACCMODE, O_CREAT, O_EXCL, O_TRUNC, Files
from sim.kernel import errno
from sim.kernel.errno import Failure

#: The most bytes that one call moves from or to a file.
MOST = 1 << 26
_ACCESS = {0: os.O_RDONLY, 1: os.O_WRONLY, 2: os.O_RDWR}
#: Never wait for the other end of a FIFO, never take a terminal, never follow a link; the tree has looked.
_CAREFUL = os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC


class HostFiles:
    """Descriptors by the number of the guest's open file. ``most``: how many one process of the guest's may
    have."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._descriptors: dict[int, int] = {}
        self._has_room = False
        self._listed: dict[int, list[tuple[str, str]]] = {}

    def open(self, number: int, place: Path, flags: int, mode: int) -> None:
        """Open a regular file, or make it."""
        if not self._has_room:
            self._has_room = True
            _make_room(self._most)
        wanted = _ACCESS[flags & O_ACCMODE] | _CAREFUL
        for ours, theirs in ((O_CREAT, os.O_CREAT), (O_EXCL, os.O_EXCL)):
            wanted |= theirs if flags & ours else 0
        with _answers():
            descriptor = os.open(place, wanted, mode)
            try:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise Failure(errno.EACCES)
                if flags & O_CREAT and flags & O_EXCL:
                    os.fchmod(descriptor, mode)  # The host's own umask is no matter of the guest's.
                if flags & O_TRUNC and flags & O_ACCMODE:
                    os.ftruncate(descriptor, 0)
            except BaseException:
                os.close(descriptor)
                raise
        self._descriptors[number] = descriptor

    def size(self, number: int) -> tuple[int, int]:
        """(permission bits, bytes) of an open file."""
        with _answers():
            found = os.fstat(self._descriptors[number])
        return stat.S_IMODE(found.st_mode), found.st_size

    def read(self, number: int, count: int, position: int) -> bytes:
        """At most ``count`` bytes, fewer only at the end of the file."""
        with _answers():
            return os.pread(self._descriptors[number], min(count, MOST), position)

    def write(self, number: int, data: bytes, position: int) -> int:
        """How many of the bytes were written."""
        with _answers():
            return os.pwrite(self._descriptors[number], data, position)

    def truncate(self, number: int, size: int) -> None:
        """Cut or lengthen an open file."""
        with _answers():
            os.ftruncate(self._descriptors[number], size)

    def sync(self, number: int) -> None:
        """Wait until what was written is on the disk."""
        with _answers():
            os.fsync(self._descriptors[number])

    # By its place.

    def names(self, place: Path) -> list[tuple[str, str]]:
        """(name, form) of a directory's entries, by name."""
        with _answers(), os.scandir(place) as entries:
            return sorted((entry.name, _form(entry)) for entry in entries)

    def read_whole(self, place: Path, most: int) -> bytes:
        """All of a regular file of at most so many bytes."""
        with _answers():
            descriptor = os.open(place, os.O_RDONLY | _CAREFUL)
            with open(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise Failure(errno.EACCES)
                data = file.read(most + 1)
        if len(data) > most:
            raise Failure(errno.ENOMEM)
        return data

    def make_directory(self, place: Path, mode: int) -> None:
        """A new directory."""
        with _answers():
            os.mkdir(place)
            os.chmod(place, mode)

    def remove(self, place: Path, directory: bool) -> None:
        """Take away a file, or an empty directory."""
        with _answers():
            os.rmdir(place) if directory else os.unlink(place)

    def rename(self, source: Path, target: Path) -> None:
        """Move a file or directory, replacing what is there."""
        with _answers():
            os.replace(source, target)

    def truncate_at(self, place: Path, size: int) -> None:
        """Cut or lengthen a file."""
        with _answers():
            os.truncate(place, size)

    # What an open directory gives.

    def listing(self, number: int) -> list[tuple[str, str]] | None:
        """The names in an open directory as they were when it was first read, or rewound."""
        return self._listed.get(number)

    def keep_listing(self, number: int, names: list[tuple[str, str]]) -> None:
        """What an open directory gives from now on."""
        self._listed[number] = names

    def forget_listing(self, number: int) -> None:
        """Read the directory anew when it is asked for again."""
        self._listed.pop(number, None)

    def forget(self, files: Files) -> None:
        """Close what no descriptor of the guest's refers to any more."""
        for number in [number for number in self._descriptors if number not in files.opened]:
            os.close(self._descriptors.pop(number))
        for number in [number for number in self._listed if number not in files.opened]:
            del self._listed[number]

    def close(self) -> None:
        """The run is over."""
        self.forget(Files())


def _form(entry: "os.DirEntry[str]") -> str:
    if entry.is_symlink():
        return "link"
    if entry.is_dir(follow_symlinks=False):
        return "directory"
    return "file" if entry.is_file(follow_symlinks=False) else "other"


def _make_room(most: int) -> None:
    """Let this process have as many descriptors as the guest may, and what it needs itself besides."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * most if hard == resource.RLIM_INFINITY else min(2 * most, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextmanager
def _answers() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Failure(errno.from_host(error)) from None
    except (ValueError, OverflowError):
        raise Failure(errno.EINVAL) from None
