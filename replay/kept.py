"""What a projection found out in going through a whole log, kept on this machine for the next question.

JSON in the user's cache directory, by the digest of the run's events and all that the projection depends on:
it holds for every run of these events, wherever it is, and can be deleted at any time. Whoever reads it
computes what isn't there.
"""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import platformdirs

from recorder.reader import Log

#: Goes up when what is kept means something else.
VERSION = 1


def cache_directory() -> Path:
    """Where all of it is."""
    return Path(platformdirs.user_cache_dir("simrec")) / "projections"


class Kept:
    """One projection's file for one log, of a run that has ended. ``made_from``: what else it depends on; its
    text must say it all."""

    def __init__(self, log: Log, made_from: object) -> None:
        self._ended = log.run.status != "recording" and log.damage is None
        key = hashlib.sha256(f"{VERSION} {log.run.digest} {made_from!r}".encode()).hexdigest()
        self._path = cache_directory() / f"{key[:32]}.json"

    def read(self) -> list[Any]:
        """What was kept; nothing if there is no such file, or it isn't whole."""
        try:
            found = json.loads(self._path.read_bytes()) if self._ended else []
        except (OSError, ValueError):
            return []
        return found if isinstance(found, list) else []

    def write(self, plain: list[Any]) -> None:
        """Keep it, if that can be."""
        if not self._ended:
            return
        partial = self._path.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            partial.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(plain, separators=(",", ":")))
            partial.replace(self._path)
