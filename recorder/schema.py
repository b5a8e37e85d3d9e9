"""The shape of events in Arrow, Parquet and SQL, all derived from `sim.events.columns`.

A column of names is a dictionary whose values are the declared names in their order: its indices are
the same numbers that the machine's loop writes.
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from sim import code, events
from sim.events import Column

if TYPE_CHECKING:
    import pyarrow as pa

#: The kind under which the code table is kept.
CODE = "code"
INSTRUCTION = "instruction"
#: Rows in a Parquet row group: what a seek has to read.
ROW_GROUP = 1 << 18
DELTA = ("seq", "tick")
DICTIONARY = ("pc", "hart", "tid", "pid")
STATISTICS = ("seq", "tick", "address")


@cache
def columns(kind: str) -> tuple[Column, ...]:
    """The columns of an event kind or of the code table."""
    if kind == CODE:
        return tuple(Column(name, type_) for name, type_ in code.COLUMNS.items())
    return events.columns(kind)


def arrow_type(column: Column) -> "pa.DataType":
    """int16, int32, int64, bool, string, binary; names are dictionary<int8, string>."""
    import pyarrow as pa

    if column.names:
        return pa.dictionary(pa.int8(), pa.string())
    return {
        "int64": pa.int64(),
        "int32": pa.int32(),
        "int16": pa.int16(),
        "bool": pa.bool_(),
        "text": pa.string(),
        "blob": pa.binary(),
    }[column.type]


@cache
def schema(kind: str, without: str = "") -> "pa.Schema":
    """The Arrow schema of a kind, less one column; nothing is null."""
    import pyarrow as pa

    wanted = [column for column in columns(kind) if column.name != without]
    return pa.schema([pa.field(column.name, arrow_type(column), nullable=False) for column in wanted])


def parquet_options(kind: str, compression: str = "zstd") -> dict[str, Any]:
    """Arguments of `pyarrow.parquet.ParquetWriter`: the encodings measured best on real traces."""
    found = columns(kind)
    dictionary = [c.name for c in found if c.name in DICTIONARY or c.type in ("text", "int16", "int32")]
    plain = {c.name: "PLAIN" for c in found if c.name not in dictionary and c.type != "bool"}
    return {
        "compression": compression,
        "compression_level": 1 if compression == "zstd" else None,
        "use_dictionary": dictionary,
        "column_encoding": plain | dict.fromkeys(DELTA, "DELTA_BINARY_PACKED"),
        "write_statistics": [c.name for c in found if c.name in STATISTICS],
        "write_page_index": False,
        "store_schema": False,
    }


def sql_table(kind: str, having: Sequence[Column] | None = None) -> str:
    """The CREATE TABLE statement of a kind, ``having`` not all of its columns if it is older."""
    types = {"text": "TEXT", "blob": "BLOB"}
    chosen = columns(kind) if having is None else having
    lines = [f'"{column.name}" {types.get(column.type, "INTEGER")} NOT NULL' for column in chosen]
    if kind != CODE:
        lines[0] = '"seq" INTEGER PRIMARY KEY'
    return f'CREATE TABLE IF NOT EXISTS "{kind}" ({", ".join(lines)})'
