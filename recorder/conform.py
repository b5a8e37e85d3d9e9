"""From what a store gives back to the declared types: names by their declared index, integers narrowed."""

import pyarrow as pa
import pyarrow.compute as pc

from recorder.schema import arrow_type, columns
from sim.events import Column


def conform(kind: str, table: pa.Table, wanted: tuple[str, ...] | None = None) -> pa.Table:
    """The wanted columns of ``kind`` (None: all), in the order of ``wanted``, of the declared types. Raises
    ValueError (of which Arrow's errors are) for a value that doesn't fit or a name that isn't declared.
    """
    chosen = _chosen(kind, wanted)
    arrays = [_column(kind, column, table[column.name]) for column in chosen]
    return pa.table(arrays, schema=_schema(chosen))


def empty(kind: str, wanted: tuple[str, ...] | None = None) -> pa.Table:
    """No rows of the same shape."""
    return _schema(_chosen(kind, wanted)).empty_table()


def _chosen(kind: str, wanted: tuple[str, ...] | None) -> list[Column]:
    declared = {column.name: column for column in columns(kind)}
    return [declared[name] for name in wanted] if wanted is not None else list(declared.values())


def _schema(chosen: list[Column]) -> pa.Schema:
    return pa.schema([pa.field(column.name, arrow_type(column), nullable=False) for column in chosen])


def _column(kind: str, column: Column, stored: pa.ChunkedArray) -> pa.ChunkedArray:
    if not column.names:
        made = stored.cast(arrow_type(column))
        if column.type == "text":
            # Parquet's readers take any bytes for text.
            made.validate(full=True)
        return made
    names = pa.array(column.names, pa.string())
    chunks = [_names(f"{kind}.{column.name}", chunk, names) for chunk in stored.chunks]
    return pa.chunked_array(chunks, arrow_type(column))


def _names(label: str, stored: pa.Array, names: pa.Array) -> pa.DictionaryArray:
    if pa.types.is_dictionary(stored.type):
        indices = pc.index_in(stored.dictionary, value_set=names).take(stored.indices)
    else:
        indices = pc.index_in(stored, value_set=names)
    if indices.null_count:
        raise ValueError(f"{label} holds a name that isn't declared")
    return pa.DictionaryArray.from_arrays(indices.cast(pa.int8()), names)
