"""Single values of a run, by name or by SQL."""

import re
from typing import Any

import pytest
import rig

from replay.analyses.metrics import NoSuchMetric, drawn_metrics, measure, read_metric, usual_metrics
from replay.analyses.requests import requests
from replay.analyses.stats import stats
from replay.query import QueryFailed
from sim.kernel.workload import Workload

FREE = ("syscall=0", "tlb_miss=0", "page_fault=0", "thread_create=0", "context_switch=0")
#: Passes the probe at ticks 3, 6 and 7.
LINE = """
_start: li t0, 6
        li t1, 7
        probe DONE, t1
        nop
        nop
        probe DONE, t1
        probe DONE, t1
        .ifdef NEVER
        probe NEVER, t1
        .endif
        la a1, text
        li a0, 1
        li a2, 26
        li a7, SYS_WRITE
        ecall
        sys SYS_EXIT_GROUP, 0
        .data
text:   .ascii "first 1\\nsum = -42, of 3\\n \\n"
"""


@pytest.fixture(scope="module")
def log(record: Any) -> Any:
    return record(LINE, harts=2, costs=FREE).recording.log


def value(log: Any, text: str, probes: tuple[str, ...] = ("DONE",)) -> Any:
    metric = read_metric(text, probes)
    return measure(log, [metric])[metric.name]


def test_names_are_those_of_the_statistics(log: Any) -> None:
    (run,) = stats(log)["run"].to_pylist()
    for name in ("events", "ticks", "instructions", "utilisation", "context_switches", "run_queue_max"):
        assert value(log, name) == run[name]
    assert value(log, "latency.max") == max(row["max"] for row in stats(log)["latency"].to_pylist())


def test_a_server_is_summed_up(record: Any, log: Any) -> None:
    options = {"requests": Workload.parse("count=20,io=fixed:500"), "harts": 2}
    log_of_server = record(rig.EXAMPLES / "lessons" / "server_pool.asm", **options).recording.log
    found = requests(log_of_server)
    (run,), (latency, backlog, *_) = found.run.to_pylist(), found.times.to_pylist()
    assert value(log_of_server, "requests.throughput") == run["throughput"] > 0
    assert value(log_of_server, "requests.done") == 20
    assert value(log_of_server, "requests.latency.p95") == latency["p95"] >= 700
    assert value(log_of_server, "requests.backlog.max") == backlog["max"]
    assert (value(log, "requests.done"), value(log, "requests.latency.p99")) == (0, None)
    assert [read_metric(f"requests.{name}", ()).unit for name in ("done", "service.mean")] == [
        "requests",
        "ticks",
    ]


def test_probes_are_rates(log: Any) -> None:
    ticks = value(log, "ticks")
    assert value(log, "DONE") == value(log, "DONE.per_1000_ticks") == pytest.approx(3000 / ticks)
    assert value(log, "DONE.per_1000_ticks_between") == pytest.approx(1000 * 2 / 4)
    assert [value(log, f"DONE.{each}") for each in ("count", "first_tick", "last_tick")] == [3, 3, 7]
    never = ("DONE", "NEVER")
    assert (value(log, "NEVER", never), value(log, "NEVER.count", never)) == (0, 0)
    assert value(log, "NEVER.last_tick", never) is None


def test_output_is_the_last_line_that_says_something(log: Any, record: Any) -> None:
    assert (value(log, "output"), value(log, "answer")) == ("sum = -42, of 3", -42)
    silent = record("_start: sys SYS_EXIT_GROUP, 0").recording.log
    assert (value(silent, "output"), value(silent, "answer")) == (None, None)


@pytest.mark.parametrize(
    ("line", "answer"),
    [("counter = 12, expected 4000", 12), ("pi 3.25", 3.25), ("x86 v2 7", 7), ("none", None), ("0x10 9", 9)],
)
def test_the_answer_is_the_first_number(line: str, answer: object) -> None:
    from replay.analyses.metrics import number_in

    assert number_in(line) == answer


def test_sql_gives_one_value(log: Any) -> None:
    assert value(log, "select count(*) from probe") == value(log, "count(*) from probe") == 3
    metric = read_metric("done=max(tick) from probe", ())
    assert (metric.name, measure(log, [metric])["done"]) == ("done", 7)
    assert value(log, "tick from probe where number = 99") is None
    assert value(log, "value from run_options where name = 'harts'") == "2"
    with pytest.raises(NoSuchMetric, match="one value, and this SQL gives 3 rows"):
        value(log, "tick from probe")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tick", "no metric is called 'tick': did you mean ticks?"),
        ("DON", "did you mean DONE?"),
        ("DONE.mean", "no metric is called 'DONE.mean'"),
        ("nothing", "there are events, ticks"),
        ("requests.p95", "did you mean requests."),
        ("1 as a, 2 as b", "this SQL gives a, b"),
    ],
)
def test_no_metric(text: str, told: str) -> None:
    with pytest.raises(NoSuchMetric, match=re.escape(told)):
        read_metric(text, ("DONE",))


@pytest.mark.parametrize("sql", ["count(*) from prob", "counts(*) frm", "a=select nothing from probe"])
def test_wrong_sql_is_told_before_any_run(sql: str) -> None:
    with pytest.raises(QueryFailed):
        read_metric(sql, ())


def test_what_is_shown_unless_asked() -> None:
    plain, probed = usual_metrics([]), usual_metrics(["DONE"])
    assert [metric.name for metric in probed if metric not in plain] == ["DONE"]
    served = usual_metrics(["DONE"], with_requests=True)
    assert [metric.name for metric in served[:3]] == ["requests.throughput", "requests.latency.p95", "DONE"]
    assert [metric.name for metric in drawn_metrics(plain)] == ["ticks", "utilisation", "output"]
    assert [metric.name for metric in drawn_metrics(probed)] == ["DONE", "utilisation", "output"]
