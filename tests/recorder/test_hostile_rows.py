"""Catalogs that somebody else wrote: one bad row harms no other run, and one line says what is wrong."""

import json
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from synthetic import record, steps

from recorder.audit import audit
from recorder.catalog import Catalog
from recorder.errors import LogError
from recorder.reader import Log

RUN = [
    ("options", "not JSON"),
    ("options", "[1, 2]"),
    ("options", "7"),
    ("created", "yesterday"),
    ("events", "many"),
    ("events", -1),
    ("ticks", -5),
    ("event_version", "two"),
    ("event_version", -98),
    ("event_version", 0),
    ("status", "splendid"),
    ("store", "../../etc"),
    ("exit_status", "x"),
    ("owner", "host:pid:start"),
    ("owner", ""),
    ("owner", f"{socket.gethostname()}:-1:1"),
    ("owner", f"{socket.gethostname()}:{10**30}:1"),
    ("detail", "everything"),
    ("directory", "../../../etc"),
    ("directory", "/etc"),
    ("files", "file:///etc"),
    ("files", "ftp://example/x"),
    ("files", "s3://"),
]
PIECE = {
    "kind": "instruction",
    "hart": 0,
    "rows": 1,
    "path": "instruction/hart=0/000000.parquet",
    "bytes": 1,
    "sha256": "a",
}
PIECES = [
    "not JSON",
    "{}",
    "[7]",
    "null",
    json.dumps([{}]),
    json.dumps([PIECE | {"path": 7}]),
    json.dumps([PIECE | {"rows": "7"}]),
    json.dumps([PIECE | {"rows": -(1 << 60)}]),
    json.dumps([PIECE | {"rows": 1 << 62}]),
    json.dumps([PIECE | {"more": 1}]),
    json.dumps([PIECE | {"kind": "nonsense"}]),
    json.dumps([PIECE | {"path": "../../../../etc/passwd"}]),
    json.dumps([PIECE | {"path": "/etc/passwd"}]),
    "[" * 5000,
]


def execute(home: Path, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(home / "catalog.db")) as database:
        database.execute(sql, values)
        database.commit()


def check(catalog: Catalog, good: str, bad: str) -> None:
    """All that can be done about a run with a bad row, and with another one."""
    assert {run.id for run in catalog.runs()} == {good, bad}
    assert audit(catalog, catalog.find(good)).findings == ()
    row = catalog.find(bad)
    try:
        told = audit(catalog, row)
        with Log.open(catalog, bad) as log:
            for kind in log.kinds():
                log.table(kind)
    except LogError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert not told.sound or told.run.died or told.run.status == "recording"


@pytest.mark.parametrize(("column", "value"), RUN)
def test_rows_of_runs(catalog: Catalog, column: str, value: object) -> None:
    good, bad = (record(catalog, steps(30), cuts=[10, 20]).id for _ in range(2))
    if column == "owner":
        execute(catalog.home, "update runs set status = 'recording', closing = '' where id = ?", bad)
    execute(catalog.home, f"update runs set {column} = ? where id = ?", value, bad)
    check(catalog, good, bad)
    try:
        catalog.remove(catalog.find(bad))
    except LogError as error:
        assert column in ("directory", "files", "owner"), error  # noqa: PT017
    else:
        assert [run.id for run in catalog.runs()] == [good]
    assert (catalog.home / "runs" / good).exists() and Path("/etc/passwd").exists()


@pytest.mark.parametrize("pieces", PIECES)
def test_pieces_of_segments(catalog: Catalog, store: str, pieces: str) -> None:
    good, bad = (record(catalog, steps(30), store, cuts=[10, 20]).id for _ in range(2))
    execute(catalog.home, "update segments set pieces = ? where run_id = ? and number = 1", pieces, bad)
    check(catalog, good, bad)
    catalog.remove(catalog.find(bad))


@pytest.mark.parametrize(
    "column", ["number", "first_seq", "end_seq", "first_tick", "end_tick", "bytes", "chain"]
)
@pytest.mark.parametrize("value", ["text", -1, 1 << 62, b"\xff\xfe", 1.5])
def test_numbers_of_segments_and_snapshots(catalog: Catalog, store: str, column: str, value: object) -> None:
    good, bad = (record(catalog, steps(30), store, cuts=[10, 20]).id for _ in range(2))
    execute(catalog.home, f"update segments set {column} = ? where run_id = ? and number = 1", value, bad)
    if column in ("number", "bytes"):
        execute(
            catalog.home, f"update snapshots set {column} = ? where run_id = ? and number = 2", value, bad
        )
    check(catalog, good, bad)
