"""A run that comes into the catalog as a whole: its files first, then all of its rows at once.

Until the rows are there, the files are waste. Their owner is staged beside them, so that who clears waste
away can tell whether somebody is still at it.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from recorder import owner
from recorder.catalog import Catalog
from recorder.errors import LogError, NotKept
from recorder.files import TEMPORARY
from recorder.rows import Rows
from recorder.run import RunRow

#: The staged file that says who fills a place (`recorder.owner`).
OWNER = "owner"


def being_filled(directory: Path) -> bool:
    """Whether a living process is about to enter the run whose files are in a directory. Who clears waste
    away asks this first, and for the catalog's rows afterwards: rows come before the owner goes."""
    try:
        return owner.alive((directory / f"{OWNER}{TEMPORARY}").read_text())
    except (OSError, ValueError):
        return False


def enter_new(catalog: Catalog, like: RunRow, fill: Callable[[RunRow], Rows]) -> RunRow:
    """The run that ``fill`` makes: it is given a row like ``like``, with an id and a place that nobody has,
    puts the files into the place, and returns the rows. What goes wrong leaves nothing. Raises NotKept,
    CatalogUnavailable, NeedsDirectory, and what ``fill`` raises."""
    run = _room(catalog, like)
    try:
        try:
            run.place.stage(OWNER, owner.current().encode())
            entered = catalog.enter(fill(run))
        except BaseException:
            _clear(catalog, run)
            raise
        run.place.drop_staged()
        return catalog.change(entered.id, bytes=run.place.bytes())
    except OSError as error:
        raise NotKept(run.place.explain(error)) from error


def _room(catalog: Catalog, like: RunRow) -> RunRow:
    """A place that is made, and the run that goes there."""
    run = catalog.placed(like)
    try:
        if run.place.names():
            # What somebody left there who was killed.
            run = catalog.placed(replace(like, id=""))
        run.place.make()
    except OSError as error:
        raise NotKept(run.place.explain(error)) from error
    return run


def _clear(catalog: Catalog, run: RunRow) -> None:
    """Delete the files, unless the run was entered before it went wrong."""
    with suppress(LogError, OSError):
        if not catalog.runs(run.id):
            run.place.remove()
