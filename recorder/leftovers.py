"""What nobody needs any more: of recorders that died, of removals that were cut short, of directories that
were moved away. Found here; deleted only for whoever asks for it.

A file in a run's place is waste if it has the name of a segment's or snapshot's file, or of one that was only
staged, and no row of the catalog names it. Whatever else is there is left alone. So are prefixes in a bucket
that no row names: several catalogs may keep their runs in one, and nothing there tells whose a run is.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from recorder.catalog import RECORDING, REMOVED, Catalog
from recorder.errors import LogError, PlaceUnavailable
from recorder.files import TEMPORARY
from recorder.newrun import being_filled
from recorder.place import FOLDERS, LocalPlace, Place, directory_of
from recorder.run import DAMAGED, RunRow
from recorder.seal import SEAL

#: Of files that a recorder names by the number of a segment.
_NUMBERED = re.compile(r".*/\d{6,}\.\w+")
_RUN = re.compile(r"[0-9a-f]{8}")
CUT_SHORT = "a removal that was cut short"


@dataclass(frozen=True)
class Stored:
    """A file that only its run's place can get at."""

    place: Place
    name: str

    def __str__(self) -> str:
        return self.place.shown(self.name)


@dataclass(frozen=True)
class Leftover:
    """``path`` is a file, or a directory with all that is in it; ``run`` the id of the run that it is or was
    of."""

    what: str
    path: Path | Stored
    bytes: int
    run: str = ""


def waste(catalog: Catalog, run: RunRow) -> list[str]:
    """Names of files in a run's place that no row refers to. Raises OSError, PlaceUnavailable."""
    used = {piece.path for segment in catalog.segments(run.id) for piece in segment.pieces}
    for row in catalog.snapshots(run.id):
        used |= {row.file, str(Path(row.file).with_suffix(".pages"))}
    names = (name for name in run.place.names() if name not in used)
    return sorted(name for name in names if name.endswith(TEMPORARY) or _NUMBERED.fullmatch(name))


def unused_files(catalog: Catalog) -> Iterator[Leftover]:
    """Waste of runs that have ended: `recorder.recover` sees to those whose recorder died."""
    unreachable = set()
    for run in catalog.runs():
        if run.status == RECORDING or run.died or run.files in unreachable:
            continue
        place = None
        try:
            place = run.place
            for name in waste(catalog, run):
                path = Stored(place, name) if place.local is None else place.local / name
                yield Leftover("no row refers to it", path, place.size(name), run.id)
        except (OSError, LogError):
            # Neither is what can't be looked at; to find out about a server takes long.
            if place is not None and place.local is None:
                unreachable.add(run.files)


def lost_directories(catalog: Catalog) -> Iterator[Leftover]:
    """Directories of runs that no row of the catalog leads to, where it keeps runs on this host: of removals,
    imports and rebuildings that were cut short, and of other catalogs."""
    # In this order: a run's row is there before its directory, or before nobody fills that any more.
    found = [
        path for folder in sorted(_folders(catalog)) for path in _below(folder) if not being_filled(path)
    ]
    known: set[Path | None] = set()
    unsure = set()
    runs = {run.id: run for run in catalog.runs()}
    for run in runs.values():
        try:
            known.add(run.place.local)
        except LogError:
            unsure.add(run.id)
        if run.status == DAMAGED:
            unsure.add(run.id)
    for path in found:
        if path not in known and path.name not in unsure:
            what = "its run has another directory" if path.name in runs else "no row in this catalog"
            if (path / REMOVED).exists():
                what = CUT_SHORT
            yield Leftover(what, path, LocalPlace(path).bytes(), path.name)


def finish_removals(catalog: Catalog) -> list[Leftover]:
    """Delete the directories of removals that were cut short. Raises PlaceUnavailable."""
    found = [each for each in lost_directories(catalog) if each.what == CUT_SHORT]
    for each in found:
        delete(each)
    return found


def delete(leftover: Leftover) -> None:
    """Raises PlaceUnavailable."""
    path = leftover.path
    try:
        if isinstance(path, Stored):
            path.place.delete(path.name)
        elif path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError as error:
        raise PlaceUnavailable(f"{path} can't be deleted: {error.strerror}") from error


def vanished_runs(catalog: Catalog) -> Iterator[RunRow]:
    """Runs on this host whose directory isn't there, though the directory of all runs is."""
    for run in catalog.runs():
        try:
            local = run.place.local
        except LogError:
            continue
        if run.status != RECORDING and local is not None and local.parent.is_dir() and not local.exists():
            yield run


def _folders(catalog: Catalog) -> set[Path]:
    """Where the catalog keeps runs on this host."""
    urls = {run.files for run in catalog.runs()} | {catalog.files}
    named = {path for url in urls if (path := directory_of(url)) is not None}
    own = {catalog.home / folder for folder in FOLDERS}
    return {path.resolve() for path in own | named | {path / FOLDERS[-1] for path in named}}


def _below(folder: Path) -> list[Path]:
    """The directories of runs there; others of such names may be somebody else's."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return []
    named = [
        path for path in entries if _RUN.fullmatch(path.name) and path.is_dir() and not path.is_symlink()
    ]
    return [path for path in named if folder.name in FOLDERS or _is_ours(path)]


def _is_ours(path: Path) -> bool:
    if any((path / name).exists() for name in (SEAL, REMOVED)):
        return True
    return any(path.rglob(f"*{TEMPORARY}"))
