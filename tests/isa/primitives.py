"""The primitives that meanings call, as Numba compiles them."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

from sim.machine import executor


@cache
def compiled() -> ModuleType:
    """A module of them; the executor's own can't be called from Python."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "compiled_primitives.py"
        path.write_text(executor.primitives("@njit"))
        return executor.load_source(path)
