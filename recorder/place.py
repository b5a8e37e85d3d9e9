"""Where one run's files are. `LocalPlace` is a directory, `recorder.objectplace` a prefix in an object store.

Everything that is kept of a run goes through here, by names relative to the place ("choice/000003.parquet").
A file is staged (written, out of sight, in any order), then published (made durable and given its name, in
order). What is staged and never published is waste: the catalog has no word of it. Names may come
from a catalog that somebody changed, so whatever would lead out of the place is refused.
"""

import errno
import os
import re
import shutil
import socket
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, unquote, urlsplit

from recorder import files
from recorder.errors import BadFiles, CatalogUnavailable, LeadsOutside, PlaceUnavailable

if TYPE_CHECKING:
    import pyarrow as pa

#: Every name that a recorder ever gives: no ``.`` or ``..``, nothing that DuckDB expands.
_NAME = re.compile(r"[\w=-][\w.=-]*(/[\w=-][\w.=-]*)*", re.ASCII)
#: What a full disk answers.
FULL = (errno.ENOSPC, errno.EDQUOT)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
#: How often a directory is emptied whose files come and go.
TRIES = 10
#: Where runs are below home: those that were recorded, and those that were then made anew
#: (`recorder.replacement`); of places elsewhere, the latter are in a folder of this name, too.
REBUILT = "rebuilt"
FOLDERS = ("runs", REBUILT)
#: An id, which is the name of the run's directory.
_RUN = re.compile(r"[0-9a-f]{8}")


class Place(Protocol):
    """One run's files. All methods raise OSError, FileNotFoundError for a file that isn't there, and
    PlaceUnavailable; those that take a name raise LeadsOutside. ``local`` is the directory, None if the files
    can't be opened by path."""

    local: Path | None

    def make(self) -> None:
        """Make the place, which isn't there yet."""

    def stage(self, name: str, data: Any) -> None:
        """Keep a bytes-like object for `publish`."""

    def stage_chunks(self, name: str, chunks: "Iterable[bytes]") -> None:
        """The same of a file that comes in parts."""
        self.stage(name, b"".join(chunks))

    def name(self, names: Iterable[str]) -> None:
        """Make staged files durable, and give them their names, which last from `settle` on. What failed
        isn't tried again (see `recorder.files`)."""

    def settle(self, names: Iterable[str]) -> None:
        """Make names durable that files were given."""

    def publish(self, names: Iterable[str]) -> None:
        """Make staged files durable under their names."""
        names = list(names)
        self.name(names)
        self.settle(names)

    def write(self, name: str, data: Any) -> None:
        """Stage and publish one file."""
        self.stage(name, data)
        self.publish([name])

    def drop_staged(self) -> None:
        """Delete what was staged and will never be published."""

    def read(self, name: str) -> bytes:
        """All of a file."""

    def open(self, name: str) -> "pa.NativeFile":
        """A file for reading at any position."""

    def size(self, name: str) -> int:
        """Its bytes."""

    def names(self) -> list[str]:
        """All files, also those that are only staged."""

    def bytes(self) -> int:
        """Of all files together."""

    def delete(self, name: str) -> None:
        """Delete one file."""

    def remove(self) -> None:
        """Delete all files, and the place."""

    def shown(self, name: str = "") -> str:
        """The place, or a file in it, as messages call it."""

    def explain(self, error: Exception) -> str:
        """What went wrong while writing, in words."""

    def unreachable(self, error: Exception) -> bool:
        """Whether an error that reading raised says nothing about the file, only that the way there is
        closed."""


def read_files(text: str) -> str:
    """The URL, for the catalog, of the place for runs that a user typed: a directory, or s3://BUCKET/PREFIX;
    "" stays "". Raises BadFiles."""
    found = _SCHEME.match(text)
    if not text:
        return ""
    if not found:
        return local_url(user_directory(text))
    scheme = found[1].lower()
    if scheme == "s3":
        from recorder.objectplace import check_url

        return check_url(text)
    host, directory = _directory(text) if scheme == "file" else ("?", Path())
    if host not in ("", "localhost", socket.gethostname()):
        raise BadFiles(f"runs can't be kept at {text}: name a directory or s3://BUCKET/PREFIX")
    return local_url(directory)


def user_directory(text: str) -> Path:
    """The directory that a user typed, absolute. Raises BadFiles."""
    if os.fsencode(text).decode(errors="replace") != text:
        # Arrow and the catalog keep names as UTF-8.
        raise BadFiles(f"{text} is no UTF-8 name: choose another for recordings")
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise BadFiles(f"{text} names no user of this machine: choose another place for recordings") from None


def local_url(directory: Path) -> str:
    """A directory of this host as a URL."""
    return f"file://{socket.gethostname()}{quote(str(directory))}"


def shown_url(url: str) -> str:
    """That of a place for runs as a user reads it: a directory of this host as a path."""
    return unquote(url.partition("?")[0].removeprefix(f"file://{socket.gethostname()}"))


def place_of(run: str, files: str, home: Path, directory: str) -> Place:
    """Where the files of a run are that the catalog says this of (see `recorder.run.RunRow`). Raises
    CatalogUnavailable, PlaceUnavailable."""
    if not _RUN.fullmatch(run):
        raise CatalogUnavailable(f"{run!r} is no run's id: not touched; look at its row in the catalog")
    if not files:
        folder = directory.partition("/")[0]
        return _inside(run, home / (folder if folder in FOLDERS else "runs"), home / directory)
    if not files.startswith("file:"):
        from recorder.objectplace import ObjectPlace

        return ObjectPlace(files, run)
    host, runs = _directory(files)
    if host != socket.gethostname() and not (runs / run).exists():
        raise PlaceUnavailable(f"the files of run {run} are on {host}, in {runs}: use simrec there")
    return _inside(run, runs, runs / run)


def _inside(run: str, runs: Path, directory: Path) -> "LocalPlace":
    """``directory``, which has to be the run's own below ``runs`` and no link to another."""
    own, path = runs.resolve() / run, directory.resolve()
    if path != own:
        what = f"run {run} claims the directory {path} instead of {own}"
        raise CatalogUnavailable(f"{what}: not touched; look at the run's row in the catalog")
    return LocalPlace(path)


def _directory(url: str) -> tuple[str, Path]:
    """Host and path of a file: URL."""
    parts = urlsplit(url)
    if not parts.path.startswith("/"):
        raise BadFiles(f"{url} names no directory: write file:///DIRECTORY")
    return parts.netloc, Path(unquote(parts.path))


def directory_of(url: str) -> Path | None:
    """The directory of this host that a catalog's URL of a place for runs names, if it does."""
    if not url.startswith("file:"):
        return None
    host, directory = _directory(url)
    return directory if host == socket.gethostname() else None


def check_name(name: str) -> str:
    """``name``, if it can only be that of a file inside of a place. Raises LeadsOutside."""
    if not _NAME.fullmatch(name):
        raise LeadsOutside(name)
    return name


def opened_for_many(place: Place, name: str) -> "pa.NativeFile":
    """A file for reading at many positions: a distant one at once, as a request for each would take longer.
    Raises what `Place.open` does."""
    import pyarrow as pa

    return pa.BufferReader(place.read(name)) if place.local is None else place.open(name)


def looked_at(error: OSError | LeadsOutside) -> str:
    """What is wrong with a file that couldn't be looked at."""
    if isinstance(error, OSError):
        missing = isinstance(error, FileNotFoundError)
        return "is missing" if missing else f"can't be read ({error.strerror or error})"
    return "leads out of the run's place"


class LocalPlace(Place):
    """A directory."""

    def __init__(self, directory: Path) -> None:
        self.local: Path = directory
        self._root = f"{directory}/"
        self._checked = {""}

    def make(self) -> None:
        """Make the directory."""
        try:
            self.local.mkdir(parents=True)
            files.sync_directory(self.local.parent)
        except OSError as error:
            if error.errno in FULL:
                raise
            raise PlaceUnavailable(str(error)) from error

    def stage(self, name: str, data: Any) -> None:
        """Under a temporary name."""
        files.stage(self.local / check_name(name), data, self.local)

    def stage_chunks(self, name: str, chunks: Iterable[bytes]) -> None:
        """Never all of it in memory."""
        files.stage_chunks(self.local / check_name(name), chunks, self.local)

    def name(self, names: Iterable[str]) -> None:
        """Sync and rename."""
        files.name(self.local / check_name(name) for name in names)

    def settle(self, names: Iterable[str]) -> None:
        """Sync their folders."""
        files.settle(self.local / check_name(name) for name in names)

    def drop_staged(self) -> None:
        """By their temporary names."""
        files.drop_staged(self.local)

    def read(self, name: str) -> bytes:
        """All of a file."""
        return self.path(name).read_bytes()

    def open(self, name: str) -> "pa.NativeFile":
        """Without a copy in Python's buffers."""
        import pyarrow as pa

        return pa.OSFile(self._looked_at(name)[0])

    def size(self, name: str) -> int:
        """Its bytes."""
        return self._looked_at(name)[1].st_size

    def names(self) -> list[str]:
        """In no order."""
        return [path.relative_to(self.local).as_posix() for path in self._files()]

    def bytes(self) -> int:
        """Of all files together."""
        return sum(path.lstat().st_size for path in self._files())

    def delete(self, name: str) -> None:
        """Unlink it."""
        self.path(name).unlink()

    def remove(self) -> None:
        """The directory with all that is in it."""
        for last in range(TRIES - 1, -1, -1):
            try:
                shutil.rmtree(self.local)
                return
            except OSError as error:
                # A reader of a SQLite run makes files beside it, and takes them away.
                if not self.local.exists():
                    return
                if not last or error.errno not in (errno.ENOENT, errno.ENOTEMPTY):
                    raise

    def shown(self, name: str = "") -> str:
        """A path."""
        return str(self.local / name)

    def explain(self, error: Exception) -> str:
        """A full disk and a directory that went away have many symptoms."""
        full = isinstance(error, OSError) and error.errno in FULL
        if full or "disk is full" in str(error):
            return f"the disk of {self.local} is full"
        if not self.local.is_dir() and not isinstance(error, PlaceUnavailable):
            return f"its directory {self.local} has vanished"
        # SQLite's driver goes on with the query.
        return str(error).partition("\n")[0] or type(error).__name__

    def unreachable(self, error: Exception) -> bool:
        """A disk that fails is damage."""
        return False

    def path(self, name: str) -> Path:
        """Where a file is that is there, for who opens it by path."""
        return Path(self._looked_at(name)[0])

    def _looked_at(self, name: str) -> tuple[str, os.stat_result]:
        """A regular file, no symbolic link on the way to it from the directory. Each folder is looked at
        once: who changes a run while it is read could as well change the events."""
        folder = check_name(name).rpartition("/")[0]
        while folder not in self._checked:
            if not stat.S_ISDIR(os.lstat(f"{self._root}{folder}").st_mode):
                raise LeadsOutside(name)
            self._checked.add(folder)
            folder = folder.rpartition("/")[0]
        path = f"{self._root}{name}"
        found = os.lstat(path)
        if not stat.S_ISREG(found.st_mode):
            raise LeadsOutside(name)
        return path, found

    def _files(self) -> Iterator[Path]:
        return (path for path in self.local.rglob("*") if stat.S_ISREG(path.lstat().st_mode))
