"""From a run to an archive: its rows and files as they were recorded, without what can be made of them anew.

A run that is being recorded, or was left by a recorder that died, is packed as far as it is committed.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recorder.archive.container import CHUNK, MANIFEST, creating
from recorder.archive.manifest import Manifest, Member, files_of
from recorder.rows import Rows

if TYPE_CHECKING:
    import pyarrow as pa


def pack(rows: Rows, target: Path, *, force: bool = False) -> Manifest:
    """Write an archive of a run whose files were found good. Raises BadTarget, OSError."""
    place = rows.run.place
    members = []
    with creating(target, force=force) as sink:
        for name in sorted(files_of(rows, place.names())):
            size, hashed = place.size(name), hashlib.sha256()
            with place.open(name) as file:
                sink.add(name, size, _chunks(file, hashed))
            members.append(Member(name, size, hashed.hexdigest()))
        manifest = Manifest(rows, tuple(members))
        text = manifest.text()
        sink.add(MANIFEST, len(text), [text])
    return manifest


def _chunks(file: "pa.NativeFile", hashed: Any) -> Iterator[bytes]:
    """All of a file, which is hashed on its way."""
    while chunk := file.read(CHUNK):
        hashed.update(chunk)
        yield chunk
