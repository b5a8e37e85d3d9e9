"""Executables that were compiled before, by the contents of everything that went into them.

``<key>.json`` remembers a build: the key is of what is known beforehand (compiler, flags, the source's name
and contents), the files in it are all that the compiler read, by their hashes. ``<sha256>.elf`` are images.
The directory may be deleted at any time.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

import platformdirs

from simrec.cflags import Flags
from simrec.compiler import Built, Compiler

#: Counts up when the way of compiling changes.
RECIPE = 2


def cache_directory() -> Path:
    """Where images are kept."""
    return Path(platformdirs.user_cache_dir("simrec")) / "compiled"


def compile_source(source: Path, flags: Flags, directory: Path | None = None) -> Built:
    """The executable of a C or C++ source: from the cache if nothing changed, else compiled. Raises
    NoCompiler, NotCompiled."""
    compiler = Compiler()
    directory = directory or cache_directory()
    plain = [RECIPE, compiler.version, str(source), flags.words, _hashes([str(source), *flags.sources])]
    record = directory / f"{_sha(json.dumps(plain).encode())}.json"
    kept = _look_up(directory, record)
    if kept is not None:
        return kept
    built = compiler.build(source, flags)
    with contextlib.suppress(OSError):  # It only has to be compiled again.
        _keep(directory, record, built)
    return built


def _look_up(directory: Path, record: Path) -> Built | None:
    try:
        kept = json.loads(record.read_text())
        if _hashes(kept["files"]) != kept["files"]:
            return None
        image = (directory / f"{kept['image']}.elf").read_bytes()
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Built(image, tuple(kept["files"]), kept["messages"]) if _sha(image) == kept["image"] else None


def _keep(directory: Path, record: Path, built: Built) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    sha = _sha(built.image)
    _write(directory / f"{sha}.elf", built.image)
    entry = {"files": _hashes(built.files), "image": sha, "messages": built.messages}
    _write(record, json.dumps(entry).encode())


def _hashes(names: Iterable[str]) -> dict[str, str]:
    """sha256 of each file, empty if it can't be read."""
    found = {}
    for name in names:
        try:
            found[name] = _sha(Path(name).read_bytes())
        except OSError:
            found[name] = ""
    return found


def _write(path: Path, data: bytes) -> None:
    """Whole at once: another simrec may look."""
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_bytes(data)
    partial.replace(path)


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
