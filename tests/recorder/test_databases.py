"""What a catalog needs of its database: SQLite and PostgreSQL keep the same, and say what is wrong alike."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers import Postgres
from sqlalchemy import text
from synthetic import HARTS, PROGRAM, put, record, steps

from recorder.audit import audit
from recorder.catalog import Catalog
from recorder.database import reading, writing
from recorder.errors import CatalogUnavailable, RecordingFailed
from recorder.keeping import Keeping
from recorder.reader import Log
from recorder.recorder import Program, Recorder
from sim.machine.buffers import Buffers
from sim.world import World


@pytest.fixture
def server(postgres: Postgres) -> Iterator[Postgres]:
    """One that is there again after the test."""
    yield postgres
    postgres.start()


@pytest.fixture(params=["sqlite", "postgresql"])
def catalog(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Catalog]:
    """In each kind of database."""
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres").new_database()
    opened = Catalog.open(tmp_path / "home", url)
    yield opened
    opened.close()


#: What comes from outside: names of files may be any bytes, as Python reads them.
texts = st.text(st.characters() | st.sampled_from("\0\udcff\\'\"%:"), max_size=20)
values = st.recursive(texts | st.integers(-(1 << 63), (1 << 63) - 1) | st.booleans() | st.none(), st.lists)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(options=st.dictionaries(texts, values), words=texts)
def test_options_are_kept_exactly_and_words_readably(
    catalog: Catalog, options: dict[str, Any], words: str
) -> None:
    recorder = Recorder.start(catalog, [Program(words, words, b"x")], {"given": options}, Keeping(name=words))
    recorder.abort(words)
    (run,) = (run for run in catalog.runs() if run.id == recorder.run.id)
    assert run.options["given"] == options
    shown = words.encode(errors="backslashreplace").decode().replace("\0", "\\x00")
    assert (run.name, run.reason, run.programs[0].path) == (shown, shown, shown)


def test_numbers_have_64_bits(catalog: Catalog) -> None:
    run = record(catalog, steps(1))
    most = (1 << 63) - 1
    changed = catalog.change(run.id, events=most, ticks=most, bytes=most, exit_status=-most)
    assert (changed.events, changed.ticks, changed.bytes, changed.exit_status) == (most, most, most, -most)


def test_a_reader_sees_one_state_and_waits_for_nobody(catalog: Catalog) -> None:
    record(catalog, steps(1))
    count = text("select count(*) from runs")
    with reading(catalog.engine) as before:
        assert before.execute(count).scalar() == 1
        record(catalog, steps(1))
        with writing(catalog.engine) as writer:
            writer.execute(text("update runs set name = 'not yet'"))
            assert before.execute(count).scalar() == 1
            assert [run.name for run in catalog.runs()] == ["", ""]
    assert [run.name for run in catalog.runs()] == ["not yet", "not yet"]


def test_a_failed_transaction_leaves_nothing(catalog: Catalog) -> None:
    run = record(catalog, steps(1))

    def fail_halfway() -> None:
        with writing(catalog.engine) as connection:
            connection.execute(text("update runs set name = 'half'"))
            connection.execute(text("update no_such_table set name = 'half'"))

    with pytest.raises(CatalogUnavailable, match="no_such_table"):
        fail_halfway()
    assert catalog.find(run.id).name == ""


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://user:secret@host/db", "can't be kept in mysql://user:***@host/db: write sqlite:////"),
        ("sqlite://", "can't be kept in sqlite://"),
        ("sqlite:///:memory:", "can't be kept in :memory:: write sqlite"),
        ("secret", "SIMREC_CATALOG is no URL of a database: write sqlite:////"),
        ("sqlite:////no/such/directory/x.db", "unable to open database file; choose another with --home"),
        ("postgresql://user:secret@127.0.0.1:1/db", r"user:\*\*\*@127.0.0.1:1/db: .*refused"),
        (
            "postgresql+asyncpg://127.0.0.1:1/db?password=secret",
            r"psycopg://127.0.0.1:1/db: .*refused.*SIMREC_CATALOG",
        ),
    ],
)
def test_what_can_not_be_opened_is_one_line_without_passwords(tmp_path: Path, url: str, told: str) -> None:
    with pytest.raises(CatalogUnavailable, match=told.replace("***", r"\*\*\*")) as error:
        Catalog.open(tmp_path, url)
    assert "\n" not in str(error.value)
    assert "secret" not in str(error.value)


def test_without_psycopg_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(CatalogUnavailable, match=r"needs psycopg: pip install 'simrec\[postgres\]'"):
        Catalog.open(tmp_path, "postgresql://host/db")


def test_a_database_that_is_not_there(tmp_path: Path, postgres: Postgres) -> None:
    url = postgres.new_database().replace("test_", "nowhere_")
    with pytest.raises(CatalogUnavailable, match=r'database "nowhere_.*" does not exist; choose another'):
        Catalog.open(tmp_path, url)


def record_on(recorder: Recorder, buffers: Buffers) -> Buffers:
    """A segment of five events more."""
    for event in steps(5):
        event.seq += buffers.first_seq
        put(buffers, event)
    return recorder.segment(buffers, World())


def cut_off(home: Path, server: Postgres) -> tuple[Catalog, Recorder, Buffers]:
    """A recorder that has committed a segment when its server stops."""
    catalog = Catalog.open(home, server.new_database())
    recorder = Recorder.start(catalog, [PROGRAM], {})
    buffers = record_on(recorder, Buffers(HARTS, 64))
    while not catalog.find(recorder.run.id).events:
        pass
    server.stop()
    return catalog, recorder, buffers


def test_a_server_that_is_started_again_costs_nothing(tmp_path: Path, server: Postgres) -> None:
    catalog, recorder, buffers = cut_off(tmp_path, server)
    server.start()
    buffers = record_on(recorder, buffers)
    recorder.finish(buffers, World())
    run = recorder.close("complete", "exited", 0)
    assert (run.events, run.status) == (10, "complete")
    assert audit(catalog, run).findings == ()


def test_a_server_that_goes_away_keeps_what_was_committed(tmp_path: Path, server: Postgres) -> None:
    catalog, recorder, buffers = cut_off(tmp_path, server)
    buffers = record_on(recorder, buffers)
    with pytest.raises(
        RecordingFailed, match=r"can't use the catalog postgresql\+psycopg://.*events 0 to 4 are"
    ):
        recorder.finish(buffers, World())
    recorder.abort("the server went away")
    with pytest.raises(CatalogUnavailable):
        catalog.runs()
    server.start()
    assert catalog.find(recorder.run.id).events == 5
    with Log.open(catalog, recorder.run.id) as log:
        assert len(log.table("instruction")) == 5
    assert audit(catalog, catalog.find(recorder.run.id)).sound
