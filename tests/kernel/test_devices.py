"""What devices have in common: where they stand, that one more is a class, that logs are the same."""

import struct
from collections.abc import Generator, Iterator

import pytest
import rig

from sim.events import Event, KernelWrite
from sim.files import OpenFile
from sim.kernel import errno, paging
from sim.kernel.devices import table
from sim.kernel.devices.table import NEVER, device
from sim.kernel.kernel import Kernel
from sim.kernel.syscalls.table import Call
from sim.kernel.syscalls.transfer import Span
from sim.kernel.syscalls.waiting import Wait, settle
from sim.kernel.workload import Workload

LOAD = "count=25,arrivals=poisson:500,cpu=exp:100,io=exp:2000"

READS = """
_start: la      a1, path
        sys     SYS_OPENAT, -100, , {flags}, 0
        la      a1, buffer
        sys     SYS_READ, 3, , 8
        la      a1, buffer
        sys     SYS_WRITE, 3, , 8
        la      a0, status
        mv      a1, a0
        sys     SYS_FSTAT, 3
        sys     SYS_EXIT, 0
        .data
path:   .asciz  "{path}"
        .bss
        .align  3
buffer: .zero   8
status: .zero   128
"""


class Clock:
    """A device of one's own: a read waits for the next full thousand of ticks."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.due = NEVER
        self._since = -1

    def open(self) -> None:
        pass

    def read(
        self, call: Call, file: OpenFile, spans: list[Span], count: int
    ) -> Generator[Event, None, int | Wait]:
        now = self._kernel.machine.tick
        if now % 1000:
            self.due = now - now % 1000 + 1000
            return Wait("device", file.number)
        yield from paging.copy_out(
            self._kernel.world, call.process, call.thread.tid, spans[0][0], struct.pack("<q", now)
        )
        return 8

    def write(self, call: Call, file: OpenFile, data: bytes) -> Generator[Event, None, int | Wait]:
        yield from ()
        return errno.EPERM

    def ready(self, file: OpenFile) -> int:
        return 0

    def advance(self) -> Iterator[Event]:
        if self.due <= self._kernel.machine.tick:
            self.due = NEVER
            yield from settle(self._kernel, set(self._kernel.world.files.opened), 0)


def test_a_device_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """It needs no more than a class that says where it stands."""
    monkeypatch.setattr(table, "DEVICES", dict(table.DEVICES))
    device("/dev/clock")(Clock)
    live = rig.run(READS.format(path="/dev/clock", flags=2))
    assert (live.results("read"), live.results("write")) == ([8], [-1])
    (blocked,) = live.of("thread", action="blocked")
    assert (blocked.on, live.of("syscall", name="read", action="exit")[0].tick % 1000) == ("device", 0)
    writes: list[KernelWrite] = [event for event in live.of("kernel_write") if len(event.data) == 8]
    assert int.from_bytes(writes[-1].data, "little") % 1000 == 0


@pytest.mark.parametrize("path", ["/dev/io", "/dev/requests"])
def test_devices_stand_in_the_tree(path: str) -> None:
    """As character devices that anybody may read and write, also below a mount of the root."""
    live = rig.run(READS.format(path=path, flags=0o4002), requests=Workload.parse("count=1"))
    assert live.results("openat") == [3] and live.results("fstat") == [0]
    status = next(event.data for event in live.of("kernel_write") if len(event.data) == 128)
    assert struct.unpack_from("<I", status, 16) == (0o020666,)


@pytest.mark.parametrize("path", ["/dev/io", "/dev/requests"])
def test_a_device_is_no_directory(path: str) -> None:
    live = rig.run(READS.format(path=path, flags=0o200000), requests=Workload.parse("count=1"))
    assert live.results("openat") == [-20]


def test_devices_that_nobody_opens_leave_no_events() -> None:
    live = rig.run("_start: sys SYS_EXIT, 0", requests=Workload.parse("count=5"))
    assert not live.of("io") and not live.of("request") and live.kernel.devices.due == NEVER


@pytest.mark.parametrize("name", ["server_pool", "server_loop"])
def test_both_executors_leave_the_same_log(name: str) -> None:
    program = rig.EXAMPLES / "lessons" / f"{name}.asm"
    options = {"requests": Workload.parse(LOAD), "io_depth": 3, "seed": 4, "harts": 3}
    compiled, reference = (
        rig.run(program, executor_name=executor, **options) for executor in ("compiled", "reference")
    )
    assert compiled.events == reference.events


def test_the_same_run_again_has_the_same_digest(record: object) -> None:
    program = rig.EXAMPLES / "lessons" / "server_loop.asm"
    options = {"requests": Workload.parse(LOAD), "seed": 2}
    first, second = (record(program, **options) for _ in range(2))  # type: ignore[operator]
    other = record(program, **options, io_depth=1)  # type: ignore[operator]
    assert first.digest == second.digest != other.digest
    assert first.recording.log.options["requests"] == LOAD
    assert (first.recording.log.options["io_depth"], other.recording.log.options["io_depth"]) == (4, 1)
