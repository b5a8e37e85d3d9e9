"""A run as an archive: what comes out is what went in, and what isn't a run doesn't get in."""

import os
import shutil
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from servers import S3, Postgres
from synthetic import (
    HARTS,
    OPTIONS,
    PROGRAM,
    cut_points,
    examples,
    numbered,
    put,
    record,
    record_and_kill,
    runs,
    steps,
)

from recorder.archive.admit import admit
from recorder.audit import audit
from recorder.catalog import Catalog
from recorder.errors import BadArchive, BadTarget, LogError, NeedsDirectory
from recorder.export import Export
from recorder.keeping import Keeping
from recorder.reader import Log
from recorder.recorder import Recorder
from recorder.run import RunRow
from sim.events import Event
from sim.events import Run as RunEvent
from sim.machine.buffers import Buffers
from sim.world import World

ELSEWHERE = ("home", "place")


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Catalog]:
    """Somebody else's catalog."""
    opened = Catalog.open(tmp_path / "other")
    yield opened
    opened.close()


@pytest.fixture(params=["run.simrec", "run"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


def same(run: RunRow, back: RunRow) -> bool:
    """But for where it is, and what can be left out there."""
    return all(getattr(run, n) == getattr(back, n) for n in vars(run) if n not in (*ELSEWHERE, "bytes"))


@settings(examples, max_examples=8)
@given(made=runs(), cuts=cut_points)
def test_a_run_comes_back_as_it_was(
    catalog: Catalog, other: Catalog, tmp_path: Path, store: str, made: list[Event], cuts: set[int]
) -> None:
    run = record(catalog, made, store, sorted(cuts), name="toy")
    admitted = admit(other, exported(catalog, run, tmp_path))
    assert (admitted.new, admitted.was, admitted.losses) == (True, run.id, ())
    assert same(run, admitted.run)
    assert other.segments(run.id) == catalog.segments(run.id)
    assert other.snapshots(run.id) == catalog.snapshots(run.id)
    with Log.open(catalog, run.id) as log, Log.open(other, run.id) as back:
        assert all(log.table(kind) == back.table(kind) for kind in log.kinds())
        assert (back.code, back.image(1), back.sources(1)) == (log.code, log.image(1), log.sources(1))
    assert audit(other, admitted.run).findings == ()
    assert admitted.run.bytes == admitted.run.place.bytes()


def test_the_same_run_gives_the_same_bytes(
    catalog: Catalog, other: Catalog, store: str, tmp_path: Path
) -> None:
    run = record(catalog, steps(30), store, [10, 20])
    first, second = tmp_path / "first.simrec", tmp_path / "second.simrec"
    Export(catalog, run).to_archive(first)
    Export(other, admit(other, first).run).to_archive(second)
    assert first.read_bytes() == second.read_bytes()


def test_members_are_plain_files_in_order(catalog: Catalog, tmp_path: Path) -> None:
    run = record(catalog, steps(30))
    Export(catalog, run).to_archive(tmp_path / "run.simrec")
    Export(catalog, run).to_archive(tmp_path / "run")
    with zipfile.ZipFile(tmp_path / "run.simrec") as archive:
        names = archive.namelist()
        assert names == [*sorted(names[:-1]), "manifest.json"]
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        for name in names:
            assert (tmp_path / "run" / name).read_bytes() == archive.read(name)
    assert {p.relative_to(tmp_path / "run").as_posix() for p in (tmp_path / "run").rglob("*.*")} == set(names)


def test_an_archive_may_be_larger_than_a_zip_file_of_old(
    catalog: Catalog, other: Catalog, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if 4 GiB, and 65,535 files, were less."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 5)
    run = record(catalog, steps(30), store, [10])
    archive = exported(catalog, run, tmp_path)
    assert b"PK\6\6" in archive.read_bytes()
    assert same(run, admit(other, archive).run)


def test_a_run_that_is_there_already_is_left_alone(catalog: Catalog, target: Path) -> None:
    run = record(catalog, steps(30))
    Export(catalog, run).to_archive(target)
    admitted = admit(catalog, target, "again")
    assert (admitted.new, admitted.run) == (False, run)
    assert catalog.runs() == [run]


def test_another_run_of_the_same_id_gives_a_new_one(catalog: Catalog, other: Catalog, target: Path) -> None:
    run, there = record(catalog, steps(30)), record(other, steps(20))
    Export(catalog, run).to_archive(target)
    rename(other, there, run.id)
    admitted = admit(other, target)
    assert admitted.new and admitted.was == run.id != admitted.run.id
    assert {each.id for each in other.runs()} == {run.id, admitted.run.id}
    assert audit(other, admitted.run).findings == ()


def rename(catalog: Catalog, run: RunRow, to: str) -> None:
    """Give a run another id."""
    rows = catalog.rows(run.id)
    shutil.move(run.path, run.path.with_name("aside"))
    catalog.remove(run)
    run.path.with_name("aside").rename(run.path.with_name(to))
    catalog.enter(replace(rows, run=replace(rows.run, id=to, directory=f"runs/{to}")))


def test_a_directory_in_the_way_gives_a_new_id(catalog: Catalog, other: Catalog, target: Path) -> None:
    run = record(catalog, steps(30))
    Export(catalog, run).to_archive(target)
    waste = other.home / "runs" / run.id
    waste.mkdir(parents=True)
    (waste / "left.over").write_text("by somebody who was killed")
    assert admit(other, target).run.id != run.id
    assert (waste / "left.over").exists()


def test_another_name_gets_new_seals(catalog: Catalog, other: Catalog, store: str, target: Path) -> None:
    run = record(catalog, steps(30), store, [10], name="old")
    Export(catalog, run).to_archive(target)
    back = admit(other, target, "new").run
    assert (back.name, back.id, back.digest) == ("new", run.id, run.digest)
    found = audit(other, back)
    assert (found.findings, found.sealed, found.whole) == ((), True, True)


def test_a_run_that_goes_on_is_packed_as_interrupted(
    catalog: Catalog, other: Catalog, store: str, target: Path
) -> None:
    recorder = begun(catalog, store)
    exported = Export(catalog, catalog.find("latest"))
    exported.to_archive(target)
    recorder.abort("enough")
    back = admit(other, target).run
    assert (back.status, back.reason, back.events) == ("interrupted", "recorded up to event 5", 6)
    assert (back.exit_status, back.died) == (None, True)
    with Log.open(other) as log:
        assert log.table("instruction")["seq"].to_pylist() == list(range(6))
    assert audit(other, back).findings == ()
    other.remove(back)


def test_what_a_killed_recorder_left_is_packed(
    catalog: Catalog, other: Catalog, store: str, tmp_path: Path
) -> None:
    record_and_kill(catalog.home, store)
    run = catalog.find("latest")
    first, second = exported(catalog, run, tmp_path / "first"), exported(catalog, run, tmp_path / "second")
    assert first.read_bytes() == second.read_bytes()
    back = admit(other, first).run
    assert same(run, back) and back.died
    assert audit(other, back).findings == ()
    over = Export(catalog, run, "sqlite" if store == "parquet" else "parquet").to_catalog()
    assert (over.digest, over.died, audit(catalog, over).findings) == (run.digest, True, ())


def begun(catalog: Catalog, store: str) -> Recorder:
    """A recording that has committed one segment of 6 events."""
    recorder = Recorder.start(catalog, [PROGRAM], OPTIONS, Keeping(store))
    buffers, world = Buffers(HARTS, 64), World()
    for event in steps(6):
        put(buffers, event)
    world.seq = 5
    recorder.segment(buffers, world)
    while catalog.find("latest").events < 6:
        time.sleep(0.01)
    return recorder


def test_a_run_without_events_is_one(catalog: Catalog, other: Catalog, target: Path) -> None:
    run = Recorder.start(catalog, [PROGRAM], OPTIONS).abort("no")
    Export(catalog, run).to_archive(target)
    assert same(run, admit(other, target).run)


@pytest.mark.parametrize("detail", ["memory", "choices"])
@settings(examples, max_examples=3)
@given(made=runs(), cuts=cut_points)
def test_a_run_that_is_not_stored_in_full(
    catalog: Catalog,
    other: Catalog,
    store: str,
    tmp_path: Path,
    detail: str,
    made: list[Event],
    cuts: set[int],
) -> None:
    made = numbered([RunEvent(action="started", options="{}"), *made])
    run = record(catalog, made, store, sorted(cuts), detail=detail)
    back = admit(other, exported(catalog, run, tmp_path)).run
    assert same(run, back)
    over = Export(other, back, "sqlite" if store == "parquet" else "parquet").to_catalog()
    assert (over.digest, over.detail, audit(other, over).findings) == (run.digest, detail, ())


def exported(catalog: Catalog, run: RunRow, tmp_path: Path) -> Path:
    tmp_path.mkdir(exist_ok=True)
    Export(catalog, run).to_archive(tmp_path / f"{run.id}.simrec")
    return tmp_path / f"{run.id}.simrec"


# What is not overwritten.


def test_an_archive_is_replaced_only_on_demand(catalog: Catalog, target: Path) -> None:
    exported = Export(catalog, record(catalog, steps(5)))
    exported.to_archive(target)
    with pytest.raises(BadTarget, match="is there already: name another, or say --force"):
        exported.to_archive(target)
    longer = Export(catalog, record(catalog, steps(50)))
    longer.to_archive(target, force=True)
    assert admit(catalog, target).run == longer.rows.run
    assert [path.name for path in target.parent.iterdir() if path.name.startswith(".")] == []


def test_a_directory_of_something_else_is_never_replaced(catalog: Catalog, tmp_path: Path) -> None:
    exported = Export(catalog, record(catalog, steps(5)))
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").write_text("1")
    with pytest.raises(BadTarget, match="holds no archive"):
        exported.to_archive(tmp_path / "thesis", force=True)
    for name, told in (
        ("run.zip", "name an archive NAME.simrec"),
        ("no/run.simrec", "there is no directory"),
    ):
        with pytest.raises(BadTarget, match=told):
            exported.to_archive(tmp_path / name)
    (tmp_path / "empty").mkdir()
    exported.to_archive(tmp_path / "empty")
    assert (tmp_path / "empty" / "manifest.json").exists()


def test_a_failed_export_leaves_nothing(
    catalog: Catalog, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported = Export(catalog, record(catalog, steps(5)))
    here = sorted(target.parent.iterdir())

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadTarget, match=f"{target.name} can't be written .No space left on device"):
        exported.to_archive(target)
    assert sorted(target.parent.iterdir()) == here


def test_a_damaged_run_is_not_exported(catalog: Catalog) -> None:
    run = record(catalog, steps(30), cuts=[10])
    for name in ("writes", "instruction/hart=1"):
        file = run.path / name / "000001.parquet"
        data = file.read_bytes()
        file.unlink()
        with pytest.raises(LogError, match=rf"run {run.id} is damaged: {name}/000001\.parquet is missing"):
            Export(catalog, run)
        file.write_bytes(data)
    file.write_bytes(data[:-1] + b"?")
    with pytest.raises(
        LogError, match=r"000001\.parquet is not the file that was written; events 0 to 9 are good"
    ):
        Export(catalog, run)


@pytest.mark.parametrize("options", ["{broken", "7", "{}"])
def test_a_run_whose_row_was_changed_is_not_exported(catalog: Catalog, options: str) -> None:
    run = record(catalog, steps(3))
    with catalog.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE runs SET options = '{options}'")
    with pytest.raises(LogError, match=run.id):
        Export(catalog, catalog.find("latest"))


def test_snapshots_that_are_lost_are_left_out(catalog: Catalog, other: Catalog, target: Path) -> None:
    run = record(catalog, steps(30), cuts=[10, 20])
    (run.path / "snapshots/000001.pages").unlink()
    exported = Export(catalog, run)
    assert exported.losses == ["snapshots/000001.arrow is missing: it isn't used and is left out"]
    exported.to_archive(target)
    admitted = admit(other, target)
    assert [row.number for row in other.snapshots(run.id)] == [0, 2]
    assert admitted.losses == ("the row of snapshot 1 is missing: it isn't used",)


# Elsewhere than in a directory, and in another database.


def test_a_bucket_gives_and_takes_archives(catalog: Catalog, other: Catalog, s3: S3, tmp_path: Path) -> None:
    run = record(catalog, steps(30), cuts=[10, 20], files=s3.url(f"{tmp_path.name}/a"))
    archive = exported(catalog, run, tmp_path)
    local = admit(other, archive).run
    assert local.path.is_dir() and same(run, replace(local, files=run.files))
    other.remove(local)
    other.files = s3.url(f"{tmp_path.name}/b")
    back = admit(other, archive).run
    assert back.where == f"s3://bucket/{tmp_path.name}/b/{run.id}"
    assert audit(other, back).findings == ()
    names = [key.removeprefix(f"{tmp_path.name}/b/{run.id}/") for key in s3.keys(f"{tmp_path.name}/b")]
    assert sorted(names) == sorted(back.place.names()) == sorted(run.place.names())
    assert exported(other, back, tmp_path / "other").read_bytes() == archive.read_bytes()
    with pytest.raises(NeedsDirectory):
        Export(other, back, "sqlite").to_catalog()
    other.remove(back)
    bad = tmp_path / "bad.simrec"
    data = archive.read_bytes()
    bad.write_bytes(data.replace(b"\x7fELF toy", b"\x7fELF TOY"))
    with pytest.raises(BadArchive, match=r"image\.elf is not the file that was"):
        admit(other, bad)
    assert s3.keys(f"{tmp_path.name}/b") == []


def test_a_server_as_catalog_takes_archives(
    catalog: Catalog, postgres: Postgres, store: str, tmp_path: Path
) -> None:
    run = record(catalog, steps(30), store, [10, 20])
    served = Catalog.open(tmp_path / "served", postgres.new_database())
    back = admit(served, exported(catalog, run, tmp_path)).run
    assert same(replace(run, files=back.files), back)
    assert served.segments(run.id) == catalog.segments(run.id)
    assert audit(served, back).findings == ()
    served.close()
