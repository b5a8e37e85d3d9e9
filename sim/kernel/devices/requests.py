"""/dev/requests: the requests that --requests asks for arrive here, for a server to take.

The first arrives one gap after the device was opened for the first time, then each at its tick, whether or
not somebody waits. read() takes requests, records of 32 bytes {number, cpu, io, arrival}: work and I/O that
it asks for, and the tick of its arrival; as many as have arrived and fit. It waits for the next arrival, and
returns 0 when all have been taken. write() of records of 8 bytes {number} says that these are done; one that
isn't in service is EINVAL, and none counts. Without --requests an open is ENXIO.

Gaps, work and I/O are drawn from a stream of random numbers each, so that another distribution of one
leaves the others as they were: servers and loads can be compared on the same arrivals.
"""

import struct
from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING

from sim.events import Event, Request
from sim.files import OpenFile
from sim.kernel import errno
from sim.kernel.devices.table import device
from sim.kernel.errno import Failure
from sim.kernel.syscalls.table import Call
from sim.kernel.syscalls.transfer import POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM, Span, scatter
from sim.kernel.syscalls.waiting import Outcome, Wait, settle
from sim.machine.layout import NEVER

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

RECORD, NUMBER = struct.Struct("<qqqq"), struct.Struct("<q")


@device("/dev/requests")
class RequestGenerator:
    """``due``: the tick of the next arrival."""

    def __init__(self, kernel: "Kernel") -> None:
        self._kernel = kernel
        self._state = kernel.world.requests
        self._workload = kernel.options.requests
        seed = kernel.options.seed
        self._gaps, self._work, self._io = (Random(f"{name} {seed}") for name in ("gaps", "work", "io"))
        self.due = NEVER
        self._begun = False

    def open(self) -> None:
        """The first open begins the arrivals. Raises Failure without a workload."""
        if self._workload is None:
            self._kernel.refuse("opening /dev/requests without --requests")
            raise Failure(errno.ENXIO)
        if not self._begun:
            self._begun = True
            self.due = self._kernel.machine.tick + self._workload.arrivals.draw(self._gaps)

    def read(self, call: Call, file: OpenFile, spans: list[Span], count: int) -> Outcome:
        """The oldest requests of the backlog."""
        if count < RECORD.size:
            return errno.EINVAL
        taken = list(self._state.backlog.values())[: count // RECORD.size]
        if not taken:
            if self._all_taken:
                return 0
            return Wait("device", file.number) if file.blocks else errno.EAGAIN
        data = b"".join(RECORD.pack(each.number, each.cpu, each.io, each.arrived) for each in taken)
        yield from scatter(self._kernel, call, spans, data)
        now = self._kernel.machine.tick
        for each in taken:
            yield Request(
                tid=call.thread.tid,
                pid=call.process.pid,
                action="taken",
                number=each.number,
                ticks=now - each.arrived,
                backlog=len(self._state.backlog) - 1,
                in_service=len(self._state.in_service) + 1,
            )
        return len(data)

    def write(self, call: Call, file: OpenFile, data: bytes) -> Outcome:
        """Requests are done."""
        if len(data) % NUMBER.size:
            return errno.EINVAL
        numbers = [number for (number,) in NUMBER.iter_unpack(data)]
        if len(set(numbers)) < len(numbers) or not self._state.in_service.keys() >= set(numbers):
            return errno.EINVAL
        now = self._kernel.machine.tick
        for number in numbers:
            yield Request(
                tid=call.thread.tid,
                pid=call.process.pid,
                action="done",
                number=number,
                ticks=now - self._state.in_service[number].arrived,
                backlog=len(self._state.backlog),
                in_service=len(self._state.in_service) - 1,
            )
        return len(data)

    def ready(self, file: OpenFile) -> int:
        """A request can be taken, or none ever will; that one is done can always be said."""
        readable = (POLLIN | POLLRDNORM) * bool(self._state.backlog) | POLLHUP * self._all_taken
        return readable | POLLOUT | POLLWRNORM

    def advance(self) -> Iterator[Event]:
        """Let arrive what is due, and whoever waits take it."""
        while self.due <= self._kernel.machine.tick:
            assert self._workload is not None
            number = self._state.arrived + 1
            yield Request(
                tid=0,
                pid=0,
                action="arrived",
                number=number,
                cpu=self._workload.cpu.draw(self._work),
                io=self._workload.io.draw(self._io),
                backlog=len(self._state.backlog) + 1,
                in_service=len(self._state.in_service),
            )
            gap = self._workload.arrivals.draw(self._gaps)
            self.due = self.due + gap if number < self._workload.count else NEVER
            yield from settle(self._kernel, self._files(), 0)

    @property
    def _all_taken(self) -> bool:
        """True if the backlog is empty for good."""
        assert self._workload is not None
        return not self._state.backlog and self._state.arrived == self._workload.count

    def _files(self) -> set[int]:
        """The open files that somebody waits for a request on."""
        world = self._kernel.world
        waits = [world.threads[tid] for tid in world.waiting if world.threads[tid].on == "device"]
        opened = {thread.address for thread in waits}
        return {number for number in opened if self._kernel.devices.at(world.files.opened[number]) is self}
