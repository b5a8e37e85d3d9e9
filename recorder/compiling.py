"""When the recorder's loops over rows are worth compiling, and how: for a run that is long enough. Their
machine code is kept on the disk as the executor's is (`sim.machine.machinecode`), where it can be."""

import threading
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import platformdirs

from sim.machine.executor import is_compiled
from sim.machine.machinecode import ObjectFile, loaded

#: Rows from which on loading the machine code (and making it, once) takes less time than it saves.
WORTH_COMPILING = 1 << 15

_Function = Callable[..., Any]


def is_worth_it(rows: int) -> bool:
    """Whether so many rows are, and the environment doesn't forbid it (SIMREC_JIT=0)."""
    return rows >= WORTH_COMPILING and is_compiled()


def compiled(signature: str, *helpers: _Function) -> Callable[[_Function], _Function]:
    """Declare a function to be machine code from its first call on; it runs without the interpreter's lock.

    ``signature`` is as Numba writes it, like ``int64(uint8[::1], int64)``; a call with other arrays raises
    TypeError. ``helpers`` are the functions that it calls, each after those that it calls itself. What else
    it names must stand in its own module, by whose text the code is found again, or be NumPy's.
    """

    def declare(function: _Function) -> _Function:
        code: _Function | None = None
        loading = threading.Lock()

        @wraps(function)
        def call(*arguments: Any) -> Any:
            nonlocal code
            if code is None:
                with loading:
                    code = code or _machine_code(function, signature, helpers)
            return code(*arguments)

        return call

    return declare


def cache_directory() -> Path:
    """Where machine code is kept."""
    return Path(platformdirs.user_cache_dir("simrec")) / "recorder"


def _machine_code(function: _Function, signature: str, helpers: tuple[_Function, ...]) -> _Function:
    def make() -> bytes:
        from sim.machine.compiler import object_file

        return object_file(function, signature, helpers)

    name = function.__name__
    try:
        source = Path(function.__code__.co_filename).read_bytes()
        file = ObjectFile(cache_directory(), name, f"{name} {signature}".encode() + source)
        return loaded(name, file.read() or file.write(make))
    except OSError:  # There is no place where it could be kept.
        return loaded(name, make())
