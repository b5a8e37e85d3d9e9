"""From one store to the other and back: nothing is lost, and nothing is another."""

import tarfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import (
    HARTS,
    OPTIONS,
    PROGRAM,
    code_row,
    cut_points,
    event_of,
    examples,
    living_world,
    numbered,
    record,
    runs,
    store_bytes,
)

from recorder.archive.admit import admit
from recorder.audit import audit
from recorder.catalog import Catalog
from recorder.export import Export
from recorder.keeping import Keeping
from recorder.reader import Log
from recorder.recorder import Recorder
from recorder.run import RunRow
from recorder.schema import INDEXES
from sim.events import KINDS, Event
from sim.machine.buffers import Buffers

OLD = Path(__file__).parent / "v1"
OTHER = {"parquet": "sqlite", "sqlite": "parquet"}


def check(catalog: Catalog, run: RunRow, made: RunRow) -> None:
    """The same run but for its store."""
    same = ("events", "ticks", "digest", "status", "reason", "exit_status", "created", "programs", "options")
    assert [getattr(made, name) for name in same] == [getattr(run, name) for name in same]
    assert (made.store, made.compression) in (("sqlite", "none"), ("parquet", "zstd"))
    assert made.store == OTHER[run.store] and made.event_version == run.event_version
    found = audit(catalog, made)
    assert (found.findings, found.sealed) == ((), bool(run.seal))
    bounds = ("number", "first_seq", "end_seq", "first_tick", "end_tick", "digest")
    pairs = zip(catalog.segments(run.id), catalog.segments(made.id), strict=True)
    assert all(getattr(old, name) == getattr(new, name) for old, new in pairs for name in bounds)
    assert catalog.snapshots(made.id) == catalog.snapshots(run.id)
    with Log.open(catalog, run.id) as old, Log.open(catalog, made.id) as new:
        assert all(old.table(kind) == new.table(kind) for kind in KINDS)
        assert (new.code, new.image(1), new.sources(1)) == (old.code, old.image(1), old.sources(1))
        for row in old.snapshot_rows:
            assert contents(new, row.seq) == contents(old, row.seq)


def contents(log: Log, seq: int) -> list[object]:
    """Of a snapshot, if it is of today's fold."""
    image = log.image_before(seq)
    values = vars(image).values() if image else ()
    return [value.tolist() if hasattr(value, "tolist") else value for value in values]


def converted(catalog: Catalog, run: RunRow) -> RunRow:
    return Export(catalog, run, OTHER[run.store]).to_catalog()


@settings(examples, max_examples=6)
@given(made=runs(), cuts=cut_points)
def test_every_event_is_there(catalog: Catalog, store: str, made: list[Event], cuts: set[int]) -> None:
    run = record(catalog, made, store, sorted(cuts), name="toy")
    over = converted(catalog, run)
    check(catalog, run, over)
    back = converted(catalog, over)
    check(catalog, over, back)
    assert back.name == f"toy-{OTHER[store]}-{store}"
    if store == "parquet":
        # Files, too, come back as they were.
        assert catalog.segments(back.id)[0].pieces == catalog.segments(run.id)[0].pieces


@settings(examples, max_examples=2)
@given(data=st.data())
def test_every_kind_is_there(catalog: Catalog, data: st.DataObject) -> None:
    some = [data.draw(st.lists(event_of(kind), min_size=3, max_size=3)) for kind in KINDS]
    run = record(catalog, numbered([event for events in some for event in events]), "parquet", [40])
    over = converted(catalog, run)
    check(catalog, run, over)
    check(catalog, over, converted(catalog, over))


def test_code_and_memory_are_there(catalog: Catalog, store: str) -> None:
    recorder = Recorder.start(catalog, [PROGRAM], OPTIONS, Keeping(store))
    buffers = Buffers(HARTS, 64)
    world = living_world(buffers)
    recorder.code([code_row(0x100), code_row(0x104)])
    store_bytes(world, buffers, 0x10000, b"first")
    buffers = recorder.segment(buffers, world)
    store_bytes(world, buffers, 0x12000, b"second")
    buffers = recorder.segment(buffers, world)
    recorder.code([code_row(0x100, seq=world.seq + 1, text="ret")])
    store_bytes(world, buffers, 0x11000, b"third")
    recorder.finish(buffers, world)
    run = recorder.close("complete", "exited", 0)
    made = converted(catalog, run)
    check(catalog, run, made)
    with Log.open(catalog, made.id) as log:
        pieces = [[p for p in segment.pieces if p.kind not in INDEXES] for segment in log.segments]
        assert [len(each) for each in pieces] == [6, 1, 2]


def test_an_old_log_stays_as_it_was_recorded(tmp_path: Path) -> None:
    with tarfile.open(OLD / "home.tar.xz") as archive:
        archive.extractall(tmp_path / "home", filter="data")
    catalog = Catalog.open(tmp_path / "home")
    for run in catalog.runs():
        made = converted(catalog, run)
        assert (made.event_version, made.digest) == (1, run.digest)
        check(catalog, run, made)
        Export(catalog, made).to_archive(tmp_path / f"{made.id}.simrec")
        catalog.remove(made)
        check(catalog, run, admit(catalog, tmp_path / f"{made.id}.simrec").run)
