"""Runs of which less than all events were stored: what readers get, and how the rest comes back."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import random_programs
import rig
from handmade import Interrupting, OtherCosts, recorded_by_hand
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers import Postgres

from recorder.audit import audit
from recorder.catalog import Catalog
from recorder.detail import CHOICES, FULL, MEMORY
from recorder.errors import RunBusy
from recorder.newrun import OWNER
from recorder.place import read_files
from recorder.reader import Log
from recorder.replacement import AnotherRun, Replacement
from recorder.run import RunRow
from replay.query import run_query
from sim.isa.assembler import Source, build
from sim.kernel.console import MemoryConsole
from sim.kernel.tree import Mount
from sim.machine.costs import Costs
from simrec.comparing import compare
from simrec.rebuilding import _record, rebuild

Record = Callable[..., rig.Recorded]

LESS = [MEMORY, CHOICES]
STORES = ["parquet", "sqlite"]
RACE = rig.EXAMPLES / "counter_race.asm"


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = Catalog.open(tmp_path / "home")
    yield opened
    opened.close()


def remade(catalog: Catalog, run: RunRow) -> RunRow:
    """The rebuilt run, which is whole."""
    made = rebuild(catalog, run, rig.executor("compiled"))
    (row,) = catalog.runs(run.id)
    assert row == made
    assert (row.detail, row.digest, row.status, row.events) == (FULL, run.digest, run.status, run.events)
    assert audit(catalog, row).findings == ()
    assert not run.place.names()
    assert OWNER not in row.place.names()
    return row


def same_events(catalog: Catalog, a: str, b: str) -> None:
    with Log.open(catalog, a) as one, Log.open(catalog, b) as other:
        assert one.kinds() == other.kinds()
        for kind in one.kinds():
            assert one.table(kind).equals(other.table(kind)), kind
        assert one.code_table().equals(other.code_table())
        assert [row.seq for row in one.snapshot_rows] == [row.seq for row in other.snapshot_rows]


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("detail", LESS)
def test_a_run_comes_back(catalog: Catalog, monkeypatch: pytest.MonkeyPatch, detail: str, store: str) -> None:
    monkeypatch.setattr("sim.kernel.kernel.SEGMENT_EVENTS", 5_000)
    full = rig.record(catalog, RACE, store=store)
    less = rig.record(catalog, RACE, store=store, detail=detail)
    run = less.recording.log.run
    assert (run.detail, run.digest) == (detail, full.digest)
    assert run.bytes < full.recording.log.run.bytes
    assert audit(catalog, run).findings == ()
    assert compare(less.recording, rig.executor("compiled")) is None
    less.recording.log.close()
    remade(catalog, run)
    same_events(catalog, run.id, full.recording.log.run.id)
    assert rebuild(catalog, catalog.find(run.id), rig.executor("compiled")).detail == FULL


@pytest.mark.parametrize("store", STORES)
def test_memory_keeps_what_was_loaded_and_stored(record: Record, store: str) -> None:
    full, less = (record(RACE, store=store, detail=detail).recording.log for detail in (FULL, MEMORY))
    whole, rows = full.table("instruction"), less.table("instruction")
    assert rows.drop_columns("value").equals(whole.drop_columns("value"))
    pairs = zip(rows.to_pylist(), whole["value"].to_pylist(), strict=True)
    for row, value in pairs:
        assert row["value"] == (value if row["address"] else None)
    assert less.table("instruction", columns=["value"]).equals(rows.select(["value"]))
    counted = run_query(less, "select count(value) as n from instruction").to_pylist()
    assert counted == run_query(full, "select count(*) as n from instruction where address <> 0").to_pylist()
    assert all(less.table(kind).equals(full.table(kind)) for kind in full.kinds() if kind != "instruction")


@pytest.mark.parametrize("store", STORES)
def test_choices_are_few_rows(record: Record, store: str) -> None:
    full, less = (record(RACE, store=store, detail=detail).recording.log for detail in (FULL, CHOICES))
    assert less.kinds().keys() == {"run", "process", "choice"}
    assert all(less.table(kind).equals(full.table(kind)) for kind in less.kinds())


WRITER = """
_start: la      a1, path
        sys     SYS_OPENAT, -100, , 0102, 0644
        la      a1, text
        sys     SYS_WRITE, 3, , 4
        la      a1, text
        sys     SYS_READ, 0, , 4
        la      a0, other
        sys     SYS_EXECVE, , 0, 0
        .data
path:   .asciz  "/rw/new"
other:  .asciz  "/rw/other"
text:   .ascii  "some"
"""


@pytest.mark.parametrize("detail", LESS)
def test_what_came_from_outside(catalog: Catalog, tmp_path: Path, detail: str) -> None:
    """It is in the recording, and gone from the host."""
    folder = tmp_path / "rw"
    folder.mkdir()
    (folder / "other").write_bytes(build([Source("other.asm", rig.PRELUDE + "_start: sys SYS_EXIT, 9")]))
    (folder / "other").chmod(0o755)
    options: dict[str, Any] = {"mounts": (Mount.parse(f"{folder}:/rw:rw"),), "stdin": b"words"}
    run = rig.record(catalog, WRITER, detail=detail, **options).recording.log.run
    assert (run.exit_status, (folder / "new").read_bytes()) == (9, b"some")
    for path in folder.iterdir():
        path.unlink()
    remade(catalog, run)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("where", ["directory", "bucket"])
def test_files_elsewhere(
    catalog: Catalog, tmp_path: Path, request: pytest.FixtureRequest, where: str
) -> None:
    """Those that are made anew go to a folder beside the run's old ones."""
    if where == "bucket":
        files = request.getfixturevalue("s3").url(f"rebuilt/{tmp_path.name}")
    else:
        files = read_files(str(tmp_path / "elsewhere"))
    run = rig.record(catalog, RACE, detail=MEMORY, files=files).recording.log.run
    made = remade(catalog, run)
    assert made.where == run.where.replace(run.id, f"rebuilt/{run.id}")
    catalog.remove(made)
    assert not made.place.names()


def test_rows_in_postgresql(tmp_path: Path, postgres: Postgres) -> None:
    """They are exchanged there as they are in SQLite."""
    catalog = Catalog.open(tmp_path / "home", postgres.new_database())
    try:
        remade(catalog, rig.record(catalog, RACE, detail=CHOICES).recording.log.run)
    finally:
        catalog.close()


@pytest.mark.parametrize("detail", LESS)
def test_several_programs(catalog: Catalog, detail: str) -> None:
    programs: list[rig.Runnable] = [rig.EXAMPLES / name for name in ("fib.asm", "hello.asm")]
    run = rig.record(catalog, programs, detail=detail, seed=4).recording.log.run
    remade(catalog, run)


@pytest.mark.parametrize("detail", LESS)
def test_an_interrupted_run(catalog: Catalog, detail: str) -> None:
    text = "_start: la a1, b\n sys SYS_READ, 0, , 7\n bgtz a0, _start\n.bss\nb: .zero 8\n"
    run = recorded_by_hand(catalog, text, Interrupting(), detail=detail).log.run
    assert remade(catalog, run).reason == "interrupted"


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("detail", LESS)
def test_a_run_that_was_cut_off(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, detail: str, store: str
) -> None:
    """By a recorder that failed, or died."""
    monkeypatch.setattr("sim.kernel.kernel.SEGMENT_EVENTS", 1_000)
    console = MemoryConsole()
    cut: dict[str, Any] = {"segments": 3, "store": store, "detail": detail}
    run = recorded_by_hand(catalog, rig.EXAMPLES / "primes.asm", console, **cut).log.run
    assert run.status == "failed"
    if store == "parquet":
        catalog.change(run.id, status="recording", reason="", owner="", closing="")
    run = catalog.find(run.id)
    assert remade(catalog, run).died == (store == "parquet")


class _Stopped(BaseException):
    """As Ctrl-C."""


def stop(_events: int, _ticks: int) -> None:
    raise _Stopped


def test_a_rebuilding_that_ends_early_leaves_the_run(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.kernel.kernel.SEGMENT_EVENTS", 5_000)
    run = rig.record(catalog, RACE, detail=MEMORY).recording.log.run
    before = sorted(run.place.names())
    with pytest.raises(_Stopped):
        rebuild(catalog, run, rig.executor("compiled"), stop)
    assert (catalog.find(run.id), sorted(run.place.names())) == (run, before)
    assert audit(catalog, run).findings == ()
    # Killed, it leaves files, which the next one drops.
    with Log.open(catalog, run.id) as log, pytest.raises(_Stopped):
        _record(log, Replacement(catalog, run), rig.executor("compiled"), stop)
    assert Replacement(catalog, run).run.place.names()
    assert catalog.find(run.id) == run
    remade(catalog, run)


def test_one_at_a_time(catalog: Catalog) -> None:
    run = rig.record(catalog, RACE, detail=CHOICES).recording.log.run
    with Replacement(catalog, run).locked(), pytest.raises(RunBusy, match="wait"):
        rebuild(catalog, run, rig.executor("compiled"))
    made = Replacement(catalog, run)
    with Log.open(catalog, run.id) as log:
        _record(log, made, rig.executor("compiled"), lambda events, ticks: None)
    catalog.remove(run)
    with pytest.raises(RunBusy, match="changed"):
        made.put()
    made.discard()
    assert not made.run.place.names()


@pytest.mark.parametrize("detail", LESS)
def test_another_run_is_refused(catalog: Catalog, detail: str) -> None:
    costs = OtherCosts(costs=Costs.load(["context_switch=99"]))
    recording = recorded_by_hand(catalog, RACE, MemoryConsole(), options=costs, detail=detail)
    run = recording.log.run
    with pytest.raises(AnotherRun, match="others when it is run again"):
        rebuild(catalog, run, rig.executor("compiled"))
    assert catalog.find(run.id) == run
    assert audit(catalog, run).findings == ()
    found = compare(recording, rig.executor("compiled"))
    assert found is not None and found.seq is not None
    assert found.recorded is not None and found.again is not None


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    random=st.randoms(use_true_random=False),
    program=st.sampled_from([random_programs.instructions, random_programs.calls]),
    seed=st.integers(0, 3),
    scheduler=st.sampled_from(["rr", "random", "lottery", "fair"]),
    detail=st.sampled_from(LESS),
    store=st.sampled_from(STORES),
)
def test_any_run_comes_back(
    catalog: Catalog,
    random: Random,
    program: Callable[[Random], tuple[str, int]],
    seed: int,
    scheduler: str,
    detail: str,
    store: str,
) -> None:
    text, harts = program(random)
    options: dict[str, Any] = {"harts": harts, "seed": seed, "scheduler": scheduler, "max_events": 3_000}
    options |= {"store": store, "stdin": b"some input"}
    full = rig.record(catalog, text, **options).recording.log.run
    less = rig.record(catalog, text, detail=detail, **options).recording.log.run
    assert less.digest == full.digest
    remade(catalog, less)
    same_events(catalog, less.id, full.id)
