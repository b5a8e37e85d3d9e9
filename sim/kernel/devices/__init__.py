"""Devices that programs find below /dev and use by plain file calls: one small file each.

``@device("/dev/io")`` declares a class of which a run makes one. What a device decides it yields as events;
what it has to do and has done is state that these change. A device itself holds only what no replay needs:
its random numbers, and the ticks at which it will do something, which are timers of the kernel's
(`sim.kernel.dispatcher`). Who waits for one is blocked on "device" and attempts again
(`sim.kernel.syscalls.waiting`) when the device has something.
"""

import pkgutil
from collections.abc import Callable, Generator, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, TypeVar

from sim.events import Event
from sim.files import OpenFile
from sim.machine.layout import NEVER

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel
    from sim.kernel.syscalls.table import Call
    from sim.kernel.syscalls.waiting import Wait

#: (address, bytes) of a part of user memory.
Span = tuple[int, int]


class Device(Protocol):
    """What the kernel asks of a device. Calls may raise Failure."""

    def open(self) -> None:
        """Somebody opens it."""

    def read(
        self, call: "Call", file: OpenFile, spans: list[Span], count: int
    ) -> "Generator[Event, None, int | Wait]":
        """Put something into memory that is writable: ``spans`` of ``count`` bytes, at least 1, in all."""

    def write(self, call: "Call", file: OpenFile, data: bytes) -> "Generator[Event, None, int | Wait]":
        """Take what was written."""

    def ready(self, file: OpenFile) -> int:
        """The POLL bits of what could be done without waiting."""

    def next_tick(self) -> int:
        """When it does something by itself; NEVER: only when it is asked to."""

    def advance(self) -> Iterator[Event]:
        """Do what is due."""


D = TypeVar("D", bound=Callable[["Kernel"], Device])
_DEVICES: dict[str, Callable[["Kernel"], Device]] = {}


def device(path: str) -> Callable[[D], D]:
    """Declare the device that stands at ``path``."""

    def declare(cls: D) -> D:
        _DEVICES[path] = cls
        return cls

    return declare


class Devices:
    """The devices of one run."""

    def __init__(self, kernel: "Kernel") -> None:
        for module in pkgutil.iter_modules(__path__):
            import_module(f"{__name__}.{module.name}")
        self._kernel = kernel
        self._by_path = {path: make(kernel) for path, make in _DEVICES.items()}
        self._all = tuple(self._by_path.values())

    @property
    def paths(self) -> tuple[str, ...]:
        """Where they stand."""
        return tuple(self._by_path)

    def at(self, file: OpenFile) -> Device | None:
        """The one that an open file is of."""
        return self._by_path.get(file.path) if file.form == "device" else None

    def open(self, path: str) -> None:
        """Somebody opens what stands at ``path``. Raises Failure."""
        if path in self._by_path:
            self._by_path[path].open()

    def next_tick(self) -> int:
        """When the first of them does something by itself; NEVER if none does."""
        return min([each.next_tick() for each in self._all])

    def expects(self) -> bool:
        """True if one will, and somebody waits who might be meant."""
        world = self._kernel.world
        waits = any(world.threads[tid].on in ("device", "poll") for tid in world.waiting)
        return waits and self.next_tick() < NEVER

    def advance(self) -> Iterator[Event]:
        """Let them do what is due."""
        for each in self._all:
            yield from each.advance()
