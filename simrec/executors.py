"""The executor that runs use. Says so when it has to be compiled first, or can't be kept."""

import atexit
import sys
import tempfile
from pathlib import Path

from sim.machine import executor


def ready_executor(cache: Path | None = None) -> executor.Executor:
    """The executor that the environment asks for; ``cache`` is what `compile_executor` said."""
    if not executor.is_compiled():
        return executor.reference
    return executor.compiled(cache) if cache is not None else _usual()[0]


def compile_executor() -> Path | None:
    """Have the executor compiled, so that other processes needn't; where it is then, None for the usual
    place."""
    if not executor.is_compiled() or executor.is_cached():
        return None
    return _usual()[1]


def _usual() -> tuple[executor.Executor, Path | None]:
    """The compiled executor, and the directory that it is kept in if that isn't the usual one."""
    if not executor.is_cached():
        print("simrec: compiling the executor; once, ten to twenty seconds", file=sys.stderr)
    try:
        return executor.compiled(), None
    except OSError as error:
        print(f"simrec: the compiled executor can't be kept ({error}); see XDG_CACHE_HOME", file=sys.stderr)
        cache = _temporary()
        return executor.compiled(cache), cache


def _temporary() -> Path:
    """A directory until the end of this process."""
    temporary = tempfile.TemporaryDirectory()
    atexit.register(temporary.cleanup)
    return Path(temporary.name)
