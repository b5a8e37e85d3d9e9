"""Limits: how much a program may ask of the host. What is over a limit fails with the error that Linux gives.

``--limit NAME=NUMBER`` sets one. With them the host's memory is bounded, whatever a program does: its own
memory by ``--ram``, the kernel's tables by these.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import TYPE_CHECKING

from sim.errors import UserError
from sim.kernel import errno

if TYPE_CHECKING:
    from sim.world import Process, World


class UnknownLimit(UserError):
    """``--limit`` names no limit, or gives no whole number."""

    exit_status = 2


@dataclass(frozen=True)
class Limits:
    """``threads`` and ``processes`` that live at a time, in all (EAGAIN); ``files``: descriptors of a process
    (EMFILE), ``open_files`` of all together (ENFILE); ``regions`` of a process's memory (ENOMEM, as
    vm.max_map_count); ``mappings``: entries of all page tables that a fork may lead to (ENOMEM); ``signals``:
    that wait to be taken, of a process (EAGAIN, as RLIMIT_SIGPENDING)."""

    threads: int = 4096
    processes: int = 1024
    files: int = 1024
    open_files: int = 65536
    regions: int = 65530
    mappings: int = 2_000_000
    signals: int = 4096

    @classmethod
    def parse(cls, texts: Iterable[str]) -> "Limits":
        """From ``NAME=NUMBER`` each, the last of a name counts. Raises UnknownLimit."""
        names = [field.name for field in fields(cls)]
        found = {}
        for text in texts:
            name, _, number = text.partition("=")
            if name not in names:
                close = get_close_matches(name, names, 1)
                hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(names)}"
                raise UnknownLimit(f"no limit is called {name!r}; {hint}")
            if not number.isdecimal() or not 1 <= int(number) <= 1 << 30:
                raise UnknownLimit(f"--limit {text}: want {name}=NUMBER, a whole number from 1 up")
            found[name] = int(number)
        return cls(**found)

    def as_dict(self) -> dict[str, int]:
        """By name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def check_thread(self, world: "World") -> None:
        """One more thread. Raises Failure."""
        if world.bank.used - len(world.bank.free) >= self.threads:
            raise errno.Failure(errno.EAGAIN)

    def check_fork(self, world: "World", process: "Process") -> None:
        """One more process, a copy of this one. Raises Failure."""
        self.check_thread(world)
        if len(world.unreaped) >= self.processes:
            raise errno.Failure(errno.EAGAIN)
        entries = sum(len(world.processes[pid].space.pages) for pid in world.unreaped)
        if entries + len(process.space.pages) > self.mappings:
            raise errno.Failure(errno.ENOMEM)

    def check_regions(self, process: "Process") -> None:
        """Two more regions. Raises Failure."""
        if len(process.space.regions) + 2 > self.regions:
            raise errno.Failure(errno.ENOMEM)

    def check_open_file(self, world: "World") -> None:
        """One more open file. Raises Failure."""
        if len(world.files.opened) >= self.open_files:
            raise errno.Failure(errno.ENFILE)
