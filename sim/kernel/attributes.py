"""What the scheduler goes by for the processes of a run, as the command line gives it: ``PID=VALUE`` each.

The loader gives it to the first thread of each process that the run begins with; later threads and processes
have it from their creators.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from sim.errors import UserError
from sim.events import Event, Scheduling
from sim.kernel.policies import SCHED_RR
from sim.thread import EVERY_HART

#: (pid, name of an attribute of `sim.thread.Thread`, value)
Attribute = tuple[int, str, int]
#: Attribute -> least and greatest value.
_RANGES = {"nice": (-20, 19), "priority": (0, 99), "tickets": (1, 1 << 30)}


class BadAttribute(UserError):
    """``--nice``, ``--priority``, ``--tickets`` or ``--affinity`` says nothing that can be."""

    exit_status = 2


def read_attributes(harts: int, **texts: Iterable[str]) -> tuple[Attribute, ...]:
    """From ``PID=VALUE`` by name of the attribute; an affinity is a list of harts, ``PID=0,1``. The last of a
    process counts; all harts are no affinity. Raises BadAttribute."""
    found: dict[tuple[int, str], int] = {}
    for name, given in texts.items():
        for text in given:
            pid, separator, value = text.partition("=")
            if not separator or not pid.isdecimal() or int(pid) < 1:
                raise BadAttribute(f"--{name} {text}: want PID=VALUE; the programs are processes 1, 2, ...")
            number = _harts(text, value, harts) if name == "affinity" else _number(name, text, value)
            found[int(pid), name] = number
    found = {key: value for key, value in found.items() if (key[1], value) != ("affinity", EVERY_HART)}
    return tuple(sorted((pid, name, value) for (pid, name), value in found.items()))


def known_attributes(plain: Iterable[Iterable[Any]]) -> tuple[Attribute, ...]:
    """Those that a recording tells of, whoever wrote that down. Raises ValueError, TypeError."""
    found = []
    for pid, name, value in plain:
        least, most = _RANGES.get(name, (-1 << 63, (1 << 63) - 1) if name == "affinity" else (1, 0))
        if type(pid) is not int or type(value) is not int or pid < 1 or not least <= value <= most:
            raise ValueError(f"{name} of process {pid!r} is {value!r}")
        found.append((pid, name, value))
    return tuple(found)


def _number(name: str, text: str, value: str) -> int:
    least, most = _RANGES[name]
    if not value.removeprefix("-").isdecimal() or not least <= int(value) <= most:
        raise BadAttribute(f"--{name} {text}: want PID=NUMBER, a whole number from {least} to {most}")
    return int(value)


def _harts(text: str, value: str, harts: int) -> int:
    mask = 0
    for hart in value.split(","):
        if not hart.isdecimal() or int(hart) >= harts:
            hint = f"harts are 0 to {harts - 1} (--harts)" if harts > 1 else "there is only hart 0 (--harts)"
            raise BadAttribute(f"--affinity {text}: want PID=HART,HART,...; {hint}")
        mask |= 1 << int(hart)
    return affinity_of(mask, harts)


def affinity_of(mask: int, harts: int) -> int:
    """A mask of harts as threads have it: EVERY_HART for all of a machine's, else as a signed word."""
    return EVERY_HART if mask == (1 << harts) - 1 else (mask ^ 1 << 63) - (1 << 63)


def typed(pid: int, name: str, value: int) -> str:
    """As the command line has it."""
    harts = ",".join(str(hart) for hart in range(64) if value >> hart & 1)
    return f"--{name} {pid}={harts if name == 'affinity' else value}"


def check_processes(attributes: Iterable[Attribute], processes: int) -> None:
    """``processes`` is how many the run begins with. Raises BadAttribute."""
    for pid, name, _ in attributes:
        if pid > processes:
            there = f"processes 1 to {processes}" if processes > 1 else "process 1"
            raise BadAttribute(
                f"--{name} {pid}=...: the run begins with {there}; others have theirs from their parents"
            )


def given(attributes: Iterable[Attribute], pid: int, tid: int) -> Iterator[Event]:
    """The first thread of a process gets what is given to it. With a priority it is one of SCHED_RR's, as by
    chrt."""
    for owner, name, value in attributes:
        if owner == pid:
            if name == "priority" and value:
                yield Scheduling(tid=tid, pid=pid, action="policy", value=SCHED_RR)
            yield Scheduling(tid=tid, pid=pid, action=name, value=value)
