"""The catalog's database: connecting to it, and bringing its tables up to date."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import SQLAlchemyError

import migrations
from recorder.errors import CatalogUnavailable, NewerCatalog

#: How long a process waits for another one's write, seconds.
PATIENCE = 30
MIGRATIONS = Path(migrations.__file__).parent


def open_database(url: str, home: Path) -> Engine:
    """An engine whose catalog has the newest revision. Raises NewerCatalog, CatalogUnavailable."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        engine = _connect(url)
        known = revisions()
        found = _revision(engine)
        if found != known[-1]:
            _upgrade(engine, home, known)
    except (OSError, SQLAlchemyError) as error:
        raise _unavailable(make_url(url), error) from error
    return engine


def revisions() -> list[str]:
    """Every revision that this code knows, oldest first; files are named for them."""
    return sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that means to write: it waits its turn at the beginning, so it can't fail halfway
    because another one was faster. Raises CatalogUnavailable."""
    try:
        with engine.connect().execution_options(simrec_write=True) as connection, connection.begin():
            yield connection
    except SQLAlchemyError as error:
        raise _unavailable(engine.url, error) from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the catalog. Raises CatalogUnavailable."""
    try:
        with engine.connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise _unavailable(engine.url, error) from error


def migrate(connection: Connection, revision: str = "head") -> None:
    """Run the migrations up to ``revision`` in the connection's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _connect(url: str) -> Engine:
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    # SQLAlchemy begins transactions (below); sqlite3 must not, it would leave out those around DDL.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("simrec_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _unavailable(url: URL, error: Exception) -> CatalogUnavailable:
    """``error`` in one line, without the statement that failed."""
    what = str(getattr(error, "orig", None) or error)
    return CatalogUnavailable(
        f"can't use the catalog {url.render_as_string()}: {what}; choose another with --home or SIMREC_HOME"
    )


def _revision(engine: Engine) -> str:
    """The catalog's revision, "" of an empty database."""
    if not inspect(engine).has_table("alembic_version"):
        return ""
    with engine.connect() as connection:
        return connection.execute(text("select version_num from alembic_version")).scalar() or ""


def _upgrade(engine: Engine, home: Path, known: list[str]) -> None:
    """One process at a time; the others find it done."""
    with open(home / "catalog.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = _revision(engine)
        if found and found not in known:
            raise NewerCatalog(engine.url.render_as_string(), found, known[-1])
        if found == known[-1]:
            return
        if engine.dialect.name == "sqlite":
            # Lasts in the file: readers never wait for the recorder, nor it for them.
            raw = engine.raw_connection()
            raw.cursor().execute("PRAGMA journal_mode = WAL")
            raw.close()
        with writing(engine) as connection:
            migrate(connection)
