"""What a Parquet file would take to read is known before it is read."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parquetfiles import written
from synthetic import record, steps

from recorder.archive import unpacked
from recorder.catalog import Catalog
from recorder.footer import Footer
from recorder.thrift import I32, parsed, zigzag

MIB = 1 << 20


def checked(data: Any) -> None:
    file = pa.BufferReader(data)
    unpacked.check(file, Footer(file))


def refused(data: Any, told: str) -> None:
    with pytest.raises(unpacked.TooLarge, match=told):
        checked(data)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacked, "LARGEST", 8 * MIB)


def zeros(count: int) -> pa.Array:
    return pa.array([bytes(MIB)] * count)


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("group", [1, 3, 100])
def test_much_that_is_packed_well(version: str, group: int) -> None:
    options = {"use_dictionary": False, "data_page_version": version, "row_group_size": group}
    checked(written({"data": zeros(7)}, **options))
    data = written({"data": zeros(9)}, **options)
    assert len(data) < MIB // 50
    refused(data, "would take more than 8 MiB to read")


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_a_dictionary_whose_one_text_every_row_has(version: str) -> None:
    for count in (6, 9, 4000):
        options = {"dictionary_pagesize_limit": 2 * MIB, "data_page_version": version}
        data = written({"seq": np.arange(count), "text": zeros(count)}, **options)
        assert len(data) < MIB // 50
        if count < 8:
            checked(data)
        else:
            refused(data, "would take more than 8 MiB")


def test_columns_that_no_event_has() -> None:
    for values in (
        pa.array([[1, 2]]),
        pa.array([1.5]),
        pa.array([b"abc"], pa.binary(3)),
        pa.array([{"a": [1]}]),
    ):
        with pytest.raises(ValueError, match=r"of a type that no event has|none that a recorder writes"):
            checked(written({"data": values}))


def test_an_encoding_that_grows() -> None:
    """Each text goes on from the one before it."""
    options = {"use_dictionary": False, "column_encoding": {"data": "DELTA_BYTE_ARRAY"}}
    refused(written({"data": zeros(7)}, **options), "a page of a kind that no recorder writes")


def test_everything_that_is_recorded_is_read(catalog: Catalog) -> None:
    run = record(catalog, steps(30), cuts=[10, 20])
    for path in run.path.rglob("*.parquet"):
        checked(path.read_bytes())


def test_a_page_that_says_less_than_it_takes_is_not_read() -> None:
    """A reader believes it, and finds that more comes."""
    data = bytearray(written({"data": zeros(30)}, use_dictionary=False, data_page_size=1 << 30))
    start = Footer(pa.BufferReader(data)).groups[0][0].start
    size = parsed(bytes(data), start)[0][2]
    said = data.index(zigzag(I32(size)), start)
    less = zigzag(I32(7 * MIB))
    assert size > 30 * MIB and len(less) == len(zigzag(I32(size)))
    data[said : said + len(less)] = less
    checked(data)
    with pytest.raises((OSError, pa.ArrowException)):
        pq.read_table(pa.BufferReader(data))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_is_changed_is_refused_or_small(data: st.DataObject) -> None:
    file = bytearray(written({"seq": np.arange(9), "text": ["ab"] * 9, "data": [b"x"] * 9}))
    for _ in range(data.draw(st.integers(1, 3))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    before = pa.total_allocated_bytes()
    try:
        checked(bytes(file))
        table = pq.read_table(pa.BufferReader(bytes(file)))
    except (OSError, ValueError, pa.ArrowException):
        return
    assert table.nbytes < 8 * MIB and pa.total_allocated_bytes() - before < 16 * MIB


def test_a_file_on_disk_is_looked_at_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(written({"text": ["one", "two"] * 50}))
    with pa.OSFile(str(tmp_path / "x.parquet")) as file:
        unpacked.check(file, Footer(file))
