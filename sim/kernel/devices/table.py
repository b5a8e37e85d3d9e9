"""The table of devices, what one has to be able to do, and those of a run."""

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Protocol, TypeVar

from sim.events import Event
from sim.files import OpenFile
from sim.machine.layout import NEVER

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel
    from sim.kernel.syscalls.table import Call
    from sim.kernel.syscalls.transfer import Span
    from sim.kernel.syscalls.waiting import Wait


class Device(Protocol):
    """What the kernel asks of a device. Calls may raise Failure. ``due``: the tick at which it does something
    by itself; NEVER: only when it is asked to."""

    due: int

    def open(self) -> None:
        """Somebody opens it."""

    def read(
        self, call: "Call", file: OpenFile, spans: "list[Span]", count: int
    ) -> "Generator[Event, None, int | Wait]":
        """Put something into memory that is writable: ``spans`` of ``count`` bytes, at least 1, in all."""

    def write(self, call: "Call", file: OpenFile, data: bytes) -> "Generator[Event, None, int | Wait]":
        """Take what was written."""

    def ready(self, file: OpenFile) -> int:
        """The POLL bits of what could be done without waiting."""

    def advance(self) -> Iterator[Event]:
        """Do what is due by now."""


D = TypeVar("D", bound=Callable[["Kernel"], Device])
DEVICES: dict[str, Callable[["Kernel"], Device]] = {}


def device(path: str) -> Callable[[D], D]:
    """Declare the device that stands at ``path``."""

    def declare(cls: D) -> D:
        DEVICES[path] = cls
        return cls

    return declare


class Devices:
    """The devices of one run."""

    def __init__(self, kernel: "Kernel") -> None:
        self._kernel = kernel
        self._by_path = {path: make(kernel) for path, make in DEVICES.items()}
        self._all = tuple(self._by_path.values())
        #: Those of which anything can be due.
        self.opened: list[Device] = []

    @property
    def paths(self) -> tuple[str, ...]:
        """Where they stand."""
        return tuple(self._by_path)

    def at(self, file: OpenFile) -> Device | None:
        """The one that an open file is of."""
        return self._by_path.get(file.path) if file.form == "device" else None

    def open(self, path: str) -> None:
        """Somebody opens what stands at ``path``. Raises Failure."""
        device = self._by_path.get(path)
        if device is not None:
            device.open()
            if device not in self.opened:
                self.opened.append(device)

    @property
    def due(self) -> int:
        """The tick at which the first of them does something by itself; NEVER if none does."""
        first = NEVER
        for each in self.opened:
            if each.due < first:
                first = each.due
        return first

    def expects(self) -> bool:
        """True if one will, and somebody waits who might be meant."""
        world = self._kernel.world
        waits = any(world.threads[tid].on in ("device", "poll") for tid in world.waiting)
        return waits and self.due < NEVER

    def advance(self) -> Iterator[Event]:
        """Let them do what is due."""
        for each in self._all:
            yield from each.advance()
