"""Coroutines: what a suspended one is, and who may resume it."""

from itertools import pairwise
from typing import Any

from replay.recording import Recording

COUNT = 12
#: Fields of a frame: pc, bytes in use, s0, pointer to the stack slice (sim/runtime/coroutine.s).
PC, BYTES, S0, SLICE = 0, 8, 48, 144


def fibonacci(count: int) -> list[int]:
    numbers = [0, 1]
    while len(numbers) < count:
        numbers.append(numbers[-2] + numbers[-1])
    return numbers


def test_the_generator_yields_the_same_whoever_resumes_it(lesson: Any) -> None:
    made = lesson("coroutines")
    for case in ("generator", "migrate"):
        given = made.ask(case, "select value from probe where number = 1 order by seq")
        assert [row["value"] for row in given] == fibonacci(COUNT)


def test_every_turn_another_thread_resumes_what_the_other_suspended(lesson: Any) -> None:
    made = lesson("coroutines")
    row = made.row("migrate")
    assert row["resumed_by_main"] == row["resumed_by_other"] == COUNT // 2
    life = made.ask(
        "migrate",
        """select tid, hart, action, frame, pc from coroutine
        where action in ('saved', 'resumed') order by seq""",
    )
    assert len({event["frame"] for event in life}) == 1
    for saved, resumed in pairwise(life[1:]):
        if saved["action"] == "saved":
            assert resumed["action"] == "resumed"
            assert (resumed["tid"], resumed["hart"]) != (saved["tid"], saved["hart"])
            assert resumed["pc"] == saved["pc"]


def test_its_local_variable_moves_from_stack_to_stack(lesson: Any) -> None:
    made = lesson("coroutines")
    where = made.ask(
        "migrate",
        """select distinct tid, address from instruction join code using (pc)
        where function = 'numbers' and effect = 'store' and disassembly like '%8(sp)'""",
    )
    assert {row["tid"] for row in where} == {1, 2}
    assert len({row["address"] for row in where}) > 1


def test_a_suspended_one_is_bytes_on_the_heap(lesson: Any) -> None:
    """At each suspension the frame in memory has the pc of the event, the number it goes on with in s0, and
    the next one in its slice of the stack."""
    made = lesson("coroutines")
    saved = made.ask("migrate", "select * from coroutine where action = 'saved' order by seq")
    numbers = fibonacci(COUNT + 1)
    with made.log("migrate") as log:
        recording = Recording(log)
        for index, event in enumerate(saved):
            world = recording.state(event["seq"])

            def word(address: int, world: Any = world) -> int:
                return int.from_bytes(world.processes[1].space.read(world, address, 8), "little")

            frame = event["frame"]
            heap = next(region for region in world.processes[1].space.regions if region.name == "heap")
            assert heap.start <= frame < heap.end
            assert word(frame + PC) == event["pc"]
            assert word(frame + BYTES) == event["size"]
            assert word(frame + S0) == numbers[index]
            assert word(word(frame + SLICE) + 8) == numbers[index + 1]


def test_switches_make_no_system_call(lesson: Any) -> None:
    made = lesson("coroutines")
    for case in ("generator", "migrate"):
        assert made.row(case)["saved"] == made.row(case)["values"] == COUNT
        assert made.row(case)["system_calls"] == 0


def test_a_function_that_never_suspends_is_resumed_once(lesson: Any) -> None:
    made = lesson("coroutines")
    plain = made.row("plain")
    assert plain["saved"] == 0
    assert plain["created"] == plain["resumed_by_main"] == plain["values"] == COUNT
    assert plain["instructions"] < made.row("generator")["instructions"]
    assert plain["frame_bytes"] < made.row("generator")["frame_bytes"]
    results = [
        [row["value"] for row in made.ask(case, "select value from probe where number = 1 order by seq")]
        for case in ("plain", "call")
    ]
    assert results[0] == results[1]
