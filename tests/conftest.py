"""Fixtures that every test may ask for."""

import gc
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import rig
from hypothesis import settings
from servers import S3, Postgres

from recorder.catalog import Catalog

# No test times anything. CI draws the same examples each time; whoever works here searches for new ones.
settings.register_profile("search", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "search")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A SIMREC_HOME of the test's own."""
    path = tmp_path / "simrec_home"
    monkeypatch.setenv("SIMREC_HOME", str(path))
    return path


@pytest.fixture(scope="session")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., rig.Recorded]]:
    """``record(path or assembly text, store=..., **options)`` -> `rig.Recorded`."""
    catalog = Catalog.open(tmp_path_factory.mktemp("recordings"))
    yield partial(rig.record, catalog)
    catalog.close()


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """An S3 server with an empty ``bucket``. Tests take prefixes of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "tests")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "a key that only tests know")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        server = S3(tmp_path_factory.mktemp("s3") / "log")
        yield server
        server.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server. Tests take databases of their own."""
    programs = Postgres.find()
    if programs is None:
        missing = "PostgreSQL is not installed; on Debian: apt-get install postgresql"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    server = Postgres(programs)
    yield server
    server.close()


@pytest.fixture(params=["compiled", "reference"])
def executor(request: pytest.FixtureRequest) -> str:
    """Each executor's name: the test runs once on each."""
    name: str = request.param
    return name


#: Bytes by which a test process may grow before it looks for garbage.
GROWTH = 256 << 20


@pytest.fixture(autouse=True)
def _memory(_grown: list[int]) -> Iterator[None]:
    """A kernel and its parts refer to each other, and hold arrays that the collector doesn't count."""
    yield
    if _resident() - _grown[0] > GROWTH:
        gc.collect()
        _grown[0] = _resident()


@pytest.fixture(scope="session")
def _grown() -> list[int]:
    return [_resident()]


def _resident() -> int:
    """Bytes of memory that the process has; 0 where that can't be asked."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
