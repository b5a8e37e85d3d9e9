"""Functions that are declared to be machine code: kept on the disk where they can be."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from recorder import compiling

TEXT = """from recorder.compiling import compiled

FACTOR = {factor}


def times(n):
    return FACTOR * n


@compiled("int64(int64[::1])", times)
def total(values):
    found = 0
    for value in values:
        found += times(value)
    return found
"""
VALUES = np.arange(10)


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], ModuleType]:
    """``load(factor)``: the module above, new, as a later process would have it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "loops.py"

    def module(factor: int) -> ModuleType:
        path.write_text(TEXT.format(factor=factor))
        spec = importlib.util.spec_from_file_location("loops", path)
        assert spec is not None and spec.loader is not None
        made = importlib.util.module_from_spec(spec)
        exec(compile(path.read_text(), path, "exec"), made.__dict__)
        return made

    return module


def kept() -> list[Path]:
    return sorted(compiling.cache_directory().glob("*"))


def test_machine_code_is_kept_until_its_module_changes(load: Callable[[int], ModuleType]) -> None:
    assert load(2).total(VALUES) == 90
    files = kept()
    (written,) = (path.stat().st_mtime_ns for path in files)
    assert load(2).total(VALUES) == 90
    assert [path.stat().st_mtime_ns for path in kept()] == [written]
    assert load(3).total(VALUES) == 135
    assert len(kept()) == 2


def test_a_damaged_file_is_made_again(load: Callable[[int], ModuleType]) -> None:
    assert load(2).total(VALUES) == 90
    (file,) = kept()
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert load(2).total(VALUES) == 90
    assert kept() == [file]
    assert len(file.read_bytes()) > len(whole) // 2


def test_where_nothing_can_be_kept_it_is_compiled_all_the_same(
    load: Callable[[int], ModuleType], tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("no directory")
    assert load(2).total(VALUES) == 90


def test_a_function_of_no_file_is_compiled_all_the_same() -> None:
    space: dict[str, Callable[[int], int]] = {}
    exec("def double(n):\n    return n + n\n", space)
    assert compiling.compiled("int64(int64)")(space["double"])(21) == 42
