"""Snapshots give back the world that they were taken from, and can be lost."""

from pathlib import Path

import pytest
from synthetic import HARTS, PROGRAM, apply, living_world, store_bytes

from recorder.catalog import Catalog
from recorder.keeping import Keeping
from recorder.reader import Log
from recorder.recorder import Recorder
from sim.events import Coroutine
from sim.files import Pipe
from sim.image import Image, differences
from sim.machine.buffers import Buffers
from sim.world import FOLD_VERSION, World


@pytest.fixture
def recorded(catalog: Catalog, store: str) -> tuple[str, list[Image]]:
    """A run of five segments, and what the live world was at the end of each."""
    recorder = Recorder.start(catalog, [PROGRAM], {}, Keeping(store))
    buffers = Buffers(HARTS, 64)
    world = living_world(buffers)
    live = []
    for number in range(5):
        store_bytes(world, buffers, 0x10FF8 + number * 0x1000, bytes([number + 1]) * 16)
        store_bytes(world, buffers, 0x10000, b"same again")
        world.threads[1].calls.enter(0x100 + number, 0x200, 0x7000 - number)
        world.threads[1].set_register(5, -number)
        live.append(Image.of(world))
        if number < 4:
            buffers = recorder.segment(buffers, world)
    recorder.finish(buffers, world)
    return recorder.close("complete", "", 0).id, live


def world_at(log: Log, seq: int) -> World:
    image = log.image_before(seq)
    assert image is not None
    return image.restore()


def same(left: World, right: World) -> bool:
    return (left.seq, left.tick) == (right.seq, right.tick) and not differences(left, right)


def test_restored_worlds_equal_the_live_ones(catalog: Catalog, recorded: tuple[str, list[Image]]) -> None:
    run, live = recorded
    with Log.open(catalog, run) as log:
        for image in live:
            assert same(world_at(log, image.seq), image.restore())
            assert same(world_at(log, image.seq + 1), image.restore())
        assert log.image_before(live[0].seq - 1) is None


def test_coroutines_stand_in_an_image_as_they_are() -> None:
    """After each change of one of several."""
    buffers = Buffers(HARTS, 64)
    world = living_world(buffers)
    calls = world.threads[1].calls
    for action in ("created", "resumed", "saved", "resumed", "finished", "destroyed"):
        for frame in (0x10000, 0x10100, 0x10200):
            if action == "saved":
                calls.enter(frame, 0x400, 0x7000 - frame)
            apply(world, buffers, Coroutine(0, 1, 1, action, frame, 176, 0x300))
            assert differences(Image.of(world).restore(), world) == []
    assert not world.coroutines


def test_pages_are_stored_once(catalog: Catalog, recorded: tuple[str, list[Image]]) -> None:
    folder = catalog.home / "runs" / recorded[0] / "snapshots"
    sizes = [path.stat().st_size for path in sorted(folder.glob("*.pages"))]
    # Two pages change in each segment, and the rest are zero: a handful of compressed pages each.
    assert len(sizes) == 5
    assert all(0 < size < 4096 for size in sizes)


@pytest.mark.parametrize("suffix", ["arrow", "pages"])
@pytest.mark.parametrize("harm", ["gone", "cut", "flipped"])
def test_a_lost_snapshot_means_the_one_before(
    catalog: Catalog, recorded: tuple[str, list[Image]], suffix: str, harm: str
) -> None:
    run, live = recorded
    damage(catalog.home / "runs" / run / "snapshots" / f"000003.{suffix}", harm)
    with Log.open(catalog, run) as log:
        assert log.damage is None
        assert same(world_at(log, live[3].seq), live[2].restore())
        # The last one stands on pages of the lost one, but not on its tables.
        last = live[4] if suffix == "arrow" else live[2]
        assert same(world_at(log, live[4].seq), last.restore())


def damage(path: Path, harm: str) -> None:
    data = bytearray(path.read_bytes())
    if harm == "gone":
        path.unlink()
    elif harm == "cut":
        path.write_bytes(data[: len(data) // 2])
    else:
        # In .pages, the hash of its first page, which stays in use: it comes after count and three bounds.
        data[32 if path.suffix == ".pages" else len(data) // 2] ^= 1
        path.write_bytes(data)


def test_a_snapshot_of_another_fold_is_not_used(catalog: Catalog, recorded: tuple[str, list[Image]]) -> None:
    import sqlite3
    from contextlib import closing

    run, live = recorded
    with closing(sqlite3.connect(catalog.home / "catalog.db")) as database:
        database.execute(f"update snapshots set fold_version = {FOLD_VERSION + 1} where number > 1")
        database.commit()
    with Log.open(catalog, run) as log:
        assert same(world_at(log, live[4].seq), live[1].restore())


def test_a_pipe_that_holds_more_than_it_can() -> None:
    """Little text stands for very many bytes."""
    buffers = Buffers(HARTS, 64)
    world = living_world(buffers)
    world.files.pipes[7] = Pipe(4096, bytearray(4096), 1, 1)
    assert Image.of(world).restore().files.pipes[7].data == bytes(4096)
    for size, held in ((4096, 4097), (0, 1), (1 << 40, 1 << 20), (-5, 1)):
        world.files.pipes[7] = Pipe(size, bytearray(held), 1, 1)
        with pytest.raises(ValueError, match=r"a pipe of .* bytes holds more|must be non-negative"):
            Image.of(world).restore()
