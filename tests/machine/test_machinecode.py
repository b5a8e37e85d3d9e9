"""Machine code that is kept: what it takes and gives, and files that are not as they were written."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.machine import compiler, machinecode
from sim.machine.machinecode import ObjectFile, loaded

SUM = "UniTuple(int64, 2)(int32[::1], int64[:, :], int64)"


def doubled(n: int) -> int:
    return 2 * n


def weighted(few: Any, many: Any, weight: int) -> tuple[int, int]:
    total = 0
    for i in range(len(few)):
        for j in range(many.shape[0]):
            total += few[i] * many[j, i]
        many[0, i] = weight
    return total, doubled(weight)


@pytest.fixture(scope="module")
def code() -> bytes:
    return compiler.object_file(weighted, SUM, [doubled])


@pytest.fixture
def file(tmp_path: Path) -> ObjectFile:
    return ObjectFile(tmp_path / "cache", "weighted", b"a source")


def test_a_function_computes_what_python_does(code: bytes) -> None:
    compiled = loaded("weighted", code)
    for order in ("C", "F"):
        few = np.arange(5, dtype=np.int32)
        many, same = (np.arange(15, dtype=np.int64).reshape(3, 5).copy(order) for _ in range(2))
        assert compiled(few, many, -3) == weighted(few, same, -3)
        assert many.tolist() == same.tolist()
        rows = many[::2]
        assert compiled(few, rows, 1 << 61) == (weighted(few, same[::2], 1 << 61)[0], 1 << 62)


def test_other_arguments_are_refused(code: bytes) -> None:
    compiled = loaded("weighted", code)
    few, many = np.zeros(4, np.int32), np.zeros((2, 4), np.int64)
    wrong: list[tuple[Any, ...]] = [
        (),
        (few, many),
        (few, many, 1, 1),
        (few, many, 1.0),
        (few, many, None),
        (many, few, 1),
        (few.astype(np.int64), many, 1),
        (few[::2], many, 1),
        (few, many[0], 1),
        (few.tolist(), many, 1),
        (None, many, 1),
        (few, 4, 1),
        (few.view(np.recarray), many, 1),
    ]
    for arguments in wrong:
        with pytest.raises(TypeError):
            compiled(*arguments)
    with pytest.raises(OverflowError):
        compiled(few, many, 1 << 63)
    assert compiled(few, many, np.int64(7)) == (0, 14)


def test_what_needs_numba_at_run_time_is_refused() -> None:
    def tell(n: int) -> None:
        print(n)

    with pytest.raises(compiler.NeedsRuntime, match="tell needs numba_"):
        compiler.object_file(tell, "void(int64)")


def test_an_exception_is_an_error_of_the_function() -> None:
    def fail(n: int) -> int:
        if n > 1:
            raise ValueError
        return n

    compiled = loaded("fail", compiler.object_file(fail, "int64(int64)"))
    assert compiled(1) == 1
    with pytest.raises(SystemError):
        compiled(2)


def test_references_are_counted_right(code: bytes) -> None:
    compiled = loaded("weighted", code)
    few, many, weight = np.zeros(4, np.int32), np.zeros((2, 4), np.int64), 1 << 40
    held = [sys.getrefcount(item) for item in (few, many, weight)]
    counts = []
    for function in (weighted, compiled):
        results = [function(few, many, weight) for _ in range(100)]
        counts.append([sys.getrefcount(result) for result in results])
        del results
        assert [sys.getrefcount(item) for item in (few, many, weight)] == held
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    "damage",
    [
        lambda held: b"",
        lambda held: held[:31],
        lambda held: held[:-1],
        lambda held: held[: len(held) // 2],
        lambda held: held + b"\0",
        lambda held: held[:100] + bytes([held[100] ^ 1]) + held[101:],
        lambda held: b"not machine code, but long enough to have a digest in it",
    ],
    ids=["empty", "less than a digest", "cut", "half", "longer", "flipped", "foreign"],
)
def test_a_damaged_file_is_made_again(file: ObjectFile, damage: Callable[[bytes], bytes]) -> None:
    assert file.read() is None
    assert file.write(lambda: b"the code" * 20) == b"the code" * 20
    assert file.read() == b"the code" * 20
    file.path.write_bytes(damage(file.path.read_bytes()))
    assert file.read() is None
    file.write(lambda: b"new code")
    assert file.read() == b"new code"
    assert os.listdir(file.path.parent) == [file.path.name]


def test_a_file_is_named_for_all_that_code_depends_on(
    file: ObjectFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import llvmlite.binding as llvm

    def name(source: bytes = b"a source") -> Path:
        machinecode.host.cache_clear()
        return ObjectFile(tmp_path / "cache", "weighted", source).path

    names = [name(), name(b"another source")]
    for patched, value in (("get_host_cpu_name", "a586"), ("get_process_triple", "riscv64-linux")):
        with monkeypatch.context() as patch:
            patch.setattr(llvm, patched, lambda value=value: value)
            names.append(name())
    with monkeypatch.context() as patch:
        patch.setenv("NUMBA_OPT", "1")
        names.append(name())
    with monkeypatch.context() as patch:
        patch.setattr("llvmlite.__version__", "0.1")
        names.append(name())
    assert len(set(names)) == len(names)
    assert name() == file.path


def test_nothing_is_made_where_nothing_can_be_kept(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("no directory")
    with pytest.raises(OSError, match="cache"):
        ObjectFile(tmp_path / "cache", "weighted", b"a source").write(lambda: pytest.fail("made"))


def test_what_fails_leaves_no_file(file: ObjectFile) -> None:
    def fail() -> bytes:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        file.write(fail)
    assert os.listdir(file.path.parent) == []
