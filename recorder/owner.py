"""Who records a run: enough about a process to tell later whether it still lives."""

import os
import socket
from pathlib import Path


def current() -> str:
    """This process as ``host:pid:start``."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def alive(owner: str) -> bool:
    """Whether the process still runs. Of a process on another host nothing is known: it is taken to live."""
    host, _, rest = owner.rpartition(":")[0].rpartition(":")
    if not host:
        return False
    if host != socket.gethostname():
        return True
    if not rest.isdecimal() or len(rest) > 9:
        return False
    pid = int(rest)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    # The start time tells a process from a later one with the same pid.
    return _started(pid) == owner.rpartition(":")[2]


def _started(pid: int) -> str:
    """Start time in clock ticks since boot; "" of a zombie, "0" where there is no /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "0"
    # The command's name stands in parentheses and may hold anything.
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]
