"""Devices: operations of the I/O device, and requests of the generator."""

from typing import TYPE_CHECKING, Annotated

from sim import operations, requests
from sim.events.vocabulary import I32, I64, Event, Names, event

if TYPE_CHECKING:
    from sim.world import World


@event("io", 25)
class Io(Event):
    """Operation ``number`` of the I/O device (/dev/io), counted over the run, on open file ``file``.

    ``submitted`` by thread ``tid`` with its ``tag``; it will take ``ticks`` of service. ``started``: in
    service from now on, ``ticks`` after it was submitted; ``completed``: so many after that. ``read``: thread
    ``tid`` took the ``count`` oldest completions of the file. ``in_service`` and ``queued`` are how many
    operations the device has after the event, of all files.
    """

    tid: I32
    pid: I32
    action: Annotated[str, Names("submitted", "started", "completed", "read")]
    file: I32
    number: I64 = 0
    tag: I64 = 0
    ticks: I64 = 0
    count: I32 = 0
    in_service: I32 = 0
    queued: I32 = 0

    def fold(self, world: "World") -> None:
        operations.fold(world.operations, self)


@event("request", 26)
class Request(Event):
    """Request ``number``, counted from 1, of the generator (/dev/requests).

    It ``arrived``, and asks for ``cpu`` ticks of work and ``io`` ticks of I/O; it was ``taken`` by thread
    ``tid``, ``ticks`` after it arrived; it was ``done``, as thread ``tid`` says, ``ticks`` after it arrived.
    ``backlog`` and ``in_service`` are how many have arrived and are not taken, are taken and not done, after
    the event.
    """

    tid: I32
    pid: I32
    action: Annotated[str, Names("arrived", "taken", "done")]
    number: I64
    cpu: I64 = 0
    io: I64 = 0
    ticks: I64 = 0
    backlog: I32 = 0
    in_service: I32 = 0

    def fold(self, world: "World") -> None:
        requests.fold(world.requests, self)
