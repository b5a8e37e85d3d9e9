"""From an archive, which may be anybody's, to a run of the catalog.

Nothing is taken on trust: the manifest is read with care, its list of files has to be that of the archive,
each file is copied as far as it was said to be long and hashed on the way, and then the whole run is audited,
event by event, before it is entered.
"""

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from recorder.archive.container import BROKEN, MANIFEST, Source, opened
from recorder.archive.facts import BadFact
from recorder.archive.manifest import Manifest, Member
from recorder.archive.proof import faults
from recorder.catalog import Catalog
from recorder.errors import CHANGED, BadArchive, NotKept
from recorder.newrun import enter_new
from recorder.place import Place
from recorder.reseal import resealed
from recorder.rows import Progress, Rows, unwatched
from recorder.run import RunRow

#: Bytes read at a time.
CHUNK = 1 << 20
#: Bytes of a manifest: ten times that of a run of 10^10 events.
LARGEST_MANIFEST = 1 << 28


@dataclass(frozen=True)
class Admitted:
    """A run of the catalog, and the id that it has in its archive. ``new``: it wasn't there before.
    ``losses``: what is wrong with it that it can do without."""

    run: RunRow
    was: str
    new: bool
    losses: tuple[str, ...] = ()


def admit(catalog: Catalog, path: Path, name: str | None = None, progress: Progress = unwatched) -> Admitted:
    """Enter the run of an archive, under another ``name`` if one is given. The same run, if it is there
    already, stays as it is. Raises BadArchive, NewerArchive, NewerLog, NotKept, CatalogUnavailable."""
    with opened(path) as source:
        manifest = _manifest(path, source)
        said = manifest.rows.run
        there = _twin(catalog, said)
        if there is not None:
            return Admitted(there, said.id, new=False)
        losses: list[str] = []

        def fill(run: RunRow) -> Rows:
            _copy(path, source, manifest.members, run.place)
            rows = replace(manifest.rows, run=run)
            grave, lesser = faults(rows, progress)
            if grave:
                raise BadArchive(path, f"holds a damaged run: {grave[0]}")
            losses.extend(lesser)
            return rows if name in (None, run.name) else resealed(rows, run.place, name=name)

        run = enter_new(catalog, said, fill)
    return Admitted(run, said.id, new=True, losses=tuple(losses))


def _manifest(path: Path, source: Source) -> Manifest:
    """The manifest of an archive that has the files which it lists, and no others."""
    sizes = source.sizes()
    size = sizes.pop(MANIFEST, 0)
    if not 0 < size <= LARGEST_MANIFEST:
        raise BadArchive(path, f"has no {MANIFEST}" if not size else f"has too large a {MANIFEST}")
    try:
        with source.open(MANIFEST) as file:
            manifest = Manifest.read(b"".join(_exactly(file, size)))
    except (BadFact, *BROKEN, OSError) as error:
        raise BadArchive(path, f"can't be taken: {error}") from None
    listed = {member.name: member.bytes for member in manifest.members}
    for name in sorted(sizes.keys() | listed.keys()):
        if name not in sizes:
            raise BadArchive(path, f"lacks {name}")
        if name not in listed:
            raise BadArchive(path, f"holds {name}, which its {MANIFEST} doesn't list")
        if sizes[name] != listed[name]:
            raise BadArchive(path, f"holds {name} with {sizes[name]} bytes instead of {listed[name]}")
    return manifest


def _twin(catalog: Catalog, said: RunRow) -> RunRow | None:
    """The run of the same id and events, if it is there."""
    same = ("events", "ticks", "digest", "store", "created", "programs")
    found = catalog.runs(said.id)
    if found and all(getattr(found[0], name) == getattr(said, name) for name in same):
        return found[0]
    return None


def _copy(path: Path, source: Source, members: tuple[Member, ...], place: Place) -> None:
    """Put the files into a place, as they were said to be. Raises BadArchive, NotKept, OSError."""
    _check_room(sum(member.bytes for member in members), place)
    for member in members:
        hashed = hashlib.sha256()
        try:
            with source.open(member.name) as file:
                place.stage_chunks(member.name, _exactly(file, member.bytes, hashed))
        except BadFact as error:
            raise BadArchive(path, f"is damaged: {member.name} {error}") from None
        except BROKEN as error:
            raise BadArchive(path, f"is damaged: {member.name} {CHANGED}") from error
        if hashed.hexdigest() != member.sha256:
            raise BadArchive(path, f"is damaged: {member.name} {CHANGED}")
    place.publish([member.name for member in members])


def _check_room(wanted: int, place: Place) -> None:
    """Whether so many bytes may be written. Raises NotKept."""
    if place.local is None:
        return
    free = shutil.disk_usage(place.local).free
    if wanted > free:
        raise NotKept(f"its files take {wanted:,} bytes, and the disk of {place.local} has {free:,}")


def _exactly(file: IO[bytes], size: int, hashed: Any = None) -> Iterator[bytes]:
    """All of a file that has ``size`` bytes. Raises BadFact if it has more or fewer."""
    left = size
    while chunk := file.read(min(CHUNK, left + 1)):
        left -= len(chunk)
        if left < 0:
            raise BadFact("is longer than it was said to be")
        if hashed is not None:
            hashed.update(chunk)
        yield chunk
    if left:
        raise BadFact("is shorter than it was said to be")
