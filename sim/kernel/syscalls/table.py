"""The table of system calls, and what a handler is given."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sim.events import Event
from sim.kernel.syscalls import names
from sim.thread import Thread
from sim.world import Process

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel


@dataclass(slots=True)
class Call:
    """One call: ``arguments`` are a0..a5, signed; ``hart`` where it was made."""

    hart: int
    thread: Thread
    process: Process
    arguments: list[int]


Deed = Generator[Event, None, int | None]
Handler = Callable[["Kernel", Call], int | None | Deed]

SYSCALLS: dict[int, Handler] = {}
NAMES: dict[int, str] = dict(names.LINUX)


@dataclass(frozen=True)
class Abi:
    """What calls a program finds: their handlers and names by number. ``unknown`` handles a number that
    isn't among them; without it that is refused. ``keeps``: a sleep leaves a0 as it was."""

    handlers: dict[int, Handler] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    unknown: Handler | None = None
    keeps: bool = False

    def name(self, number: int) -> str:
        """The call's name."""
        return self.names.get(number) or f"call_{number}"


LINUX = Abi(SYSCALLS, NAMES)


def syscall(number: int, name: str) -> Callable[[Handler], Handler]:
    """Declare the handler of a system call."""

    def declare(handler: Handler) -> Handler:
        SYSCALLS[number] = handler
        NAMES[number] = name
        return handler

    return declare


def int32(value: int) -> int:
    """What C makes of a register that holds an int."""
    return ((value + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000
