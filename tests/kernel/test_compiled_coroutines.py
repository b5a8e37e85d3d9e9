"""Coroutine events of compiled C++ programs, held against the probes that the program itself runs."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cprograms
import pytest
import rig

from replay.view import view
from sim.coroutines import watches
from sim.program import Program

SOURCE = Path(__file__).parent / "programs" / "coroutines.cpp"
BUILDS = [f"{compiler} -O{level}" for compiler in ("clang", "gcc") for level in (0, 1, 2)]
SEEDS = [("clang -O1", seed) for seed in (1, 2)] + [("gcc -O1", seed) for seed in (1, 2)]
RUNS = [(build, 0) for build in BUILDS] + SEEDS
MADE, RESUMING, SUSPENDING, FINAL, GONE = 1, 2, 4, 5, 6
#: What may come next, by action ("" before the first).
NEXT = {
    "": {"created"},
    "created": {"saved", "finished"},
    "saved": {"resumed", "destroyed"},
    "resumed": {"saved", "finished"},
    "finished": {"destroyed"},
    "destroyed": {"created"},
}
#: How often each coroutine's frame is made, and what the last event of its last life is.
EXPECTED = {
    "count": (3, "destroyed"),
    "leaf": (5, "destroyed"),
    "adding": (1, "destroyed"),
    "traveller": (1, "destroyed"),
    "detached": (1, "destroyed"),
    "parking": (1, "destroyed"),
    "failing": (1, "finished"),
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(record: Callable[..., rig.Recorded]) -> Callable[[str, int], rig.Recorded]:
    """The recording of a build with a seed, made once."""
    known: dict[tuple[str, int], rig.Recorded] = {}

    def find(build: str, seed: int) -> rig.Recorded:
        if (build, seed) not in known:
            compiler, level = build.split()
            make = cprograms.clang if compiler == "clang" else cprograms.gcc
            known[build, seed] = record(make(SOURCE, "-std=c++20", level), harts=2, seed=seed)
        return known[build, seed]

    return find


def rows(recorded: rig.Recorded, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = recorded.recording.log.table(kind).to_pylist()
    return sorted(found, key=lambda row: row["seq"])


def name_of(recorded: rig.Recorded, row: dict[str, Any]) -> str:
    """`count` of `_Z5countii.resume` and of `count(int, int)`."""
    symbol = recorded.recording.names(1, 0).place(row["function"]).function
    return next(name for name in EXPECTED if name in symbol)


@pytest.mark.parametrize(("build", "seed"), RUNS)
def test_frames_go_through_their_states_in_order(made: Any, build: str, seed: int) -> None:
    recorded = made(build, seed)
    assert bytes(recorded.console.output[1]) == b"14\n114\n7\n6\n"
    last: dict[int, str] = defaultdict(str)
    found: dict[str, tuple[int, str]] = {}
    for row in rows(recorded, "coroutine"):
        assert row["action"] in NEXT[last[row["frame"]]], row
        last[row["frame"]] = row["action"]
        name = name_of(recorded, row)
        found[name] = (found.get(name, (0, ""))[0] + (row["action"] == "created"), row["action"])
        assert row["size"] >= 24
    assert found == EXPECTED


@pytest.mark.parametrize(("build", "seed"), RUNS)
def test_events_are_where_the_program_says_so(made: Any, build: str, seed: int) -> None:
    """Each probe tells what must have come to its frame, or must come next."""
    recorded = made(build, seed)
    events = rows(recorded, "coroutine")
    counts: dict[int, int] = defaultdict(int)
    for probe in rows(recorded, "probe"):
        mine = [event for event in events if event["frame"] == probe["value"]]
        before = next((event for event in reversed(mine) if event["seq"] < probe["seq"]), None)
        after = next((event for event in mine if event["seq"] > probe["seq"]), None)
        around = [(event["action"], event["tid"]) for event in (before, after) if event is not None]
        counts[probe["number"]] += 1
        if probe["number"] == MADE:
            assert before is not None and before["action"] == "created"
        elif probe["number"] == RESUMING:
            # Another thread may still be in its await_suspend: then it is saved at the last moment.
            resumed = next(e for e in mine if e["seq"] > probe["seq"] and e["action"] == "resumed")
            assert resumed["tid"] == probe["tid"]
            assert after in (resumed, mine[mine.index(resumed) - 1])
        elif probe["number"] == SUSPENDING:
            # In the ramp it is saved before await_suspend, afterwards behind it.
            assert ("saved", probe["tid"]) in around
        elif probe["number"] == FINAL:
            assert around[-1] == ("finished", probe["tid"])
        else:
            # Destroyed by the resume function or the ramp itself, it is gone before its frame is.
            assert ("destroyed", probe["tid"]) in around or around[-1] == ("finished", probe["tid"])
    assert set(counts) == {MADE, RESUMING, SUSPENDING, FINAL, GONE}


@pytest.mark.parametrize("build", BUILDS)
def test_a_coroutine_is_saved_before_another_thread_has_it(made: Any, build: str) -> None:
    recorded = made(build, 0)
    legs = [row for row in rows(recorded, "coroutine") if name_of(recorded, row) == "traveller"]
    resumed = [row["tid"] for row in legs if row["action"] == "resumed"]
    assert len(resumed) == 7
    assert len(set(resumed)) == 3
    before = None
    for row in legs:
        if before is not None and before["action"] == "resumed":
            assert (row["action"] in ("saved", "finished"), row["tid"]) == (True, before["tid"])
        before = row


@pytest.mark.parametrize("build", BUILDS)
def test_a_suspended_one_resumes_at_its_line(made: Any, build: str) -> None:
    """The places have the lines of `co_yield` and `co_await`, or of the opening of the body."""
    recorded = made(build, 0)
    lines = SOURCE.read_text().splitlines()
    for row in rows(recorded, "coroutine"):
        if row["action"] not in ("saved", "resumed"):
            continue
        file, line = recorded.recording.names(1, 0).resumption(row["function"], row["pc"])
        assert file.endswith(SOURCE.name)
        # GCC 12 gives a co_await in a try block the line of the block's end.
        if (build[:3], name_of(recorded, row)) != ("gcc", "adding"):
            assert "co_" in lines[line - 1] or name_of(recorded, row) in lines[line - 1], (row, line)


ELIDED = """
#include <coroutine>
struct Numbers {
    struct promise_type {
        int value;
        Numbers get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        std::suspend_always yield_value(int next) { value = next; return {}; }
        void return_void() {}
        void unhandled_exception() {}
    };
    std::coroutine_handle<promise_type> handle;
    ~Numbers() { handle.destroy(); }
};
static Numbers count(volatile int& to) { for (int i = 0; i < to; i++) co_yield i; }
int main() {
    volatile int to = 5;
    int sum = 0;
    Numbers numbers = count(to);
    for (numbers.handle.resume(); !numbers.handle.done(); numbers.handle.resume())
        sum += numbers.handle.promise().value;
    return sum;
}
"""


@pytest.mark.parametrize("level", ["-O0", "-O1", "-O2"])
def test_one_that_is_part_of_its_caller_leaves_no_wrong_events(
    record: Any, tmp_path: Path, level: str
) -> None:
    image = cprograms.clang_text(tmp_path, ELIDED, "-std=c++20", level, name="elided.cpp")
    recorded = record(image)
    assert recorded.kernel.world.ended == ("exited", 10)
    last: dict[int, str] = defaultdict(str)
    for row in rows(recorded, "coroutine"):
        assert row["action"] in NEXT[last[row["frame"]]]
        last[row["frame"]] = row["action"]
    assert set(last.values()) <= {"destroyed"}
    assert last or level != "-O0"


def test_both_executors_leave_the_same_events(record: Any, tmp_path: Path) -> None:
    image = cprograms.clang_text(tmp_path, ELIDED, "-std=c++20", "-O0", name="elided.cpp")
    assert record(image).digest == record(image, executor_name="reference").digest


def test_programs_without_coroutines_are_not_watched(tmp_path: Path) -> None:
    image = cprograms.clang_text(tmp_path, "int main(void) { return 0; }")
    assert watches(Program.from_elf("plain", image)) == {}


def test_a_replay_shows_the_frame(made: Any) -> None:
    """By hand: count(1, 4) yields 1 * 1 first."""
    recorded = made("gcc -O1", 0)
    saved = [row for row in rows(recorded, "coroutine") if row["action"] == "saved"]
    second = [row for row in saved if name_of(recorded, row) == "count"][1]
    lines = list(view(recorded.recording, second["seq"]))
    shown = lines[next(n for n, line in enumerate(lines) if line.startswith("coroutine")) :]
    assert f"{second['frame']:#x} count: suspended, saved by thread 1" in shown[0]
    assert "co_yield i * i" in SOURCE.read_text().splitlines()[int(shown[1].split(":")[1].split()[0]) - 1]
    fields = {line.split()[1]: line.split()[2] for line in shown if line.strip().startswith("+")}
    assert (fields["promise.value"], fields["from"], fields["to"], fields["i"]) == ("1", "1", "4", "1")


def test_a_frame_is_gone_with_its_process(record: Any, tmp_path: Path) -> None:
    """A coroutine that nobody destroys: its fields aren't shown as zeros."""
    text = ELIDED.replace("~Numbers() { handle.destroy(); }", "")
    text = text.replace("!numbers.handle.done()", "sum < 3")
    recorded = record(cprograms.clang_text(tmp_path, text, "-std=c++20", "-O0", name="leak.cpp"))
    last = rows(recorded, "coroutine")[-1]
    assert last["action"] == "saved"
    lines = list(view(recorded.recording, recorded.recording.last_seq))
    assert not any("+16" in line for line in lines)


def test_the_state_at_any_event_is_the_same_from_one_by_one_and_in_bulk(made: Any) -> None:
    log = made("clang -O1", 0).recording.log
    recording = made("clang -O1", 0).recording
    last = max(row["seq"] for row in rows(made("clang -O1", 0), "coroutine"))
    for seq in (last // 3, last - 1, last):
        states = {}
        for row in log.table("coroutine", last=seq).sort_by("seq").to_pylist():
            states[row["frame"]] = row
        told = {c.frame: (c.state, c.tid, c.pc, c.function) for c in recording.state(seq).coroutines.values()}
        assert told == {
            frame: (row["action"], row["tid"], row["pc"], row["function"])
            for frame, row in states.items()
            if row["action"] != "destroyed"
        }
