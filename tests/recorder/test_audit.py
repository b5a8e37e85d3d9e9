"""Whatever is wrong with a recorded run is found, and named."""

import json
import os
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from synthetic import HARTS, PROGRAM, apply, code_row, living_world, store_bytes

from recorder.audit import Audit, Finding, audit
from recorder.catalog import Catalog
from recorder.errors import LogError, RunDamaged
from recorder.keeping import Keeping
from recorder.reader import Log
from recorder.recorder import Program, Recorder
from recorder.run import RunRow
from sim.events import Probe, Run
from sim.image import differences
from sim.machine.buffers import Buffers
from sim.program import Program as Executable

OTHER = Program("other", "other.asm", b"\x7fELF other", {"other.asm": "ret\n"})
SEGMENTS = 4


def recorded(catalog: Catalog, store: str, segments: int = SEGMENTS) -> Recorder:
    """Segments of two programs with code, pages and snapshots; not closed."""
    recorder = Recorder.start(catalog, [PROGRAM, OTHER], {"harts": HARTS, "ram": 1 << 20}, Keeping(store))
    buffers = Buffers(HARTS, 64)
    world = living_world(buffers)
    for number in range(segments):
        recorder.code([code_row(0x100 + 4 * number, seq=world.seq)])
        for place in range(3):
            apply(world, buffers, Probe(0, 1, 0x100, place, number))
        store_bytes(world, buffers, 0x10FF8 + number * 0x1000, bytes([number + 1]) * 16)
        if number < segments - 1:
            buffers = recorder.segment(buffers, world)
    apply(world, buffers, Run(action="ended", reason="exited"))
    recorder.finish(buffers, world)
    return recorder


@pytest.fixture(scope="module", params=["parquet", "sqlite"])
def shelf(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    """A catalog with one whole run, which each test leaves as it was."""
    catalog = Catalog.open(tmp_path_factory.mktemp("audit"))
    recorded(catalog, request.param).close("complete", "exited", 0)
    yield catalog
    catalog.close()


def audited(catalog: Catalog) -> Audit:
    return audit(catalog, catalog.find("latest"))


@contextmanager
def harmed(path: Path, data: bytes | None) -> Iterator[None]:
    """The file has other contents for a while, or is away."""
    kept = path.read_bytes()
    if data is None:
        path.unlink()
    else:
        path.write_bytes(data)
    try:
        yield
    finally:
        path.write_bytes(kept)


@contextmanager
def edited(catalog: Catalog, *statements: str) -> Iterator[None]:
    """The catalog's tables are others for a while."""
    with closing(sqlite3.connect(catalog.home / "catalog.db", isolation_level=None)) as database:
        tables = ("programs", "runs", "run_programs", "segments", "snapshots")
        kept = {table: database.execute(f"select * from {table}").fetchall() for table in tables}
        for statement in statements:
            database.execute(statement)
        try:
            yield
        finally:
            for table in tables:
                database.execute(f"delete from {table}")
                for row in kept[table]:
                    database.execute(f"insert into {table} values ({','.join('?' * len(row))})", row)


def files(catalog: Catalog) -> dict[str, Path]:
    directory = catalog.find("latest").path
    return {
        path.relative_to(directory).as_posix(): path
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def is_said(told: Audit, name: str) -> bool:
    """The file is named by a finding: a snapshot's two files go by the first one's name."""
    names = {name, name.replace(".pages", ".arrow")}
    return any(finding.where in names for finding in told.findings)


def test_a_run_that_is_whole(shelf: Catalog) -> None:
    told = audited(shelf)
    assert (told.findings, told.whole, told.sound, told.sealed) == ((), True, True, True)
    assert told.ending == f"complete: events 0 to {told.run.events - 1} (exited)"
    assert told.good == told.run.events


def test_a_flipped_bit_in_any_file(shelf: Catalog) -> None:
    chance = random.Random(5)
    for name, path in files(shelf).items():
        data = path.read_bytes()
        for place in {0, len(data) - 1, *(chance.randrange(len(data)) for _ in range(6))}:
            bad = bytearray(data)
            bad[place] ^= 1 << chance.randrange(8)
            with harmed(path, bytes(bad)):
                told = audited(shelf)
            assert is_said(told, name), (name, place)
            spare = ("snapshots/", "writes/", "writes_before/")
            assert told.sound == name.startswith(spare) or name.endswith("sources.json"), name


def test_a_file_that_is_gone_or_has_another_length(shelf: Catalog) -> None:
    for name, path in files(shelf).items():
        data = path.read_bytes()
        for harm in (None, b"", data[:-1], data + b"\0"):
            with harmed(path, harm):
                told = audited(shelf)
            assert is_said(told, name), (name, harm)
            if harm is None and not name.endswith(".pages"):
                assert f"{name} is missing" in str(told.findings[0])


def test_two_files_that_are_exchanged(shelf: Catalog) -> None:
    found = files(shelf)
    # Without its seal, nothing is known of a program's sources.
    names = [name for name in found if name != "seal.json"]
    pairs = [(a, b) for a, b in combinations(names, 2) if Path(a).suffix == Path(b).suffix]
    for a, b in pairs:
        left, right = found[a].read_bytes(), found[b].read_bytes()
        if left == right:
            continue
        with harmed(found[a], right), harmed(found[b], left):
            told = audited(shelf)
        assert is_said(told, a) and is_said(told, b), (a, b)
        if a.endswith(".parquet"):
            what = f"{a} is not the file that was written, but {b}"
            assert any(str(finding).startswith(what) for finding in told.findings)


#: What a row may say otherwise without being found out: who recorded it, and what is counted anew.
FREE = {"runs": {"bytes", "owner", "files"}, "segments": set(), "snapshots": set(), "run_programs": {"pid"}}
KEYS = {"runs": {"id"}, "segments": {"run_id"}, "snapshots": {"run_id"}, "run_programs": {"run_id"}}


def rows_with_columns(catalog: Catalog) -> Iterator[tuple[str, int, str, Any]]:
    with closing(sqlite3.connect(catalog.home / "catalog.db")) as database:
        for table, free in FREE.items():
            found = database.execute(f"select rowid, * from {table}")
            names = [column[0] for column in found.description]
            for rowid, *values in found.fetchall():
                for name, value in zip(names[1:], values, strict=True):
                    if name not in free | KEYS[table]:
                        yield table, rowid, name, value


def others(name: str, value: Any) -> Iterator[Any]:
    """Other values of the same kind."""
    if isinstance(value, int):
        yield from (value + 100, value - 100)
    elif value is None:
        yield 7
    elif name == "pieces":
        for place, piece in enumerate(json.loads(value)):
            for key, each in piece.items():
                other = each + 1 if isinstance(each, int) else f"{each[:-1]}x"
                yield json.dumps([*json.loads(value)[:place], piece | {key: other}])
        yield json.dumps(json.loads(value)[1:])
        yield json.dumps(json.loads(value) * 2)
    elif name == "options":
        yield json.dumps(json.loads(value) | {"harts": 99})
        yield json.dumps({})
    elif name == "created":
        yield value.replace("20", "21", 1)
    elif name == "status":
        yield from {"complete", "stopped", "interrupted", "failed", "recording"} - {value}
    elif name == "store":
        yield from {"parquet", "sqlite"} - {value}
    else:
        yield from {"", f"{value}x", f"x{value[1:]}"} - {value}


def test_any_edited_column_of_any_row(shelf: Catalog) -> None:
    for table, rowid, name, value in rows_with_columns(shelf):
        for other in others(name, value):
            said = "null" if other is None else repr(other) if isinstance(other, int) else f"'{other}'"
            with edited(
                shelf,
                "pragma foreign_keys = off",
                f"update {table} set {name} = {said} where rowid = {rowid}",
            ):
                found = told_of(shelf)
            assert found, (table, rowid, name, value, other)
            if table == "snapshots":
                assert all(isinstance(each, Finding) and each.lesser for each in found)
            if table == "segments":
                assert any("row" in str(each) or "segment" in str(each) for each in found), found


def told_of(catalog: Catalog) -> list[Any]:
    """The findings; or the error, if the run can't even be looked at."""
    try:
        return list(audited(catalog).findings)
    except LogError as error:
        return [error]


def test_rows_that_are_deleted_added_exchanged(shelf: Catalog) -> None:
    run = shelf.find("latest").id
    where = "from segments where run_id = '{run}'"
    away = {
        f"delete {where} and number = 0": ["the row of segment 0 is missing"],
        f"delete {where} and number = 1": ["the row of segment 1 is missing"],
        f"delete {where} and number in (1, 2)": ["the rows of segments 1 to 2 are missing"],
        f"delete {where} and number = 3": ["the row of segment 3 is missing, and so may be others behind it"],
        "delete from snapshots where number = 2": ["the row of snapshot 2 is missing: it isn't used"],
        "delete from run_programs": ["the number of programs (1) is another than in seal.json"],
    }
    for statement, said in away.items():
        with edited(shelf, statement.format(run=run)):
            told = audited(shelf)
        text = "\n".join(map(str, told.findings))
        for each in said:
            assert each in text, text
    columns = "first_seq, end_seq, first_tick, end_tick, bytes, pieces, chain, digest"
    twice = (
        f"insert into segments (run_id, number, {columns}) select run_id, 4, {columns} {where} and number = 3"
    )
    numbers = [
        f"update segments set number = {new} where number = {old}" for old, new in ((1, 9), (2, 1), (9, 2))
    ]
    rows = shelf.segments(run)
    for statements, segment, good in (([twice], 4, rows[3].end_seq), (numbers, 1, rows[1].first_seq)):
        with edited(shelf, *(statement.format(run=run) for statement in statements)):
            told = audited(shelf)
        assert f"the row of segment {segment} was changed" in "\n".join(map(str, told.findings))
        assert told.good == good


def test_a_log_is_never_read_over_a_gap(shelf: Catalog) -> None:
    """A segment's row is away: what is behind can't be folded on."""
    run = shelf.find("latest")
    first = shelf.segments(run.id)[1].first_seq
    with edited(shelf, "delete from segments where number = 1"), Log.open(shelf) as log:
        assert len(log.table("probe", last=first - 1)) == 3
        with pytest.raises(RunDamaged, match=f"no row of segment 1 in the catalog; events 0 to {first - 1}"):
            log.table("probe")


def test_changed_snapshots_are_not_used(shelf: Catalog) -> None:
    """Neither those whose row says another event, nor those whose pages are another snapshot's."""
    run = shelf.find("latest")
    folder = run.path / "snapshots"
    last = shelf.segments(run.id)[-1].end_seq - 1
    with Log.open(shelf) as log:
        rows = log.snapshot_rows
        images = [log.image_before(row.seq) for row in rows]
    with edited(shelf, "update snapshots set seq = 0 where number = 3"), Log.open(shelf) as log:
        assert log.image_before(rows[0].seq - 1) is None
    one, two = folder / "000001.pages", folder / "000002.pages"
    left, right = one.read_bytes(), two.read_bytes()
    with harmed(one, right), harmed(two, left), Log.open(shelf) as log:
        found = log.image_before(last)
        assert found is not None and images[0] is not None
        assert found.seq == rows[0].seq
        assert not differences(found.restore(), images[0].restore())


def test_events_that_are_added_changed_or_taken_out_of_a_database(tmp_path: Path) -> None:
    """Also where the file's checksum can't be known, because its recorder died."""
    catalog = Catalog.open(tmp_path)
    recorder = recorded(catalog, "sqlite")
    recorder._store.close()
    died(catalog, recorder.run)
    second = catalog.segments(recorder.run.id)[1].first_seq
    probe = f"select min(seq) from probe where seq >= {second}"
    columns = "tick, hart, tid, pc, number, value"
    for statement in (
        f"update probe set value = value + 1 where seq = ({probe})",
        f"delete from probe where seq = ({probe})",
        f"insert into probe (seq, {columns}) select seq + 3, {columns} from probe where seq = ({probe})",
        f"update kernel_write set data = x'00' where seq >= {second}",
    ):
        database = recorder.run.path / "log.db"
        kept = database.read_bytes()
        with closing(sqlite3.connect(database)) as connection:
            connection.execute(statement)
            connection.commit()
        told = audited(catalog)
        assert [str(each) for each in told.findings] == [
            "log.db holds other events in segment 1 than were written"
        ], statement
        assert told.good == second
        database.write_bytes(kept)
    assert audited(catalog).findings == ()
    catalog.close()


def died(catalog: Catalog, run: RunRow) -> None:
    """As if the process that records it had been killed."""
    catalog.change(run.id, owner=f"{os.uname().nodename}:999999999:1")


def test_how_far_a_log_goes(catalog: Catalog, store: str) -> None:
    recorder = recorded(catalog, store)
    events = catalog.find("latest").events
    told = audited(catalog)
    assert (told.findings, told.whole) == ((), True)
    died(catalog, recorder.run)
    assert audited(catalog).ending == (
        f"complete: events 0 to {events - 1} (interrupted: recorded up to event {events - 1})"
    )
    catalog.change(recorder.run.id, owner=recorder_of(catalog))
    assert recorder.abort("the disk is full").closing
    cut = catalog.segments(recorder.run.id)[-1].first_seq
    with edited(catalog, "delete from segments where number = 3"):
        told = audited(catalog)
        assert (told.whole, told.good) == (False, cut)


def recorder_of(catalog: Catalog) -> str:
    from recorder.owner import current

    return current()


def test_a_recording_that_stopped_in_the_middle(catalog: Catalog, store: str) -> None:
    recorder = Recorder.start(catalog, [PROGRAM], {}, Keeping(store))
    assert audited(catalog).ending == "still being recorded, 0 events so far"
    buffers = Buffers(HARTS, 64)
    world = living_world(buffers)
    recorder.finish(buffers, world)
    died(catalog, recorder.run)
    told = audited(catalog)
    assert (told.findings, told.whole, told.good) == ((), False, world.seq + 1)
    assert (
        told.ending == f"truncated behind event {world.seq} (interrupted: recorded up to event {world.seq})"
    )
    catalog.change(recorder.run.id, owner=recorder_of(catalog))
    recorder.abort("no more")
    told = audited(catalog)
    assert (told.findings, told.ending) == ((), f"truncated behind event {world.seq} (failed: no more)")


def test_sources_that_execve_brought_are_closed_with_the_run(catalog: Catalog, store: str) -> None:
    recorder = recorded(catalog, store)
    recorder._find_sources = lambda program: {"later.c": "int main;"}
    image = Executable.from_elf("later", PLAIN)
    recorder.program(image)
    run = recorder.close("complete", "exited", 0)
    (name,) = (name for name in files(catalog) if name.count("/") == 2 and len(name) > 70)
    assert audited(catalog).findings == ()
    with harmed(run.path / name, b'{"later.c": "int mein;"}'):
        assert [str(each) for each in audited(catalog).findings] == [
            f"{name} is not the file that was written"
        ]


def _plain() -> bytes:
    from sim.isa.assembler import Source, build

    return build([Source("later.s", "main: ret\n")])


PLAIN = _plain()


def test_a_row_that_lost_its_seal(shelf: Catalog) -> None:
    with edited(shelf, "update runs set seal = '', closing = ''"):
        said = "\n".join(map(str, audited(shelf).findings))
    assert "the run's row was changed: it has another seal than seal.json" in said
