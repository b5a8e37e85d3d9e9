"""What `simrec requests` says of a server: small ones by hand, and the figure."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rig
from typer.testing import Result

from replay.analyses.requests import requests
from replay.figures.requests import POINTS, requests_figure, write_requests
from sim.kernel.workload import Workload
from simrec.tour.lesson import BadLesson, Measure
from simrec.tour.measures import NotMeasured, taken

Record = Callable[..., rig.Recorded]
Command = Callable[..., Result]

FREE = ("syscall=0", "tlb_miss=0", "page_fault=0", "thread_create=0", "context_switch=0")
#: Takes requests one by one, waits for as much I/O as each asks for, and does ``most`` of them.
SERVER = """
_start: la      a1, generator
        sys     SYS_OPENAT, -100, , 2, 0
        la      a1, device
        sys     SYS_OPENAT, -100, , 2, 0
        li      s0, {most}
next:   beqz    s0, end
        addi    s0, s0, -1
        la      a1, request
        sys     SYS_READ, 3, , 32
        blez    a0, end
        la      t0, request
        ld      t1, 16(t0)
        beqz    t1, done
        la      a1, operation
        sd      t1, 8(a1)
        sys     SYS_WRITE, 4, , 16
        la      a1, operation
        sys     SYS_READ, 4, , 16
done:   la      a1, request
        sys     SYS_WRITE, 3, , 8
        j       next
end:    sys     SYS_EXIT_GROUP, 0
        .data
generator: .asciz "/dev/requests"
device: .asciz  "/dev/io"
        .align  3
request: .zero  32
operation: .zero 16
"""


@pytest.fixture(scope="module")
def served(record: Record) -> Record:
    def run(load: str, most: int = 1000, **options: Any) -> rig.Recorded:
        workload = Workload.parse(load)
        return record(SERVER.format(most=most), requests=workload, harts=1, costs=FREE, **options)

    return run


def by_part(found: Any) -> dict[str, dict[str, Any]]:
    return {row["part"]: row for row in found.times.to_pylist()}


def test_a_server_that_keeps_up(served: Record) -> None:
    """One I/O of 1,000 ticks each, every 2,000 ticks: nobody waits in the backlog."""
    found = requests(served("count=11,arrivals=fixed:2000,io=fixed:1000").recording.log)
    (run,) = found.run.to_pylist()
    assert (run["arrived"], run["done"], run["in_backlog"], run["in_service"]) == (11, 11, 0, 0)
    assert (run["offered"], run["backlog_max"], run["in_service_max"]) == (0.5, 1, 1)
    parts = by_part(found)
    # Some instructions lie between the taking and the write that submits, and after the I/O.
    assert (parts["backlog"]["max"], parts["I/O"]["min"], parts["I/O"]["max"]) == (0, 1000, 1000)
    latency = parts["latency"]
    assert 1000 < latency["min"] == latency["p50"] == latency["max"] < 1050
    assert run["throughput"] == pytest.approx(11_000 / (20_000 + latency["max"]))
    assert found.threads.to_pylist() == [
        {"tid": 1, "taken": 11, "done": 11, "service_mean": parts["service"]["mean"]}
    ]


def test_a_server_that_does_not(served: Record) -> None:
    """An I/O of 1,000 every 100 ticks: the backlog grows, and so does the wait in it."""
    found = requests(served("count=10,arrivals=fixed:100,io=fixed:1000").recording.log)
    (run,), rows = found.run.to_pylist(), found.requests.to_pylist()
    assert run["offered"] == 10 and 0.95 < run["throughput"] < 1 and run["backlog_max"] == 9
    waits = [row["wait"] for row in rows]
    assert waits == sorted(waits) and waits[0] == 0 and waits[-1] > 9 * 900
    assert all(row["latency"] == row["wait"] + row["service"] for row in rows)
    assert all(row["latency"] == row["done"] - row["arrived"] for row in rows)
    parts = by_part(found)
    mean = {part: parts[part]["mean"] for part in ("latency", "backlog", "service")}
    assert mean["latency"] == pytest.approx(mean["backlog"] + mean["service"])


def test_percentiles_are_those_of_the_rows(served: Record) -> None:
    found = requests(served("count=101,arrivals=poisson:900,io=exp:500", seed=3).recording.log)
    latencies = sorted(row["latency"] for row in found.requests.to_pylist())
    row = by_part(found)["latency"]
    assert [row[name] for name in ("min", "p50", "p95", "p99", "max")] == [
        latencies[index] for index in (0, 50, 95, 99, 100)
    ]


def test_what_is_not_done_is_told(served: Record, simrec: Command) -> None:
    """The server ends after two: of the others some have arrived by then."""
    made = served("count=50,arrivals=fixed:0,io=fixed:1000", most=2)
    found = requests(made.recording.log)
    (run,) = found.run.to_pylist()
    assert (run["arrived"], run["done"], run["in_backlog"], run["in_service"]) == (50, 2, 48, 0)
    assert "Not done: 48 in the backlog, 0 in service (requests 3, 4," in simrec(made, "requests").output


def test_nothing_is_done(served: Record, simrec: Command) -> None:
    made = served("count=3,arrivals=fixed:10,io=fixed:1000", max_events=90)
    (run,) = requests(made.recording.log).run.to_pylist()
    assert run["arrived"] == 3 and run["done"] == 0 and run["throughput"] is None
    answer = simrec(made, "requests")
    assert answer.exit_code == 0 and "Not done: 2 in the backlog, 1 in service" in answer.output


def test_a_run_without_requests(example: Record, simrec: Command) -> None:
    answer = simrec(example("hello"), "requests")
    assert answer.exit_code == 0 and "no request arrived" in answer.output
    document = json.loads(simrec(example("hello"), "requests", "--json").output)
    assert (document["run"]["arrived"], document["requests"], document["run"]["offered"]) == (0, [], None)


@pytest.mark.parametrize("store", ["parquet", "sqlite"])
def test_as_json_it_has_every_request(served: Record, simrec: Command, store: str) -> None:
    made = served("count=5,arrivals=fixed:300,cpu=fixed:1,io=fixed:20", store=store)
    document = json.loads(simrec(made, "requests", "--json").output)
    assert [(row["number"], row["cpu"], row["io"], row["taken_by"]) for row in document["requests"]] == [
        (number, 1, 20, 1) for number in range(1, 6)
    ]
    assert {row["part"] for row in document["times"]} == {"latency", "backlog", "service", "I/O", "I/O queue"}
    assert document["run"]["workload"] == "count=5,arrivals=fixed:300,cpu=fixed:1,io=fixed:20"


def test_lessons_measure_servers(served: Record, example: Record) -> None:
    log = served("count=5,arrivals=fixed:300,io=fixed:20").recording.log
    (run,) = requests(log).run.to_pylist()
    asked = [Measure("rate", "requests", "throughput"), Measure("late", "requests", "latency.p95")]
    assert taken(log, asked)["rate"] == run["throughput"]
    assert taken(log, asked)["late"] == by_part(requests(log))["latency"]["p95"]
    with pytest.raises(BadLesson, match="there is no such thing"):
        taken(log, [Measure("rate", "requests", "rate")])
    with pytest.raises(NotMeasured, match=r"has no latency\.p95 of requests"):
        taken(example("hello").recording.log, asked[1:])


# The figure.


def test_the_figure_draws_what_was_counted(served: Record) -> None:
    found = requests(served("count=40,arrivals=poisson:400,io=exp:500").recording.log)
    traces = {trace.name: trace for trace in requests_figure(found).data}
    rows = found.requests.to_pylist()
    assert traces["arrived"].x[:-1] == tuple(row["arrived"] for row in rows)
    assert traces["done"].x[:-1] == tuple(sorted(row["done"] for row in rows))
    assert traces["done"].y[-1] == 40
    assert max(traces["in the backlog"].y) == found.run["backlog_max"].to_pylist()[0]
    (bars,) = [trace for trace in requests_figure(found).data if trace.type == "bar"]
    assert sum(bars.y) == 40


def test_a_long_run_has_no_more_points(served: Record) -> None:
    found = requests(served("count=2500,arrivals=fixed:200", most=2500).recording.log)
    for trace in requests_figure(found).data:
        if trace.type == "scatter":
            assert len(trace.x) <= POINTS + 1
    assert requests_figure(found).data[1].y[-1] == 2500


def test_nothing_done_is_drawn_too(served: Record) -> None:
    found = requests(served("count=3,arrivals=fixed:10,io=fixed:1000", max_events=90).recording.log)
    assert [trace.name for trace in requests_figure(found).data] == [
        *("arrived", "done", "in the backlog", "in service")
    ]


def test_the_page_is_whole(served: Record, tmp_path: Path, simrec: Command) -> None:
    made = served("count=20,arrivals=fixed:300")
    page = tmp_path / "requests.html"
    answer = simrec(made, "requests", "--figure", str(page))
    assert answer.exit_code == 0 and f"drawn in {page}" in answer.output
    text = page.read_text()
    assert "count=20,arrivals=fixed:300,cpu=fixed:200,io=fixed:0" in text
    assert "https://" not in text.split("</script>")[-2]
    write_requests(requests(made.recording.log), page)
    assert page.stat().st_size == len(text.encode())


def test_a_page_that_cannot_be_written(served: Record, simrec: Command, tmp_path: Path) -> None:
    answer = simrec(served("count=1"), "requests", "--figure", str(tmp_path / "none" / "page.html"))
    assert answer.exit_code != 0
