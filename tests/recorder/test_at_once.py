"""Two recorders and ten readers on one catalog at the same time, each a process of its own.

No run is lost, nobody is told that a database is locked, and what a reader sees of a run that is still being
recorded is committed: it only grows, and all of it can be read.
"""

import multiprocessing
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from synthetic import HARTS, PROGRAM, living_world, put, store_bytes

from recorder.audit import audit
from recorder.catalog import Catalog
from recorder.keeping import Keeping
from recorder.reader import Log
from recorder.recorder import Recorder
from recorder.run import RunRow
from sim.events import Instruction
from sim.machine.buffers import Buffers

RECORDERS, READERS = 2, 10
SEGMENTS, EVENTS = 40, 200
#: Processes that don't inherit threads, and have the imports done.
FORKS = multiprocessing.get_context("forkserver")
MODULES = ["synthetic", "recorder.audit", "recorder.database", "recorder.models", "recorder.digest"]
MODULES += ["recorder.parquet", "recorder.sqlite", "recorder.snapshots", "sqlalchemy.orm", "psycopg"]


def record_alone(catalog: Catalog, store: str, number: int, pause: float = 0) -> RunRow:
    """A run of many segments that differs by its ``number``; with a snapshot of some pages in each."""
    recorder = Recorder.start(catalog, [PROGRAM], {}, Keeping(store, name=f"run-{number}"))
    buffers = Buffers(HARTS, 4 * EVENTS)
    world = living_world(buffers)
    for segment in range(SEGMENTS):
        for n in range(EVENTS):
            step = Instruction(hart=n % HARTS, tid=1, pc=4 * n, value=n * number + segment, address=0)
            world.seq, world.tick = step.seq, step.tick = world.seq + 1, world.tick + 1
            put(buffers, step)
        store_bytes(world, buffers, 0x10000 + segment * 64, bytes([number, segment]))
        if segment < SEGMENTS - 1:
            buffers = recorder.segment(buffers, world)
            time.sleep(pause)
    recorder.finish(buffers, world)
    return recorder.close("complete", "exited", 0)


def read_on(catalog: Catalog, store: str, number: int) -> int:
    """Read all runs again and again until all are complete; how often a run was seen that wasn't yet."""
    seen: dict[str, int] = {}
    growing = 0
    while True:
        runs = catalog.runs()
        assert set(seen) <= {run.id for run in runs}
        for run in runs:
            growing += run.status == "recording" and run.events > 0
            look(catalog, run, seen)
        if len(runs) == RECORDERS and all(run.status == "complete" for run in runs):
            return growing


def look(catalog: Catalog, run: RunRow, seen: dict[str, int]) -> None:
    """Every event that is committed, and the newest state."""
    with Log(catalog, run) as log:
        end = log.end_seq
        assert end >= max(run.events, seen.get(run.id, 0)), (end, run.events, seen)
        assert log.damage is None
        seqs = [seq for kind in log.kinds() for seq in log.table(kind, columns=["seq"])["seq"].to_pylist()]
        assert sorted(seqs) == list(range(end))
        if end:
            image = log.image_before(end)
            assert image is not None
            assert image.seq == end - 1
        seen[run.id] = end


def work(answer: Connection, task: Callable[..., Any], home: Path, url: str, store: str, number: int) -> None:
    """In a process of its own."""
    try:
        answer.send((task(Catalog.open(home, url), store, number), ""))
    except BaseException:
        answer.send((None, traceback.format_exc()))


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_two_record_and_ten_read(
    request: pytest.FixtureRequest, tmp_path: Path, database: str, store: str
) -> None:
    home, url = tmp_path / "home", f"sqlite:///{tmp_path / 'home' / 'catalog.db'}"
    if database == "postgresql":
        url = request.getfixturevalue("postgres").new_database()
    FORKS.set_forkserver_preload(MODULES)
    tasks = [(record_alone, number) for number in range(RECORDERS)]
    tasks += [(read_on, number) for number in range(READERS)]
    answers, processes = [], []
    for task, number in tasks:
        ours, theirs = FORKS.Pipe(duplex=False)
        process = FORKS.Process(target=work, args=(theirs, task, home, url, store, number))
        process.start()
        theirs.close()
        answers.append(ours)
        processes.append(process)
    results = []
    for answer in answers:
        found, error = answer.recv()
        if error:
            for process in processes:
                process.kill()
            pytest.fail(error)
        results.append(found)
    for process in processes:
        process.join()
    assert sum(results[RECORDERS:]) > READERS
    catalog = Catalog.open(home, url)
    assert {run.name for run in catalog.runs()} == {f"run-{number}" for number in range(RECORDERS)}
    for number in range(RECORDERS):
        run, alone = catalog.find(f"run-{number}"), record_alone(catalog, store, number)
        assert (run.digest, run.events) == (alone.digest, alone.events)
        assert audit(catalog, run).findings == ()
