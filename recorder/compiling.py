"""When the recorder's loops over rows are worth compiling, and how: for a run that is long enough, by Numba,
whose machine code is kept on the disk where it can be."""

from typing import Any

from sim.machine.executor import is_compiled

#: Rows from which on loading the machine code (and making it, once) takes less time than it saves.
WORTH_COMPILING = 1 << 15


def is_worth_it(rows: int) -> bool:
    """Whether so many rows are, and the environment doesn't forbid it (SIMREC_JIT=0)."""
    return rows >= WORTH_COMPILING and is_compiled()


def compiled(function: Any) -> Any:
    """A function as machine code that runs without the interpreter's lock."""
    from numba import njit

    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:  # There is no place where Numba could keep it.
        return njit(nogil=True)(function)
