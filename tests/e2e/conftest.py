"""Fixtures of the end-to-end tests; `console` runs the commands."""

import os
from collections.abc import Callable
from multiprocessing import forkserver
from pathlib import Path

import pytest
from console import FORKS, PROGRAMS, ROOT, Answer, Simrec, call


@pytest.fixture(scope="session", autouse=True)
def forks() -> None:
    """Start the process that commands are forked from. It finds `warm` by PYTHONPATH only."""
    FORKS.set_forkserver_preload(["warm"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), str(ROOT)]))
        forkserver.ensure_running()


@pytest.fixture
def simrec(home: Path) -> Simrec:
    """``simrec("run", path, ...)`` in a home of the test's own."""

    def run(*arguments: object, **rest: object) -> Answer:
        return call(home, *arguments, **rest)  # type: ignore[arg-type]

    return run


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Answer]:
    """``shelf(program)("replay", ...)``: a command on a recording of ``program`` that tests share; tests
    don't change it. The command's last argument is the run."""
    home = tmp_path_factory.mktemp("shelf")
    runs: dict[tuple[object, ...], Answer] = {}

    def of(program: str, *options: str) -> Simrec:
        path = ROOT / "examples" / program if (ROOT / "examples" / program).exists() else PROGRAMS / program
        key = (program, *options)
        if key not in runs:
            runs[key] = call(home, "run", path.relative_to(ROOT), *options)

        def ask(*arguments: object) -> Answer:
            return runs[key] if arguments == ("run",) else call(home, *arguments, runs[key].run)

        return ask

    return of


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """``write(text, name=...)``: a source file; a text without ``main`` is main's body."""

    def make(text: str, name: str = "program.asm") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if ".globl" not in text:
            text = "        .globl main\nmain:\n" + text.replace("|", "\n")
        path.write_text(text.rstrip() + "\n", encoding="utf-8")
        return path

    return make
