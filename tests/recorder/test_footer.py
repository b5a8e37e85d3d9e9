"""What stands at a Parquet file's end is what PyArrow says, or an error before PyArrow is asked."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parquetfiles import written

from recorder import footer
from recorder.footer import BadFooter, Chunk, Footer, Held
from recorder.parquetformat import BOOLEAN, BYTE_ARRAY, INT64
from recorder.thrift import I32, I64, parsed, struct


def read(data: bytes) -> Footer:
    return Footer(pa.BufferReader(data))


def groups(data: bytes) -> tuple[tuple[Chunk, ...], ...]:
    return read(data).groups


TABLE = {"seq": np.arange(10, 30), "text": ["ab"] * 20, "data": [b"x"] * 20, "ok": [True] * 20}


@pytest.mark.parametrize("group", [7, 100])
def test_it_says_what_pyarrow_says(group: int) -> None:
    data = written(TABLE, row_group_size=group)
    end, other = read(data), pq.read_metadata(pa.BufferReader(data))
    kinds = (INT64, BYTE_ARRAY, BYTE_ARRAY, BOOLEAN)
    held = [Held(*each, repeated=False, optional=True) for each in zip(TABLE, kinds, strict=True)]
    assert end.columns == tuple(held)
    assert end.metadata == other
    assert len(end.groups) == other.num_row_groups
    for number, chunks in enumerate(end.groups):
        for place, chunk in enumerate(chunks):
            told = other.row_group(number).column(place)
            start = told.dictionary_page_offset or told.data_page_offset
            assert (chunk.start, chunk.end) == (start, start + told.total_compressed_size)
        seq = other.row_group(number).column(0).statistics
        assert (chunks[0].low, chunks[0].high) == (seq.min, seq.max)
        assert (chunks[1].low, chunks[1].high) == (None, None)


def test_what_a_range_meets() -> None:
    chunk = Chunk(0, 0, 10, 20)
    ranges = {(0, 9): False, (0, 10): True, (12, 13): True, (20, 99): True, (21, 99): False, (15, 14): True}
    assert {each: chunk.meets(*each) for each in ranges} == ranges
    assert Chunk(0, 0, None, None).meets(5, 5)


def test_a_footer_that_is_longer_than_what_is_read_at_once() -> None:
    data = written({"seq": np.arange(2000)}, row_group_size=1)
    assert int.from_bytes(data[-8:-4], "little") > footer._TAIL
    assert [chunks[0].low for chunks in groups(data)] == list(range(2000))


def test_what_is_no_parquet_file() -> None:
    data = written(TABLE)
    for bad in (b"", b"PAR1", b"PAR1PAR1", b"\0" * 100, data[:-1], data[-100:]):
        with pytest.raises(BadFooter):
            groups(bad)
    with pytest.raises(BadFooter, match="its footer is too long"):
        read(data[:-8] + len(data).to_bytes(4, "little") + b"PAR1")


def changed(data: bytes, *path: Any) -> bytes:
    """With the value at a path of its footer set to the path's last part."""
    length = int.from_bytes(data[-8:-4], "little")
    fields, _ = parsed(data[-8 - length : -8])
    *steps, name, value = path
    at: Any = fields
    for step in steps:
        at = at[step]
    at[name] = value
    made = struct({n: _typed(n, v) for n, v in fields.items() if n in (1, 2, 3, 4)})
    return data[: -8 - length] + made + len(made).to_bytes(4, "little") + b"PAR1"


def _typed(number: int, value: Any) -> Any:
    """As it was written: only a struct's last level needs more than 32 bits."""
    if isinstance(value, dict):
        return {n: _typed(n, v) for n, v in sorted(value.items())}
    if isinstance(value, list):
        return [_typed(number, each) for each in value] or [I32(0)]
    if isinstance(value, bool | bytes):
        return value
    return I64(value) if number in (5, 6, 7, 9, 11) and value > 8 else I32(value)


CHUNK = (4, 0, 1, 0)
CHANGES: list[tuple[Any, ...]] = [
    (*CHUNK, 3, 1, 6),
    (*CHUNK, 3, 1, 77),
    (*CHUNK, 3, 3, [b"other"]),
    (*CHUNK, 1, b"/etc/passwd"),
    (*CHUNK, 3, 9, -7),
    (*CHUNK, 3, 7, 1 << 40),
    (*CHUNK, 3, 12, 6, b"short"),
    (*CHUNK, 3, 12, 7),
    (*CHUNK, 3, 16, {1: 7}),
    (*CHUNK, 3, 16, {2: [1, 2]}),
    (*CHUNK, 3, 16, {3: [1, 2, 3]}),
    (*CHUNK, 8, {1: {}}),
    (4, 0, 1, [[7]] * 4),
    (2, 0, 5, 3),
    (2, 1, 5, 1),
    (4, 0, 1, []),
]


@pytest.mark.parametrize("path", CHANGES)
def test_a_footer_that_nobody_would_write(path: tuple[Any, ...]) -> None:
    """PyArrow ends the process when it is asked for such columns."""
    data = written(TABLE)
    assert groups(changed(data, 3, 20)) == groups(data)
    with pytest.raises(BadFooter, match="none that a recorder writes"):
        groups(changed(data, *path))


@settings(max_examples=1500, deadline=None)
@given(st.data())
def test_whatever_is_changed_ends_no_process(data: st.DataObject) -> None:
    file = bytearray(written(TABLE, row_group_size=15))
    start = len(file) - 8 - int.from_bytes(file[-8:-4], "little")
    for _ in range(data.draw(st.integers(1, 3))):
        file[data.draw(st.integers(start, len(file) - 5))] = data.draw(st.integers(0, 255))
    source = pa.BufferReader(bytes(file))
    try:
        end = Footer(source)
        opened = pq.ParquetFile(source, metadata=end.metadata, read_dictionary=["text"])
        for number, chunks in enumerate(end.groups):
            chunks[0].meets(3, 4)
            opened.read_row_group(number, ["seq"])
            opened.read_row_group(number)
    except (OSError, ValueError, KeyError, pa.ArrowException):
        return
