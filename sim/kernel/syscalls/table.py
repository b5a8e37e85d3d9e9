"""The table of system calls, and what a handler is given."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.events import Event
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
NAMES: dict[int, str] = {}


def syscall(number: int, name: str) -> Callable[[Handler], Handler]:
    """Declare the handler of a system call."""

    def declare(handler: Handler) -> Handler:
        SYSCALLS[number] = handler
        NAMES[number] = name
        return handler

    return declare


def int32(value: int) -> int:
    """What C makes of a register that holds an int."""
    return (value + (1 << 31)) % (1 << 32) - (1 << 31)
