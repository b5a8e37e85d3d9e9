"""The contract that both stores keep."""

import time
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import (
    HARTS,
    PROGRAM,
    code_row,
    cut_points,
    event_of,
    examples,
    numbered,
    put,
    record,
    runs,
    steps,
)

from recorder.audit import audit
from recorder.catalog import Catalog
from recorder.errors import NoSuchRun, RunDamaged
from recorder.keeping import Keeping
from recorder.place import LocalPlace
from recorder.reader import Log
from recorder.recorder import Recorder
from recorder.run import SegmentRow
from recorder.schema import schema
from sim.events import KINDS, Event, columns, from_row
from sim.machine.buffers import Buffers
from sim.world import World


def events_of(table: pa.Table, kind: str) -> list[Event]:
    names = [column.name for column in columns(kind)]
    return [from_row(kind, tuple(row[name] for name in names)) for row in table.to_pylist()]


@examples
@given(made=runs(), cuts=cut_points)
def test_every_event_comes_back(catalog: Catalog, store: str, made: list[Event], cuts: set[int]) -> None:
    run = record(catalog, made, store, sorted(cuts))
    with Log.open(catalog, run.id) as log:
        back: list[Event] = []
        for kind in KINDS:
            table = log.table(kind)
            assert table.schema == schema(kind)
            back += events_of(table, kind)
        assert sorted(back, key=lambda event: event.seq) == made
        assert log.kinds() == {k: n for k in KINDS if (n := sum(e.kind == k for e in made))}
        assert (log.end_seq, log.last_tick, log.run.status) == (len(made), made[-1].tick, "complete")
    assert audit(catalog, run).findings == ()


@pytest.mark.parametrize("kind", KINDS)
@settings(examples, max_examples=3)
@given(data=st.data())
def test_each_kind_comes_back(catalog: Catalog, store: str, kind: str, data: st.DataObject) -> None:
    made = numbered(data.draw(st.lists(event_of(kind), min_size=5, max_size=20)))
    with Log.open(catalog, record(catalog, made, store, [3]).id) as log:
        assert events_of(log.table(kind), kind) == made


@examples
@given(
    made=runs(),
    cuts=cut_points,
    first=st.integers(0, 40),
    length=st.integers(0, 40),
    hart=st.none() | st.integers(0, HARTS),
    pick=st.none() | st.integers(0, 39),
)
def test_only_what_is_asked_for_is_read(
    catalog: Catalog,
    store: str,
    made: list[Event],
    cuts: set[int],
    first: int,
    length: int,
    hart: int | None,
    pick: int | None,
) -> None:
    tids = [event.tid for event in made if event.kind == "instruction"]  # type: ignore[attr-defined]
    tid = tids[pick % len(tids)] if pick is not None and tids else None
    with Log.open(catalog, record(catalog, made, store, sorted(cuts)).id) as log:
        asked = (first, first + length, ("value", "hart", "tick"), hart, tid)
        table = log.table("instruction", *asked)
        batches = list(log.batches("instruction", *asked))
    expected = [
        {"value": e.value, "hart": e.hart, "tick": e.tick}  # type: ignore[attr-defined]
        for e in made
        if e.kind == "instruction"
        and first <= e.seq <= first + length
        and hart in (None, e.hart)  # type: ignore[attr-defined]
        and tid in (None, e.tid)  # type: ignore[attr-defined]
    ]
    assert table.column_names == ["value", "hart", "tick"]
    assert table.to_pylist() == expected
    assert [row for batch in batches for row in batch.to_pylist()] == expected


@examples
@given(made=runs(), cuts=cut_points, other=cut_points)
def test_the_digest_knows_neither_segments_nor_stores(
    catalog: Catalog, made: list[Event], cuts: set[int], other: set[int]
) -> None:
    rows = [record(catalog, made, s, sorted(c)) for s in ("parquet", "sqlite") for c in (cuts, other)]
    assert len({row.digest for row in rows}) == 1
    for row in rows:
        with Log.open(catalog, row.id) as log:
            assert [digest for _, digest in log.digests()] == [segment.digest for segment in log.segments]


@examples
@given(made=runs(), data=st.data())
def test_the_digest_sees_every_value(catalog: Catalog, made: list[Event], data: st.DataObject) -> None:
    before = record(catalog, made).digest
    place = data.draw(st.integers(0, len(made) - 1))
    kind = made[place].kind
    changed = data.draw(event_of(kind))
    changed.seq, changed.tick = made[place].seq, made[place].tick
    after = record(catalog, [*made[:place], changed, *made[place + 1 :]]).digest
    assert (before == after) == (made[place] == changed)


def test_code_is_kept_with_the_segment_that_needs_it(catalog: Catalog, store: str) -> None:
    recorder = Recorder.start(catalog, [PROGRAM], {}, Keeping(store))
    buffers, world = Buffers(HARTS, 64), World()
    recorder.code([code_row(0x100), code_row(0x104)])
    for seq, event in enumerate(steps(4)):
        if seq == 2:
            buffers = recorder.segment(buffers, world)
            recorder.code([code_row(0x100, seq=2, text="ret")])
        put(buffers, event)
    recorder.finish(buffers, world)
    run = recorder.close("complete", "", 0)
    with Log.open(catalog, run.id) as log:
        assert log.code == {
            (1, 0x100): [code_row(0x100), code_row(0x100, seq=2, text="ret")],
            (1, 0x104): [code_row(0x104)],
        }
        assert log.code_table().schema == schema("code")
        assert (log.image(1), log.sources(1), log.options) == (PROGRAM.image, PROGRAM.sources, {})


def test_a_reader_sees_a_living_run_up_to_its_last_segment(catalog: Catalog, store: str) -> None:
    made = steps(9)
    recorder = Recorder.start(catalog, [PROGRAM], {}, Keeping(store))
    buffers, world = Buffers(HARTS, 64), World()
    for event in made[:6]:
        put(buffers, event)
    recorder.segment(buffers, world)
    while catalog.find("latest").events < 6:
        time.sleep(0.01)
    with Log.open(catalog) as log:
        assert (log.run.status, log.end_seq) == ("recording", 6)
        assert log.table("instruction")["seq"].to_pylist() == list(range(6))
    recorder.abort("enough")
    assert catalog.find("latest").status == "failed"


def test_a_reader_takes_up_what_is_committed_later(
    catalog: Catalog, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    read = Catalog.segments

    def segments(self: Catalog, run: str, first: int = 0) -> list[SegmentRow]:
        asked.append(first)
        return read(self, run, first)

    monkeypatch.setattr(Catalog, "segments", segments)
    recorder = Recorder.start(catalog, [PROGRAM], {}, Keeping(store))
    with Log.open(catalog) as log:
        buffers, world = Buffers(HARTS, 64), World()
        for number in range(3):
            recorder.code([code_row(0x100 + 4 * number)])
            for event in steps(6 * number + 6)[6 * number :]:
                put(buffers, event)
            world.seq = event.seq
            buffers = recorder.segment(buffers, world)
            while not log.refresh():
                time.sleep(0.01)
            assert not log.refresh()
            assert (log.run.status, log.end_seq, len(log.code)) == ("recording", 6 * number + 6, number + 1)
            assert log.table("instruction")["seq"].to_pylist() == list(range(6 * number + 6))
            image = log.image_before(log.end_seq)
            assert image is not None and image.seq == world.seq
        assert asked == sorted(asked) and asked[-1] == 3
        recorder.finish(buffers, world)
        recorder.close("complete", "exited", 0)
        assert not log.refresh()
        assert (log.run.status, log.damage) == ("complete", None)
    catalog.remove(log.run)
    with pytest.raises(NoSuchRun):
        log.refresh()


def test_an_empty_range_and_an_empty_kind(catalog: Catalog, store: str) -> None:
    run = record(catalog, steps(1), store)
    with Log.open(catalog, run.id) as log:
        assert len(log.table("instruction", 5, 3)) == 0
        assert len(log.table("instruction", 1)) == 0
        assert log.table("fault").schema == schema("fault")
        assert list(log.batches("fault")) == []


def test_a_column_that_a_kind_does_not_have(catalog: Catalog, store: str) -> None:
    with Log.open(catalog, record(catalog, steps(1), store).id) as log:
        with pytest.raises(ValueError, match="instruction events have no colour"):
            log.table("instruction", columns=["seq", "colour"])
        with pytest.raises(ValueError, match="choice events have no tid"):
            log.table("choice", tid=1)


def segments(catalog: Catalog, store: str) -> str:
    made = steps(30)
    return record(catalog, made, store, [10, 20]).id


def test_a_missing_file_leaves_what_is_before_it(catalog: Catalog) -> None:
    run = segments(catalog, "parquet")
    gone = next((catalog.home / "runs" / run).glob("instruction/hart=*/000001.parquet"))
    gone.unlink()
    with Log.open(catalog, run) as log:
        assert len(log.table("instruction", 0, 9)) == 10
        with pytest.raises(
            RunDamaged, match=f"{gone.name} is missing; events 0 to 9 .*simrec replay {run} --at 9"
        ):
            log.table("instruction", 0, 10)
        assert len(log.dataset_files("instruction") or []) >= 1


def test_a_truncated_file_is_found_on_opening(catalog: Catalog, store: str) -> None:
    run = segments(catalog, store)
    directory = catalog.home / "runs" / run
    path = directory / "log.db" if store == "sqlite" else next(directory.glob("instruction/*/000000.parquet"))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(RunDamaged, match=f"{path.name} has .* bytes instead of .*simrec rm {run}"):
        Log.open(catalog, run)


def test_a_wal_that_was_lost_is_noticed(catalog: Catalog) -> None:
    run = segments(catalog, "sqlite")
    _execute(catalog.home / "runs" / run / "log.db", "delete from instruction where seq > 12")
    with Log.open(catalog, run) as log:
        assert len(log.table("instruction", 0, 9)) == 10
        with pytest.raises(RunDamaged, match="ends at event 12"):
            log.table("instruction")


def test_a_run_that_ends_while_it_is_looked_at_is_whole(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a recorder ends, SQLite takes its log of pages into the file, which grows."""
    recorder = Recorder.start(catalog, [PROGRAM], {}, Keeping("sqlite"))
    buffers, world = Buffers(HARTS, 1 << 12), World()
    for event in steps(5000):
        put(buffers, event)
    buffers = recorder.segment(buffers, world)
    while catalog.find("latest").events < 5000:
        time.sleep(0.01)
    size_of, ended = LocalPlace.size, list[bool]()

    def size(place: LocalPlace, name: str) -> int:
        found = size_of(place, name)
        if not ended:
            ended.append(True)
            recorder.finish(buffers, world)
            recorder.close("complete", "", 0)
        return found

    monkeypatch.setattr(LocalPlace, "size", size)
    with Log.open(catalog) as log:
        assert (log.damage, log.end_seq, ended) == (None, 5000, [True])


def _execute(path: Path, sql: str) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(path)) as database:
        database.execute(sql)
        database.commit()


def test_asking_makes_no_file(catalog: Catalog) -> None:
    """Of a run whose file was lost, and which had no events that would have told so."""
    run = Recorder.start(catalog, [PROGRAM], {}, Keeping("sqlite")).abort("test")
    (run.path / "log.db").unlink()
    with Log.open(catalog, run.id) as log, pytest.raises(RunDamaged, match="No such file"):
        log.code_table()
    assert not (run.path / "log.db").exists()
