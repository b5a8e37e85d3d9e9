"""What the tests of questions about runs share: recordings of examples, and the command line."""

from collections.abc import Callable

import pytest
import rig
from typer.testing import CliRunner, Result

from simrec.cli import app


@pytest.fixture(scope="session")
def example(record: Callable[..., rig.Recorded]) -> Callable[..., rig.Recorded]:
    """``example("counter_mutex", store=..., **options)``: the recording, made once."""
    made: dict[object, rig.Recorded] = {}

    def find(name: str, **options: object) -> rig.Recorded:
        key = (name, *sorted(options.items()))
        if key not in made:
            made[key] = record(rig.EXAMPLES / f"{name}.asm", **options)
        return made[key]

    return find


@pytest.fixture
def simrec(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """``simrec(recorded, "stats", "--json")``: the command on that recording."""

    def run(recorded: rig.Recorded, *arguments: str) -> Result:
        log = recorded.recording.log
        monkeypatch.setenv("SIMREC_HOME", str(log.run.home))
        command, *rest = arguments
        first = [rest.pop(0)] if command in ("query", "writes") else []
        return CliRunner().invoke(app, [command, *first, log.run.id, *rest])

    return run
