"""From a run to an archive: its rows and files as they were recorded, without what can be made of them."""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recorder.archive.container import MANIFEST, check_target, creating
from recorder.archive.manifest import Manifest, Member, files_of
from recorder.convert import write_segments
from recorder.place import Place
from recorder.reader import Log
from recorder.rows import Rows
from recorder.sqlite import FILE

if TYPE_CHECKING:
    import pyarrow as pa

#: Bytes read at a time.
CHUNK = 1 << 20


def pack(rows: Rows, target: Path, *, force: bool = False) -> int:
    """Write an archive of a run that was found good; the bytes of its files. Raises BadTarget, RunDamaged,
    OSError."""
    check_target(target, force=force)
    place = rows.run.place
    if rows.run.store == "sqlite" and (rows.run.died or f"{FILE}-wal" in place.names()):
        # The database goes on behind what is committed, and is in two files, which may be changing.
        with tempfile.TemporaryDirectory(prefix=".simrec-", dir=target.absolute().parent) as directory:
            written = rows.run.at(Path(directory))
            with Log(rows, rows.run) as log:
                write_segments(log, written)
            return _write(rows, target, {FILE: written.place}, force=force)
    return _write(rows, target, {}, force=force)


def _write(rows: Rows, target: Path, elsewhere: Mapping[str, Place], *, force: bool) -> int:
    """``elsewhere``: the files that are not in the run's place."""
    members = []
    with creating(target, force=force) as sink:
        for name in sorted(files_of(rows, rows.run.place.names())):
            place = elsewhere.get(name, rows.run.place)
            size, hashed = place.size(name), hashlib.sha256()
            with place.open(name) as file:
                sink.add(name, size, _chunks(file, hashed))
            members.append(Member(name, size, hashed.hexdigest()))
        text = Manifest(rows, tuple(members)).text()
        sink.add(MANIFEST, len(text), [text])
    return sum(member.bytes for member in members)


def _chunks(file: "pa.NativeFile", hashed: Any) -> Iterator[bytes]:
    """All of a file, which is hashed on its way."""
    while chunk := file.read(CHUNK):
        hashed.update(chunk)
        yield chunk
