"""Writing files so that they are either whole or not there.

A file is staged (written under a temporary name and fsynced, which takes long and needs no order), then
published (renamed, and its directory fsynced, in order).
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

TEMPORARY = ".partial"


def stage(path: Path, data: Any) -> None:
    """Write a bytes-like object durably under ``path``'s temporary name. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(_temporary(path), "wb", buffering=0) as file:
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
        os.fsync(file.fileno())


def drop_staged(directory: Path) -> None:
    """Delete what was staged below a directory and will never be published."""
    for path in directory.rglob(f"*{TEMPORARY}"):
        path.unlink(missing_ok=True)


def publish(paths: Iterable[Path]) -> None:
    """Give staged files their names, durably. Raises OSError."""
    directories = set()
    for path in paths:
        os.rename(_temporary(path), path)
        directories.add(path.parent)
    for directory in directories:
        sync_directory(directory)


def write_file(path: Path, data: Any) -> None:
    """Stage and publish one file."""
    stage(path, data)
    publish([path])


def sync_directory(directory: Path) -> None:
    """Make renames in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _temporary(path: Path) -> Path:
    return path.with_name(path.name + TEMPORARY)
