"""Requests from outside, as a server has them: state like any other, changed by `request` events.

One that has arrived is in the backlog until a thread takes it, and then in service until that says that it
is done.
"""

from dataclasses import astuple, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.events import Request as RequestEvent


@dataclass(slots=True)
class Request:
    """It asks for ``cpu`` ticks of work and ``io`` ticks of I/O. It ``arrived`` at that tick; thread ``tid``
    took it at tick ``taken`` (0, -1: nobody yet)."""

    number: int
    cpu: int
    io: int
    arrived: int
    tid: int = 0
    taken: int = -1


@dataclass(slots=True)
class Requests:
    """``backlog`` and ``in_service`` by number, in order of arrival and of being taken; how many have
    ``arrived`` and are ``done`` since the run began."""

    backlog: dict[int, Request] = field(default_factory=dict)
    in_service: dict[int, Request] = field(default_factory=dict)
    arrived: int = 0
    done: int = 0

    def plain(self) -> list[Any]:
        """As JSON."""
        return [
            [astuple(request) for request in self.backlog.values()],
            [astuple(request) for request in self.in_service.values()],
            *(self.arrived, self.done),
        ]

    @classmethod
    def from_plain(cls, data: list[Any]) -> "Requests":
        """What `plain` gave."""
        backlog, in_service, arrived, done = data
        return cls(
            {values[0]: Request(*values) for values in backlog},
            {values[0]: Request(*values) for values in in_service},
            *(arrived, done),
        )


def fold(state: Requests, event: "RequestEvent") -> None:
    """Apply a `request` event."""
    if event.action == "arrived":
        state.backlog[event.number] = Request(event.number, event.cpu, event.io, event.tick)
        state.arrived += 1
    elif event.action == "taken":
        request = state.backlog.pop(event.number)
        request.tid, request.taken = event.tid, event.tick
        state.in_service[event.number] = request
    else:
        del state.in_service[event.number]
        state.done += 1
