"""Runs of version 2 from before there were seals (tests/recorder/v2): read, audited, run again, exported."""

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from recorder.audit import audit
from recorder.catalog import Catalog
from recorder.reader import Log
from replay.recording import Recording
from replay.statejson import state_as_json
from replay.view import WHOLE
from simrec.cli import app

V2 = Path(__file__).parents[1] / "recorder" / "v2"
#: What the code of that time said; nothing here may ever change.
TOLD: dict[str, Any] = json.loads((V2 / "told.json").read_text())
STATES = [int(key) for key in TOLD if key.isdigit()]
RUNS = ("fork-parquet", "fork-sqlite")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("v2") / "home"
    with tarfile.open(V2 / "home.tar.xz") as packed:
        packed.extractall(path, filter="data")
    return path


@pytest.fixture
def simrec(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    def run(*words: str, at: Path = home) -> Result:
        monkeypatch.setenv("SIMREC_HOME", str(at))
        return CliRunner().invoke(app, list(words))

    return run


def at_least(told: Any, then: Any) -> bool:
    """Whether all that was told then is told now, of the same values; there may be more."""
    if isinstance(then, dict):
        return isinstance(told, dict) and all(k in told and at_least(told[k], v) for k, v in then.items())
    if isinstance(then, list):
        return isinstance(told, list) and len(told) == len(then) and all(map(at_least, told, then))
    return bool(told == then)


@pytest.mark.parametrize("seq", STATES)
@pytest.mark.parametrize("name", RUNS)
def test_the_state_is_what_it_was(home: Path, name: str, seq: int) -> None:
    with Log.open(Catalog.open(home), name) as log:
        told = state_as_json(Recording(log), seq, WHOLE)
    then = {key: value for key, value in TOLD[str(seq)].items() if key != "run"}
    assert at_least(json.loads(json.dumps(told)), then)


@pytest.mark.parametrize("name", RUNS)
def test_nothing_is_wrong_with_them_and_they_are_not_sealed(home: Path, name: str) -> None:
    catalog = Catalog.open(home)
    run = catalog.find(name)
    found = audit(catalog, run)
    assert (found.findings, found.whole, found.sealed) == ((), True, False)
    assert (run.events, run.ticks, run.digest) == tuple(TOLD["run"][n] for n in ("events", "ticks", "digest"))
    with Log.open(catalog, name) as log:
        assert len(log.segments) > 3
        assert [digest for _, digest in log.digests()][-1] == run.digest


@pytest.mark.parametrize("name", RUNS)
def test_they_are_made_again(simrec: Callable[..., Result], name: str) -> None:
    answer = simrec("verify", "--fold", name)
    assert answer.exit_code == 0, answer.output
    assert f"the same, event for event; digest {TOLD['run']['digest']}" in answer.output


def test_one_goes_through_an_archive(simrec: Callable[..., Result], tmp_path: Path) -> None:
    archive = str(tmp_path / "old.simrec")
    assert simrec("export", "fork-parquet", "--to", archive).exit_code == 0
    other = tmp_path / "other"
    assert simrec("import", archive, "--name", "again", at=other).exit_code == 0
    assert TOLD["run"]["digest"] in simrec("verify", "again", at=other).output


@pytest.mark.parametrize("name", RUNS)
def test_who_wrote_a_place_is_found_without_an_index(simrec: Callable[..., Result], name: str) -> None:
    answer = simrec("writes", "own", "--last", "1", name)
    assert answer.exit_code == 0, answer.output
    assert "[own] = 155" in answer.output
