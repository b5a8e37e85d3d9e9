"""Two recorders and ten readers on one catalog at the same time, each a process of its own.

No run is lost, nobody is told that a database is locked, and what a reader sees of a run that is still being
recorded is committed: it only grows, and all of it can be read.
"""

import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rig
from console import FORKS

from recorder.audit import audit
from recorder.catalog import Catalog
from recorder.reader import Log
from recorder.run import RunRow
from sim.kernel import kernel

RECORDERS, READERS = 2, 10
#: Seconds between a reader's looks: ten that never rested would leave the recorders no processor.
REST = 0.2
PROGRAM = rig.EXAMPLES / "counter_mutex.asm"
#: Of a run of some 160,000: enough commits that many are seen halfway.
SEGMENT_EVENTS = 4000


def record(catalog: Catalog, store: str, number: int) -> str:
    """A run that differs by its ``number``; its digest."""
    return rig.record(catalog, PROGRAM, store=store, seed=number).digest


def record_in_pieces(catalog: Catalog, store: str, number: int) -> str:
    """The same in many segments; in a process that does nothing else."""
    kernel.SEGMENT_EVENTS = SEGMENT_EVENTS
    return record(catalog, store, number)


def read_on(catalog: Catalog, store: str, number: int) -> int:
    """Read all runs again and again until all are complete; how often a run was seen that wasn't yet."""
    seen: dict[str, int] = {}
    growing = 0
    while True:
        runs = catalog.runs()
        assert set(seen) <= {run.id for run in runs}
        for run in runs:
            growing += run.status == "recording" and run.events > 0
            seen[run.id] = look(catalog, run, seen.get(run.id, 0))
        if len(runs) == RECORDERS and all(run.status == "complete" for run in runs):
            return growing
        time.sleep(REST)


def look(catalog: Catalog, run: RunRow, before: int) -> int:
    """Read every event that is committed, and the newest state; how many there are."""
    with Log(catalog, run) as log:
        end = log.end_seq
        assert end >= max(run.events, before)
        assert log.damage is None
        seqs = [log.table(kind, columns=["seq"])["seq"].to_numpy() for kind in log.kinds()]
        assert np.array_equal(np.sort(np.concatenate([[], *seqs])), np.arange(end))
        image = log.image_before(end)
        assert (image.seq if image else -1) == end - 1
    return end


def work(
    answer: Connection,
    start: Barrier,
    task: Callable[..., Any],
    home: Path,
    url: str,
    store: str,
    number: int,
) -> None:
    """In a process of its own, that begins when the others do."""
    try:
        catalog = Catalog.open(home, url)
        start.wait()
        answer.send((task(catalog, store, number), ""))
    except BaseException:
        answer.send((None, traceback.format_exc()))


def at_once(tasks: list[tuple[Callable[..., Any], int]], *place: object) -> list[Any]:
    """What each of them gives, in a process each."""
    start = FORKS.Barrier(len(tasks))
    answers, processes = [], []
    for task, number in tasks:
        ours, theirs = FORKS.Pipe(duplex=False)
        process = FORKS.Process(target=work, args=(theirs, start, task, *place, number))
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
    return results


@pytest.mark.slow
@pytest.mark.parametrize(
    ("database", "store"), [("sqlite", "parquet"), ("sqlite", "sqlite"), ("postgresql", "parquet")]
)
def test_two_record_and_ten_read(
    request: pytest.FixtureRequest, tmp_path: Path, database: str, store: str
) -> None:
    home, url = tmp_path / "home", f"sqlite:///{tmp_path / 'home' / 'catalog.db'}"
    if database == "postgresql":
        url = request.getfixturevalue("postgres").new_database()
    tasks = [(record_in_pieces, number) for number in range(RECORDERS)]
    tasks += [(read_on, number) for number in range(READERS)]
    results = at_once(tasks, home, url, store)
    assert sum(results[RECORDERS:]) > 0
    catalog = Catalog.open(home, url)
    runs = {run.digest: run for run in catalog.runs()}
    assert set(runs) == set(results[:RECORDERS])
    for number in range(RECORDERS):
        run = runs[record(catalog, store, number)]
        assert run.events > 20 * SEGMENT_EVENTS
        assert audit(catalog, run).findings == ()
