"""The catalog's database, SQLite or PostgreSQL: connecting to it, and bringing its tables up to date.

Both keep the same rules. Who means to write takes a turn at the beginning, so no transaction fails halfway
because another was faster; who reads sees one state, and never waits for a writer.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import SQLAlchemyError

import migrations
from recorder.errors import CatalogUnavailable, NewerCatalog

#: How long a process waits for another one's write, seconds.
PATIENCE = 30
#: How long a PostgreSQL server may take to answer at first, seconds.
CONNECTING = 10
#: The advisory lock that stands for a turn to write in a PostgreSQL database: "simrec" in ASCII.
TURN = 0x73696D726563
MIGRATIONS = Path(migrations.__file__).parent


def open_database(url: str | None, home: Path) -> Engine:
    """An engine whose catalog has the newest revision; without a ``url``, that of a file in ``home``. Raises
    NewerCatalog, CatalogUnavailable."""
    where = _url(url) if url else URL.create("sqlite", database=str(home / "catalog.db"))
    try:
        home.mkdir(parents=True, exist_ok=True)
        engine = _connect(where)
        known = revisions()
        with reading(engine) as connection:
            found = _revision(connection)
        if found != known[-1]:
            _upgrade(engine, known)
    except (OSError, SQLAlchemyError) as error:
        raise _unavailable(where, error) from error
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
            if _is_postgres(engine):
                connection.exec_driver_sql(
                    f"SET LOCAL lock_timeout = '{PATIENCE}s'; SELECT pg_advisory_xact_lock({TURN})"
                )
            yield connection
    except SQLAlchemyError as error:
        raise _unavailable(engine.url, error) from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the catalog. Raises CatalogUnavailable."""
    how = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if _is_postgres(engine) else {}
    try:
        with engine.connect().execution_options(**how) as connection:
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


def _url(url: str) -> URL:
    """That of a database of a kind that can hold a catalog, with the driver to use."""
    try:
        found = make_url(url)
    except SQLAlchemyError:
        # Not told, since it may hold a password.
        raise CatalogUnavailable(f"SIMREC_CATALOG is no URL of a database: {_EXAMPLES}") from None
    kind = found.get_backend_name()
    if kind in ("postgresql", "postgres"):
        return found.set(drivername="postgresql+psycopg")
    if kind != "sqlite" or not found.database or found.database == ":memory:":
        raise CatalogUnavailable(f"a catalog can't be kept in {_shown(found)}: {_EXAMPLES}")
    return found


_EXAMPLES = "write sqlite:////DIRECTORY/FILE.db or postgresql://USER@HOST/DATABASE"


def _is_postgres(engine: Engine) -> bool:
    return engine.dialect.name == "postgresql"


def _connect(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, **_as_it_is(Path(url.database or "")))
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        return engine
    options = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECTING}
    try:
        # A recording may be quiet for long, and its server be started again meanwhile.
        return create_engine(url, connect_args=options, pool_pre_ping=True)
    except ModuleNotFoundError:
        raise CatalogUnavailable(
            f"the catalog {_shown(url)} needs psycopg: pip install 'simrec[postgres]'"
        ) from None


def _as_it_is(file: Path) -> dict[str, Any]:
    """How to open a database where nobody can write, such as on a read-only disk: there can be no log of
    changes beside it, which SQLite would want to make, also for reading."""
    log = file.with_name(f"{file.name}-wal")
    if os.access(file.parent, os.W_OK) or not file.exists() or log.exists():
        return {}
    unchanging = f"file:{quote(str(file.absolute()))}?mode=ro&immutable=1"
    return {"creator": lambda: sqlite3.connect(unchanging, uri=True, check_same_thread=False)}


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


def _shown(url: URL) -> str:
    """A file as it is called, a server's without a password, wherever that stands."""
    if url.get_backend_name() == "sqlite" and url.database:
        return url.database
    return url.set(query={}).render_as_string()


def _unavailable(url: URL, error: Exception) -> CatalogUnavailable:
    """``error`` in one line, without the statement that failed."""
    what = " ".join(str(getattr(error, "orig", None) or error).split())
    other = "--home or SIMREC_HOME" if url.get_backend_name() == "sqlite" else "SIMREC_CATALOG"
    return CatalogUnavailable(f"can't use the catalog {_shown(url)}: {what}; choose another with {other}")


def _revision(connection: Connection) -> str:
    """The catalog's revision, "" of an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("select version_num from alembic_version")).scalar() or ""


def _upgrade(engine: Engine, known: list[str]) -> None:
    """One process at a time; the others find it done."""
    with _alone(engine), writing(engine) as connection:
        found = _revision(connection)
        if found and found not in known:
            raise NewerCatalog(_shown(engine.url), found, known[-1])
        if found != known[-1]:
            migrate(connection)


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """Make a SQLite file one whose readers never wait for the recorder, nor it for them. SQLite lets nobody
    wait for that, so a file of ours does."""
    if _is_postgres(engine):
        yield
        return
    with open(Path(str(engine.url.database)).with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        raw = engine.raw_connection()
        raw.cursor().execute("PRAGMA journal_mode = WAL")
        raw.close()
        yield
