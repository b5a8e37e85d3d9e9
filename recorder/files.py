"""Writing files so that they are either whole or not there.

A file is staged (written under a temporary name), then published: fsynced and renamed (`name`), and its
directory fsynced (`settle`), which is done once for many files.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

TEMPORARY = ".partial"


def stage(path: Path, data: Any, below: Path) -> None:
    """Write a bytes-like object under ``path``'s temporary name. Folders on the way to it from the directory
    ``below``, which has to be there, are made. Raises OSError."""
    stage_chunks(path, [data], below)


def stage_chunks(path: Path, chunks: Iterable[Any], below: Path) -> None:
    """Write bytes-like objects one behind the other, in the same way."""
    # Only what it takes: each call to the system gives the interpreter's lock away.
    descriptor = _create(_temporary(path), below)
    try:
        for chunk in chunks:
            view = memoryview(chunk)
            while view:
                view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)


def drop_staged(directory: Path) -> None:
    """Delete what was staged below a directory and will never be published."""
    for path in directory.rglob(f"*{TEMPORARY}"):
        path.unlink(missing_ok=True)


def name(paths: Iterable[Path]) -> None:
    """Give staged files, made durable, their names, which last from `settle` on. Raises OSError; then don't
    try again: the system tells only once that it has lost what was written."""
    for path in paths:
        _sync(_temporary(path))
        os.rename(_temporary(path), path)


def settle(paths: Iterable[Path]) -> None:
    """Make names durable that files were given. Raises OSError, as `name` does."""
    for directory in {path.parent for path in paths}:
        _sync(directory)


def sync_directory(directory: Path) -> None:
    """Make renames in a directory durable."""
    _sync(directory)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _create(path: Path, below: Path) -> int:
    """A new, empty file; the descriptor."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o666)
    except FileNotFoundError:
        _make_folder(path.parent, below)
        return os.open(path, flags, 0o666)


def _make_folder(folder: Path, below: Path) -> None:
    """Never ``below`` itself: if that went away, what was in it is lost, and going on would hide it."""
    if folder == below:
        return
    _make_folder(folder.parent, below)
    with suppress(FileExistsError):
        os.mkdir(folder)
        _sync(folder.parent)


def _temporary(path: Path) -> Path:
    return path.with_name(path.name + TEMPORARY)
