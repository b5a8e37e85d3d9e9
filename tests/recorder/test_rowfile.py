"""The encoder of the loop's rows: what it writes is what PyArrow would have written, to any reader."""

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import HARTS, record, steps

from recorder import compiling, rowfile
from recorder.catalog import Catalog
from recorder.parts import NumberPart
from recorder.reader import Log
from recorder.rowfile import Scratch, row_file
from recorder.schema import columns, parquet_options
from sim.events import Column
from sim.machine.buffers import LOOP_KINDS

SCRATCH = Scratch()


def values(column: Column, count: int, random: np.random.Generator) -> np.ndarray:
    """A column as it may come, or as bad as it can be."""
    if column.names or column.type == "bool":
        return random.integers(0, len(column.names) or 2, count)
    bits = {"int16": 15, "int32": 31, "int64": 63}[column.type]
    shape = random.integers(5)
    if column.name in ("seq", "tick"):
        steps = random.integers(0, 1 << int(random.integers(1, 40)), count)
        return np.cumsum(steps if shape else np.ones(count, np.int64))
    if shape == 0:
        return np.full(count, random.integers(-(1 << bits), 1 << bits, dtype=np.int64))
    if shape == 1:
        return random.choice(np.array([0, 1, -1, -(1 << bits), (1 << bits) - 1]), count)
    spread = 1 << int(random.integers(1, bits + 1))
    return random.integers(-spread, spread, count, dtype=np.int64, endpoint=False)


def made(kind: str, count: int, seed: int) -> NumberPart:
    """A part with such columns; an instruction's hart stands in its file's path."""
    random = np.random.default_rng(seed)
    hart = 0 if kind == "instruction" else -1
    wanted = [c for c in columns(kind) if hart < 0 or c.name != "hart"]
    return NumberPart(kind, hart, {c.name: values(c, count, random).astype(np.int64) for c in wanted})


def by_pyarrow(part: NumberPart) -> pa.Table:
    """What its own writer makes of the same rows."""
    stream = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_batches([part.rows]), stream, **parquet_options(part.kind, "zstd"))
    return pq.read_table(pa.BufferReader(stream.getvalue()))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(LOOP_KINDS),
    st.one_of(st.integers(1, 300), st.sampled_from([1023, 1024, 1025, 5000])),
    st.integers(0, 1 << 32),
    st.sampled_from(["zstd", "lz4", "none"]),
)
def test_every_reader_finds_what_was_written(kind: str, count: int, seed: int, compression: str) -> None:
    part = made(kind, count, seed)
    data = row_file(part, compression, SCRATCH)
    table = pq.read_table(pa.BufferReader(data))
    expected = by_pyarrow(part)
    assert table.schema == expected.schema
    assert table.equals(expected)


@pytest.mark.parametrize("kind", LOOP_KINDS)
def test_duckdb_reads_it_too(tmp_path: Path, kind: str) -> None:
    part = made(kind, 70_000, 7)
    (tmp_path / "x.parquet").write_bytes(row_file(part, "zstd", SCRATCH))
    found = duckdb.sql(f"select * from '{tmp_path / 'x.parquet'}'").to_arrow_table()
    expected = pa.Table.from_batches([part.rows])
    for name in expected.column_names:
        assert found[name].to_pylist() == expected[name].to_pylist(), name


@pytest.mark.parametrize("count", [1, 99, 100, 101, 2500])
def test_row_groups(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rowfile, "row_group", lambda kind: 100)
    part = made("instruction", count, count)
    source = pa.BufferReader(row_file(part, "zstd", SCRATCH))
    metadata = pq.read_metadata(source)
    assert metadata.num_row_groups == -(-count // 100)
    assert pq.read_table(source).equals(by_pyarrow(part))
    for number in range(metadata.num_row_groups):
        rows = slice(100 * number, 100 * (number + 1))
        group = metadata.row_group(number)
        assert group.num_rows == len(part.columns["seq"][rows])
        for name in ("seq", "tick", "address"):
            found = next(
                c.statistics for c in map(group.column, range(group.num_columns)) if c.path_in_schema == name
            )
            held = part.columns[name][rows]
            assert (found.min, found.max, found.null_count) == (held.min(), held.max(), 0)


def test_too_many_values_for_a_dictionary(monkeypatch: pytest.MonkeyPatch) -> None:
    part = made("instruction", 70_000, 1)
    part.columns["pc"][:] = np.random.default_rng(1).permutation(1 << 20)[:70_000]
    assert pq.read_table(pa.BufferReader(row_file(part, "zstd", SCRATCH))).equals(by_pyarrow(part))


@pytest.mark.parametrize("store", ["parquet", "sqlite"])
def test_both_ways_of_encoding_give_the_same_log(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, store: str
) -> None:
    made = steps(200)
    plain = record(catalog, made, store, cuts=(64, 130))
    monkeypatch.setattr(compiling, "WORTH_COMPILING", 1)
    compiled = record(catalog, made, store, cuts=(64, 130))
    logs = [Log.open(catalog, run.id) for run in (plain, compiled)]
    assert plain.digest == compiled.digest
    assert logs[0].table("instruction").equals(logs[1].table("instruction"))
    assert [digest for _, digest in logs[1].digests()][-1] == compiled.digest
    for hart in range(HARTS):
        assert logs[1].table("instruction", hart=hart).equals(logs[0].table("instruction", hart=hart))
