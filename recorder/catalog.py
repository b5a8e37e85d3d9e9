"""The catalog: which runs there are, what they ran, how far they are recorded.

The recorder writes it (a row per run, segment and snapshot), everything else reads. What a caller gets
are the plain rows of `recorder.run`. SQLAlchemy is imported when a catalog is opened, not before.
"""

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recorder import committed, owner, reserve
from recorder.errors import (
    BadRow,
    CatalogUnavailable,
    LogError,
    NeedsDirectory,
    NoSuchRun,
    PlaceUnavailable,
    RunBusy,
)
from recorder.finding import find
from recorder.keeping import Keeping
from recorder.place import local_url, read_files, user_directory
from recorder.program import image_file
from recorder.rows import Rows, RowSource
from recorder.run import ProgramRow, RunRow, SegmentRow, SnapshotRow, damaged, what_is_wrong

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from recorder import models
    from recorder.program import Program

RECORDING = "recording"
#: The file that marks a place whose run is being removed.
REMOVED = "removed"


class Catalog(RowSource):
    """Runs whose rows are in the database of ``engine``. ``files`` is the URL below which new ones' files go
    unless told otherwise; "" says below ``home``, wherever that is then."""

    def __init__(self, home: Path, engine: "Engine", files: str = "") -> None:
        self.home = home
        self.engine = engine
        self.files = files

    @classmethod
    def open(cls, home: Path | None = None, url: str | None = None) -> "Catalog":
        """Open, made or upgraded as needed. ``home``: else SIMREC_HOME, else the user's data directory;
        ``url``: else SIMREC_CATALOG, else SQLite in ``home``. New runs' files go below SIMREC_FILES, else
        into ``home``. Raises NewerCatalog, CatalogUnavailable, BadFiles.
        """
        from recorder.database import open_database

        if home is None:
            home = _default_home()
        home = user_directory(str(home))
        url = url or os.environ.get("SIMREC_CATALOG")
        files = read_files(os.environ.get("SIMREC_FILES", ""))
        if not files and url:
            # Whoever reads that catalog may have another home.
            files = local_url(home / "runs")
        try:
            engine = open_database(url, home)
        except CatalogUnavailable:
            if not reserve.release(home):
                raise
            engine = open_database(url, home)
        return cls(home, engine, files)

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    # Reading.

    def runs(self, of: str | None = None) -> list[RunRow]:
        """All runs, newest first; or the one with id ``of``."""
        from sqlalchemy import select
        from sqlalchemy.orm import Session

        from recorder.database import reading
        from recorder.models import Run, RunProgram

        chosen = select(Run).order_by(Run.created.desc(), Run.id)
        beside = select(RunProgram).order_by(RunProgram.run_id, RunProgram.pid)
        if of is not None:
            chosen, beside = chosen.where(Run.id == of), beside.where(RunProgram.run_id == of)
        further: dict[str, list[tuple[int, ProgramRow]]] = {}
        with reading(self.engine) as connection, Session(connection) as session:
            for each in session.scalars(beside):
                further.setdefault(each.run_id, []).append((each.pid, ProgramRow(each.path, each.sha)))
            try:
                found = list(session.scalars(chosen))
            except committed.UNREADABLE as error:
                if of is not None:
                    return [damaged(of, self.home, f"it can't be read ({error})")]
                # One of them: that alone is damaged.
                return [self.of_id(run) for run in session.scalars(chosen.with_only_columns(Run.id))]
            return [self._row(run, further.get(run.id, ())) for run in found]

    def of_id(self, run: str) -> RunRow:
        """The run with this id. Raises NoSuchRun."""
        found = self.runs(run)
        if not found:
            raise NoSuchRun(f"run {run} is gone: see `simrec runs`")
        return found[0]

    def find(self, ref: str) -> RunRow:
        """The run with this id, else the newest of this name, else the one whose id begins so; or
        ``latest``. Raises NoSuchRun, AmbiguousRun."""
        return find(ref, self.runs(), self.home)

    def matching(self, pattern: str) -> list[RunRow]:
        """All runs whose names fit a pattern of ``*``, ``?`` and ``[...]``, newest first."""
        return [run for run in self.runs() if fnmatchcase(run.name, pattern)]

    def segments(self, run: str, first: int = 0) -> list[SegmentRow]:
        """The committed segments of a run from number ``first`` on, in order."""
        from recorder.database import reading

        with reading(self.engine) as connection:
            return committed.segments(connection, run, first)

    def snapshots(self, run: str, first: int = 0) -> list[SnapshotRow]:
        """The snapshots of a run from number ``first`` on, in order of seq."""
        from recorder.database import reading

        with reading(self.engine) as connection:
            return committed.snapshots(connection, run, first)

    def rows(self, run: str) -> Rows:
        """All rows of a run, its options as they were recorded. Raises NoSuchRun, BadRow."""
        from sqlalchemy import select

        from recorder.database import reading
        from recorder.models import Run

        # In this order: what is committed in between makes rows, but none of the run's own is ahead of them.
        row = self.of_id(run)
        with reading(self.engine) as connection:
            try:
                options = connection.execute(select(Run.options).where(Run.id == run)).scalar_one()
            except committed.UNREADABLE as error:
                raise BadRow(run, "the run", str(error)) from None
            return Rows(
                replace(row, options=options),
                committed.segments(connection, run, 0),
                committed.snapshots(connection, run, 0),
            )

    # Writing.

    def add(
        self,
        programs: "Sequence[Program]",
        options: dict[str, Any],
        keeping: Keeping,
    ) -> RunRow:
        """A new run of one or several programs, recorded by this process. Raises NeedsDirectory."""
        from recorder import models
        from sim.events import VERSION
        from sim.world import FOLD_VERSION

        files = self._files_for(keeping.store, keeping.files)
        run = models.Run(
            name=keeping.name,
            program=programs[0].path,
            program_sha=programs[0].sha,
            created=datetime.now(UTC).replace(tzinfo=None),
            options=options,
            store=keeping.store,
            detail=keeping.detail,
            compression=keeping.compression,
            files=files,
            status=RECORDING,
            reason="",
            exit_status=None,
            events=0,
            ticks=0,
            bytes=0,
            digest="",
            event_version=VERSION,
            fold_version=FOLD_VERSION,
            owner=owner.current(),
        )
        self._insert(run, programs)
        return self.of_id(run.id)

    def _insert(self, run: "models.Run", programs: "Sequence[Program]") -> None:
        from sqlalchemy.orm import Session

        from recorder import models
        from recorder.database import writing

        with writing(self.engine) as connection, Session(connection) as session:
            for program in programs:
                if session.get(models.Program, program.sha) is None:
                    made = models.Program(
                        sha=program.sha, name=program.name, path=program.path, bytes=len(program.image)
                    )
                    session.add(made)
            run.id = secrets.token_hex(4)
            while session.get(models.Run, run.id) is not None:
                run.id = secrets.token_hex(4)
            run.directory = f"runs/{run.id}"
            session.add(run)
            session.flush()
            for pid, program in enumerate(programs[1:], 2):
                session.add(models.RunProgram(run_id=run.id, pid=pid, path=program.path, sha=program.sha))
            session.flush()
            # The row's attributes are read after the session.
            session.expunge(run)

    def placed(self, like: RunRow) -> RunRow:
        """``like`` with its files where new runs' go, and with another id if a run of the catalog has its
        own, or if it has none. Raises NeedsDirectory."""
        files = self._files_for(like.store)
        run = like.id or secrets.token_hex(4)
        while self.runs(run):
            run = secrets.token_hex(4)
        return replace(like, id=run, files=files, directory=f"runs/{run}", home=self.home)

    def enter(self, rows: Rows) -> RunRow:
        """Add a whole run, whose files are durable in its place. One whose recorder died is as it left it."""
        from sqlalchemy import insert
        from sqlalchemy.orm import Session

        from recorder import models
        from recorder.database import writing

        run, first = rows.run, rows.run.programs[0]
        values = {column.name: getattr(run, column.name, None) for column in models.Run.__table__.columns}
        values |= {"program": first.path, "program_sha": first.sha, "owner": ""}
        values["created"] = run.created.astimezone(UTC).replace(tzinfo=None)
        if run.died:
            values |= {"status": RECORDING, "reason": ""}
        with writing(self.engine) as connection, Session(connection) as session:
            for pid, program in enumerate(run.programs, 1):
                if session.get(models.Program, program.sha) is None:
                    size = run.place.size(image_file(pid))
                    name = Path(program.path).name
                    session.add(models.Program(sha=program.sha, name=name, path=program.path, bytes=size))
            session.flush()
            session.execute(insert(models.Run).values(**values))
            for pid, program in enumerate(run.programs[1:], 2):
                session.add(models.RunProgram(run_id=run.id, pid=pid, path=program.path, sha=program.sha))
            session.flush()
            for table, added in ((models.Segment, rows.of_segments), (models.Snapshot, rows.of_snapshots)):
                if added:
                    session.execute(insert(table), [{"run_id": run.id, **asdict(row)} for row in added])
            session.flush()
        return self.of_id(run.id)

    def _files_for(self, store: str, files: str = "") -> str:
        """The URL below which a new run's files go. Raises NeedsDirectory."""
        files = files or self.files
        if store == "sqlite" and files.startswith("s3:"):
            raise NeedsDirectory(files.partition("?")[0])
        return files

    def commit(self, run: str, segments: Sequence[SegmentRow], snapshots: Sequence[SnapshotRow]) -> None:
        """Add segments, whose files are durable, to a run: the moment from which on their events exist."""
        from sqlalchemy import insert, update

        from recorder.database import writing
        from recorder.models import Run, Segment, Snapshot

        last = segments[-1]
        added = sum(row.bytes for row in segments) + sum(row.bytes for row in snapshots)
        facts = {"events": last.end_seq, "ticks": last.end_tick, "digest": last.digest}
        with writing(self.engine) as connection:
            connection.execute(insert(Segment), [{"run_id": run, **asdict(row)} for row in segments])
            if snapshots:
                connection.execute(insert(Snapshot), [{"run_id": run, **asdict(row)} for row in snapshots])
            connection.execute(update(Run).where(Run.id == run).values(**facts, bytes=Run.bytes + added))

    def exchange(
        self,
        old: RunRow,
        segments: Sequence[SegmentRow],
        snapshots: Sequence[SnapshotRow],
        values: dict[str, Any],
    ) -> bool:
        """Take these rows for those that a run has, and set columns of its own, all at once. False, and
        nothing is done, if the run isn't there any more as ``old`` says."""
        from sqlalchemy import delete, insert, update

        from recorder.database import writing
        from recorder.models import Run, Segment, Snapshot

        same = [
            getattr(Run, name) == getattr(old, name) for name in ("detail", "files", "directory", "closing")
        ]
        with writing(self.engine) as connection:
            changed = connection.execute(update(Run).where(Run.id == old.id, *same).values(**values))
            if not changed.rowcount:
                return False
            for table, rows in ((Segment, segments), (Snapshot, snapshots)):
                connection.execute(delete(table).where(table.run_id == old.id))
                if rows:
                    connection.execute(insert(table), [{"run_id": old.id, **asdict(row)} for row in rows])
            return True

    def change(self, run: str, **values: Any) -> RunRow:
        """Set columns of a run's row."""
        from sqlalchemy import update

        from recorder.database import writing
        from recorder.models import Run

        with writing(self.engine) as connection:
            connection.execute(update(Run).where(Run.id == run).values(**values))
        return self.of_id(run)

    def claim(self, run: RunRow) -> None:
        """Have a run whose recorder died be this process's. Raises RunBusy if it is another's by now."""
        from sqlalchemy import select, update

        from recorder.database import writing
        from recorder.models import Run

        mine = Run.id == run.id, Run.status == RECORDING
        with writing(self.engine) as connection:
            found = connection.execute(select(Run.owner).where(*mine)).scalar_one_or_none()
            if found is None or owner.alive(found):
                raise RunBusy(f"run {run.id} is being recorded or recovered elsewhere: see `simrec runs`")
            connection.execute(update(Run).where(*mine).values(owner=owner.current()))

    def remove(self, run: RunRow) -> None:
        """Delete a run, rows and files. Raises RunBusy while a living process records it, and what
        `RunRow.place` raises, before anything is deleted."""
        place = run.place
        if place.local is None:
            # One that can't be reached would keep its files for good: only the rows know where they are.
            place.names()
        with suppress(OSError, LogError):
            # If this is as far as it comes, `recorder.leftovers` knows what was meant.
            place.write(REMOVED, b"")
        try:
            self._forget(run)
        except RunBusy:
            with suppress(OSError, LogError):
                place.delete(REMOVED)
            raise
        except CatalogUnavailable as error:
            if not (reserve.release(self.home) or "disk is full" in str(error)):
                raise
            if "disk is full" in str(error):
                # The more is to be deleted, the more room its rows take until they are.
                place.remove()
            self._forget(run)
        # Rows first: files without rows are waste, rows without files would be a broken run.
        try:
            place.remove()
        except OSError as error:
            raise PlaceUnavailable(
                f"run {run.id} is off the list, but {place.shown()} can't be deleted: {error}"
            ) from error

    def unused_programs(self, *, delete: bool) -> list[str]:
        """The sha256 of the programs that no run has; ``delete``: their rows go."""
        from sqlalchemy import delete as deletion
        from sqlalchemy import select

        from recorder.database import writing
        from recorder.models import Program

        with writing(self.engine) as connection:
            found = list(connection.scalars(select(Program.sha).where(_unused())))
            if delete:
                connection.execute(deletion(Program).where(_unused()))
            return found

    def _forget(self, run: RunRow) -> None:
        """Delete a run's rows."""
        from sqlalchemy import delete, select
        from sqlalchemy.orm import Session

        from recorder import models
        from recorder.database import writing

        with writing(self.engine) as connection, Session(connection) as session:
            # Not all of it: what can't be read can be removed.
            chosen = select(models.Run.status, models.Run.owner).where(models.Run.id == run.id)
            row = session.execute(chosen).one_or_none()
            if row is None:
                raise NoSuchRun(f"run {run.id} is gone already: see `simrec runs`")
            if row.status == RECORDING and owner.alive(row.owner):
                raise RunBusy(f"run {run.id} is still being recorded ({row.owner}): stop it first")
            for table in (models.Snapshot, models.Segment, models.RunProgram):
                session.execute(delete(table).where(table.run_id == run.id))
            session.execute(delete(models.Run).where(models.Run.id == run.id))
            session.execute(delete(models.Program).where(_unused()))

    def _row(self, run: "models.Run", further: Sequence[tuple[int, ProgramRow]]) -> RunRow:
        from recorder.upcast import options_today

        values = {column.name: getattr(run, column.name) for column in run.__table__.columns}
        wrong = what_is_wrong(values, [pid for pid, _ in further])
        if wrong:
            return damaged(run.id, self.home, wrong)
        recorder = values.pop("owner")
        programs = [
            ProgramRow(values.pop("program"), values.pop("program_sha")),
            *(row for _, row in further),
        ]
        values["created"] = run.created.replace(tzinfo=UTC)
        values["options"] = options_today(run.event_version, run.options)
        row = RunRow(**values, programs=tuple(programs), home=self.home)
        if row.status == RECORDING and not owner.alive(recorder):
            reason = f"recorded up to event {row.events - 1}" if row.events else "no event was recorded"
            return replace(row, status="interrupted", reason=reason, died=True)
        return row


def _unused() -> Any:
    """The condition of a program that no run has."""
    from sqlalchemy import exists

    from recorder.models import Program, Run, RunProgram

    used = exists().where(Run.program_sha == Program.sha)
    beside = exists().where(RunProgram.sha == Program.sha)
    return ~used & ~beside


def _default_home() -> Path:
    if named := os.environ.get("SIMREC_HOME"):
        return Path(named)
    import platformdirs

    return platformdirs.user_data_path("simrec")
