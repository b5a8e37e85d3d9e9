"""Recorders that are killed at random moments: what they committed is whole, and nothing else is harmed."""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import small
from console import FORKS, ROOT, call, environment
from sqlalchemy import func, select

from recorder.audit import audit
from recorder.catalog import Catalog
from recorder.database import reading
from recorder.models import Run
from recorder.reader import Log
from recorder.run import RunRow
from replay.analyses.stats import stats
from replay.diff import diff
from replay.recording import Recording

KILLS = 200
#: 20,952 events of four threads on two harts, in 21 segments: most of what a process does is recording.
PROGRAM = "examples/counter_race.asm"
EVENTS = 1000
#: Seconds between two looks at how far a recording has come.
LOOK = 0.001
#: Seconds from seeing that it is far enough to the kill, at most: a segment's time on a fast machine.
LATER = 0.01


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("killed")


@pytest.fixture(scope="module")
def catalog(home: Path) -> Iterator[Catalog]:
    opened = Catalog.open(home)
    yield opened
    opened.close()


def committed(catalog: Catalog) -> int:
    """Events of all runs together."""
    with reading(catalog.engine) as connection:
        return connection.execute(select(func.sum(Run.events))).scalar_one() or 0


def record(
    home: Path, store: str, seconds: float | None = None, ready: Callable[[], bool] = lambda: True
) -> float:
    """Record in a process that is killed some ``seconds`` after it is ``ready``, or not; how long it was at
    work."""
    streams = tuple(str(home / name) for name in ("stdin", "stdout", "stderr"))
    for path in streams:
        Path(path).write_bytes(b"")
    given = ["run", PROGRAM, "--store", store], str(ROOT), environment(home), streams
    process = FORKS.Process(target=small.command, args=(EVENTS, *given))
    process.start()
    began = time.perf_counter()
    while not ready() and process.is_alive():
        time.sleep(LOOK)
    process.join(seconds)
    process.kill()
    process.join()
    return time.perf_counter() - began


@pytest.mark.slow
@pytest.mark.parametrize("store", ["parquet", "sqlite"])
def test_killed_at_any_moment(home: Path, catalog: Catalog, store: str) -> None:
    record(home, store)
    took = record(home, store)
    whole = catalog.find("latest")
    assert whole.status == "complete"
    chance, lengths = random.Random(), set[int]()
    known = {run.id for run in catalog.runs()}
    for turn in range(KILLS):
        if turn % 2:
            record(home, store, chance.uniform(0, took))
        else:
            # What a recording takes may be anything on a busy machine. So that every segment has its turn:
            enough = committed(catalog) + chance.randrange(1, whole.events)
            record(home, store, chance.uniform(0, LATER), lambda until=enough: committed(catalog) >= until)
        for run in catalog.runs():
            if run.id not in known:
                known.add(run.id)
                holds_what_it_committed(catalog, run, whole)
                if run.events and run.events not in lengths:
                    every_question_can_be_asked(catalog, run, whole)
                lengths.add(run.events)
    assert len(lengths) > 5, "they were killed in different segments"
    assert all(audit(catalog, run).findings == () for run in catalog.runs())
    cut = max((run for run in catalog.runs() if run.events < whole.events), key=lambda run: run.events)
    for command in (("replay",), ("stats",), ("events",), ("diff", whole.id)):
        answer = call(home, *command, cut.id)
        assert (answer.status, answer.errors.count("\n")) == (command[0] == "diff", command[0] == "events")


def holds_what_it_committed(catalog: Catalog, run: RunRow, whole: RunRow) -> None:
    """Its segments are the first of the whole run's."""
    assert run.died or run.status == "complete"
    told = audit(catalog, run)
    assert (told.findings, told.good, told.whole) == ((), run.events, run.events == whole.events)
    if not told.whole:
        where = f"behind event {run.events - 1}" if run.events else "before the first event"
        assert told.ending.startswith(f"truncated {where} (interrupted: ")
    with Log(catalog, run) as log:
        assert (log.damage, log.end_seq) == (None, run.events)
        digests = [segment.digest for segment in log.segments]
    assert digests == [segment.digest for segment in catalog.segments(whole.id)][: len(digests)]


def every_question_can_be_asked(catalog: Catalog, run: RunRow, whole: RunRow) -> None:
    """About the state, in numbers, and against the whole run."""
    with Log(catalog, run) as log, Log(catalog, whole) as other:
        recording, reference = Recording(log), Recording(other)
        assert recording.state(recording.last_seq).seq == run.events - 1
        assert sum(row["count"] for row in stats(log)["events"].to_pylist()) == run.events
        assert diff(recording, reference).seq == (None if run.events == whole.events else run.events)
