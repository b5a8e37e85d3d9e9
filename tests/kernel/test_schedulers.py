"""What each scheduler promises, and the textbook's workloads with the numbers that come out by hand.

Units of time are those of `jobs`: hart 0 is the machine, a switch takes a tick of a thousand.
"""

from itertools import groupby, pairwise

import jobs
import pytest
import rig
from hypothesis import given, settings
from hypothesis import strategies as st
from jobs import UNIT, Job, chart, units

from sim.kernel.schedulers import UnknownScheduler, names, scheduler, scheduler_class
from sim.kernel.schedulers.lottery import tickets
from sim.kernel.weights import NICE_0, WEIGHTS, weight
from sim.thread import Bank, Thread


def turnarounds(found: dict[str, jobs.Ran]) -> dict[str, int]:
    return {name: units(job.turnaround) for name, job in found.items()}


def responses(found: dict[str, jobs.Ran]) -> dict[str, int]:
    return {name: units(job.response) for name, job in found.items()}


def runs_of(line: str) -> str:
    """``AABB`` -> ``A2 B2``."""
    return " ".join(f"{name}{len(list(same))}" for name, same in groupby(line))


# First in, first out, and shortest first.

CONVOY = [Job("A", 100), Job("B", 10), Job("C", 10)]


def test_fifo_has_the_convoy() -> None:
    """A runs 0-100, B 100-110, C 110-120. Turnarounds 100, 110, 120, on average 110; responses 0, 100,
    110."""
    _, found = jobs.run(CONVOY, scheduler="fifo", quantum=1)
    assert turnarounds(found) == {"A": 100, "B": 110, "C": 120}
    assert responses(found) == {"A": 0, "B": 100, "C": 110}
    assert runs_of(chart(found)) == "A100 B10 C10"


def test_fifo_short_jobs_that_come_late_wait_too() -> None:
    """A comes at 0, B and C at 10: A 0-100, B 100-110, C 110-120. Turnarounds 100, 110 - 10 = 100,
    120 - 10 = 110."""
    late = [Job("A", 100), Job("B", 10, arrival=10), Job("C", 10, arrival=10)]
    _, found = jobs.run(late, scheduler="fifo")
    assert turnarounds(found) == {"A": 100, "B": 100, "C": 110}


def test_shortest_first_by_priorities() -> None:
    """The shorter the more urgent: B 0-10, C 10-20, A 20-120. Turnarounds 10, 20, 120, on average 50."""
    _, found = jobs.run(
        [Job("A", 100), Job("B", 10, priority=2), Job("C", 10, priority=1)], scheduler="priority"
    )
    assert turnarounds(found) == {"A": 120, "B": 10, "C": 20}


def test_shortest_time_to_completion_by_priorities() -> None:
    """B and C, shorter and so more urgent, come at 10 and preempt A: A 0-10, B 10-20, C 20-30, A 30-120.
    Turnarounds 120, 20 - 10 = 10, 30 - 10 = 20, on average 50; responses 0, 0, 10. Nice values will do."""
    late = [Job("A", 100), Job("B", 10, arrival=10, nice=-2), Job("C", 10, arrival=10, nice=-1)]
    _, found = jobs.run(late, scheduler="priority", quantum=1000)
    assert turnarounds(found) == {"A": 120, "B": 10, "C": 20}
    assert responses(found) == {"A": 0, "B": 0, "C": 10}
    assert runs_of(chart(found)) == "A10 B10 C10 A90"


# Round-robin.

THREE = [Job("A", 5), Job("B", 5), Job("C", 5)]


def test_round_robin_responds_soon_and_finishes_late() -> None:
    """Slices of 1: ABCABC...; A has its fifth at 12-13, B at 13-14, C at 14-15. Turnarounds 13, 14, 15, on
    average 14; responses 0, 1, 2, on average 1. One after the other they would be 5, 10, 15 (average 10) and
    0, 5, 10 (average 5)."""
    _, found = jobs.run(THREE, scheduler="rr", quantum=1)
    assert chart(found) == "ABC" * 5
    assert turnarounds(found) == {"A": 13, "B": 14, "C": 15}
    assert responses(found) == {"A": 0, "B": 1, "C": 2}
    _, found = jobs.run(THREE, scheduler="fifo")
    assert turnarounds(found) == {"A": 5, "B": 10, "C": 15}
    assert responses(found) == {"A": 0, "B": 5, "C": 10}


def test_a_long_quantum_makes_round_robin_fifo() -> None:
    _, found = jobs.run(THREE, scheduler="rr", quantum=5)
    assert turnarounds(found) == {"A": 5, "B": 10, "C": 15}


def test_equal_priorities_take_turns() -> None:
    """C, the most urgent, runs to its end; A and B then share."""
    _, found = jobs.run(
        [Job("A", 3, priority=1), Job("B", 3, priority=1), Job("C", 2, priority=5)], scheduler="priority"
    )
    assert chart(found) == "CCABABAB"


def test_who_is_preempted_goes_on_with_the_rest_of_its_slice() -> None:
    """Slices of 4. A runs 0-2, B comes and is more urgent: 2-3. A has 2 units of its slice left, 3-5, before
    it is C's turn, 5-9."""
    some = [Job("A", 6), Job("C", 6), Job("B", 1, arrival=2, nice=-1)]
    _, found = jobs.run(some, scheduler="priority", quantum=4)
    assert runs_of(chart(found)) == "A2 B1 A2 C4 A2 C2"


# Multi-level feedback.

MLFQ = "mlfq:levels=3,allotment=10000,boost=0"


def levels(live: rig.Live, job: jobs.Ran) -> list[tuple[int, int]]:
    """(units, level) of each time that the job was put on another level."""
    changes = live.of("scheduling", action="level", tid=job.tid)
    return [(units(change.tick - job.ready), change.value) for change in changes]


def test_mlfq_a_long_job_goes_down() -> None:
    """10 units on each level: down at 10 and at 20, then it stays on the lowest, also when it is alone."""
    live, found = jobs.run([Job("A", 60)], scheduler=MLFQ, quantum=10)
    assert levels(live, found["A"]) == [(10, 1), (20, 2)]
    assert turnarounds(found) == {"A": 60}


def test_mlfq_a_short_job_passes_the_long_one() -> None:
    """A is on the lowest level when B comes, at 100, for 20 units: B 100-110 on the topmost, 110-120 on the
    middle level, and is done. A: 120 + 20 units."""
    live, found = jobs.run([Job("A", 120), Job("B", 20, arrival=100)], scheduler=MLFQ, quantum=10)
    assert turnarounds(found) == {"A": 140, "B": 20}
    assert levels(live, found["B"]) == [(10, 1)]
    assert runs_of(chart(found)) == "A100 B20 A20"


def test_mlfq_an_interactive_job_stays_on_top() -> None:
    """B, which comes when A has gone down, runs 1 unit and sleeps 9, 8 times: 8 units are within its
    allotment, and it never waits: 8 * 10 units. A gets the other 9 of 10: 10 + 100 + the 8 that B took."""
    live, found = jobs.run(
        [Job("A", 110), Job("B", 8, arrival=10, burst=1, pause=9)], scheduler=MLFQ, quantum=10
    )
    assert levels(live, found["B"]) == []
    assert turnarounds(found) == {"A": 118, "B": 80}


def test_mlfq_counts_what_was_used_in_pieces() -> None:
    """B gives up its hart after 9 of its 10 units, each time: the second time it goes down after 1 unit."""
    live, found = jobs.run(
        [Job("A", 60), Job("B", 27, arrival=20, burst=9, pause=1)], scheduler=MLFQ, quantum=10
    )
    assert levels(live, found["B"])[0] == (11, 1)


LATER = [Job("A", 30), *(Job(name, 10, arrival=10 * n) for n, name in enumerate("BCDE", 1))]


def test_mlfq_without_a_boost_the_long_job_starves() -> None:
    """Every 10 units a job comes that needs its 10 units on the topmost level: A, down since 10, waits for
    all."""
    _, found = jobs.run(LATER, scheduler=MLFQ, quantum=10)
    assert runs_of(chart(found)) == "A10 B10 C10 D10 E10 A20"
    assert turnarounds(found)["A"] == 70


def test_mlfq_a_boost_ends_starvation() -> None:
    """At 25 A is back on the topmost level, in line before C, whose slice ends with the boost: A 25-35, C
    35-40. D came at 30, E at 40: D 40-50. At 50 A, down again since 35, comes to the top behind E: E 50-60, A
    60-70."""
    live, found = jobs.run(LATER, scheduler="mlfq:levels=3,allotment=10000,boost=25000", quantum=10)
    assert runs_of(chart(found)) == "A10 B10 C5 A10 C5 D10 E10 A10"
    assert levels(live, found["A"]) == [(10, 1), (25, 0), (35, 1), (50, 0)]


def test_mlfq_lower_levels_may_have_longer_slices() -> None:
    """With growth 2, slices and allotments are 1, 2, 4: A 0-1, B 1-2, then 2 each, then 4 each."""
    _, found = jobs.run([Job("A", 11), Job("B", 11)], scheduler="mlfq:growth=2,boost=0", quantum=1)
    assert runs_of(chart(found)) == "A1 B1 A2 B2 A4 B4 A4 B4"


# Fair shares.


def test_the_weights_are_linux_s() -> None:
    """Ten per cent of the time for each step: 1.25 times the weight, but for rounding."""
    assert len(WEIGHTS) == 40 and weight(0) == NICE_0 == 1024
    assert (weight(-20), weight(-1), weight(1), weight(19)) == (88761, 1277, 820, 15)
    assert all(1.15 < more / less < 1.35 for more, less in pairwise(WEIGHTS))


def test_fair_shares_are_as_the_weights() -> None:
    """A has nice 0, B nice 5: weights 1024 and 335. When A has had its 60 units, B has had 60 * 335 / 1024 =
    19.6, give or take a slice of a latency (4 quanta)."""
    _, found = jobs.run([Job("A", 60), Job("B", 60, nice=5)], scheduler="fair")
    until = found["A"].finish
    had = sum(min(end, until) - start for start, end in found["B"].spans if start < until)
    assert abs(had / UNIT - 60 * 335 / 1024) <= 4


def test_fair_who_slept_has_no_claim_to_the_past() -> None:
    """B sleeps for 50 units while A runs. When it wakes it preempts A, but only half a latency (2) and a
    slice (4 at most) come before A's next turn, not the 10 units that it wants."""
    _, found = jobs.run([Job("A", 100), Job("B", 20, burst=10, pause=50)], scheduler="fair")
    woken = [end - start for start, end in found["B"].spans if start > 60 * UNIT]
    assert woken and max(woken) <= 6.1 * UNIT
    (wake,) = [start for start, _ in found["B"].spans if start > 60 * UNIT][:1]
    assert any(end == wake for _, end in found["A"].spans)


def test_fair_who_comes_late_has_no_claim_either() -> None:
    """B comes at 50 and shares equally from then on: 20 units take 40, give or take a latency."""
    _, found = jobs.run([Job("A", 100), Job("B", 20, arrival=50)], scheduler="fair")
    assert abs(found["B"].turnaround / UNIT - 40) <= 4


def test_fair_a_waker_preempts_only_who_is_far_ahead() -> None:
    """B runs half a unit and sleeps two: its share is never used up, so it gets the hart when it wakes; with
    a wakeup of 1000 units it waits for the end of A's slice."""
    some = [Job("A", 60), Job("B", 5, arrival=5, burst=0.5, pause=2)]
    eager = jobs.run(some, scheduler="fair")[1]["B"]
    patient = jobs.run(some, scheduler="fair:wakeup=1000000")[1]["B"]
    assert eager.turnaround < 1.1 * 10 * 2.5 * UNIT < patient.turnaround


def test_lottery_shares_are_as_the_tickets() -> None:
    """100 tickets against 100 * 335 // 1024 = 32: of 100 slices while both want one, A gets 100 * 100 / 132 =
    76 on average, with a standard deviation of sqrt(100 * 0.76 * 0.24) = 4.3."""
    shares = []
    for seed in range(5):
        _, found = jobs.run([Job("A", 200), Job("B", 200, nice=5)], scheduler="lottery", seed=seed)
        shares.append(chart(found)[:100].count("A"))
    assert all(76 - 3 * 4.3 < share < 76 + 3 * 4.3 for share in shares)
    assert len(set(shares)) > 1


def test_tickets_that_were_given_count_before_nice_values() -> None:
    def thread(**attributes: int) -> Thread:
        return Thread(1, 1, 0, Bank(), **attributes)

    assert [tickets(thread(nice=nice)) for nice in (-20, -1, 0, 5, 19)] == [8668, 124, 100, 32, 1]
    assert tickets(thread(tickets=7, nice=-20)) == 7


# PCT.

#: The worker reads what main writes only after it has made the worker: a bug of depth 1.
ORDER = """
_start: spawn   stack_top, worker
        li      t0, 20
1:      addi    t0, t0, -1
        bnez    t0, 1b
        la      t1, pointer
        sd      t1, 0(t1)
        sys     SYS_EXIT, 0
worker: ld      t1, pointer
        ld      t2, 0(t1)
        sys     SYS_EXIT, 0
        .data
        .align  3
pointer: .dword 0
        .bss
        .align  4
        .zero   256
stack_top:
"""


def test_pct_finds_a_wrong_order() -> None:
    """One of two priorities is the wrong one: half of the seeds on average."""
    ended = [rig.run(ORDER, keep=False, harts=1, scheduler="pct", seed=seed).ended for seed in range(12)]
    assert ("signalled", 139) in ended and ("exited", 0) in ended
    assert rig.run(ORDER, keep=False, harts=1, scheduler="rr").ended == ("exited", 0)


def test_pct_changes_priorities_as_often_as_asked() -> None:
    """Each of four threads draws one, and depth - 1 times one falls, to below all that were drawn."""
    for depth in (1, 2, 5):
        scheduler = f"pct:depth={depth},steps=40000"
        live, _ = jobs.run([Job("A", 20), Job("B", 20), Job("C", 20)], scheduler=scheduler, seed=depth)
        values = [event.value for event in live.of("scheduling", action="level")]
        assert len(values) == 4 + depth - 1
        assert sorted(value for value in values if value < depth) == list(range(1, depth))


def test_pct_a_change_point_is_a_step_of_the_program() -> None:
    """Where the priorities fall is anywhere in the first steps, and not only where threads wait."""
    places = set()
    for seed in range(6):
        live, _ = jobs.run([Job("A", 10)], scheduler="pct:depth=2,steps=10000", seed=seed)
        places |= {event.tick for event in live.of("scheduling", action="level", value=1)}
    assert len(places) == 6 and max(places) - min(places) > 3000


# What holds of all, or of several.


@pytest.mark.parametrize("name", names())
def test_every_scheduler_repeats_itself(name: str) -> None:
    some = [Job("A", 8), Job("B", 6, burst=2, pause=1), Job("C", 7, arrival=3, nice=3)]
    first, again, other = (jobs.run(some, scheduler=name, seed=seed)[0].events for seed in (3, 3, 4))
    assert first == again
    assert name == "fifo" or first != other


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("harts", [1, 2, 3])
@pytest.mark.parametrize("example", ["counter_mutex", "producer_consumer", "generator", "primes"])
def test_every_scheduler_runs_the_examples(name: str, harts: int, example: str) -> None:
    program = rig.EXAMPLES / f"{example}.asm"
    expected = rig.run(program, keep=False)
    live = rig.run(program, keep=False, harts=harts, scheduler=name, seed=harts)
    assert (live.ended, live.out) == (expected.ended, expected.out)


@given(st.integers(2, 6), st.sampled_from([0.5, 1, 3]), st.integers(0, 3))
@settings(max_examples=12)
def test_nobody_waits_longer_than_the_others_slices(count: int, quantum: float, seed: int) -> None:
    """Round-robin: between two slices of one come at most one of each other, a quarter longer with a seed."""
    some = [Job(chr(65 + n), 12) for n in range(count)]
    _, found = jobs.run(some, scheduler="rr", quantum=quantum, seed=seed)
    assert longest_wait(found) <= (count - 1) * quantum * UNIT * 1.26


@given(st.lists(st.integers(-1, 1), min_size=2, max_size=6), st.integers(0, 3))
@settings(max_examples=12)
def test_nobody_starves_by_fair_shares(nices: list[int], seed: int) -> None:
    """Slices end after a latency (4) at the latest, a quarter later with a seed. Who was next had the least
    virtual runtime, so after its slice it is at most 5 of its own units ahead of each other thread; that one
    makes up for it, 5 * its weight / the weight of who waits, and is within a slice of its own then, 5
    more."""
    some = [Job(chr(65 + n), 15, nice=nice) for n, nice in enumerate(nices)]
    _, found = jobs.run(some, scheduler="fair", seed=seed)
    for job in some:
        others = [weight(other.nice) / weight(job.nice) for other in some if other is not job]
        assert longest_wait({job.name: found[job.name]}) <= sum(5 * ratio + 5 for ratio in others) * UNIT


@given(st.integers(2, 5), st.integers(0, 1000))
@settings(max_examples=12)
def test_nobody_starves_by_lottery(count: int, seed: int) -> None:
    """Not to win 60 draws with a fifth of the tickets has a chance of 0.8 ** 60 = 1.5 in a million."""
    some = [Job(chr(65 + n), 30) for n in range(count)]
    _, found = jobs.run(some, scheduler="lottery", seed=seed)
    assert longest_wait(found) <= 60 * 1.3 * UNIT


def longest_wait(found: dict[str, jobs.Ran]) -> int:
    """Ticks between two times of any job on the hart, or before its first."""
    waits = []
    for job in found.values():
        ends = [job.ready, *(end for _, end in job.spans)]
        waits += [start - end for end, (start, _) in zip(ends, job.spans, strict=False)]
    return max(waits)


# How schedulers are named.


def test_every_scheduler_tells_its_parameters() -> None:
    for name in names():
        made = scheduler_class(name)
        assert made.__doc__
        for parameter in made.parameters:
            assert f"``{parameter}``" in made.__doc__, f"{name}: the docstring says nothing of {parameter}"
    assert names()[0] == "rr"


def test_parameters_are_given_by_name() -> None:
    made = scheduler(rig.options_of(scheduler="mlfq:levels=7,boost=0", quantum=300))
    assert (made._lowest, made._period, made._allotment) == (6, 0, 300)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mlfp", "did you mean mlfq"),
        ("zzz", "known: rr, fair, fifo"),
        ("mlfq:level=3", "did you mean levels"),
        ("mlfq:levels=0", "want levels=NUMBER, a whole number from 1 up"),
        ("mlfq:levels=x", "want levels=NUMBER"),
        ("mlfq:levels", "want levels=NUMBER"),
        ("mlfq:boost=-1", "whole number from 0 up"),
        ("mlfq:boost=999999999999999999999", "whole number"),
        ("mlfq:levels=2,", "no parameter ''"),
        ("fifo:levels=2", "it has no parameters"),
    ],
)
def test_what_cannot_be_is_refused_with_a_hint(text: str, told: str) -> None:
    with pytest.raises(UnknownScheduler, match=told):
        scheduler(rig.options_of(scheduler=text))


def test_a_new_file_is_a_new_scheduler(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else lists them: a module beside the others is found by its name."""
    import sim.kernel.schedulers as package

    text = (
        "from sim.kernel.scheduler import Scheduler\n"
        "class LastInFirstOut(Scheduler):\n"
        "    'The one that became ready last.'\n"
        "    def key(self, thread):\n"
        "        return -thread.tid\n"
    )
    (tmp_path / "lifo.py").write_text(text)  # type: ignore[operator]
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    assert "lifo" in names()
    _, found = jobs.run([Job("A", 2), Job("B", 2), Job("C", 2)], scheduler="lifo", quantum=1)
    assert chart(found) == "ACCBBA"
