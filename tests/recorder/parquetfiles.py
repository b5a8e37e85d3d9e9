"""Small Parquet files, as PyArrow writes them."""

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def written(columns: dict[str, Any], **options: Any) -> bytes:
    """A file with these columns. ``options``: of `pyarrow.parquet.write_table`."""
    stream = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), stream, **{"compression": "zstd", "store_schema": False} | options)
    return bytes(stream.getvalue().to_pybytes())
