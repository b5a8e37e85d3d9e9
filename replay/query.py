"""SQL over a run's log: every kind of event as a view of an in-memory DuckDB.

Data flows from the store's committed files (Parquet, in a directory or an object store) or the reader's
batches (every other store) into DuckDB, and out as Arrow tables. Nothing else is within reach of the SQL: no
other file, no network, no extension, no change of settings.
"""

import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from recorder.detail import NO_ADDRESS, lacks_values
from recorder.objectplace import ObjectPlace
from recorder.parquet import dataset
from recorder.place import LocalPlace
from recorder.reader import Log
from recorder.schema import CODE, INSTRUCTION, columns
from sim.errors import UserError
from sim.events import KINDS

#: Memory that a query may use before it spills to the disk.
MEMORY_LIMIT = "2GB"
_QUERIES = Path(__file__).parent / "analyses" / "queries"
#: Every name that SQL may use.
TABLES = (*KINDS, CODE, "run_options", "thread_process", "instruction_code")
#: Views over others: the kinds that each is made from.
_VIEWS = {"thread_process": ("thread",), "instruction_code": ("thread", "instruction")}

_SQL_TYPES = {
    "int64": "BIGINT",
    "int32": "INTEGER",
    "int16": "SMALLINT",
    "bool": "BOOLEAN",
    "text": "VARCHAR",
    "blob": "BLOB",
}
Parameters = Mapping[str, int | str | list[int]]


class QueryFailed(UserError):
    """DuckDB refused the SQL, or could not finish it. The text is its message, and the names to use."""

    exit_status = 2


@dataclass(frozen=True)
class Extent:
    """What of a log can be read: all that is committed, or what lies before the damage. ``counts``: rows by
    kind, of the kinds that have any."""

    last_seq: int
    ticks: int
    counts: Mapping[str, int]


def extent(log: Log) -> Extent:
    """How far the tables of `connect` go."""
    good = log.end_seq if log.damage is None else log.damage.good
    segments = [segment for segment in log.segments if segment.end_seq <= good]
    counts: Counter[str] = Counter()
    for segment in segments:
        counts.update(segment.rows)
    ticks = segments[-1].end_tick if segments else 0
    return Extent(good - 1, ticks, {kind: counts[kind] for kind in KINDS if counts[kind]})


def connect(
    log: Log, kinds: Iterable[str] | None = None, last: int | None = None
) -> "duckdb.DuckDBPyConnection":
    """A connection with ``kinds`` of events (None: all) as views, all columns of `sim.events.columns`; and
    ``code`` (`sim.code`), ``run_options`` (name, value: text; costs as ``cost.NAME``), and
    the views ``thread_process`` and ``instruction_code`` if ``kinds`` has what they are made from.

    Rows of Parquet files are read when a query asks for them; those of another store, or of an older
    version, are copied here at once, so name the kinds that are needed, and the ``last`` event (later ones
    may be there nevertheless).
    Rows stand in no particular order, and go as far as `extent`.
    """
    connection, place = _connection(), log.run.place
    readable: list[Path] = []
    reach = extent(log).last_seq
    wanted = tuple(KINDS if kinds is None else kinds)
    for kind in wanted:
        found = log.dataset_files(kind)
        if found and isinstance(place, LocalPlace):
            paths = [place.path(name) for name in found]
            connection.sql(_parquet_view(kind, paths, log.run.detail))
            readable += paths
        elif found and isinstance(place, ObjectPlace) and not lacks_values(log.run.detail, kind):
            # DuckDB would need an extension to get there; Arrow reads what the query needs.
            connection.register(kind, dataset(place, kind, found))
        else:
            _create(connection, kind)
            if found is None or found:
                _copy(connection, log, kind, reach if last is None else min(last, reach))
    add(connection, CODE, _plain(log.code_table()))
    add(connection, "run_options", _options(log))
    for view, made_from in _VIEWS.items():
        if set(made_from) <= set(wanted):
            define(connection, view)
    _confine(connection, readable)
    return connection


def run_query(log: Log, sql: str, *, listed: bool = True) -> pa.Table:
    """What ``sql`` gives; whole numbers and decimals as int64 and float64 where they fit. ``listed``: kinds
    that it doesn't name are there too, where that costs little, for a `show tables`. Raises QueryFailed."""
    named = {name for name in TABLES if re.search(rf"\b{name}\b", sql, re.IGNORECASE)}
    named |= {kind for view in _VIEWS.keys() & named for kind in _VIEWS[view]}
    named |= {kind for kind in KINDS if listed and log.dataset_files(kind) is not None}
    connection = connect(log, [kind for kind in KINDS if kind in named])
    try:
        relation = connection.sql(sql)
        if relation is None:
            raise QueryFailed("the SQL gives no rows: write a `select`")
        return _native(relation.to_arrow_table())
    except duckdb.Error as error:
        raise QueryFailed(_explained(error, sql)) from error
    finally:
        connection.close()


def check_query(sql: str) -> list[str]:
    """The columns that ``sql`` gives of any log; needs none. Raises QueryFailed."""
    connection = _connection()
    try:
        for kind in (*KINDS, CODE):
            _create(connection, kind)
        connection.sql("CREATE TABLE run_options (name VARCHAR, value VARCHAR)")
        _confine(connection, [])
        relation = connection.sql(sql)
        if relation is None:
            raise QueryFailed("the SQL gives no rows: write a `select`")
        return list(relation.columns)
    except duckdb.Error as error:
        raise QueryFailed(_explained(error, sql)) from error
    finally:
        connection.close()


def ask(connection: "duckdb.DuckDBPyConnection", name: str, parameters: Parameters | None = None) -> pa.Table:
    """The answer to one of the queries in ``replay/analyses/queries`` (its file's name, without ``.sql``)."""
    text = (_QUERIES / f"{name}.sql").read_text()
    return _native(connection.sql(text, params=dict(parameters or {})).to_arrow_table())


def define(connection: "duckdb.DuckDBPyConnection", name: str) -> None:
    """Run one of those files for the view or table that it creates."""
    connection.sql((_QUERIES / f"{name}.sql").read_text())


def _connection() -> "duckdb.DuckDBPyConnection":
    """An empty one that loads nothing by itself."""
    return duckdb.connect(
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    )


def _create(connection: "duckdb.DuckDBPyConnection", kind: str) -> None:
    listed = ", ".join(f'"{c.name}" {_SQL_TYPES[c.type]}' for c in columns(kind))
    connection.sql(f'CREATE TABLE "{kind}" ({listed})')


def _parquet_view(kind: str, found: list[Path], detail: str) -> str:
    """The view over a kind's committed files, of a run with so much detail."""
    paths = ", ".join(_quoted(str(path)) for path in found)
    hive = "hive_partitioning = true, hive_types = {'hart': SMALLINT}" if kind == INSTRUCTION else ""
    source = f"read_parquet([{paths}]{', ' + hive if hive else ', hive_partitioning = false'})"
    names = [f'"{column.name}"' for column in columns(kind)]
    if lacks_values(detail, kind):
        names[names.index('"value"')] = f'CASE WHEN address <> {NO_ADDRESS} THEN "value" END AS "value"'
    listed = ", ".join(names)
    return f'CREATE VIEW "{kind}" AS SELECT {listed} FROM {source}'


def _copy(connection: "duckdb.DuckDBPyConnection", log: Log, kind: str, last: int) -> None:
    """Rows by way of the reader, a batch at a time, into a table that DuckDB compresses and may spill."""
    for batch in log.batches(kind, last=last):
        connection.register("arriving", pa.Table.from_batches([batch]))
        connection.sql(f'INSERT INTO "{kind}" SELECT * FROM arriving')
        connection.unregister("arriving")


def add(connection: "duckdb.DuckDBPyConnection", name: str, table: pa.Table) -> None:
    """A table of the connection's own, copied from an Arrow table."""
    connection.register("arriving", table)
    connection.sql(f'CREATE TABLE "{name}" AS SELECT * FROM arriving')
    connection.unregister("arriving")


def _options(log: Log) -> pa.Table:
    pairs: list[tuple[str, str]] = []
    for name, value in log.run.options.items():
        if isinstance(value, dict):
            pairs += [(f"cost.{cost}", str(ticks)) for cost, ticks in value.items()]
        else:
            pairs.append((name, " ".join(map(str, value)) if isinstance(value, list) else str(value)))
    return pa.table({"name": [name for name, _ in pairs], "value": [value for _, value in pairs]})


def _confine(connection: "duckdb.DuckDBPyConnection", readable: list[Path]) -> None:
    """From here on the SQL reaches these files and nothing else. Needs DuckDB 1.2 (allowed_paths)."""
    temporary = Path(tempfile.gettempdir()) / f"simrec-query-{os.getpid()}"
    connection.sql(f"SET memory_limit = '{MEMORY_LIMIT}'")
    connection.sql(f"SET temp_directory = {_quoted(str(temporary))}")
    connection.sql("SET python_enable_replacements = false")
    connection.sql(f"SET allowed_paths = [{', '.join(_quoted(str(path)) for path in readable)}]")
    connection.sql("SET enable_external_access = false")
    connection.sql("SET lock_configuration = true")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _plain(table: pa.Table) -> pa.Table:
    """Names as text."""
    for index, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(index, field.name, table.column(index).cast(pa.string()))
    return table


def _native(table: pa.Table) -> pa.Table:
    """DuckDB's sums are 128 bits wide: int64 where every value fits, else float64, as decimals are."""
    for index, field in enumerate(table.schema):
        if not pa.types.is_decimal(field.type):
            continue
        column: Any = table.column(index)
        if field.type.scale == 0:
            try:
                table = table.set_column(index, field.name, column.cast(pa.int64()))
                continue
            except pa.ArrowInvalid:
                pass  # Too large for int64.
        table = table.set_column(index, field.name, column.cast(pa.float64()))
    return table


def _explained(error: Exception, sql: str) -> str:
    """DuckDB's message up to its picture of the SQL, and the names that would have worked."""
    message = " ".join(str(error).partition("\nLINE ")[0].split())
    if isinstance(error, duckdb.CatalogException) and "Table" in message:
        # Its "did you mean" goes by system tables.
        return f"{message.partition(' Did you mean')[0]}\n  tables: {', '.join(TABLES)}"
    if isinstance(error, duckdb.PermissionException):
        return f"{message.partition(' - ')[0]}: a query reads only the run's own tables ({', '.join(TABLES)})"
    named = [name for name in (*KINDS, CODE) if re.search(rf"\b{name}\b", sql, re.IGNORECASE)]
    if isinstance(error, duckdb.BinderException) and named:
        listed = (f"{name}({', '.join(column.name for column in columns(name))})" for name in named[:3])
        return f"{message}\n  columns: {'; '.join(listed)}"
    return message
