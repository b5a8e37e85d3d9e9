from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder.catalog import Catalog


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = Catalog.open(tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture(params=["parquet", "sqlite"])
def store(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name
