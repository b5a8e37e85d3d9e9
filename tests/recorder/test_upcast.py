"""Logs of older versions are read through a chain of upcasters."""

import pyarrow as pa
import pytest
from synthetic import record, steps

from recorder import parquet
from recorder.catalog import Catalog
from recorder.errors import NewerLog
from recorder.reader import Log
from recorder.upcast import Step, options_today, upcaster
from sim.events import VERSION, Column, columns


def negated(kind: str, table: pa.Table) -> pa.Table:
    """Made-up version 1 to 2: values were stored negated."""
    place = table.column_names.index("value")
    return table.set_column(place, "value", pa.array([-v for v in table["value"].to_pylist()], pa.int64()))


def placed(kind: str, table: pa.Table) -> pa.Table:
    """Made-up version 2 to 3: there were no addresses, and values were too low by one."""
    table = table.drop_columns("address").append_column("address", pa.repeat(1, len(table)))
    place = table.column_names.index("value")
    return table.set_column(place, "value", pa.array([v + 1 for v in table["value"].to_pylist()], pa.int64()))


CHAIN = {1: Step({"instruction": ()}, negated), 2: Step({"instruction": ("address",)}, placed)}


def test_rows_go_through_every_step(catalog: Catalog, store: str) -> None:
    with Log.open(catalog, record(catalog, steps(6), store, [3]).id) as log:
        log._upcaster = upcaster(log.run.id, 1, current=3, chain=CHAIN)
        table = log.table("instruction", 2, columns=["value", "address"])
        assert log.dataset_files("instruction") is None
    assert table.to_pydict() == {"value": [-3, -8, -15, -24], "address": [1] * 4}


def test_only_kinds_that_changed_are_touched() -> None:
    made = upcaster("r", 1, current=3, chain=CHAIN)
    assert (made.kinds, made.gained("instruction")) == ({"instruction"}, {"address"})
    assert (made.gained("stack"), upcaster("r", 3, current=3, chain=CHAIN).kinds) == (
        frozenset(),
        frozenset(),
    )
    table = pa.table({"seq": [1]})
    assert made.rows("stack", table) is table


def test_a_digest_stands_for_the_columns_that_were_recorded(catalog: Catalog, store: str) -> None:
    with Log.open(catalog, record(catalog, steps(6), store, [3]).id) as log:
        today = [digest for _, digest in log.digests()]
        log._upcaster = upcaster(log.run.id, 1, current=2, chain=CHAIN)
        assert [digest for _, digest in log.digests()] == today
        log._upcaster = upcaster(log.run.id, 2, current=3, chain=CHAIN)
        assert [digest for _, digest in log.digests()] != today


def test_columns_of_names_may_come(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyArrow refuses to read a column as a dictionary that isn't there."""
    monkeypatch.setattr(parquet, "columns", lambda kind: (*columns(kind), Column("mood", "text", ("good",))))
    with Log.open(catalog, record(catalog, steps(3)).id) as log:
        assert log.table("instruction")["value"].to_pylist() == [0, 1, 4]


def test_a_newer_version_is_refused() -> None:
    with pytest.raises(NewerLog, match="event version 3, this simrec reads up to 2"):
        upcaster("r", 3, current=2)


def test_options_that_came_later_are_filled_in() -> None:
    filled = options_today(1, {"harts": 4, "costs": {"alu": 7, "float_short": 9}})
    assert (filled["harts"], filled["environment"]) == (4, [])
    assert (filled["costs"]["alu"], filled["costs"]["float_short"], filled["costs"]["float_single"]) == (
        7,
        9,
        3,
    )


def test_options_of_today_and_of_tomorrow_stay() -> None:
    assert options_today(VERSION, {"harts": 1}) == options_today(VERSION + 1, {"harts": 1}) == {"harts": 1}
