"""`simrec recover` and `simrec gc`: what recorders that died, and removals that were cut short, left."""

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from console import Simrec

from recorder.audit import audit
from recorder.catalog import Catalog
from recorder.leftovers import waste
from recorder.owner import current
from recorder.reader import Log
from recorder.run import RunRow
from simrec import buildcache


def cut_off(home: Path, run: str, store: str) -> RunRow:
    """As if the recorder had been killed behind its second segment: files and rows are there that no row of
    the catalog refers to, and others are only staged."""
    catalog = Catalog.open(home)
    row = catalog.find(run)
    events = catalog.segments(run)[1].end_seq
    with closing(sqlite3.connect(home / "catalog.db")) as database:
        database.execute("delete from segments where run_id = ? and number > 1", (run,))
        database.execute("delete from snapshots where run_id = ? and number > 1", (run,))
        database.execute(
            "update runs set status = 'recording', closing = '', reason = '', exit_status = null, "
            "owner = ?, events = ?, ticks = ?, digest = ? where id = ?",
            (
                f"{os.uname().nodename}:999999999:1",
                *(events, catalog.segments(run)[1].end_tick, catalog.segments(run)[1].digest, run),
            ),
        )
        database.commit()
    (row.path / "closing.json").unlink()
    (row.path / "instruction").mkdir(exist_ok=True)
    (row.path / "instruction" / "000009.parquet.partial").write_bytes(b"staged")
    catalog.close()
    return Catalog.open(home).find(run)


@pytest.mark.parametrize("store", ["parquet", "sqlite"])
def test_recover_closes_a_run_whose_recorder_died(
    simrec: Simrec, home: Path, write: Callable[..., Path], store: str
) -> None:
    kept = simrec("run", "examples/hello.asm").run
    whole = simrec("run", "--store", store, "--max-events", 2_500_000, write("1: j 1b")).run
    catalog = Catalog.open(home)
    assert len(catalog.segments(whole)) > 2
    events = cut_off(home, whole, store).events
    answer = simrec("recover")
    assert answer.status == 0
    assert answer.output.startswith(
        f"recovered {whole} ({catalog.find(whole).program}): interrupted, events 0 to {events - 1}"
    )
    assert "deleted" in answer.output and ("rows" in answer.output) == (store == "sqlite")
    run = catalog.find(whole)
    assert (run.status, run.died, bool(run.closing), run.exit_status) == ("interrupted", False, True, None)
    assert run.reason == f"its recorder died, recorded up to event {events - 1}"
    assert waste(catalog, run) == [] and not list(run.path.rglob("*.partial"))
    told = audit(catalog, run)
    assert (told.findings, told.whole, told.good) == ((), False, events)
    with Log.open(catalog, whole) as log:
        assert sum(log.table(kind).num_rows for kind in log.kinds()) == events
    assert f"event {events - 1} of {events - 1}" in simrec("replay", whole).output
    again = simrec("recover")
    assert (again.output, again.errors) == ("", "simrec: nothing to recover\n")
    assert "needs no recovery: it is complete" in simrec("recover", kept).errors
    assert audit(catalog, catalog.find(kept)).findings == ()


def test_a_run_that_is_being_recorded_is_left_alone(simrec: Simrec, home: Path) -> None:
    run = simrec("run", "examples/hello.asm").run
    catalog = Catalog.open(home)
    catalog.change(run, status="recording", owner=current())
    (catalog.find(run).path / "x.partial").write_bytes(b"staged")
    assert "nothing to recover" in simrec("recover").errors
    assert "nothing to delete" in simrec("gc", "--delete", "--days", 9999).errors
    assert (catalog.find(run).path / "x.partial").exists()


def test_a_recorder_that_died_as_it_closed_the_run(simrec: Simrec, home: Path) -> None:
    run = simrec("run", "examples/hello.asm").run
    catalog = Catalog.open(home)
    catalog.change(run, status="recording", closing="", reason="", owner=f"{os.uname().nodename}:999999999:1")
    assert "complete, events 0 to" in simrec("recover", run).output
    assert (catalog.find(run).reason, audit(catalog, catalog.find(run)).findings) == ("exited", ())


def test_a_run_that_died_before_it_had_a_directory(simrec: Simrec, home: Path) -> None:
    run = simrec("run", "examples/hello.asm").run
    catalog = Catalog.open(home)
    shutil.rmtree(catalog.find(run).path)
    catalog.change(run, status="recording", events=0, owner=f"{os.uname().nodename}:999999999:1")
    assert f"recovered {run} (examples/hello.asm): failed, it has no events" in simrec("recover").output


def test_removals_that_were_cut_short_are_finished(simrec: Simrec, home: Path) -> None:
    kept, cut, orphan = (simrec("run", "examples/hello.asm").run for _ in range(3))
    runs = home / "runs"
    for run in (cut, orphan):
        shutil.copytree(runs / run, home / run)
        assert simrec("rm", run).status == 0
        (home / run).rename(runs / run)
    (runs / cut / "removed").touch()
    assert f"removed what was left of run {cut}" in simrec("recover").output
    assert sorted(path.name for path in runs.iterdir()) == sorted([kept, orphan])


def test_what_is_being_filled_is_left_alone(simrec: Simrec, home: Path) -> None:
    """An import, or a rebuilding, that a living process is at; and one whose process has died."""
    run = simrec("run", "examples/hello.asm").run
    for name, who in (("0123abcd", current()), ("4567abcd", f"{os.uname().nodename}:999999999:1")):
        for folder in ("runs", "rebuilt"):
            shutil.copytree(home / "runs" / run, home / folder / name)
            (home / folder / name / "owner.partial").write_text(who)
    assert simrec("gc", "--delete", "--days", 9999).output.count("4567abcd") == 4
    for folder in ("runs", "rebuilt"):
        assert (home / folder / "0123abcd").exists() and not (home / folder / "4567abcd").exists()
    assert (home / "runs" / run).exists()


def test_gc_lists_and_deletes(simrec: Simrec, home: Path, tmp_path: Path) -> None:
    kept, lost, gone = (simrec("run", "examples/hello.asm").run for _ in range(3))
    runs = home / "runs"
    catalog = Catalog.open(home)
    whole = catalog.find(kept)
    size = sum(path.stat().st_size for path in (runs / lost).rglob("*") if path.is_file())
    shutil.copytree(runs / lost, home / lost)
    assert simrec("rm", lost).status == 0
    (home / lost).rename(runs / lost)
    shutil.rmtree(runs / gone)
    (runs / kept / "instruction" / "hart=0" / "000007.parquet").write_bytes(b"behind")
    (runs / kept / "notes.txt").write_text("the user's")
    (runs / "not-a-run").mkdir()
    with closing(sqlite3.connect(home / "catalog.db")) as database:
        database.execute("insert into programs values ('ab', 'old', 'old.asm', 7)")
        database.commit()
    cache = tmp_path / "cache"
    compiled = cache / "simrec" / "compiled"
    compiled.mkdir(parents=True)
    for name, age in (("old.elf", 40), ("new.elf", 1)):
        (compiled / name).write_bytes(b"image")
        os.utime(compiled / name, (time.time() - age * 86400,) * 2)
    projections = cache / "simrec" / "projections"
    projections.mkdir()
    (projections / "locks.json").write_text("[]")
    os.utime(projections / "locks.json", (0, 0))
    listed = simrec("gc", XDG_CACHE_HOME=str(cache))
    assert listed.status == 0
    for line in (
        lost,
        f"{size:,}",
        "no row refers to it",
        "000007.parquet",
        "its directory has vanished",
        "program without a run",
        "old.elf",
        "locks.json",
    ):
        assert line in listed.output
    assert (
        "new.elf" not in listed.output
        and "notes.txt" not in listed.output
        and "not-a-run" not in listed.output
    )
    assert "nothing was deleted: simrec gc --delete does" in listed.errors
    assert (runs / lost).exists()
    done = simrec("gc", "--delete", XDG_CACHE_HOME=str(cache))
    assert "--rows takes them off" in done.errors
    assert not (runs / lost).exists() and not (compiled / "old.elf").exists()
    assert not (projections / "locks.json").exists()
    assert {run.id for run in catalog.runs()} == {kept, gone}
    simrec("gc", "--delete", "--rows", XDG_CACHE_HOME=str(cache))
    assert [run.id for run in catalog.runs()] == [kept]
    assert audit(catalog, whole).findings == ()
    assert simrec("gc", XDG_CACHE_HOME=str(cache)).errors == "simrec: nothing to delete\n"
    assert buildcache.cache_directory() != compiled


def test_gc_leaves_alone_what_is_not_of_simrec(simrec: Simrec, home: Path, tmp_path: Path) -> None:
    photos = tmp_path / "shared" / "20260101"
    photos.mkdir(parents=True)
    (photos / "a.jpg").write_bytes(b"not a recording")
    run = simrec("run", "--files", str(photos.parent), "examples/hello.asm").run
    shutil.copytree(photos.parent / run, photos.parent / "0123abcd")
    left = simrec("gc", "--json").output
    assert "0123abcd" in left
    assert photos.name not in left
    assert simrec("gc", "--delete").status == 0
    assert sorted(path.name for path in photos.parent.iterdir()) == sorted([photos.name, run])
