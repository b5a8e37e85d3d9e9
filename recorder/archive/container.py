"""What an archive is in: a zip file whose members are stored as they are, or a directory.

Written under a temporary name and renamed at the end, so that it is whole or not there. The same members give
the same bytes: no times, no owners, no compression. Files that somebody else made are read with care: only
plain names, only regular files that are stored as they are and overlap no other.
"""

import os
import shutil
import stat
import struct
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from recorder import files
from recorder.errors import BadArchive, BadTarget, LeadsOutside
from recorder.place import check_name

SUFFIX = ".simrec"
MANIFEST = "manifest.json"
#: Of a zip file's list of members, bytes: 700,000 of ours, and less than 1 GB when read.
LARGEST_LIST = 1 << 26
#: Zip files know no time before this one.
_TIME = (1980, 1, 1, 0, 0, 0)
_MODE = stat.S_IFREG | 0o644
_UNIX = 3
_ENCRYPTED = 1
_LOCAL_HEADER = 30
#: The last record of a zip file and, in large ones, the two before it: signature, and bytes of the list of
#: members.
_END = struct.Struct("<4s8xI6x")
_LOCATOR = struct.Struct("<4s16x")
_END_64 = struct.Struct("<4s36xQ8x")
#: What `zipfile` raises for files that are none, or are broken.
BROKEN = (
    zipfile.BadZipFile,
    struct.error,
    ValueError,
    KeyError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)
_HINT = "unpack it, and import the directory"


class Sink(Protocol):
    """Where an archive is written to."""

    def add(self, name: str, size: int, chunks: Iterable[Any]) -> None:
        """A member of ``size`` bytes, which come in ``chunks``."""

    def close(self) -> None:
        """All is durable."""


class Source(Protocol):
    """An archive that is there."""

    def sizes(self) -> dict[str, int]:
        """The members' bytes by their names. Raises BadArchive for what no archive of ours has."""

    def open(self, name: str) -> IO[bytes]:
        """One of them."""

    def close(self) -> None:
        """Let go of it."""


def check_target(target: Path, *, force: bool) -> None:
    """Whether an archive may be written there. Raises BadTarget."""
    suffix = target.suffix
    if suffix and suffix != SUFFIX and not target.is_dir():
        raise BadTarget(f"{target}: name an archive NAME{SUFFIX}, or a directory without a suffix")
    if not target.absolute().parent.is_dir():
        raise BadTarget(f"{target}: there is no directory {target.parent}; make it, or name another place")
    if suffix == SUFFIX and target.is_dir():
        raise BadTarget(f"{target} is a directory: name another file")
    if not os.path.lexists(target) or (target.is_dir() and not any(target.iterdir())):
        return
    if not force:
        raise BadTarget(f"{target} is there already: name another, or say --force")
    if target.is_dir() and not (target / MANIFEST).is_file():
        raise BadTarget(f"{target} is a directory that holds no archive: name another")


@contextmanager
def creating(target: Path, *, force: bool) -> Iterator[Sink]:
    """Write an archive; when the block ends without an error, it is there, else nothing is. Raises BadTarget,
    also for what the disk says."""
    check_target(target, force=force)
    partial = target.with_name(f".{target.name}.{os.getpid()}{files.TEMPORARY}")
    try:
        sink: Sink = ZipSink(partial) if target.suffix == SUFFIX else FolderSink(partial)
        yield sink
        sink.close()
        check_target(target, force=force)
        _replace(partial, target)
    except OSError as error:
        raise BadTarget(
            f"{target} can't be written ({error.strerror or error}): name another place"
        ) from error
    finally:
        _delete(partial)


def _replace(partial: Path, target: Path) -> None:
    """Give the archive its name, in the place of what has it."""
    if target.is_dir() and any(target.iterdir()):
        old = partial.with_suffix(".old")
        os.rename(target, old)
        os.rename(partial, target)
        _delete(old)
    else:
        os.rename(partial, target)
    files.sync_directory(target.absolute().parent)


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


class ZipSink:
    """A zip file; with zip64's records only where they are needed."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb")
        self._zip = zipfile.ZipFile(self._file, "w")

    def add(self, name: str, size: int, chunks: Iterable[Any]) -> None:
        """Stored as it is."""
        info = zipfile.ZipInfo(name, _TIME)
        info.external_attr, info.create_system, info.file_size = _MODE << 16, _UNIX, size
        with self._zip.open(info, "w") as member:
            for chunk in chunks:
                member.write(chunk)

    def close(self) -> None:
        """Write the list of members; all is durable."""
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


class FolderSink:
    """A directory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.mkdir()

    def add(self, name: str, size: int, chunks: Iterable[Any]) -> None:
        """A file, synced."""
        path = self._path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())

    def close(self) -> None:
        """The names are durable too."""
        for folder in (self._path, *(path for path in self._path.rglob("*") if path.is_dir())):
            files.sync_directory(folder)


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Read an archive. Raises BadArchive."""
    try:
        source: Source = FolderSource(path) if path.is_dir() else ZipSource(path)
    except OSError as error:
        raise BadArchive(path, f"can't be read ({error.strerror or error})", "look at its name") from None
    try:
        yield source
    finally:
        source.close()


class ZipSource:
    """A zip file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("rb")
        try:
            _check_list(self._file)
            self._zip = zipfile.ZipFile(self._file)
        except BROKEN as error:
            self._file.close()
            raise BadArchive(
                path, f"is no archive ({error})", f"give a {SUFFIX} file or a directory"
            ) from None

    def sizes(self) -> dict[str, int]:
        """By the list at the file's end."""
        sizes: dict[str, int] = {}
        end = 0
        for info in sorted(self._zip.infolist(), key=lambda info: info.header_offset):
            name, mode = info.orig_filename, info.external_attr >> 16
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG) or not _plain(name):
                raise BadArchive(self.path, f"has a member {name!a}, which is no plain file")
            if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
                raise BadArchive(self.path, f"holds {name} compressed", _HINT)
            if info.flag_bits & _ENCRYPTED:
                raise BadArchive(self.path, f"holds {name} encrypted", _HINT)
            if name in sizes:
                raise BadArchive(self.path, f"holds {name} twice")
            if info.header_offset < end:
                raise BadArchive(self.path, f"holds {name} inside of another file")
            end = info.header_offset + _LOCAL_HEADER + len(name) + info.file_size
            sizes[name] = info.file_size
        if end > self._zip.start_dir:
            raise BadArchive(self.path, "is shorter than what it is said to hold")
        return sizes

    def open(self, name: str) -> IO[bytes]:
        """With its checksum looked at in the end."""
        return self._zip.open(name)

    def close(self) -> None:
        """Close the file."""
        self._zip.close()
        self._file.close()


class FolderSource:
    """A directory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def sizes(self) -> dict[str, int]:
        """Of all files in it."""
        sizes: dict[str, int] = {}
        for folder, names, held in os.walk(self.path, followlinks=False):
            for name in (*names, *held):
                path = Path(folder, name)
                found, inside = path.lstat(), path.relative_to(self.path).as_posix()
                if stat.S_ISDIR(found.st_mode) and _plain(inside):
                    continue
                if not stat.S_ISREG(found.st_mode) or not _plain(inside):
                    raise BadArchive(self.path, f"holds {inside!a}, which is no plain file")
                sizes[inside] = found.st_size
        return sizes

    def open(self, name: str) -> IO[bytes]:
        """What became a link since it was looked at is refused."""
        return os.fdopen(os.open(self.path / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")

    def close(self) -> None:
        """Nothing is held open."""


def _plain(name: str) -> bool:
    """True for a name that can only lead to a file below the archive."""
    try:
        return bool(check_name(name))
    except LeadsOutside:
        return False


def _check_list(file: IO[bytes]) -> None:
    """Whether a zip file's list of members may be read: `zipfile` takes all of it into memory. Raises
    ValueError, struct.error."""
    size = file.seek(0, os.SEEK_END)
    last = _END.size + _LOCATOR.size + _END_64.size
    file.seek(max(0, size - last))
    tail = file.read(last).rjust(last, b"\0")
    (signature, listed) = _END.unpack(tail[-_END.size :])
    if signature != b"PK\5\6":
        raise ValueError("it doesn't end as a zip file does")
    if tail[_END_64.size :].startswith(b"PK\6\7"):
        listed = _END_64.unpack(tail[: _END_64.size])[1]
    if listed > LARGEST_LIST:
        raise ValueError(f"it lists its members in {listed:,} bytes")
