"""The two executors of the one loop: random programs never tell them apart."""

from random import Random
from typing import Any

import random_programs
import rig
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.image import differences
from sim.isa import INSTRUCTIONS, decode
from sim.isa.compressed import COMPRESSED


def both(text: str, **options: Any) -> rig.Live:
    """Run it on both executors and compare all that there is."""
    left, right = (
        rig.run(text, executor_name=name, max_events=1500, costs=random_programs.CHEAP, **options)
        for name in ("compiled", "reference")
    )
    assert left.ended == right.ended
    assert left.events == right.events
    assert [event.seq for event in left.events] == list(range(len(left.events)))
    assert left.code == right.code
    assert differences(left.world, right.world) == []
    assert left.kernel.machine.tick == right.kernel.machine.tick
    assert left.kernel.machine.retired.tolist() == right.kernel.machine.retired.tolist()
    return left


@given(
    st.randoms(use_true_random=False),
    st.sampled_from(["rr", "random"]),
    st.integers(0, 3),
    st.sampled_from([20, 100, 1000]),
)
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_random_programs_never_tell_them_apart(
    random: Random, scheduler: str, seed: int, quantum: int
) -> None:
    text, harts = random_programs.instructions(random)
    both(text, harts=harts, scheduler=scheduler, seed=seed, quantum=quantum)


def test_the_random_programs_reach_every_instruction_and_every_kind_of_row() -> None:
    """A property over programs that all die at once would hold for nothing."""
    seen: set[str] = set()
    kinds: set[str] = set()
    failed = succeeded = 0
    for seed in range(200):
        text, harts = random_programs.instructions(Random(seed))
        live = both(text, harts=harts, quantum=100)
        words = {row.pc: row.word for row in live.code}
        body = live.symbol("body")
        for event in live.of("instruction"):
            decoded = decode(words[event.pc])
            if event.pc >= body and decoded is not None:
                short = decoded.compressed
                seen.add(decoded.instruction.mnemonic if short is None else short.mnemonic)
        kinds.update(event.kind for event in live.events)
        failed += len(live.of("atomic", action="sc", success=False))
        succeeded += len(live.of("atomic", action="sc", success=True))
    assert {row.mnemonic for row in INSTRUCTIONS} <= seen
    assert {row.mnemonic for row in COMPRESSED} - seen == {"c.ebreak"}  # as fatal as ebreak
    assert kinds >= {"instruction", "atomic", "stack", "probe", "csr", "context_switch", "fault"}
    assert failed and succeeded
