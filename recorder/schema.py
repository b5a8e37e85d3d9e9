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
#: The two tables of the write index (`recorder.writeindex`).
WRITES, WRITES_BEFORE = "writes", "writes_before"
INDEXES = (WRITES, WRITES_BEFORE)
#: Summaries of the write index of one level that make one of the next.
RADIX = 4
ROW_GROUP, INDEX_ROW_GROUP = 1 << 18, 1 << 14
#: Of Parquet's pages; zstd at its level 1.
COMPRESSIONS = ("zstd", "lz4", "none")
DELTA = ("seq", "tick")
DICTIONARY = ("pc", "hart", "tid", "pid")
STATISTICS = ("seq", "tick", "address")
#: The write index's columns.
_WRITES = {
    "address": "int64",
    "size": "int32",
    "pid": "int32",
    "first": "int64",
    "last": "int64",
    "tid": "int32",
    "pc": "int64",
}


@cache
def columns(kind: str) -> tuple[Column, ...]:
    """The columns of an event kind, of the code table or of the write index."""
    if kind in INDEXES:
        return tuple(Column(name, type_) for name, type_ in _WRITES.items())
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


def summed(number: int) -> int:
    """For how many segments, up to number ``number``, its summary of writes stands; 1 if it has none."""
    count, left = 1, number + 1
    while left % RADIX == 0:
        count, left = count * RADIX, left // RADIX
    return count


def row_group(kind: str) -> int:
    """Rows in a row group: what a seek, or a look-up in the write index, has to read."""
    return INDEX_ROW_GROUP if kind in INDEXES else ROW_GROUP


def sql_table(kind: str, having: Sequence[Column] | None = None) -> str:
    """The CREATE TABLE statement of a kind, ``having`` not all of its columns if it is older."""
    types = {"text": "TEXT", "blob": "BLOB"}
    chosen = columns(kind) if having is None else having
    lines = [f'"{column.name}" {types.get(column.type, "INTEGER")} NOT NULL' for column in chosen]
    if kind != CODE:
        lines[0] = '"seq" INTEGER PRIMARY KEY'
    return f'CREATE TABLE IF NOT EXISTS "{kind}" ({", ".join(lines)})'
