"""The programs that a run ran: ELF images and sources, kept in the run's directory.

Those that it began with are kept by the process that each became (1, 2, ...). Of one that execve brought in
later only the sources are, by the sha256 of its image: the image itself is in the log, in the ``host`` event
of its reading.
"""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from recorder.files import write_file

#: A process that the run began with, or the sha256 of an image in hex.
Key = int | str


@dataclass(frozen=True)
class Program:
    """``name`` is short, ``path`` what the user typed; ``sources`` are texts by the file names that the
    code table uses."""

    name: str
    path: str
    image: bytes
    sources: dict[str, str] = field(default_factory=dict)

    @property
    def sha(self) -> str:
        """sha256 of the image, in hex."""
        return sha_of(self.image)

    def save(self, directory: Path, pid: int) -> int:
        """Write it durably into a run's directory; the bytes written."""
        write_file(image_file(directory, pid), self.image)
        return len(self.image) + save_sources(directory, pid, self.sources)


def sha_of(image: bytes) -> str:
    """sha256 in hex."""
    return hashlib.sha256(image).hexdigest()


def save_sources(directory: Path, key: Key, sources: dict[str, str]) -> int:
    """Write a program's sources durably; the bytes written. Their names never become paths."""
    data = sources_data(sources)
    write_file(sources_file(directory, key), data)
    return len(data)


def sources_data(sources: dict[str, str]) -> bytes:
    """What the file of these sources holds."""
    return json.dumps(sources).encode()


def read_sources(directory: Path, key: Key) -> dict[str, str]:
    """The source texts of a program of the run in ``directory``. Raises OSError, ValueError."""
    sources: dict[str, str] = json.loads(sources_file(directory, key).read_text())
    return sources


def image_file(directory: Path, pid: int) -> Path:
    """Where the image is of a program that the run began with."""
    return _folder(directory, pid) / "image.elf"


def sources_file(directory: Path, key: Key) -> Path:
    """Where a program's sources are."""
    return _folder(directory, key) / "sources.json"


def _folder(directory: Path, key: Key) -> Path:
    """That of the first process is the one above the others'."""
    program = directory / "program"
    return program if key == 1 else program / str(key)
