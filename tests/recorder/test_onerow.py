"""An Arrow file of one row is read as Arrow reads it, and whatever else it is, is an error."""

import struct
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.onerow import NotOneRow, one_row

MIB = 1 << 20
SCHEMA = pa.schema(
    {"number": pa.int64(), "text": pa.large_string(), "data": pa.large_binary(), "more": pa.large_binary()}
)
ROW = {"number": 7, "text": "seven \u2014 7", "data": b"7" * 100, "more": b""}


def written(*rows: dict[str, Any], schema: pa.Schema = SCHEMA, compression: str | None = "zstd") -> bytes:
    stream = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_file(stream, schema, options=options) as writer:
        if rows:
            writer.write_batch(pa.RecordBatch.from_pylist(list(rows), schema=schema))
    return bytes(stream.getvalue().to_pybytes())


@settings(deadline=None)
@given(
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.text(),
    st.binary() | st.integers(0, 100_000).map(bytes),
    st.sampled_from(["zstd", "lz4", None]),
    st.integers(1, 4),
)
def test_what_arrow_writes(number: int, text: str, data: bytes, compression: str, count: int) -> None:
    schema = pa.schema(list(SCHEMA)[:count])
    row = {"number": number, "text": text, "data": data, "more": data[::-1]}
    file = written(row, schema=schema, compression=compression)
    assert [one_row(file, SCHEMA, MIB)] == pa.ipc.open_file(file).read_all().to_pylist()


def test_more_than_it_may_take() -> None:
    one_row(written(ROW | {"data": bytes(MIB - 1000)}), SCHEMA, MIB)
    for size in (MIB, 64 * MIB):
        with pytest.raises(NotOneRow, match="would take more than 1 MiB to read"):
            one_row(written(ROW | {"data": bytes(size)}), SCHEMA, MIB)


def test_offsets_that_point_elsewhere() -> None:
    data = written(ROW, compression=None)
    ends = struct.pack("<2q", 0, 100)
    assert data.count(ends) == 1
    for start, end in ((0, 1 << 40), (0, 101), (-(1 << 40), 100), (100, 0), (1 << 60, (1 << 60) + 100)):
        with pytest.raises(NotOneRow, match="has a value outside of it"):
            one_row(data.replace(ends, struct.pack("<2q", start, end)), SCHEMA, MIB)


def test_what_is_no_such_file() -> None:
    five = pa.schema([*SCHEMA, pa.field("fifth", pa.int64())])
    for data, told in (
        (b"", "is no Arrow file"),
        (b"PAR1" * 10, "is no Arrow file"),
        (written(ROW)[:8], "can't be read"),
        (written(ROW)[:16], "ends too early"),
        (written(), "can't be read|has no row|ends too early"),
        (written(ROW, ROW), "more than a row"),
        (written(ROW | {"text": None}), "holds other columns, or more than a row"),
        (written(ROW | {"fifth": 1}, schema=five), "holds other columns"),
        (written({"a": "x"}, schema=pa.schema({"a": pa.large_string()})), "holds other columns"),
        (written({"a": [1]}, schema=pa.schema({"a": pa.list_(pa.int64())})), "other columns|can't be read"),
    ):
        with pytest.raises(NotOneRow, match=told):
            one_row(data, SCHEMA, MIB)


@settings(max_examples=1500, deadline=None)
@given(st.data())
def test_whatever_is_changed_is_an_error_or_small(data: st.DataObject) -> None:
    file = bytearray(written(ROW, compression=data.draw(st.sampled_from(["zstd", "lz4", None]))))
    for _ in range(data.draw(st.integers(1, 3))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    try:
        row = one_row(bytes(file), SCHEMA, MIB)
    except (NotOneRow, OSError):
        return
    assert sum(len(value) for value in row.values() if not isinstance(value, int)) <= MIB + len(file)
