"""What is committed survives: a killed recorder, a full disk, a vanished directory."""

import errno
import os
import random
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from synthetic import HARTS, PROGRAM, put, record, record_and_kill, steps

from recorder import files
from recorder.audit import audit
from recorder.catalog import Catalog
from recorder.errors import CatalogUnavailable, LogError, NoSuchRun, RecordingFailed
from recorder.keeping import Keeping
from recorder.parquet import ParquetWriter
from recorder.reader import Log
from recorder.recorder import Recorder
from recorder.run import Piece
from sim.machine.buffers import Buffers
from sim.world import World


@pytest.mark.parametrize("attempt", range(3))
def test_a_killed_recording_opens_up_to_its_last_segment(tmp_path: Path, store: str, attempt: int) -> None:
    record_and_kill(tmp_path, store)
    catalog = Catalog.open(tmp_path)
    run = catalog.find("latest")
    assert run.status == "interrupted"
    assert run.reason == (f"recorded up to event {run.events - 1}" if run.events else "no event was recorded")
    with Log.open(catalog) as log:
        assert log.end_seq == run.events
        assert log.table("instruction")["seq"].to_pylist() == list(range(run.events))
        assert [digest for _, digest in log.digests()][-1:] == [log.run.digest][: len(log.segments)]
    assert audit(catalog, run).findings == ()
    assert record(catalog, steps(5), store).events == 5
    catalog.remove(run)
    with pytest.raises(NoSuchRun):
        catalog.find(run.id)


def record_until_it_fails(catalog: Catalog, store: str) -> tuple[Recorder, RecordingFailed]:
    recorder = Recorder.start(catalog, [PROGRAM], {}, Keeping(store))
    with pytest.raises(RecordingFailed) as failure:
        record_noise(recorder)
    return recorder, failure.value


def record_noise(recorder: Recorder) -> None:
    """Segments of 5000 events that don't compress, 20 MB of them."""
    buffers, world, noise = Buffers(HARTS, 6000), World(), random.Random(1)
    for _ in range(400):
        first = buffers.first_seq
        for event in steps(5000):
            event.seq += first
            event.value = noise.getrandbits(62)  # type: ignore[attr-defined]
            put(buffers, event)
        buffers = recorder.segment(buffers, world)


def check_what_is_left(catalog: Catalog, recorder: Recorder, error: RecordingFailed) -> None:
    with Log.open(catalog, recorder.run.id) as log:
        assert log.end_seq == error.kept
        assert log.table("instruction")["seq"].to_pylist() == list(range(error.kept))
    assert audit(catalog, log.run).findings == ()


@contextmanager
def disk(place: Path, size: str) -> Iterator[Path]:
    """A file system of its own."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_keeps_what_was_committed(tmp_path: Path, store: str) -> None:
    with disk(tmp_path / "small", "3m") as small:
        catalog = Catalog.open(small)
        recorder, error = record_until_it_fails(catalog, store)
        assert f"the disk of {recorder.run.path} is full" in str(error)
        assert error.kept > 0
        assert f"events 0 to {error.kept - 1} are kept: `simrec replay {error.run}" in str(error)
        run = recorder.abort(error.what)
        assert (run.status, run.reason) == ("failed", error.what)
        assert list(run.path.rglob("*.partial")) == []
        check_what_is_left(catalog, recorder, error)
        catalog.close()


@pytest.mark.parametrize("kilobytes", [64, 160, 300, 420, 540, 800, 1300])
def test_disks_of_any_size(tmp_path: Path, store: str, kilobytes: int) -> None:
    """They are too small for a catalog, for a run to begin, for its first segment, or for its next ones; and
    what was recorded there can be removed again."""
    full = "is full|disk I/O error|has no room"  # An I/O error is what SQLite calls it now and then.
    with disk(tmp_path / "small", f"{kilobytes}k") as small:
        try:
            catalog = Catalog.open(small)
        except CatalogUnavailable as error:
            assert re.search(full, str(error))  # noqa: PT017
            return
        try:
            recorder, failure = record_until_it_fails(catalog, store)
        except LogError as error:
            assert re.search(full, str(error))  # noqa: PT017
        else:
            recorder.abort(failure.what)
            assert re.search(full, str(failure))
            check_what_is_left(catalog, recorder, failure)
        catalog.close()
        catalog = Catalog.open(small)
        for run in catalog.runs():
            assert run.status == "failed"
            catalog.remove(run)
        assert kilobytes < 800 or record(catalog, steps(5), "parquet").events == 5
        catalog.close()


@pytest.mark.parametrize("failing", [0, 5, 11])
def test_a_failing_write_stops_all_commits_behind_it(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    real = files.stage

    def stage(path: Path, data: Any, below: Path) -> None:
        # By number: workers are at several segments at once.
        if path.parent.name == "hart=1" and int(path.stem) >= failing:
            raise OSError(errno.EIO, "Input/output error")
        real(path, data, below)

    monkeypatch.setattr(files, "stage", stage)
    recorder, error = record_until_it_fails(catalog, "parquet")
    run = recorder.abort(error.what)
    assert (run.status, run.events, error.kept) == ("failed", failing * 5000, failing * 5000)
    assert "Input/output error" in run.reason
    if failing:
        check_what_is_left(catalog, recorder, error)


@pytest.mark.parametrize(
    ("failing", "kept"),
    [
        ("instruction/hart=1/000003.parquet.partial", 60),
        ("snapshots/000003.pages.partial", 60),
        ("instruction/hart=1/000001.parquet.partial", 20),
        # Names of several segments: that of none of them is sure.
        ("instruction/hart=1", 0),
    ],
)
def test_a_segment_that_is_lost_takes_none_before_it_along(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, failing: str, kept: int
) -> None:
    """They are made durable at once. That a file is lost the system says once, and a second time that all is
    well."""
    sync, encode = files._sync, ParquetWriter.encode
    told: list[Path] = []
    encoded: list[int] = []

    def synced(path: Path) -> None:
        if path.as_posix().endswith(failing) and not told:
            told.append(path)
            raise OSError(errno.EIO, "Input/output error")
        sync(path)

    def last(writer: ParquetWriter, number: int, parts: Any) -> list[Piece]:
        pieces = encode(writer, number, parts)
        encoded.append(number)
        while number == 0 and len(encoded) < 5:
            time.sleep(0.001)
        return pieces

    recorder = Recorder.start(catalog, [PROGRAM], {})
    monkeypatch.setattr(files, "_sync", synced)
    monkeypatch.setattr(ParquetWriter, "encode", last)
    buffers, world = Buffers(HARTS, 64), World()
    for event in steps(100):
        if event.seq and event.seq % 20 == 0:
            buffers = recorder.segment(buffers, world)
        put(buffers, event)
        world.seq = event.seq
    with pytest.raises(RecordingFailed, match="Input/output error") as failure:
        recorder.finish(buffers, world)
    run = recorder.abort(failure.value.what)
    assert (run.status, run.events, failure.value.kept) == ("failed", kept, kept)
    check_what_is_left(catalog, recorder, failure.value)


@pytest.mark.parametrize("before", [0, 20])
def test_a_vanished_directory_is_named(catalog: Catalog, store: str, before: int) -> None:
    """Whatever was committed is gone with it; it isn't made again, as if nothing had happened."""
    recorder = Recorder.start(catalog, [PROGRAM], {}, Keeping(store))
    buffers, world = Buffers(HARTS, 64), World()
    for event in steps(60):
        if event.seq == before + 1:
            for _ in range(1000 if catalog.find("latest").events < before else 0):
                time.sleep(0.01)
                if catalog.find("latest").events == before:
                    break
            shutil.rmtree(recorder.run.path)
        if event.seq in (20, 40):
            with suppress(RecordingFailed):
                buffers = recorder.segment(buffers, world)
        put(buffers, event)
        world.seq = event.seq
    expected = f"run {recorder.run.id} failed: its directory {recorder.run.path} has vanished; no event "
    with pytest.raises(RecordingFailed, match=expected):
        recorder.finish(buffers, world)
    run = recorder.abort("test")
    assert (run.status, run.path.exists()) == ("failed", False)
    catalog.remove(run)


def test_a_segment_with_a_hole_is_refused(catalog: Catalog) -> None:
    recorder = Recorder.start(catalog, [PROGRAM], {})
    buffers, world = Buffers(HARTS, 64), World()
    for event in steps(3):
        put(buffers, event)
    buffers.end_seq = 7
    with pytest.raises(RecordingFailed, match="3 events in a segment from seq 0 to 7"):
        recorder.finish(buffers, world)
    assert recorder.abort("a hole").status == "failed"
