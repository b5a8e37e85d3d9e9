"""No data becomes code: nothing that the packages read from files is unpickled, evaluated or run."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("sim", "recorder", "replay", "simrec", "migrations", "conformance")
MODULES = {
    "pickle",
    "_pickle",
    "cPickle",
    "marshal",
    "shelve",
    "dill",
    "cloudpickle",
    "joblib",
    "jsonpickle",
    "yaml",
}
NAMES = {"eval", "exec", "compile", "__import__", "execfile"}
ATTRIBUTES = {
    "read_pickle",
    "to_pickle",
    "allow_pickle",
    "load_extension",
    "enable_load_extension",
    "exec_module",
}
#: Code that simrec has generated itself: a fold for each kind of event; the loop, in the user's own cache.
OWN = {
    "sim/kernel/emitters.py": {"exec"},
    "sim/machine/executor.py": {"exec_module"},
}


def used(tree: ast.AST) -> Iterator[str]:
    """Names of what could make code of data."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from MODULES & {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            yield from MODULES & {(node.module or "").partition(".")[0]}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield from NAMES & {node.func.id}
        elif isinstance(node, ast.Attribute):
            yield from ATTRIBUTES & {node.attr}
        elif isinstance(node, ast.keyword):
            yield from ATTRIBUTES & {node.arg or ""}


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_makes_code_of_data(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        assert set(used(ast.parse(path.read_text()))) == OWN.get(name, set()), name


def test_the_test_sees_them() -> None:
    text = (
        "import pickle\nfrom yaml import load\neval('1')\nload(f, allow_pickle=True)\nloader.exec_module(m)"
    )
    assert set(used(ast.parse(text))) == {"pickle", "yaml", "eval", "allow_pickle", "exec_module"}
