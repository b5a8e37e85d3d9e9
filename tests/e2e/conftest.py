"""The command in a real process, as a user starts it."""

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import forkserver
from pathlib import Path

import pytest
import warm

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "programs"
COMMAND = [sys.executable, "-m", "simrec"]
FORKS = multiprocessing.get_context("forkserver")


@pytest.fixture(scope="session", autouse=True)
def forks() -> None:
    """Start the process that commands are forked from. It finds `warm` by PYTHONPATH only."""
    FORKS.set_forkserver_preload(["warm"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), str(ROOT)]))
        forkserver.ensure_running()


@dataclass(frozen=True)
class Answer:
    """What a command did. ``errors`` is standard error."""

    status: int
    output: str
    errors: str
    data: bytes

    @property
    def run(self) -> str:
        """The id in the summary of `simrec run`."""
        line = next(line for line in self.errors.splitlines() if line.startswith("simrec: run "))
        return line.split()[2].rstrip(":")


def environment(home: Path, **more: str) -> dict[str, str]:
    """This process's environment, with nothing of the terminal's or of the user's simrec in it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SIMREC_", "LC_", "COLUMNS"))}
    return kept | {"SIMREC_HOME": str(home), "PYTHONPATH": str(ROOT), "NO_COLOR": "1"} | more


def call(home: Path, *arguments: object, stdin: bytes = b"", cwd: Path = ROOT, **variables: str) -> Answer:
    """Run the command to its end, in a process forked from one that has its imports done: tests start
    hundreds, and a start from nothing takes half a second."""
    with tempfile.TemporaryDirectory() as directory:
        paths = [Path(directory, name) for name in ("stdin", "stdout", "stderr")]
        for path in paths:
            path.write_bytes(stdin if path.name == "stdin" else b"")
        given = [str(argument) for argument in arguments], str(cwd), environment(home, **variables)
        process = FORKS.Process(target=warm.command, args=(*given, tuple(map(str, paths))))
        process.start()
        process.join(120)
        assert process.exitcode is not None, f"{arguments} hangs"
        data, errors = paths[1].read_bytes(), paths[2].read_text("utf-8", "replace")
    assert "Traceback" not in errors, errors
    return Answer(process.exitcode, data.decode("utf-8", "replace"), errors, data)


Simrec = Callable[..., Answer]


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
