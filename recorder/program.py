"""The programs that a run ran: ELF images and sources, kept among the run's files.

Those that it began with are kept by the process that each became (1, 2, ...). Of one that execve brought in
later only the sources are, by the sha256 of its image: the image itself is in the log, in the ``host`` event
of its reading.
"""

import hashlib
import json
from dataclasses import dataclass, field

from recorder.place import Place

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

    def save(self, place: Place, pid: int) -> int:
        """Write it durably among a run's files; the bytes written."""
        place.write(image_file(pid), self.image)
        return len(self.image) + save_sources(place, pid, self.sources)


def sha_of(image: bytes) -> str:
    """sha256 in hex."""
    return hashlib.sha256(image).hexdigest()


def save_sources(place: Place, key: Key, sources: dict[str, str]) -> int:
    """Write a program's sources durably; the bytes written. Their names never become paths."""
    data = sources_data(sources)
    place.write(sources_file(key), data)
    return len(data)


def sources_data(sources: dict[str, str]) -> bytes:
    """What the file of these sources holds."""
    return json.dumps(sources).encode()


def read_sources(place: Place, key: Key) -> dict[str, str]:
    """The source texts of a program of the run in ``place``. Raises OSError, ValueError."""
    sources: dict[str, str] = json.loads(place.read(sources_file(key)))
    return sources


def image_file(pid: int) -> str:
    """Where the image is of a program that the run began with."""
    return f"{_folder(pid)}/image.elf"


def sources_file(key: Key) -> str:
    """Where a program's sources are."""
    return f"{_folder(key)}/sources.json"


def _folder(key: Key) -> str:
    """That of the first process is the one above the others'."""
    return "program" if key == 1 else f"program/{key}"
