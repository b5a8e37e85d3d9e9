"""The executor that runs use. Says so when it has to be compiled first, or can't be kept."""

import atexit
import sys
import tempfile
from pathlib import Path

from sim.machine import executor


def ready_executor(cache: Path | None = None) -> executor.Executor:
    """The executor that the environment asks for. ``cache``: where `compile_executor` said that it is."""
    if not executor.is_compiled():
        return executor.reference
    if cache is not None:
        return executor.compiled(cache)
    if not executor.is_cached():
        print("simrec: compiling the executor; once, about ten seconds", file=sys.stderr)
    try:
        return executor.compiled()
    except (OSError, RuntimeError) as error:  # RuntimeError: Numba found no place for its cache.
        print(f"simrec: the compiled executor can't be kept ({error}); see XDG_CACHE_HOME", file=sys.stderr)
        return executor.compiled(_temporary())


def _temporary() -> Path:
    """A directory until the end of this process."""
    temporary = tempfile.TemporaryDirectory()
    atexit.register(temporary.cleanup)
    return Path(temporary.name)
