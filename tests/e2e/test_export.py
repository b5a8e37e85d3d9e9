"""`simrec export` and `simrec import`, as a user types them."""

import json
import sqlite3
from pathlib import Path

import pytest
from console import Answer, Simrec, call

#: Runs of several harts, programs and ends.
RUNS = {
    "harts": ("examples/counter_race.asm", "--harts", "3", "--name", "race"),
    "programs": ("examples/hello.asm", "examples/generator.asm", "--seed", "3"),
    "deadlock": ("examples/deadlock.asm", "--store", "sqlite"),
    "input": ("tests/e2e/programs/sum_input.asm", "--max-events", "400"),
}
QUESTIONS = (("replay",), ("events", "--json", "--to", "900"), ("stats", "--json"))


def answers(simrec: Simrec, run: str, other: str) -> list[str]:
    """To all questions about a run, as if it were called another."""
    given = [simrec(*question, run) for question in QUESTIONS]
    assert [each.status for each in given] == [0] * len(given)
    return [each.output.replace(run, other) for each in given]


def row(simrec: Simrec, run: str) -> dict[str, object]:
    found: list[dict[str, object]] = json.loads(simrec("runs", "--json").output)
    return next(each for each in found if each["run"] == run)


@pytest.mark.parametrize("which", RUNS)
def test_a_run_goes_to_another_home_and_another_store(
    simrec: Simrec, home: Path, tmp_path: Path, which: str
) -> None:
    run = simrec("run", *RUNS[which], stdin=b"40 2").run
    recorded = row(simrec, run)
    archive = tmp_path / "run.simrec"
    made = simrec("export", "--to", archive)
    assert (made.status, made.errors) == (0, "")
    assert made.output.startswith(f"wrote {archive}: run {run} of {recorded['program']}, ")

    def elsewhere(*arguments: object) -> Answer:
        return call(tmp_path / "elsewhere", *arguments)

    taken = elsewhere("import", archive)
    assert (taken.status, taken.errors) == (0, "")
    there = row(elsewhere, run)
    assert {**there, "path": ""} == {**recorded, "path": ""}
    wanted = answers(simrec, run, run)
    assert answers(elsewhere, run, run) == wanted
    store = "parquet" if recorded["store"] == "sqlite" else "sqlite"
    converted = elsewhere("export", "--store", store)
    assert converted.status == 0
    other = converted.output.split()[1]
    assert f"run {other} has the {recorded['events']:,} events of run {run} in {store}" in converted.output
    assert row(elsewhere, other)["digest"] == recorded["digest"]
    assert row(elsewhere, other)["name"] == (f"race-{store}" if recorded["name"] else "")
    assert answers(elsewhere, other, run) == wanted


def test_what_is_there_already_is_told(simrec: Simrec, tmp_path: Path) -> None:
    run = simrec("run", "examples/hello.asm", "--name", "hi").run
    assert simrec("export", "hi", "--to", tmp_path / "hi").status == 0
    again = simrec("export", "hi", "--to", tmp_path / "hi")
    assert (again.status, again.output) == (2, "")
    assert "is there already: name another, or say --force" in again.errors
    assert simrec("export", "hi", "--to", tmp_path / "hi", "--force").status == 0
    taken = simrec("import", tmp_path / "hi", "--name", "hello")
    assert (taken.status, taken.output) == (0, f"run {run} (hi) is there already, with the same 145 events\n")
    simrec("rm", "hi")
    taken = simrec("import", tmp_path / "hi", "--name", "hello")
    assert taken.output == f"imported run {run} (hello) of examples/hello.asm, 145 events: exited\n"


def test_an_archive_of_the_other_store(simrec: Simrec, tmp_path: Path) -> None:
    run = simrec("run", "examples/hello.asm").run
    assert simrec("export", "--store", "sqlite", "--to", tmp_path / "run.simrec").status == 0
    assert [each["run"] for each in json.loads(simrec("runs", "--json").output)] == [run]
    taken = simrec("import", tmp_path / "run.simrec")
    assert f"there is another run {run}: this one is " in taken.errors
    new = taken.output.split()[2]
    assert row(simrec, new)["store"] == "sqlite"
    assert answers(simrec, new, run) == answers(simrec, run, run)


def test_a_run_without_an_end_goes_out_as_interrupted(simrec: Simrec, home: Path, tmp_path: Path) -> None:
    run = simrec("run", "examples/hello.asm").run
    with sqlite3.connect(home / "catalog.db") as catalog:
        # As a recorder leaves it that is killed before it can say how the run ended.
        catalog.execute("update runs set status = 'recording', closing = '', owner = 'here:0:0'")
    made = simrec("export", "--to", tmp_path / "run.simrec")
    told = "goes out as interrupted, recorded up to event 144"
    assert made.errors == f"simrec: run {run} has no end: it {told}\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "say where: --to FILE.simrec, --to DIRECTORY, or --store STORE"),
        (("--store", "csv"), "no store is called 'csv'"),
        (("--to", "/proc/nowhere/run.simrec"), "there is no directory /proc/nowhere"),
        (("--to", "run.tar"), "name an archive NAME.simrec, or a directory without a suffix"),
    ],
)
def test_what_can_not_be_exported(simrec: Simrec, arguments: tuple[str, ...], told: str) -> None:
    simrec("run", "examples/hello.asm")
    answer = simrec("export", *arguments)
    assert (answer.status, answer.output) == (2, "")
    assert told in answer.errors and answer.errors.count("\n") == 1


def test_what_can_not_be_imported(simrec: Simrec, tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.simrec", Path("examples/hello.asm"), tmp_path):
        answer = simrec("import", path)
        assert (answer.status, answer.output) == (5, "")
        assert answer.errors.startswith(f"simrec: {path} ") and answer.errors.count("\n") == 1
