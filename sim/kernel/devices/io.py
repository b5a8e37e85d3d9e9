"""/dev/io: a disk- or network-like device that takes its time and does only so much at once.

write() submits operations, records of 16 bytes {tag, ticks}: ``ticks`` of service, 0 for the cost ``io``.
--io-depth of them are in service at a time, of all that have the device open; the others queue, first come,
first served. read() takes completions, records of 16 bytes {tag, latency}, in the order of their completion;
latency is in ticks from the submission. Each open file has completions of its own.

A read waits for the first completion; where nothing is outstanding it returns 0. A file has at most QUEUE
operations submitted and not read: a write takes as many as there is room for, none is EAGAIN, as
io_submit(2) has it. Negative ticks, more than LONGEST, or a part of a record are EINVAL, and nothing is
submitted.
"""

import struct
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from sim.events import Event, Io
from sim.files import OpenFile
from sim.kernel import errno
from sim.kernel.devices.table import device
from sim.kernel.syscalls.table import Call
from sim.kernel.syscalls.transfer import POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM, Span, scatter
from sim.kernel.syscalls.waiting import Outcome, Wait, settle
from sim.kernel.workload import LONGEST
from sim.machine.layout import NEVER

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

RECORD = struct.Struct("<qq")
QUEUE = 1024


@device("/dev/io")
class IoDevice:
    """``_ends``: a heap of (tick, number), one for each operation in service."""

    def __init__(self, kernel: "Kernel") -> None:
        self._kernel = kernel
        self._state = kernel.world.operations
        self._ends: list[tuple[int, int]] = []
        self.due = NEVER

    def open(self) -> None:
        """Anybody may."""

    def read(self, call: Call, file: OpenFile, spans: list[Span], count: int) -> Outcome:
        """As many completions as there are and fit."""
        if count < RECORD.size:
            return errno.EINVAL
        found = self._state.of(file.number)
        taken = found.done[: count // RECORD.size]
        if taken:
            data = b"".join(RECORD.pack(*completion) for completion in taken)
            yield from scatter(self._kernel, call, spans, data)
            yield self._event("read", call.thread.tid, call.process.pid, file=file.number, count=len(taken))
            return len(data)
        if not found.outstanding:
            return 0
        return Wait("device", file.number) if file.blocks else errno.EAGAIN

    def write(self, call: Call, file: OpenFile, data: bytes) -> Outcome:
        """Submit as many operations as the file's queue has room for."""
        if len(data) % RECORD.size:
            return errno.EINVAL
        records = list(RECORD.iter_unpack(data))
        if not all(0 <= ticks <= LONGEST for _, ticks in records):
            return errno.EINVAL
        taken = records[: self._room(file)]
        if records and not taken:
            return errno.EAGAIN
        for tag, ticks in taken:
            yield self._event(
                "submitted",
                call.thread.tid,
                call.process.pid,
                file=file.number,
                number=self._state.last + 1,
                tag=tag,
                ticks=ticks or self._kernel.costs["io"],
                queued=1,
            )
            yield from self._start()
        return RECORD.size * len(taken)

    def ready(self, file: OpenFile) -> int:
        """A completion can be read, an operation submitted."""
        some = bool(self._state.of(file.number).done)
        return (POLLIN | POLLRDNORM) * some | (POLLOUT | POLLWRNORM) * (self._room(file) > 0)

    def advance(self) -> Iterator[Event]:
        """Complete what is due, in order of time and of submission."""
        while self.due <= self._kernel.machine.tick:
            _, number = heappop(self._ends)
            done = self._state.in_service[number]
            yield self._event(
                "completed",
                done.tid,
                done.pid,
                file=done.file,
                number=number,
                tag=done.tag,
                ticks=self._kernel.machine.tick - done.submitted,
                in_service=-1,
            )
            yield from self._start()
            self.due = self._ends[0][0] if self._ends else NEVER
            yield from settle(self._kernel, {done.file}, 0)

    def _room(self, file: OpenFile) -> int:
        found = self._state.of(file.number)
        return QUEUE - found.outstanding - len(found.done)

    def _start(self) -> Iterator[Event]:
        """Take up operations while there are both some and room in service."""
        state, now = self._state, self._kernel.machine.tick
        while state.queued and len(state.in_service) < self._kernel.options.io_depth:
            first = next(iter(state.queued.values()))
            heappush(self._ends, (now + first.ticks, first.number))
            self.due = self._ends[0][0]
            yield self._event(
                "started",
                first.tid,
                first.pid,
                file=first.file,
                number=first.number,
                tag=first.tag,
                ticks=now - first.submitted,
                in_service=1,
                queued=-1,
            )

    def _event(
        self, action: str, tid: int, pid: int, in_service: int = 0, queued: int = 0, **values: int
    ) -> Io:
        """With the device's counts after it, which change by ``in_service`` and ``queued``."""
        return Io(
            tid=tid,
            pid=pid,
            action=action,
            in_service=len(self._state.in_service) + in_service,
            queued=len(self._state.queued) + queued,
            **values,
        )
