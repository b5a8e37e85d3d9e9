"""Who runs when: quanta, preemption, schedulers, idle harts, and what the log says of it."""

from itertools import pairwise

import pytest
import rig

from sim.kernel.schedulers import UnknownScheduler
from sim.machine.costs import UnknownCost

FREE = ("context_switch=0", "syscall=0", "tlb_miss=0", "page_fault=0", "thread_create=0")

#: Three threads that count; none ever waits.
SPIN = """
_start: spawn   stack1, work
        spawn   stack2, work
work:   li      t0, {rounds}
1:      addi    t0, t0, -1
        bnez    t0, 1b
        sys     SYS_EXIT, 0
        .bss
        .align  4
        .zero   256
stack1: .zero   256
stack2:
"""


def spin(rounds: int = 3000, **options: object) -> rig.Live:
    return rig.run(SPIN.format(rounds=rounds), **options)


@pytest.mark.parametrize("quantum", [50, 300, 1000])
def test_a_slice_is_the_quantum_while_others_wait(quantum: int) -> None:
    live = spin(harts=1, quantum=quantum)
    switches = live.of("context_switch")
    # A switch away from a thread waits until the hart has done the kernel's work for it (clone, here).
    created = max(event.tick for event in live.of("syscall", name="clone")) + 1000
    preempted = [
        (a, b) for a, b in pairwise(switches) if a.reason == b.reason == "preempted" and a.tick > created
    ]
    assert len(preempted) > 5
    for a, b in preempted:
        assert b.tick - (a.tick + a.cost) == quantum
    # In turn, oldest first.
    order = [b.next for _, b in preempted[:10]]
    assert order == [order[0], order[1], order[2], *order[:3], *order[:3], order[0]]


def test_a_thread_alone_is_never_preempted() -> None:
    live = rig.run("_start: li t0, 9000\n1: addi t0, t0, -1\n bnez t0, 1b\n sys SYS_EXIT, 0", quantum=10)
    assert live.of("context_switch", reason="preempted") == []


def test_no_one_is_preempted_while_there_are_harts_for_all() -> None:
    live = spin(harts=3, quantum=100)
    assert live.of("context_switch", reason="preempted") == []
    assert {event.hart for event in live.of("instruction")} == {0, 1, 2}


def test_a_switch_costs_ticks_in_which_the_hart_retires_nothing() -> None:
    live = spin(harts=2, quantum=200)
    retired = live.of("instruction")
    for switch in live.of("context_switch"):
        if switch.next:
            span = range(switch.tick, switch.tick + switch.cost)
            assert not [e for e in retired if e.hart == switch.hart and e.tick in span and e.seq > switch.seq]


@pytest.mark.parametrize("scheduler", ["rr", "random"])
def test_a_seed_repeats_a_run_and_another_gives_another(scheduler: str) -> None:
    runs = [spin(600, scheduler=scheduler, seed=seed, quantum=100).events for seed in (1, 2, 1, 2)]
    assert runs[0] == runs[2] and runs[1] == runs[3]
    assert runs[0] != runs[1]


def test_every_choice_is_recorded() -> None:
    """Replaying the choices needs no scheduler: they say who was taken, and for how long."""
    live = spin(600, scheduler="random", seed=4, harts=1, quantum=100)
    chosen = live.of("choice", oracle="schedule")
    assert {choice.options for choice in chosen} <= {2, 3} and len({c.chosen for c in chosen}) == 3
    slices = live.of("choice", oracle="slice")
    assert len(slices) >= len([switch for switch in live.of("context_switch") if switch.next])
    assert all(1 <= choice.chosen <= 200 for choice in slices)
    assert len({choice.chosen for choice in slices}) > 5


def test_seeded_round_robin_keeps_the_order_and_varies_the_slices() -> None:
    live = spin(harts=1, seed=1, quantum=400)
    slices = {choice.chosen for choice in live.of("choice", oracle="slice")}
    assert len(slices) > 3 and all(300 <= length <= 500 for length in slices)
    order = [switch.next for switch in live.of("context_switch")[2:8]]
    assert order[:3] == order[3:]


def test_round_robin_without_a_seed_chooses_no_slices() -> None:
    assert spin(600, harts=1).of("choice", oracle="slice") == []


def test_unknown_names_are_refused_with_a_hint() -> None:
    with pytest.raises(UnknownScheduler, match="did you mean random"):
        rig.run("_start: nop", scheduler="randon")
    with pytest.raises(UnknownCost, match="did you mean divide"):
        rig.options_of(("divid=3",))
    for bad in ("divide=0", "divide=-1", "divide=x", "divide", "divide=1.5"):
        with pytest.raises(UnknownCost):
            rig.options_of((bad,))
    assert rig.options_of(("syscall=0",)).costs.kernel["syscall"] == 0


def test_the_run_queue_and_its_length_are_told() -> None:
    live = spin(600, harts=1, quantum=100)
    preempted = live.of("context_switch", reason="preempted")
    assert {switch.runnable for switch in preempted} == {1, 2}
    assert [switch.runnable for switch in live.of("context_switch", reason="exited")] == [1, 0, 0]


def test_idle_harts_skip_to_the_next_timer() -> None:
    live = rig.run("""
_start: la      a0, spec
        sys     SYS_NANOSLEEP
        sys     SYS_EXIT, 0
        .data
        .align  3
spec:   .dword  3600, 0
""")
    assert live.ended == ("exited", 0)
    assert live.kernel.machine.tick > 3600 * 10**9
    (blocked,) = live.of("context_switch", reason="blocked")
    assert blocked.next == 0
    assert live.of("context_switch", reason="woken", prev=0)[-1].next == 1


def test_a_preempted_hart_goes_on_where_it_was() -> None:
    """With free switches and the smallest quantum every instruction may be the last of its slice."""
    live = spin(60, harts=1, quantum=1, costs=FREE)
    assert live.ended == ("exited", 0)
    loop = [event for event in live.of("instruction") if event.tid == 3]
    assert len([e for e in loop if e.pc == live.symbol("work")]) == 1


def test_race_loses_updates_and_the_mutex_does_not() -> None:
    """What the examples promise."""
    program = rig.EXAMPLES / "counter_race.asm"
    outs = {rig.run(program, keep=False, seed=seed, harts=2).out for seed in range(4)}
    assert len(outs) > 1 and any(b"counter = 4000" not in out for out in outs)
    safe = {rig.run(rig.EXAMPLES / "counter_mutex.asm", keep=False, seed=s, harts=2).out for s in range(4)}
    assert safe == {b"counter = 4000, expected 4000\n"}


def test_the_deadlock_example_ends_with_its_verdict() -> None:
    live = rig.run(rig.EXAMPLES / "deadlock.asm", keep=False)
    assert live.ended == ("deadlock", 3)


def test_time_has_an_end() -> None:
    """Sleeps of 36 years, until the last would end behind the last tick: nothing will wake the thread."""
    live = rig.run("""
_start: li      s0, 9
1:      la      a0, long
        sys     SYS_NANOSLEEP
        addi    s0, s0, -1
        bnez    s0, 1b
        sys     SYS_EXIT, 0
        .data
        .align  3
long:   .dword  (1 << 60) / 1000000000, 0
""")
    assert live.ended == ("deadlock", 3)
    assert 0 < len(live.results("nanosleep")) < 9
