"""The executor that a command starts with: from the cache, compiled once, or compiled for this process."""

import errno
from pathlib import Path

import pytest

from sim.machine import compiler, executor
from simrec import executors


@pytest.fixture
def compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What has been compiled since, where the user's cache is empty; compiling takes no time."""
    executor.compiled()
    code = executor.object_file().read()
    assert code is not None
    names: list[str] = []

    def object_file(function: object, signature: str) -> bytes:
        names.append(signature)
        return code or b""

    monkeypatch.setattr(compiler, "object_file", object_file)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return names


def test_it_is_compiled_once(compiled: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert not executor.is_cached()
    executors.ready_executor()
    assert len(compiled) == 1
    assert capsys.readouterr().err.startswith("simrec: compiling the executor; once")
    assert executor.is_cached()
    executors.ready_executor()
    assert len(compiled) == 1
    assert capsys.readouterr().err == ""


def test_a_damaged_one_is_compiled_again(
    compiled: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert executors.compile_executor() is None
    (file,) = (tmp_path / "cache" / "simrec" / "executor").glob("*.o")
    file.write_bytes(file.read_bytes()[:-1])
    assert not executor.is_cached()
    capsys.readouterr()
    assert executors.compile_executor() is None
    assert executor.is_cached()
    assert len(compiled) == 2
    assert "compiling the executor" in capsys.readouterr().err


def test_where_nothing_can_be_kept_it_is_compiled_for_the_process(
    compiled: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cache").write_text("no directory")
    directory = executors.compile_executor()
    assert directory is not None and executor.is_cached(directory)
    assert len(compiled) == 1
    said = capsys.readouterr().err.splitlines()
    assert [line.split(";")[0].split(" (")[0] for line in said] == [
        "simrec: compiling the executor",
        "simrec: the compiled executor can't be kept",
    ]
    executors.ready_executor(directory)
    assert len(compiled) == 1


def test_a_full_disk_is_not_filled_further(
    compiled: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, cache = Path.write_text, tmp_path / "cache"

    def full(path: Path, text: str) -> int:
        if cache not in path.parents:
            return write(path, text)
        write(path, text[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    directory = executors.compile_executor()
    assert directory is not None and executor.is_cached(directory)
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_the_reference_executor_needs_none(compiled: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMREC_JIT", "0")
    assert executors.compile_executor() is None
    assert executors.ready_executor() is executor.reference
    assert compiled == []
