"""The catalog: what runs there are, and how a user names them."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from synthetic import OPTIONS, PROGRAM, record, steps

from recorder.catalog import REMOVED, Catalog
from recorder.database import MIGRATIONS, migrate, revisions, writing
from recorder.errors import AmbiguousRun, CatalogUnavailable, NewerCatalog, NewerLog, NoSuchRun, RunBusy
from recorder.models import Base
from recorder.reader import Log
from recorder.recorder import Program, Recorder


@pytest.fixture(params=["sqlite", "postgresql"])
def catalog_url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of the database that `Catalog.open` takes by itself, also in other processes."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'home' / 'catalog.db'}"
    url: str = request.getfixturevalue("postgres").new_database()
    monkeypatch.setenv("SIMREC_CATALOG", url)
    return url


@pytest.fixture
def catalog(catalog_url: str, tmp_path: Path) -> Iterator[Catalog]:
    """In each kind of database."""
    opened = Catalog.open(tmp_path / "home")
    yield opened
    opened.close()


def test_a_run_is_found_by_id_prefix_name_and_latest(catalog: Catalog) -> None:
    first, second, third = (record(catalog, steps(3), name=name) for name in ("slow", "fast", "slow"))
    assert [run.id for run in catalog.runs()] == [third.id, second.id, first.id]
    assert catalog.find("latest").id == third.id
    assert catalog.find("slow").id == third.id
    assert catalog.find("fast").id == second.id
    assert catalog.find(first.id) == catalog.find(first.id[:7]) == first
    assert catalog.find(first.id.upper()) == first


def test_a_run_says_what_it_was(catalog: Catalog) -> None:
    run = record(catalog, steps(30), name="toy")
    assert (run.program, run.options) == ("dir/toy.asm", OPTIONS)
    assert [(program.path, program.sha) for program in run.programs] == [("dir/toy.asm", PROGRAM.sha)]
    assert (run.status, run.reason, run.exit_status) == ("complete", "exited", 0)
    assert (run.events, run.ticks, len(run.digest)) == (30, 14, 32)
    assert run.bytes == sum(path.stat().st_size for path in run.path.rglob("*") if path.is_file())
    assert run.path == catalog.home / "runs" / run.id
    assert run.created.utcoffset() is not None


def test_a_wrong_reference_names_the_next_thing_to_type(catalog: Catalog) -> None:
    with pytest.raises(NoSuchRun, match=r"no runs are recorded in .*: record one with `simrec run PROGRAM`"):
        catalog.find("latest")
    run = record(catalog, steps(1), name="counter")
    with pytest.raises(NoSuchRun, match=f"no run 'conter': did you mean {run.id} counter.*`simrec runs`"):
        catalog.find("conter")
    with pytest.raises(NoSuchRun, match="no run '': list them with `simrec runs`"):
        catalog.find("")


def test_a_prefix_of_several_ids_is_refused(catalog: Catalog) -> None:
    runs = [record(catalog, steps(1)).id for _ in range(17)]
    shared = next(c for c in "0123456789abcdef" if sum(run.startswith(c) for run in runs) > 1)
    with pytest.raises(AmbiguousRun, match=f"'{shared}' begins the ids of .* runs .*type more of it"):
        catalog.find(shared)


def test_a_removed_run_is_gone_and_others_are_not(catalog: Catalog, store: str) -> None:
    keep, drop = (record(catalog, steps(5), store) for _ in range(2))
    other = Program("other", "other.asm", b"other")
    only = Recorder.start(catalog, [other], {}).abort("no")
    catalog.remove(drop)
    catalog.remove(only)
    assert not drop.path.exists()
    assert [run.id for run in catalog.runs()] == [keep.id]
    assert (catalog.segments(drop.id), catalog.snapshots(drop.id)) == ([], [])
    assert len(Log.open(catalog, keep.id).table("instruction")) == 5
    with pytest.raises(NoSuchRun, match="gone already"):
        catalog.remove(drop)


def test_programs_of_a_run_stay_as_long_as_a_run_has_them(catalog: Catalog) -> None:
    other = Program("other", "other.asm", b"other", {"other.asm": "ret"})
    both = Recorder.start(catalog, [PROGRAM, other, PROGRAM], {}).abort("no")
    single = Recorder.start(catalog, [other], {}).abort("no")
    assert [program.path for program in catalog.find(both.id).programs] == [
        *("dir/toy.asm", "other.asm", "dir/toy.asm")
    ]
    assert catalog.find(single.id).programs == (both.programs[1],)
    with pytest.raises(NoSuchRun, match=f"did you mean {both.id} of dir/toy.asm"):
        catalog.find("toy.as")
    (log,) = [Log(catalog, catalog.find(both.id))]
    assert [log.image(pid) for pid in (1, 2, 3)] == [PROGRAM.image, other.image, PROGRAM.image]
    assert [log.sources(pid) for pid in (1, 2)] == [PROGRAM.sources, other.sources]
    kept = [both.programs[0].sha, other.sha]
    for run, left in ((single, kept), (both, [])):
        catalog.remove(run)
        with catalog.engine.connect() as connection:
            found = connection.execute(text("select sha from programs")).scalars().all()
        assert sorted(found) == sorted(left)


def test_a_run_that_is_being_recorded_is_not_removed(catalog: Catalog) -> None:
    recorder = Recorder.start(catalog, [PROGRAM], {})
    with pytest.raises(RunBusy, match=f"{recorder.run.id} is still being recorded"):
        catalog.remove(recorder.run)
    # Nor by another catalog that keeps its runs in the same directory, and finishes removals there.
    assert REMOVED not in recorder.run.place.names()
    catalog.remove(recorder.abort("test"))


def test_a_directory_outside_of_home_is_never_touched(catalog: Catalog, tmp_path: Path) -> None:
    run = record(catalog, steps(1))
    (tmp_path / "precious").mkdir()
    catalog.change(run.id, directory="runs/../../precious", files="")
    with pytest.raises(CatalogUnavailable, match="instead of"):
        catalog.remove(catalog.find(run.id))
    assert (tmp_path / "precious").exists()


def test_home_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMREC_HOME", str(tmp_path / "there"))
    assert Catalog.open().home == tmp_path / "there"
    monkeypatch.setenv("SIMREC_CATALOG", f"sqlite:///{tmp_path / 'other.db'}")
    Catalog.open()
    assert (tmp_path / "other.db").exists()


def test_a_catalog_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "catalog.db").write_text("these are not the tables you are looking for" * 100)
    with pytest.raises(CatalogUnavailable, match="file is not a database; choose another with --home"):
        Catalog.open(tmp_path)
    with pytest.raises(CatalogUnavailable, match="choose another with --home"):
        Catalog.open(tmp_path / "catalog.db" / "below")


def test_a_newer_log_is_refused(catalog: Catalog) -> None:
    run = record(catalog, steps(1))
    catalog.change(run.id, event_version=99)
    with pytest.raises(NewerLog, match=f"run {run.id} has event version 99.*update simrec"):
        Log.open(catalog)


def test_processes_may_open_a_fresh_home_at_once(catalog_url: str, tmp_path: Path) -> None:
    here = str(Path(__file__).parent)
    code = (
        f"import sys; sys.path.insert(0, {here!r}); from pathlib import Path; from synthetic import *\n"
        f"record(Catalog.open(Path({str(tmp_path)!r})), steps(20), cuts=[5, 10, 15])"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(4)]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors.decode()) == (0, "")
    catalog = Catalog.open(tmp_path)
    assert [run.events for run in catalog.runs()] == [20] * 4


def test_processes_record_and_remove_at_once(catalog: Catalog) -> None:
    here = str(Path(__file__).parent)
    code = (
        f"import sys; sys.path.insert(0, {here!r}); from pathlib import Path; from synthetic import *\n"
        f"catalog = Catalog.open(Path({str(catalog.home)!r}))\n"
        "for n in range(12):\n"
        "    run = record(catalog, steps(30), name=f'{sys.argv[1]}-{n}', cuts=[10, 20])\n"
        "    assert run == catalog.find(f'{sys.argv[1]}-{n}')\n"
        "    if n % 2: catalog.remove(run)\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, name], stderr=subprocess.PIPE) for name in "abcd"
    ]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert (process.returncode, errors.decode()) == (0, "")
    assert {run.name for run in catalog.runs()} == {f"{each}-{n}" for each in "abcd" for n in range(0, 12, 2)}
    assert {run.name for run in catalog.matching("b-*")} == {f"b-{n}" for n in range(0, 12, 2)}
    assert all(Log.open(catalog, run.id).damage is None for run in catalog.runs())
    assert sorted(path.name for path in (catalog.home / "runs").iterdir()) == sorted(
        run.id for run in catalog.runs()
    )


# Migrations.

#: Rows as the revision of their time had them; nothing here may ever change.
POPULATED = {
    "0001": {
        "programs": [{"sha": "ab", "name": "toy", "path": "toy.asm", "bytes": 7}],
        "runs": [
            {
                "id": "01234567",
                "name": "old",
                "program": "toy.asm",
                "program_sha": "ab",
                "created": "2020-01-02 03:04:05.000006",
                "options": '{"harts": 2}',
                "store": "parquet",
                "status": "complete",
                "reason": "exited",
                "exit_status": 0,
                "events": 5,
                "ticks": 3,
                "bytes": 100,
                "directory": "runs/01234567",
                "event_version": 1,
                "owner": "host:1:1",
            }
        ],
        "segments": [
            {
                "run_id": "01234567",
                "number": 0,
                "first_seq": 0,
                "end_seq": 5,
                "first_tick": 0,
                "end_tick": 3,
                "bytes": 100,
                "pieces": "[]",
                "chain": "cd",
            }
        ],
    }
}
POPULATED["0002"] = {
    **POPULATED["0001"],
    "snapshots": [
        {
            "run_id": "01234567",
            "number": 0,
            "seq": 4,
            "tick": 3,
            "file": "snapshots/000000.arrow",
            "bytes": 10,
            "fold_version": 1,
            "digest": "ef",
        }
    ],
}
POPULATED["0003"] = {
    **POPULATED["0002"],
    "run_programs": [{"run_id": "01234567", "pid": 2, "path": "again.asm", "sha": "ab"}],
}
POPULATED["0004"] = POPULATED["0003"]


@pytest.mark.parametrize("revision", revisions())
@pytest.mark.parametrize("populated", [False, True])
def test_older_catalogs_are_upgraded(
    catalog_url: str, tmp_path: Path, revision: str, populated: bool
) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlalchemy import create_engine

    (tmp_path / "home").mkdir()
    old = create_engine(catalog_url.replace("postgresql:", "postgresql+psycopg:"))
    with old.begin() as connection:
        migrate(connection, revision)
        for table, rows in POPULATED[revision].items() if populated else ():
            for row in rows:
                names = ", ".join(row)
                marks = ", ".join(f":{name}" for name in row)
                connection.execute(text(f"insert into {table} ({names}) values ({marks})"), row)
    old.dispose()
    catalog = Catalog.open(tmp_path / "home")
    with catalog.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    assert [run.name for run in catalog.runs()] == ["old"] * populated
    if populated:
        run = catalog.find("0123")
        assert (run.events, run.options["harts"], run.created.year, run.digest) == (5, 2, 2020, "")
        assert [segment.end_seq for segment in catalog.segments(run.id)] == [5]
        further = [row["path"] for row in POPULATED[revision].get("run_programs", ())]
        assert [program.path for program in run.programs] == ["toy.asm", *further]
    record(catalog, steps(3))


def test_revisions_are_those_of_alembic() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    walked = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert walked[::-1] == revisions()
    assert set(POPULATED) == set(revisions())


def test_a_newer_catalog_is_refused(catalog: Catalog) -> None:
    from sqlalchemy import text

    with writing(catalog.engine) as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(NewerCatalog, match=r"revision 9999, newer than this simrec knows .*update simrec"):
        Catalog.open(catalog.home)


def test_opening_a_current_catalog_needs_no_alembic(catalog: Catalog) -> None:
    code = (
        "import sys; from pathlib import Path; from recorder.catalog import Catalog\n"
        f"Catalog.open(Path({str(catalog.home)!r})).runs(); assert 'alembic' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_importing_the_recorder_is_cheap() -> None:
    code = (
        "import sys, recorder.catalog, recorder.recorder, recorder.reader, recorder.errors\n"
        "assert not {'pyarrow', 'sqlalchemy', 'alembic', 'duckdb', 'numba'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_run_directory_says_what_ran_without_the_catalog(catalog: Catalog) -> None:
    run = record(catalog, steps(1))
    moved = catalog.home / "copy"
    shutil.copytree(run.path, moved)
    assert (moved / "program/image.elf").read_bytes() == PROGRAM.image
