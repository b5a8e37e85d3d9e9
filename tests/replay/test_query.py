"""SQL over the log: what is there to ask, and what is out of reach."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rig

from recorder.schema import columns
from replay.query import TABLES, QueryFailed, connect, run_query
from sim.errors import UserError
from sim.events import KINDS

STORES = ("parquet", "sqlite")


def rows(example: Any, sql: str, name: str = "counter_mutex", store: str = "parquet") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run_query(example(name, store=store).recording.log, sql).to_pylist()
    return found


@pytest.mark.parametrize("store", STORES)
def test_every_kind_is_a_table_with_its_columns(example: Any, store: str) -> None:
    log = example("generator", store=store).recording.log
    connection = connect(log)
    for kind in KINDS:
        relation = connection.sql(f'SELECT * FROM "{kind}"')
        assert relation.columns == [column.name for column in columns(kind)]
        assert len(relation.fetchall()) == log.kinds().get(kind, 0)
    connection.close()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT hart, tid, count(*) AS n, bit_xor(value) AS x FROM instruction GROUP BY ALL ORDER BY ALL",
        "SELECT action, count(*) AS n, max(sp) AS m FROM stack GROUP BY ALL ORDER BY ALL",
        "SELECT seq, action, success FROM atomic ORDER BY seq LIMIT 50",
        "SELECT reason, sum(cost) AS c FROM context_switch GROUP BY ALL ORDER BY ALL",
        "SELECT tid, data FROM output ORDER BY seq",
        "SELECT function, count(*) AS n FROM instruction JOIN code USING (pc) GROUP BY ALL ORDER BY ALL",
        "SELECT * FROM fault",
    ],
)
def test_both_stores_answer_alike(example: Any, sql: str) -> None:
    parquet, sqlite = (
        run_query(example("counter_mutex", store=store).recording.log, sql) for store in STORES
    )
    assert parquet.schema == sqlite.schema
    assert parquet.to_pylist() == sqlite.to_pylist()


@pytest.mark.parametrize("store", STORES)
def test_seq_is_gapless_over_all_kinds(example: Any, store: str) -> None:
    union = " UNION ALL ".join(f'SELECT seq FROM "{kind}"' for kind in KINDS)
    log = example("counter_mutex", store=store).recording.log
    (row,) = rows(example, f"SELECT count(*) AS n, min(seq) AS a, max(seq) AS z FROM ({union})", store=store)
    assert row == {"n": log.end_seq, "a": 0, "z": log.end_seq - 1}


def test_options_are_a_table(example: Any) -> None:
    found = {row["name"]: row["value"] for row in rows(example, "SELECT * FROM run_options")}
    assert found["harts"] == "2"
    assert found["cost.context_switch"] == "100"


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT nope FROM atomic", ["nope", "success", "atomic(seq, tick"]),
        ("SELECT * FROM instructions", ["instructions", "tables: instruction, "]),
        ("SELEC 1", ["syntax error", "SELEC"]),
        ("SELECT 1/", ["syntax error"]),
        ("SELECT * FROM read_text('/etc/passwd')", ["/etc/passwd", "only the run's own tables"]),
        ("SELECT * FROM '/etc/passwd'", ["/etc/passwd", "tables:"]),
        ("SELECT * FROM read_parquet('/tmp/*.parquet')", ["only the run's own tables"]),
        ("ATTACH '/tmp/other.db'", ["only the run's own tables"]),
        ("INSTALL httpfs", ["only the run's own tables"]),
        ("SET memory_limit = '64GB'", ["locked"]),
        ("SET enable_external_access = true", ["locked"]),
        ("", ["write a `select`"]),
    ],
)
def test_bad_sql_says_what_would_do(example: Any, sql: str, words: list[str]) -> None:
    with pytest.raises(QueryFailed) as failure:
        rows(example, sql, "generator")
    assert isinstance(failure.value, UserError)
    assert len(str(failure.value).splitlines()) <= 2
    for word in words:
        assert word in str(failure.value)


def test_sql_writes_no_file(example: Any, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    with pytest.raises(QueryFailed):
        rows(example, f"COPY output TO '{target}'", "generator")
    assert not target.exists()


def test_python_variables_are_out_of_reach(example: Any) -> None:
    secret = {"a": [1]}
    with pytest.raises(QueryFailed):
        rows(example, "SELECT * FROM secret", "generator")
    assert secret


def test_table_names_are_all_there(example: Any) -> None:
    connection = connect(example("generator").recording.log)
    for name in TABLES:
        connection.sql(f'SELECT * FROM "{name}" LIMIT 1').fetchall()
    connection.close()


SQL = "select fd, octet_length(data) as bytes from output order by seq limit 3"


def test_command_prints_a_table(example: Any, simrec: Callable[..., Any]) -> None:
    shown = simrec(example("generator"), "query", SQL)
    assert shown.exit_code == 0
    assert shown.stdout.splitlines() == ["fd  bytes", " 1      1", " 1      1", " 1      1"]


def test_command_prints_json_and_csv(example: Any, simrec: Callable[..., Any]) -> None:
    as_json = json.loads(simrec(example("generator"), "query", SQL, "--json").stdout)
    assert as_json == [{"fd": 1, "bytes": 1}] * 3
    as_csv = list(csv.DictReader(io.StringIO(simrec(example("generator"), "query", SQL, "--csv").stdout)))
    assert as_csv == [{"fd": "1", "bytes": "1"}] * 3


def test_command_says_what_it_leaves_out(example: Any, simrec: Callable[..., Any]) -> None:
    sql = "select seq from instruction order by seq limit 10005"
    shown = simrec(example("counter_mutex"), "query", sql)
    assert len(shown.stdout.splitlines()) == 10_001
    assert "5 more rows left out: --csv or --json prints all" in shown.stderr
    everything = simrec(example("counter_mutex"), "query", sql, "--csv")
    assert len(everything.stdout.splitlines()) == 10_006
    assert everything.stderr == ""


def test_blobs_can_be_printed(example: Any, simrec: Callable[..., Any]) -> None:
    sql = "select data from output order by seq limit 1"
    assert simrec(example("counter_mutex"), "query", sql).stdout.splitlines() == ["data", "counter ="]
    assert "counter" in simrec(example("counter_mutex"), "query", sql, "--csv").stdout


def test_a_damaged_log_is_read_up_to_the_damage(
    record: Any, simrec: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two segments, and a file of the second cut short: every question is answered from the first, and the
    damage is said."""
    monkeypatch.setattr("sim.kernel.kernel.SEGMENT_EVENTS", 50_000)
    recorded = record(rig.EXAMPLES / "counter_mutex.asm")
    run = recorded.recording.log.run
    first = recorded.recording.log.segments[0]
    files = recorded.recording.log.dataset_files("stack")
    assert len(recorded.recording.log.segments) > 1
    (run.path / files[1]).write_bytes(b"cut")
    shown = simrec(recorded, "query", "select max(seq) as z from stack", "--json")
    assert 0 < json.loads(shown.stdout)[0]["z"] < first.end_seq
    assert "is damaged" in shown.stderr
    numbers = json.loads(simrec(recorded, "stats", "--json").stdout)
    assert (numbers["run"]["events"], numbers["run"]["ticks"]) == (first.end_seq, first.end_tick)
    assert sum(row["count"] for row in numbers["events"]) == first.end_seq
    locks = json.loads(simrec(recorded, "contention", "--json").stdout)["locks"]
    assert 0 < locks[0]["acquisitions"] < 4000
    page = run.path / "t.html"
    assert simrec(recorded, "timeline", "-o", str(page)).exit_code == 0
    assert f"ticks 0 to {first.end_tick:,}" in page.read_text()
