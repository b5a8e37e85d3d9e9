"""Lock statistics of compiled programs: the projection against what the program says of itself."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cprograms
import pytest
import rig

from replay.analyses.contention import Contention, contention, locks_at
from replay.locks import read_roles
from replay.recording import Recording

PROGRAMS = Path(__file__).parent / "programs"
LOCKS, CXX = PROGRAMS / "locks.c", PROGRAMS / "cxxlocks.cpp"
BUILDS = [f"{compiler} -O{level}" for compiler in ("clang", "gcc") for level in (0, 1, 2)]
RUNS = [(build, 0, 2) for build in BUILDS] + [("clang -O1", 3, 4), ("gcc -O1", 5, 4)]
ASKS, HAS, GIVES, FAILED = 1, 2, 3, 4
KINDS = {
    "accounts+8": "mutex",
    "accounts+56": "mutex",
    "recursive": "mutex",
    "queue_lock": "mutex",
    "not_empty": "condition",
    "table": "rwlock",
    "spin": "spinlock",
    "gate": "barrier",
    "slots": "semaphore",
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(record: Callable[..., rig.Recorded]) -> Callable[..., rig.Recorded]:
    """The recording of a program, build, seed and number of harts, made once."""
    known: dict[Any, rig.Recorded] = {}

    def find(source: Path, build: str, seed: int = 0, harts: int = 2) -> rig.Recorded:
        key = (source, build, seed, harts)
        if key not in known:
            compiler, *flags = build.split()
            flags += ["-std=c++20"] if source.suffix == ".cpp" else []
            image = (cprograms.clang if compiler == "clang" else cprograms.gcc)(source, *flags)
            known[key] = record(image, seed=seed, harts=harts)
            assert known[key].kernel.world.ended == ("exited", 0)
        return known[key]

    return find


def by_name(found: Contention) -> dict[str, dict[str, Any]]:
    return {row["lock"]: row for row in found.locks.to_pylist()}


def line_of(source: Path, text: str) -> str:
    """``file:line`` of the first line that has the text."""
    lines = source.read_text().splitlines()
    return f"{source.name}:{next(n for n, line in enumerate(lines, 1) if text in line)}"


@pytest.mark.parametrize(("build", "seed", "harts"), RUNS)
def test_acquisitions_are_those_of_the_program(made: Any, build: str, seed: int, harts: int) -> None:
    """Between its probes before and behind each call the projection has exactly one request, which succeeded
    or failed as the program says; holds end behind the probe before the release."""
    log = made(LOCKS, build, seed, harts).recording.log
    requests: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
    for row in contention(log).intervals.to_pylist():
        requests[row["tid"], row["address"]].append(row)
    said: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for probe in sorted(log.table("probe").to_pylist(), key=lambda row: row["seq"]):
        said[probe["tid"], probe["value"]].append((probe["number"], probe["seq"]))
    assert requests.keys() == said.keys()
    for key, told in said.items():
        asked = [seq for number, seq in told if number == ASKS]
        answers = [(number, seq) for number, seq in told if number in (HAS, FAILED)]
        mine = requests[key]
        assert len(mine) == len(asked) == len(answers)
        inside_wait = mine[0]["lock"] == "queue_lock" and key[0] == 1
        for row, before, (answer, after) in zip(mine, asked, answers, strict=True):
            if not inside_wait:
                assert before < row["requested_seq"] < row["acquired_seq"] < after
            assert (row["outcome"] == "failed") == (answer == FAILED)
            assert row["outcome"] in ("failed", "taken", "released")
        released = sorted(row["released_seq"] for row in mine if row["outcome"] == "released")
        given = [seq for number, seq in told if number == GIVES]
        if released:
            assert len(released) == len(given)
            assert all(before < at for before, at in zip(given, released, strict=True))


@pytest.mark.parametrize(("build", "seed", "harts"), RUNS)
def test_holders_exclude_each_other(made: Any, build: str, seed: int, harts: int) -> None:
    intervals = contention(made(LOCKS, build, seed, harts).recording.log).intervals.to_pylist()
    for row in intervals:
        if row["hold"] is None:
            continue
        for other in intervals:
            if (
                other["address"] == row["address"]
                and other["tid"] != row["tid"]
                and other["hold"] is not None
            ):
                apart = (
                    row["released_seq"] < other["acquired_seq"] or other["released_seq"] < row["acquired_seq"]
                )
                assert apart or row["mode"] == other["mode"] == "read"


@pytest.mark.parametrize("build", BUILDS)
def test_locks_have_the_names_of_their_variables(made: Any, build: str) -> None:
    found = contention(made(LOCKS, build).recording.log)
    kinds = {name: row["kind"] for name, row in by_name(found).items()}
    places = sorted(name.partition(" ")[2] for name in kinds if name.startswith("0x"))
    assert {name: kind for name, kind in kinds.items() if not name.startswith("0x")} == KINDS
    assert places[0] == "(heap)"
    assert set(places[1:]) <= {f"(stack of thread {tid})" for tid in (2, 3, 4)}
    assert by_name(found)["table"]["reads"] > 0
    assert found.notes == ()
    sources = {row["source"].rpartition("/")[2] for row in found.intervals.to_pylist()}
    assert {source.partition(":")[0] for source in sources} == {LOCKS.name}
    assert line_of(LOCKS, "pthread_spin_lock(&spin)") in sources


@pytest.mark.parametrize("build", BUILDS)
def test_what_is_held_in_the_middle(made: Any, build: str) -> None:
    log = made(LOCKS, build).recording.log
    intervals = contention(log).intervals.to_pylist()
    for seq in range(log.end_seq // 2, log.end_seq, log.end_seq // 12):
        held = {
            row["lock"]: row["tid"] for row in intervals if row["acquired_seq"] <= seq < row["released_seq"]
        }
        found = {lock.name: lock.holder for lock in locks_at(Recording(log), seq) if lock.holder}
        assert found.keys() == held.keys()


@pytest.mark.parametrize("build", BUILDS)
def test_locks_of_cxx_are_seen_through_their_wrappers(made: Any, build: str) -> None:
    """Whether lock_guard and std::mutex were inlined or not, the call is the program's."""
    found = contention(made(CXX, build).recording.log)
    locks = by_name(found)
    mutex = next(
        row for name, row in locks.items() if name.startswith("tables+") and row["acquisitions"] == 20
    )
    assert (mutex["kind"], locks["again"]["acquisitions"], locks["plain"]["acquisitions"]) == (
        "mutex",
        40,
        20,
    )
    assert (locks["shared"]["kind"], locks["shared"]["acquisitions"], locks["shared"]["reads"]) == (
        "rwlock",
        20,
        10,
    )
    assert locks["ready"]["kind"] == "condition"
    rows = found.intervals.to_pylist()
    assert {row["source"].rpartition("/")[2].partition(":")[0] for row in rows} == {CXX.name}
    assert {row["source"].rpartition("/")[2] for row in rows if row["address"] == mutex["address"]} == {
        line_of(CXX, "held(table.lock)")
    }


def test_locks_of_the_c_library_are_listed_when_asked_for(made: Any, tmp_path: Path) -> None:
    log = made(LOCKS, "clang -O1").recording.log
    path = tmp_path / "roles.toml"
    path.write_text("internal = true\n")
    own, all_of_them = contention(log), contention(log, read_roles(path))
    assert by_name(own).keys() < by_name(all_of_them).keys()


def test_a_wrapper_of_the_users_own(made: Any, tmp_path: Path) -> None:
    path = tmp_path / "roles.toml"
    path.write_text('[sites]\nwrappers = ["add"]\n')
    log = made(CXX, "clang -O0").recording.log
    rows = contention(log, read_roles(path)).intervals.to_pylist()
    mine = {row["source"].rpartition("/")[2] for row in rows if row["lock"].startswith("tables+")}
    assert line_of(CXX, "add(tables[1])") in mine
    assert line_of(CXX, "held(table.lock)") not in mine


@pytest.mark.parametrize("build", ["clang -O1 -g0", "gcc -O1 -g0"])
def test_without_debug_information_sites_are_functions(made: Any, build: str) -> None:
    found = contention(made(LOCKS, build).recording.log)
    mine = [row for row in found.intervals.to_pylist() if row["lock"] in KINDS]
    assert {row["lock"] for row in mine} == KINDS.keys()
    assert {row["site"] for row in mine} == {"work", "main"}
