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
#: Of Parquet's pages; zstd at its level 1.
COMPRESSIONS = ("zstd", "lz4", "none")
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


def encoding_of(column: Column) -> str:
    """How Parquet keeps a column: DELTA_BINARY_PACKED, DICTIONARY, BYTE_STREAM_SPLIT or PLAIN. Splitting the
    bytes of values and addresses makes zstd faster and the result smaller: upper bytes hardly change."""
    if column.name in DELTA:
        return "DELTA_BINARY_PACKED"
    if column.name in DICTIONARY or column.type in ("text", "int16", "int32"):
        return "DICTIONARY"
    return "BYTE_STREAM_SPLIT" if column.type == "int64" and not column.names else "PLAIN"


def parquet_options(kind: str, compression: str) -> dict[str, Any]:
    """Arguments of `pyarrow.parquet.ParquetWriter`: the encodings measured best on real traces."""
    encodings = {column.name: encoding_of(column) for column in columns(kind)}
    dictionary = [name for name, encoding in encodings.items() if encoding == "DICTIONARY"]
    return {
        "compression": compression,
        "compression_level": 1 if compression == "zstd" else None,
        "use_dictionary": dictionary,
        "column_encoding": {name: e for name, e in encodings.items() if e != "DICTIONARY"},
        "write_statistics": [name for name in encodings if name in STATISTICS],
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
