"""The clock: what an instruction costs, and that each hart retires at most one a tick, in order."""

from itertools import pairwise
from random import Random

import pytest
import random_programs
import rig

from sim.image import differences
from sim.isa import BY_MNEMONIC, INSTRUCTIONS, decode
from sim.machine.costs import Costs

COSTS = Costs.load()


def straight(body: str, **options: object) -> rig.Live:
    return rig.run(f"_start: la s0, data\n ld t0, 0(s0)\n sd t0, 0(s0)\n{body}\n sys SYS_EXIT, 0\n"
                   " .data\n .align 3\ndata: .dword 1, 2", **options)  # fmt: skip


@pytest.mark.parametrize("override", [(), ("multiply=7", "load=9", "alu=2", "atomic=11", "float_single=6")])
def test_an_instruction_takes_its_ticks(executor: str, override: tuple[str, ...]) -> None:
    """The next one of the hart retires so much later."""
    costs = Costs.load(override)
    names = ("fadd.s", "fmul.d", "fdiv.s", "fsqrt.d", "feq.d", "fmv.d.x")
    floats = ", ".join(str(BY_MNEMONIC[name][0].match) for name in names)
    live = straight(
        "first: mul t1, t0, t0\n div t1, t0, t0\n"
        "ld t1, 0(s0)\n sd t1, 8(s0)\n amoadd.d t1, t0, (s0)\n fence\n"
        "rdcycle t2\n beq t0, zero, 1f\n 1: j 2f\n nop\n 2: add t1, t0, t0\n mulw t1, t1, t1\n"
        f".word {floats}\n last: nop",
        executor_name=executor,
        costs=override,
    )
    words = {row.pc: row.word for row in live.code}
    between = range(live.symbol("first"), live.symbol("last") + 1)
    seen = set()
    for a, b in pairwise([event for event in live.of("instruction") if event.pc in between]):
        decoded = decode(words[a.pc])
        assert decoded is not None
        assert b.tick - a.tick == costs.instruction[decoded.instruction.cost], decoded
        seen.add(decoded.instruction.cost)
    assert seen == set(COSTS.instruction)


def test_every_instruction_has_a_cost() -> None:
    assert {row.cost for row in INSTRUCTIONS} <= set(COSTS.instruction)
    assert all(ticks >= 1 for ticks in COSTS.instruction.values())


def test_kernel_costs_are_charged_to_the_hart() -> None:
    plain, dear = (straight("sys SYS_GETTID\n nop", costs=costs) for costs in ((), ("syscall=500",)))
    ticks = []
    for live in (plain, dear):
        call = live.of("syscall", name="gettid", action="exit")[0]
        following = next(event for event in live.of("instruction") if event.seq > call.seq)
        ticks.append(following.tick - call.tick)
    assert ticks[1] - ticks[0] == 480


def test_counters_tell_the_time() -> None:
    live = straight("rdcycle s1\n rdtime s2\n rdinstret s3\n rdinstret s4\n div t0, t0, t0\n rdcycle s5")
    reads = [event for event in live.of("instruction") if event.seq > 0][-9:]
    values = {row.pc: row.disassembly for row in live.code}
    counted = {values[event.pc]: event for event in reads}
    by_name = {text: event for text, event in counted.items() if text.startswith("rd")}
    assert len(by_name) >= 5
    for text, event in by_name.items():
        if "instret" in text:
            before = [e for e in live.of("instruction") if e.hart == event.hart and e.seq < event.seq]
            assert event.value == len(before)
        else:
            assert event.value == event.tick


@pytest.mark.parametrize("seed", range(6))
def test_at_most_one_instruction_per_hart_and_tick_in_hart_order(seed: int, executor: str) -> None:
    text, harts = random_programs.instructions(Random(seed))
    live = rig.run(text, executor_name=executor, harts=harts, max_events=1500, costs=random_programs.CHEAP)
    places = [(event.tick, event.hart) for event in live.of("instruction")]
    assert len(places) == len(set(places))
    assert places == sorted(places)
    ticks = [event.tick for event in live.events]
    assert ticks == sorted(ticks)
    assert [event.seq for event in live.events] == list(range(len(live.events)))


def test_rows_and_counts_are_the_same_whether_recorded_or_not(executor: str) -> None:
    """Recording changes nothing that happens."""
    text, harts = random_programs.instructions(Random(3))
    options = {"executor_name": executor, "harts": harts, "max_events": 1500}
    kept, dropped = (rig.run(text, keep=keep, **options) for keep in (True, False))
    assert kept.kernel.machine.seq == dropped.kernel.machine.seq == len(kept.events)
    assert kept.kernel.machine.tick == dropped.kernel.machine.tick
    assert differences(kept.world, dropped.world) == []


def test_any_stop_gives_the_same_run_in_pieces(executor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaving the loop at any event, in the middle of a tick too, changes nothing."""
    text, harts = random_programs.instructions(Random(5))
    options = {"executor_name": executor, "harts": harts, "max_events": 900}
    whole = rig.run(text, **options)
    for size in (1, 7, 64):
        monkeypatch.setattr("sim.kernel.kernel.SEGMENT_EVENTS", size)
        pieces = rig.run(text, **options)
        assert pieces.events == whole.events
        assert differences(pieces.world, whole.world) == []
