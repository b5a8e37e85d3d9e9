"""Devices from the command line: what is asked for, what a recording tells of them."""

import json
from collections.abc import Callable

import pytest
from console import Simrec

Shelf = Callable[..., Simrec]

SERVER = "lessons/server_threads.asm"
LOAD = "count=12,arrivals=fixed:700,cpu=fixed:100,io=fixed:5000"


def test_a_served_load_is_told(shelf: Shelf) -> None:
    ask = shelf(SERVER, "--requests", LOAD, "--io-depth", "2")
    assert ask("run").output == "12 requests done\n"
    answer = ask("requests")
    heading, names, values, *_ = answer.output.splitlines()
    assert heading == f"examples/{SERVER}: {LOAD}"
    assert names.split("  ")[0] == "arrived" and values.split()[:2] == ["12", "12"]
    lines = [line.split() for line in answer.output.splitlines()]
    counts = {line[0]: line[1] for line in lines if line and line[0] in ("latency", "backlog", "service")}
    assert counts == dict.fromkeys(("latency", "backlog", "service"), "12")


def test_events_of_devices_read_as_sentences(shelf: Shelf) -> None:
    ask = shelf(SERVER, "--requests", LOAD, "--io-depth", "2")
    text = ask("events", "--kind", "request", "--kind", "io").output
    assert "request 1 arrived: 100 ticks of work, 5,000 of I/O (1 in the backlog, 0 in service)" in text
    assert "request 1 taken by thread 1 after 0 ticks (0 in the backlog, 1 in service)" in text
    assert "operation 1 of thread 2 (tag 0) submitted, to take 5,000 ticks (0 in service, 1 queued)" in text
    assert "operation 1 of thread 2 (tag 0) completed after 5,000 ticks" in text
    assert "thread 2 reads 1 completion of open file" in text
    assert "request 1 done by thread 2, " in text


def test_a_state_tells_what_devices_have_to_do(shelf: Shelf) -> None:
    ask = shelf(SERVER, "--requests", LOAD, "--io-depth", "2")
    events = [
        json.loads(line) for line in ask("events", "--kind", "io", "--all", "--json").output.splitlines()
    ]
    queued = next(event["seq"] for event in events if event["queued"] == 1 and event["in_service"] == 2)
    text = ask("replay", "--at", queued).output
    assert (
        "I/O device: 2 in service, 1 queued\n  operation 1 of thread 2, tag 0, 5,000 ticks: in service"
        in text
    )
    assert "blocked, waits for /dev/io, open file " in text
    assert "request 1 taken by thread 1 at tick" in text
    state = json.loads(ask("replay", "--at", queued, "--json").output)
    assert [each["started"] >= 0 for each in state["operations"]] == [True, True, False]
    assert state["requests"]["done"] == 0 and len(state["requests"]["in_service"]) >= 3


def test_requests_to_come_are_no_help_against_a_deadlock(
    simrec: Simrec, write: Callable[..., object]
) -> None:
    """Nobody waits for them: the run ends at once, and not when the last has arrived."""
    text = """li a0, 0|call request_open|la a0, lock|call mutex_lock|la a0, lock|call mutex_lock
        .bss
lock:   .zero 8"""
    answer = simrec("run", write(text), "--requests", "count=1000000,arrivals=fixed:1000")
    assert answer.status == 3 and "thread 1 waits for mutex lock" in answer.errors


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--requests", "count=ten"), "count=ten: want a whole number from 1 up"),
        (("--requests", "size=5"), "nothing is called 'size'; there are count, arrivals, cpu, io"),
        (("--io-depth", "0"), "--io-depth"),
        (("--cost", "io=fast"), "want io=TICKS"),
    ],
)
def test_what_can_not_be_asked_for(simrec: Simrec, options: tuple[str, str], told: str) -> None:
    answer = simrec("run", "examples/hello.asm", *options)
    assert answer.status == 2 and told in answer.errors
    assert len(answer.errors.splitlines()) == 1


def test_a_server_without_requests_is_told_why(simrec: Simrec) -> None:
    answer = simrec("run", f"examples/{SERVER}")
    assert answer.status == 6
    assert "not supported, answered with an error: opening /dev/requests without --requests" in answer.errors
