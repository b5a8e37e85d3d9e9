"""Logs of older versions are read through a chain of upcasters."""

import pyarrow as pa
import pytest
from synthetic import record, steps

from recorder.catalog import Catalog
from recorder.errors import NewerLog
from recorder.reader import Log
from recorder.upcast import upcaster


def first(kind: str, table: pa.Table) -> pa.Table:
    """Made-up version 1 to 2: values were stored negated."""
    if kind != "instruction":
        return table
    place = table.column_names.index("value")
    return table.set_column(place, "value", pa.array([-v for v in table["value"].to_pylist()], pa.int64()))


def second(kind: str, table: pa.Table) -> pa.Table:
    """Made-up version 2 to 3: addresses were too low by one."""
    place = table.column_names.index("address")
    return table.set_column(
        place, "address", pa.array([a + 1 for a in table["address"].to_pylist()], pa.int64())
    )


def test_rows_go_through_every_step(catalog: Catalog, store: str) -> None:
    with Log.open(catalog, record(catalog, steps(6), store, [3]).id) as log:
        log._upcast = upcaster(log.run.id, 1, current=3, chain={1: first, 2: second})
        table = log.table("instruction", 2, columns=["value", "address"])
    assert table.to_pydict() == {"value": [-4, -9, -16, -25], "address": [1] * 4}


def test_nothing_is_done_to_rows_of_today() -> None:
    assert upcaster("r", 2, current=2) is None


def test_a_newer_version_is_refused() -> None:
    with pytest.raises(NewerLog, match="event version 3, this simrec reads up to 2"):
        upcaster("r", 3, current=2)
