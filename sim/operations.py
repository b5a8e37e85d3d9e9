"""What the I/O device has to do and has done: state like any other, changed by `io` events.

An operation is queued when it is submitted, in service once the device has taken it up, and then a
completion of the open file that it was submitted on, until that is read.
"""

from dataclasses import astuple, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.events import Io


@dataclass(slots=True)
class Operation:
    """Submitted by thread ``tid`` on open file ``file`` at tick ``submitted``, in service from tick
    ``started`` on (-1: not yet), for ``ticks``."""

    number: int
    file: int
    tid: int
    pid: int
    tag: int
    ticks: int
    submitted: int
    started: int = -1


@dataclass(slots=True)
class Completions:
    """Of one open file: how many operations are ``outstanding`` (submitted and not completed), and (tag,
    latency in ticks) of those completed and not read, oldest first."""

    outstanding: int = 0
    done: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class Operations:
    """``queued`` and ``in_service`` by number, in that order; ``files``: what open files wait for, by their
    numbers; ``last``: the number given last."""

    queued: dict[int, Operation] = field(default_factory=dict)
    in_service: dict[int, Operation] = field(default_factory=dict)
    files: dict[int, Completions] = field(default_factory=dict)
    last: int = 0

    def of(self, file: int) -> Completions:
        """What an open file waits for."""
        return self.files.get(file) or Completions()

    def forget(self, opened: dict[int, Any]) -> None:
        """Files that are no longer open have no completions; the device still does what it was given."""
        self.files = {number: found for number, found in self.files.items() if number in opened}

    def plain(self) -> list[Any]:
        """As JSON."""
        return [
            [astuple(operation) for operation in self.queued.values()],
            [astuple(operation) for operation in self.in_service.values()],
            [[number, found.outstanding, found.done] for number, found in self.files.items()],
            self.last,
        ]

    @classmethod
    def from_plain(cls, data: list[Any]) -> "Operations":
        """What `plain` gave."""
        queued, in_service, files, last = data
        return cls(
            {values[0]: Operation(*values) for values in queued},
            {values[0]: Operation(*values) for values in in_service},
            {number: Completions(count, [(*each,) for each in done]) for number, count, done in files},
            last,
        )


def fold(state: Operations, event: "Io") -> None:
    """Apply an `io` event."""
    if event.action == "submitted":
        made = Operation(event.number, event.file, event.tid, event.pid, event.tag, event.ticks, event.tick)
        state.queued[event.number] = made
        state.files.setdefault(event.file, Completions()).outstanding += 1
        state.last = event.number
    elif event.action == "started":
        operation = state.queued.pop(event.number)
        operation.started = event.tick
        state.in_service[event.number] = operation
    elif event.action == "completed":
        operation = state.in_service.pop(event.number)
        found = state.files.get(event.file)
        if found is not None:
            found.outstanding -= 1
            found.done.append((event.tag, event.tick - operation.submitted))
    else:
        del state.files[event.file].done[: event.count]
