"""The program that a run ran: its ELF image and its sources, kept in the run's directory."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from recorder.files import write_file

IMAGE = "program/image.elf"
SOURCES = "program/sources.json"


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
        return hashlib.sha256(self.image).hexdigest()

    def save(self, directory: Path) -> int:
        """Write it durably into a run's directory; the bytes written. Source names never become paths."""
        sources = json.dumps(self.sources).encode()
        write_file(directory / IMAGE, self.image)
        write_file(directory / SOURCES, sources)
        return len(self.image) + len(sources)


def read_image(directory: Path) -> bytes:
    """The ELF image of the run in ``directory``."""
    return (directory / IMAGE).read_bytes()


def read_sources(directory: Path) -> dict[str, str]:
    """The source texts of the run in ``directory``."""
    sources: dict[str, str] = json.loads((directory / SOURCES).read_text())
    return sources
