"""Runs whose files are in an S3 bucket: as good as those in a directory, whatever happens to the server."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import S3
from synthetic import HARTS, PROGRAM, living_world, put, record, record_and_kill, steps, store_bytes
from test_stores import events_of

from recorder.audit import audit
from recorder.catalog import Catalog
from recorder.errors import NeedsDirectory, PlaceUnavailable, RecordingFailed, RunDamaged
from recorder.keeping import Keeping
from recorder.leftovers import delete, unused_files
from recorder.reader import Log
from recorder.recorder import Recorder
from recorder.run import RunRow
from sim.image import Image, differences
from sim.machine.buffers import Buffers
from sim.world import World


@pytest.fixture
def bucket(s3: S3, tmp_path: Path) -> Iterator[S3]:
    """The server, accepting every key again after the test."""
    yield s3
    s3.refuse(False)


@pytest.fixture
def prefix(tmp_path: Path) -> str:
    """One of the test's own."""
    return f"runs of/{tmp_path.name}"


@pytest.fixture
def run(catalog: Catalog, bucket: S3, prefix: str) -> RunRow:
    return record(catalog, steps(30), cuts=[10, 20], files=bucket.url(prefix))


def test_a_run_reads_as_one_in_a_directory_does(
    catalog: Catalog, bucket: S3, prefix: str, run: RunRow
) -> None:
    local = record(catalog, steps(30), cuts=[10, 20])
    assert (run.digest, run.events) == (local.digest, 30)
    assert run.where == f"s3://bucket/{prefix}/{run.id}"
    files = {f"{prefix}/{run.id}/{name}" for name in local.place.names()}
    assert set(bucket.keys(prefix)) == files
    assert run.bytes == sum(len(bucket.get(key)) for key in files)
    with Log.open(catalog, run.id) as log, Log.open(catalog, local.id) as other:
        for kind in other.kinds():
            assert events_of(log.table(kind), kind) == events_of(other.table(kind), kind)
        assert log.table("instruction", 12, 17, ["pc"], hart=1) == other.table(
            "instruction", 12, 17, ["pc"], hart=1
        )
        assert [s.pieces for s in log.segments] == [s.pieces for s in other.segments]
        assert (log.image(1), log.sources(1)) == (PROGRAM.image, PROGRAM.sources)
        assert [digest for _, digest in log.digests()][-1] == run.digest


def test_snapshots_come_back(catalog: Catalog, bucket: S3, prefix: str) -> None:
    recorder = Recorder.start(catalog, [PROGRAM], {}, Keeping(files=bucket.url(prefix)))
    buffers = Buffers(HARTS, 64)
    world = living_world(buffers)
    buffers = recorder.segment(buffers, world)
    store_bytes(world, buffers, 0x10FF8, b"two segments")
    recorder.finish(buffers, world)
    run = recorder.close("complete", "", 0)
    with Log.open(catalog, run.id) as log:
        image = log.image_before(world.seq)
        assert image is not None
        assert differences(image.restore(), world) == []
        assert Image.of(world).pages == image.pages


def test_removing_takes_the_run_and_no_other(catalog: Catalog, bucket: S3, prefix: str, run: RunRow) -> None:
    other = record(catalog, steps(3), files=bucket.url(prefix))
    catalog.remove(run)
    assert {key.split("/")[2] for key in bucket.keys(prefix)} == {other.id}
    assert len(Log.open(catalog, other.id).table("instruction")) == 3


def test_damage_is_found_as_in_a_directory(catalog: Catalog, bucket: S3, prefix: str, run: RunRow) -> None:
    key = f"{prefix}/{run.id}/instruction/hart=1/000001.parquet"
    whole = bucket.get(key)
    bucket.put(key, whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
    assert [finding.good for finding in audit(catalog, run).findings] == [10]
    bucket.put(key, whole[:-1])
    check_first_segment(catalog, run, f"has {len(whole) - 1} bytes instead of {len(whole)}")
    bucket.delete(key)
    check_first_segment(catalog, run, "is missing")


def check_first_segment(catalog: Catalog, run: RunRow, told: str) -> None:
    with Log.open(catalog, run.id) as log:
        assert len(log.table("instruction", 0, 9)) == 10
        with pytest.raises(RunDamaged, match=f"s3://bucket/.*/000001.parquet {told}; events 0 to 9"):
            log.table("instruction")


def test_a_killed_recording_opens_up_to_its_last_segment(catalog: Catalog, bucket: S3, prefix: str) -> None:
    record_and_kill(catalog.home, "parquet", SIMREC_FILES=bucket.url(prefix))
    run = catalog.find("latest")
    assert run.status == "interrupted"
    with Log.open(catalog, run.id) as log:
        assert log.end_seq == run.events
        assert log.table("instruction")["seq"].to_pylist() == list(range(run.events))
    assert audit(catalog, run).findings == ()
    assert run.where.startswith("s3://")
    assert bucket.keys(prefix) != []
    catalog.remove(run)
    assert bucket.keys(prefix) == []


@pytest.mark.slow
def test_a_server_that_goes_away_keeps_what_was_committed(catalog: Catalog, s3: S3, tmp_path: Path) -> None:
    """The keys' environment comes with the other server's fixture."""
    server = S3(tmp_path / "log")
    recorder = Recorder.start(catalog, [PROGRAM], {}, Keeping(files=server.url("runs")))
    buffers, world = Buffers(HARTS, 64), World()

    def record_on(segments: int) -> None:
        nonlocal buffers
        for _ in range(segments):
            for event in steps(5):
                event.seq += buffers.first_seq
                put(buffers, event)
            buffers = recorder.segment(buffers, world)

    record_on(4)
    while not catalog.find(recorder.run.id).events:
        pass
    server.stop()
    with pytest.raises(RecordingFailed, match=r"s3://bucket/runs/.* can't be reached \(.*connect") as failure:
        record_on(5)
    run = recorder.abort(failure.value.what)
    assert (run.status, run.events, run.reason) == ("failed", failure.value.kept, failure.value.what)
    assert 0 < run.events < 45
    assert run.bytes > 0
    with pytest.raises(PlaceUnavailable, match="can't be reached"):
        Log.open(catalog, run.id)
    # Only the rows know where the files are.
    with pytest.raises(PlaceUnavailable, match="can't be reached"):
        catalog.remove(run)
    assert catalog.find(run.id) == run


def test_what_a_server_refuses_is_told(catalog: Catalog, bucket: S3, prefix: str, run: RunRow) -> None:
    bucket.refuse(True)
    with pytest.raises(
        PlaceUnavailable, match=r"s3://bucket/.*: access is denied: look at AWS_ACCESS_KEY_ID"
    ):
        Log.open(catalog, run.id)
    with pytest.raises(
        RecordingFailed, match=r"access is denied: .*no event was kept: .*`simrec rm"
    ) as error:
        record(catalog, steps(3), files=bucket.url(prefix))
    assert catalog.find(error.value.run).status == "failed"
    with pytest.raises(PlaceUnavailable, match="access is denied"):
        catalog.remove(run)
    bucket.refuse(False)
    catalog.remove(run)


def test_a_connection_lost_while_reading_is_no_damage(
    catalog: Catalog, bucket: S3, prefix: str, run: RunRow
) -> None:
    with Log.open(catalog, run.id) as log:
        bucket.refuse(True)
        with pytest.raises(PlaceUnavailable, match="access is denied"):
            log.table("instruction")
        with pytest.raises(PlaceUnavailable, match="access is denied"):
            log.image_before(29)


def test_a_bucket_that_is_not_there(catalog: Catalog, bucket: S3, run: RunRow) -> None:
    with pytest.raises(RecordingFailed, match="there is no such bucket: make it, or name another"):
        record(catalog, steps(3), files=bucket.url("x", "nowhere"))
    catalog.remove(catalog.find("latest"))
    # It may also have gone later.
    catalog.change(run.id, files=bucket.url("x", "nowhere"))
    with pytest.raises(RunDamaged, match=r"s3://nowhere/x/.* is missing; nothing of it can be read"):
        Log.open(catalog, run.id)
    catalog.remove(catalog.find(run.id))


def test_sqlite_needs_a_directory(catalog: Catalog, bucket: S3, prefix: str, run: RunRow) -> None:
    with pytest.raises(NeedsDirectory, match=r"needs a directory, not s3://bucket/.*: use --store parquet"):
        record(catalog, steps(3), "sqlite", files=bucket.url(prefix))
    assert [each.id for each in catalog.runs()] == [run.id]
    catalog.change(run.id, store="sqlite")
    with pytest.raises(NeedsDirectory):
        Log.open(catalog, run.id)


def test_no_key_gets_into_the_catalog(catalog: Catalog, run: RunRow) -> None:
    held = b"".join(path.read_bytes() for path in catalog.home.glob("catalog.db*"))
    assert run.files.encode() in held
    assert len(os.environ["AWS_SECRET_ACCESS_KEY"]) > 10
    assert os.environ["AWS_SECRET_ACCESS_KEY"].encode() not in held


def test_what_runs_that_ended_left_in_a_bucket_is_found(
    catalog: Catalog, bucket: S3, prefix: str, run: RunRow, tmp_path: Path
) -> None:
    """It is where this catalog's row says that the run is. Whose the other prefixes are nobody knows."""
    elsewhere = Catalog.open(tmp_path / "another")
    others = record(elsewhere, steps(5), files=bucket.url(prefix))
    recorded = Recorder.start(catalog, [PROGRAM], {}, Keeping(files=bucket.url(prefix)))
    for each in (run, others, recorded.run):
        each.place.write("instruction/hart=0/000009.parquet", b"waste")
    (found,) = unused_files(catalog)
    assert (found.bytes, found.run) == (5, run.id)
    assert str(found.path) == f"s3://bucket/{prefix}/{run.id}/instruction/hart=0/000009.parquet"
    bucket.refuse(True)
    assert list(unused_files(catalog)) == []
    with pytest.raises(PlaceUnavailable):
        delete(found)
    bucket.refuse(False)
    delete(found)
    assert list(unused_files(catalog)) == []
    assert len([key for key in bucket.keys(prefix) if key.endswith("000009.parquet")]) == 2
    assert audit(catalog, catalog.find(run.id)).findings == ()
    recorded.abort("the test is over")
