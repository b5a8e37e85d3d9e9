"""The machine code that a run leaves in the cache: later runs start with it, and without what made it."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from console import ROOT, environment

import recorder.compiling
import sim.machine.executor
from recorder.catalog import Catalog

#: More instructions than the recorder's loops are worth compiling for.
LONG = "li t0, 30000|again: addi t0, t0, -1|sd t0, -8(sp)|bnez t0, again|li a0, 0|ret"
#: A run in a process of its own, from nothing; then what it imported of the compilers.
RUN = """
import sys
from simrec.cli import main
sys.argv = ["simrec", "run", sys.argv[1]]
try:
    main()
finally:
    print(*{"numba", "llvmlite"} & set(sys.modules))
"""


@dataclass(frozen=True)
class Start:
    """A run: which of the compilers it imported, what it said, and the log's digest."""

    imported: set[str]
    said: str
    digest: str


@pytest.fixture
def start(home: Path, write: Callable[..., Path]) -> Callable[..., Start]:
    """``start(**variables)``: a run of LONG from nothing, in this environment."""
    program = write(LONG)

    def run(**variables: str) -> Start:
        command = [sys.executable, "-c", RUN, str(program)]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=ROOT, env=environment(home, **variables), check=False
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        return Start(set(done.stdout.split()), done.stderr, Catalog.open(home).find("latest").digest)

    return run


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache with the executor's machine code in it, nothing else."""
    sim.machine.executor.compiled()
    shutil.copytree(sim.machine.executor.cache_directory(), tmp_path / "cache" / "simrec" / "executor")
    return tmp_path / "cache"


def test_the_second_start_imports_no_compiler(start: Callable[..., Start], cache: Path) -> None:
    first = start(XDG_CACHE_HOME=str(cache))
    assert first.imported == {"llvmlite", "numba"}
    second = start(XDG_CACHE_HOME=str(cache))
    assert second.imported == {"llvmlite"}
    assert "compiling" not in first.said + second.said

    (file,) = (cache / "simrec" / "recorder").glob("encode_*.o")
    file.write_bytes(file.read_bytes()[:-1])
    third = start(XDG_CACHE_HOME=str(cache))
    assert third.imported == {"llvmlite", "numba"}
    assert start(XDG_CACHE_HOME=str(cache)).imported == {"llvmlite"}
    assert first.digest == second.digest == third.digest


def test_the_reference_executor_loads_no_machine_code(start: Callable[..., Start], cache: Path) -> None:
    reference = start(SIMREC_JIT="0", XDG_CACHE_HOME=str(cache))
    assert reference.imported == set()
    assert reference.digest == start(XDG_CACHE_HOME=str(cache)).digest


def test_what_is_kept_is_what_gc_clears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from simrec.caches import old_files

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    files = [
        directory() / "code.o"
        for directory in (sim.machine.executor.cache_directory, recorder.compiling.cache_directory)
    ]
    for file in files:
        file.parent.mkdir(parents=True)
        file.write_bytes(b"code")
    assert sorted(left.path for left in old_files(0)) == sorted(files)
    shutil.rmtree(tmp_path / "simrec")
    assert list(old_files(0)) == []
