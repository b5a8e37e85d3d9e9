"""What can go wrong with a log or the catalog. Messages are one line and name the next thing to type."""

from sim.errors import UserError

#: What is wrong with a file, in words that go on from its name.
CHANGED = "is not the file that was written"


class LogError(UserError):
    """Any of these."""

    exit_status = 5


class CatalogUnavailable(LogError):
    """The catalog can't be opened or written."""


class NewerCatalog(LogError):
    """The catalog was made by a later version."""

    def __init__(self, where: str, revision: str, known: str) -> None:
        super().__init__(
            f"the catalog {where} has revision {revision}, newer than this simrec knows ({known}): "
            "update simrec, or use another catalog with --home"
        )


class NewerLog(LogError):
    """A run's events were written by a later version."""

    def __init__(self, run: str, version: int, known: int) -> None:
        super().__init__(
            f"run {run} has event version {version}, this simrec reads up to {known}: update simrec"
        )


class NoSuchRun(LogError):
    """No run goes by this reference."""

    exit_status = 2


class AmbiguousRun(LogError):
    """The prefix of an id fits several runs."""

    exit_status = 2


class RunBusy(LogError):
    """The run is still being recorded by a living process."""


class LeadsOutside(LogError, ValueError):
    """A file's name in the catalog, or a link in the run's directory, leads out of the run's place."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} leads out of the run's place: not touched; look at its rows and files")


class NeedsDirectory(LogError):
    """The SQLite store writes in the middle of a file, which an object store can't."""

    exit_status = 2

    def __init__(self, where: str) -> None:
        super().__init__(f"the SQLite store needs a directory, not {where}: use --store parquet there")


class BadFiles(LogError):
    """What --files or SIMREC_FILES says is no place for runs."""

    exit_status = 2


class PlaceUnavailable(LogError):
    """The place where a run's files are can't be reached, or refuses."""


class BadRow(LogError):
    """A row of the catalog isn't what any recorder writes."""

    def __init__(self, run: str, which: str, what: str) -> None:
        super().__init__(
            f"run {run} can't be read: its row of {which} in the catalog was changed ({what}); mend the row, "
            f"or remove the run with `simrec rm {run}`"
        )


class RecordingFailed(LogError):
    """The recording can't go on; events 0..``kept`` - 1 of the run ``run`` are durable."""

    def __init__(self, run: str, what: str, kept: int) -> None:
        self.run = run
        self.what = what
        self.kept = kept
        rest = (
            f"events 0 to {kept - 1} are kept: `simrec replay {run} --at {kept - 1}`"
            if kept
            else f"no event was kept: remove it with `simrec rm {run}`"
        )
        super().__init__(f"recording of run {run} failed: {what}; {rest}")


class RunDamaged(LogError):
    """A file of the run is missing or not as it was written; events 0..``good`` - 1 can be read."""

    def __init__(self, run: str, file: str, what: str, good: int) -> None:
        self.run = run
        self.file = file
        self.what = what
        self.good = good
        rest = (
            f"events 0 to {good - 1} are good: try `simrec replay {run} --at {good - 1}`"
            if good
            else f"nothing of it can be read: remove it with `simrec rm {run}`"
        )
        super().__init__(f"run {run} is damaged: {file} {what}; {rest}")


class BadArchive(LogError):
    """What `simrec import` was given is no archive, or not as it was written."""

    def __init__(self, path: object, what: str, hint: str = "get it once more from where it was") -> None:
        super().__init__(f"{path} {what}; nothing was imported: {hint}")


class NotKept(LogError):
    """A run that was to be imported or converted can't be kept."""

    def __init__(self, what: str) -> None:
        super().__init__(f"nothing was kept: {what}; make room, or choose another place with --home")


class NotConverted(LogError):
    """A run can't be brought into another store."""


class NewerArchive(LogError):
    """The archive's format is a later version's."""

    def __init__(self, version: int, known: int) -> None:
        super().__init__(
            f"the archive has format version {version}, this simrec reads up to {known}: update simrec"
        )


class BadTarget(LogError):
    """An archive can't be written where it should be."""

    exit_status = 2
