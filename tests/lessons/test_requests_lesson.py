"""A thread for each request, a pool, an event loop: which load each of them is for."""

from typing import Any

SERVERS = ("threads", "pool", "loop")
LOADS = {"short": (2500, 900), "uneven": (6000, 3000), "waiting": (6000, 1500), "both": (6000, 3000)}


def of(made: Any, load: str, gap: int, measure: str) -> dict[str, float]:
    """A measure of each server."""
    return {server: made.row(load, gap=gap, server=server)[measure] for server in SERVERS}


def least(values: dict[str, float]) -> str:
    return min(values, key=lambda server: values[server])


def test_every_server_is_sent_the_same_and_does_it(lesson: Any) -> None:
    made = lesson("requests")
    sent = "select number, cpu, io from request where action = 'arrived' order by number"
    for load, gaps in LOADS.items():
        for gap in gaps:
            first, *others = (made.ask(f"{load}-{gap}-{server}", sent) for server in SERVERS)
            assert all(other == first for other in others)
            assert set(of(made, load, gap, "done").values()) == {len(first)}


def test_short_requests_are_the_loops(lesson: Any) -> None:
    made = lesson("requests")
    for gap in LOADS["short"]:
        p95 = of(made, "short", gap, "p95")
        assert 1.5 * p95["loop"] < p95["pool"] < p95["threads"] / 2
    # Making threads is all that one thread can do, and less than what comes.
    throughput, backlog = (of(made, "short", 900, measure) for measure in ("throughput", "backlog"))
    assert throughput["threads"] < 0.9 * throughput["pool"]
    assert backlog["threads"] > 4 * backlog["pool"]


def test_beside_a_long_computation_threads_go_on(lesson: Any) -> None:
    made = lesson("requests")
    for gap in LOADS["uneven"]:
        p95 = of(made, "uneven", gap, "p95")
        assert least(p95) == "pool"
        assert p95["loop"] > 3 * p95["threads"]
        # Whom nobody interrupts is done first: the long requests themselves.
        assert least(of(made, "uneven", gap, "p99")) == "loop"


def test_short_requests_wait_for_a_loop_that_computes(lesson: Any) -> None:
    """Those that waited longest came while both loops had a long one."""
    waited = lesson("requests").ask(
        "uneven-3000-loop",
        """with long as (
            select taken.tid, taken.tick as begin, done.tick as over
            from request as arrived
            join request as taken on taken.number = arrived.number and taken.action = 'taken'
            join request as done on done.number = arrived.number and done.action = 'done'
            where arrived.action = 'arrived' and arrived.cpu > 1000
        )
        select number, ticks, count(distinct long.tid) as computing
        from request join long on long.begin < tick and long.over > tick - ticks
        where action = 'taken' group by number, ticks order by ticks desc limit 20""",
    )
    assert [row["computing"] for row in waited] == [2] * 20


def test_a_pool_serves_no_more_waits_than_it_has_threads(lesson: Any) -> None:
    made = lesson("requests")
    assert of(made, "waiting", 6000, "p95")["pool"] < of(made, "waiting", 6000, "p95")["threads"]
    throughput, p95 = (of(made, "waiting", 1500, measure) for measure in ("throughput", "p95"))
    assert throughput["pool"] < 0.8 * throughput["threads"]
    assert throughput["threads"] > 0.95 * throughput["loop"]
    assert p95["loop"] < p95["threads"] < p95["pool"] / 4
    most = {
        server: made.ask(f"waiting-1500-{server}", "select max(in_service) as most from io")[0]["most"]
        for server in SERVERS
    }
    assert most["pool"] == 8
    assert min(most["threads"], most["loop"]) > 8


def test_who_both_waits_and_computes_wants_a_thread(lesson: Any) -> None:
    made = lesson("requests")
    assert least(of(made, "both", 6000, "p95")) == "pool"
    assert least(of(made, "both", 3000, "p95")) == "threads"


def test_what_waits_costs_a_stack_or_a_frame(lesson: Any) -> None:
    made = lesson("requests")
    stacks = {key: of(made, *key, "stacks") for key in ((load, gap) for load in LOADS for gap in LOADS[load])}
    assert len({each["pool"] for each in stacks.values()}) == 1
    assert len({each["loop"] for each in stacks.values()}) == 1
    for (load, gap), each in stacks.items():
        assert least(each) == "loop"
        assert least(of(made, load, gap, "pages")) in ("loop", "threads")
    assert stacks["waiting", 1500]["threads"] > 2 * stacks["waiting", 1500]["pool"]


def test_a_busy_loop_calls_and_switches_less(lesson: Any) -> None:
    made = lesson("requests")
    for load, (rare, frequent) in LOADS.items():
        for measure in ("switches", "calls"):
            assert of(made, load, frequent, measure)["loop"] < of(made, load, rare, measure)["loop"]
