"""Runs that the code of events' version 1 recorded (tests/recorder/v1) are read by today's."""

import json
import re
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from recorder.audit import audit
from recorder.catalog import Catalog
from recorder.reader import Log
from recorder.snapshots import SnapshotReader
from replay.diff import diff, options_that_differ
from replay.figures.timeline import timeline
from replay.fold import fold
from replay.query import connect
from replay.recording import Recording
from replay.view import view
from sim.events import KINDS, VERSION, columns, from_row
from sim.image import differences
from sim.isa.registers import PC
from sim.kernel.options import Options
from sim.world import World
from simrec.cli import app

HERE = Path(__file__).parent
V1 = HERE.parent / "recorder" / "v1"
#: What the old code said about its runs; nothing here may ever change.
TOLD: dict[str, Any] = json.loads((V1 / "told.json").read_text())
STATES = [key.split() for key in TOLD if key.split()[1].isdigit()]
NAMES = ("race", "generator", "fault")
RUNS = [f"{name}-{store}" for name in NAMES for store in ("parquet", "sqlite")]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home as the old code left it."""
    path: Path = tmp_path_factory.mktemp("v1") / "home"
    with tarfile.open(V1 / "home.tar.xz") as packed:
        packed.extractall(path, filter="data")
    return path


@pytest.fixture(scope="module")
def catalog(home: Path) -> Iterator[Catalog]:
    opened = Catalog.open(home)
    yield opened
    opened.close()


@pytest.fixture
def log(catalog: Catalog) -> Iterator[Callable[[str], Log]]:
    """``log("race-parquet")``."""
    opened: list[Log] = []

    def find(name: str) -> Log:
        opened.append(Log.open(catalog, name))
        return opened[-1]

    yield find
    for each in opened:
        each.close()


@pytest.fixture
def simrec(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """``simrec("stats", "race-parquet")``: what the command prints."""

    def run(*words: str) -> str:
        monkeypatch.setenv("SIMREC_HOME", str(home))
        result = CliRunner().invoke(app, list(words))
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def world_at(log: Log, seq: int) -> World:
    """Folded in bulk from the first event on."""
    world = World()
    fold(world, log, seq)
    return world


def kept(told: Any, now: Any, path: str = "") -> Iterator[str]:
    """Where ``now`` says something else, or less, than was told; it may say more."""
    if isinstance(told, dict) and isinstance(now, dict):
        for name, value in told.items():
            yield from kept(value, now[name], f"{path}/{name}") if name in now else [f"{path}/{name} is lost"]
    elif isinstance(told, list) and isinstance(now, list) and len(told) == len(now):
        for index, (left, right) in enumerate(zip(told, now, strict=True)):
            yield from kept(left, right, f"{path}/{index}")
    elif told != now:
        yield f"{path}: {told!r} became {now!r}"


@pytest.mark.parametrize("name", RUNS)
def test_the_log_is_whole_and_its_digest_is_as_recorded(
    log: Callable[[str], Log], catalog: Catalog, name: str
) -> None:
    opened = log(name)
    assert (opened.run.event_version, opened.damage) == (1, None)
    told = audit(catalog, opened.run)
    assert (told.findings, told.whole, told.sealed) == ((), True, False)
    assert [digest for _, digest in opened.digests()] == [s.digest for s in opened.segments]
    assert opened.segments[-1].digest == opened.run.digest
    assert sum(opened.kinds().values()) == opened.end_seq


@pytest.mark.parametrize("name", RUNS)
def test_every_row_is_an_event_of_today(log: Callable[[str], Log], name: str) -> None:
    opened = log(name)
    seqs = []
    for kind in KINDS:
        table = opened.table(kind)
        assert table.column_names == [column.name for column in columns(kind)]
        seqs += [from_row(kind, tuple(row.values())).seq for row in table.to_pylist()]
    assert sorted(seqs) == list(range(opened.end_seq))
    assert opened.table("csr", columns=["seq", "value"]).num_rows == 0


@pytest.mark.parametrize("store", ["parquet", "sqlite"])
def test_futexes_of_old_take_any_bit(log: Callable[[str], Log], store: str) -> None:
    opened = log(f"race-{store}")
    rows = opened.table("futex").to_pylist()
    assert {row["action"] for row in rows} == {"wait", "wake", "timeout"}
    assert {(row["bitset"], row["target"]) for row in rows} == {(0xFFFF_FFFF, 0)}
    assert opened.table("futex", columns=["bitset"], tid=1).column_names == ["bitset"]


@pytest.mark.parametrize("name", RUNS)
def test_options_that_were_not_there_have_their_values(log: Callable[[str], Log], name: str) -> None:
    """Fails when `Options` or costs.toml gain something that `recorder.upcast` doesn't know of."""
    opened = log(name)
    (recorded,) = {text for text in _as_recorded(opened, "run", "options") if text}
    old, now, filled = json.loads(recorded), Options().as_dict(), opened.options
    added = now.keys() - old.keys()
    assert added and filled == {**old, "costs": filled["costs"]} | {option: now[option] for option in added}
    costs = Options().costs.as_dict()
    assert filled["costs"] == costs | old["costs"] and costs.keys() > old["costs"].keys()
    assert [text and json.loads(text) for text in opened.table("run")["options"].to_pylist()] == [filled, ""]


def _as_recorded(log: Log, kind: str, column: str) -> list[Any]:
    tables = log._tables(kind, 0, None, [column], None, None, as_recorded=True)
    return [value for table in tables for value in table[column].to_pylist()]


@pytest.mark.parametrize("name", RUNS)
def test_snapshots_of_another_fold_are_left_alone_and_were_right(
    log: Callable[[str], Log], catalog: Catalog, name: str
) -> None:
    """The old machine's memory and registers at the end of each segment are what today's fold gives."""
    opened = log(name)
    rows = catalog.snapshots(opened.run.id)
    assert len(rows) == len(opened.segments) and opened.image_before(opened.end_seq) is None
    one_by_one = World()
    events = sorted(
        (
            from_row(kind, tuple(row.values()))
            for kind in opened.kinds()
            for row in opened.table(kind).to_pylist()
        ),
        key=lambda event: event.seq,
    )
    code = sorted((row for found in opened.code.values() for row in found), key=lambda row: -row.seq)
    for row in rows:
        world = world_at(opened, row.seq)
        while one_by_one.seq < row.seq:
            event = events[one_by_one.seq + 1]
            while code and code[-1].seq <= event.seq:
                found = code.pop()
                one_by_one.code[found.pid, found.pc] = found
            one_by_one.apply(event)
        assert not differences(world, one_by_one)
        held, pages = _snapshot(opened, row.file)
        assert {frame: world.memory[frame << 12 : (frame + 1) << 12].tobytes() for frame in pages} == pages
        # A row of registers had x0..x31, pc and a sink.
        old = np.frombuffer(held["registers"], "<i8").reshape(-1, 34)[:, : PC + 1]
        living = [t for t in world.threads.values() if t.state != "exited"]
        now = np.array([t.row_values()[: PC + 1] for t in living]).reshape(-1, PC + 1)
        assert sorted(old.tolist()) == sorted(now.tolist())


def _snapshot(log: Log, file: str) -> tuple[dict[str, Any], dict[int, bytes]]:
    """A snapshot's row and pages, whatever fold made it."""
    with pa.ipc.open_file(log.run.path / file) as opened:
        (held,) = opened.read_all().to_pylist()
    places = (np.frombuffer(held[name], "<i8") for name in ("frames", "snapshots", "rows"))
    return held, SnapshotReader(log.run.place, [])._pages(*places, b"")


@pytest.mark.parametrize(("name", "seq"), STATES)
@pytest.mark.parametrize("store", ["parquet", "sqlite"])
def test_states_are_what_the_old_code_said(
    simrec: Callable[..., str], name: str, seq: str, store: str
) -> None:
    now = json.loads(simrec("replay", f"{name}-{store}", "--at", seq, "--json"))
    assert list(kept(TOLD[f"{name} {seq}"] | {"run": now["run"]}, now)) == []


@pytest.mark.parametrize(("name", "seq"), STATES)
def test_both_stores_show_the_same(log: Callable[[str], Log], name: str, seq: str) -> None:
    shown = [list(view(Recording(log(f"{name}-{store}")), int(seq))) for store in ("parquet", "sqlite")]
    assert shown[0][1:] == shown[1][1:]


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("question", ["stats", "contention"])
def test_answers_are_what_the_old_code_said(simrec: Callable[..., str], name: str, question: str) -> None:
    now = json.loads(simrec(question, name, "--json"))
    told = TOLD[f"{name.partition('-')[0]} {question}"]
    assert [line for line in kept(told, now) if not re.match(r"/run(/0)?/run:", line)] == []


@pytest.mark.parametrize("name", RUNS)
def test_every_kind_is_a_table_for_queries(log: Callable[[str], Log], name: str) -> None:
    opened = log(name)
    connection = connect(opened)
    counts = {}
    for kind in KINDS:
        relation = connection.sql(f'SELECT * FROM "{kind}"')
        assert relation.columns == [column.name for column in columns(kind)]
        counts[kind] = len(relation.fetchall())
    connection.close()
    assert {kind: rows for kind, rows in counts.items() if rows} == opened.kinds()


@pytest.mark.parametrize("store", ["parquet", "sqlite"])
def test_a_query_joins_old_and_new_columns(simrec: Callable[..., str], store: str) -> None:
    sql = "select distinct f.bitset, s.name from futex f join syscall s using (tid) where s.name = 'futex'"
    asked = simrec("query", sql, f"race-{store}", "--json")
    assert json.loads(asked) == [{"bitset": 0xFFFF_FFFF, "name": "futex"}]
    assert json.loads(simrec("query", "select count(*) n from signal", f"race-{store}", "--json")) == [
        {"n": 0}
    ]


@pytest.mark.parametrize("name", NAMES)
def test_two_stores_hold_the_same_run(log: Callable[[str], Log], name: str) -> None:
    found = diff(*(Recording(log(f"{name}-{store}")) for store in ("parquet", "sqlite")))
    assert (found.seq, found.threads) == (None, [])


def test_a_run_of_old_and_one_of_today_can_be_compared(
    log: Callable[[str], Log], record: Callable[..., Any]
) -> None:
    """Only what the two kernels do differently tells them apart, and no option does."""
    old = log("fault-parquet")
    new = record(V1 / "programs" / "fault.asm")
    assert new.recording.log.run.event_version == VERSION
    assert options_that_differ(old, new.recording.log).keys() <= {"program", "stack"}
    found = diff(Recording(old), new.recording)
    assert found.seq is not None and found.a is not None and found.b is not None


@pytest.mark.parametrize("name", RUNS)
def test_the_timeline_draws_every_thread(log: Callable[[str], Log], name: str) -> None:
    opened = log(name)
    drawn = timeline(opened)
    assert drawn.marks > 0 and not drawn.merged
    threads = set(opened.table("thread")["tid"].to_pylist())
    text = drawn.figure.to_json()
    assert all(f"thread {tid}" in text for tid in threads)


@pytest.mark.parametrize("name", RUNS)
def test_listings_go_from_the_first_event_to_the_last(simrec: Callable[..., str], name: str) -> None:
    rows = [json.loads(line) for line in simrec("events", name, "--all", "--json").splitlines()]
    assert [row["seq"] for row in rows] == list(range(len(rows))) and len(rows) > 80


def test_old_runs_are_listed(simrec: Callable[..., str]) -> None:
    listed = {row["name"]: row for row in json.loads(simrec("runs", "--json"))}
    assert set(listed) == set(RUNS)
    assert listed["race-sqlite"]["options"].keys() == Options().as_dict().keys()
    shown = simrec("runs")
    # What a version could not be told was not given; where its default was another, the run is told apart.
    assert not re.search("--(mount|env|abi|cost)", shown)
    assert "--quantum 60 --seed 7 --stack 1024\n" in shown
