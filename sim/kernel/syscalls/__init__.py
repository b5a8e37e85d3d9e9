"""System calls, by their Linux RISC-V numbers: one function each, one file per theme.

``@syscall(64, "write")`` declares a handler ``(kernel, call) -> result``. A handler decides: it yields
the events that do what the call does, and returns the result (a negative errno on failure), or None
when the thread has blocked or is gone.
"""

from sim.kernel.syscalls import (  # noqa: F401  (they declare handlers)
    children,
    clock,
    descriptors,
    directories,
    execute,
    files,
    identity,
    mappings,
    memory,
    paths,
    poll,
    processes,
    scheduling,
    signals,
    sync,
    threads,
)
from sim.kernel.syscalls.rars import RARS
from sim.kernel.syscalls.table import LINUX, Abi, Call

#: By the name that --abi takes.
ABIS = {"linux": LINUX, "rars": RARS}

__all__ = ["ABIS", "Abi", "Call"]
