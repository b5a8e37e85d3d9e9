"""Reading and writing: the console."""

from typing import TYPE_CHECKING

from sim.events import Input, Output
from sim.kernel import errno, paging
from sim.kernel.syscalls.table import Call, Deed, syscall

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

#: The most bytes that one write or read moves; for what is left over the program calls again.
MOST = 1 << 20
READ_MOST = 1 << 16


@syscall(64, "write")
def write(kernel: "Kernel", call: Call) -> Deed:
    """write(fd, buffer, count)"""
    fd, buffer, count = call.arguments[:3]
    if fd not in (1, 2):
        return errno.EBADF
    if count < 0:
        return errno.EINVAL
    data = paging.copy_in(kernel.world, call.process, buffer, min(count, MOST))
    yield Output(tid=call.thread.tid, pid=call.process.pid, fd=fd, data=data)
    kernel.console.write(fd, data)
    return len(data)


@syscall(63, "read")
def read(kernel: "Kernel", call: Call) -> Deed:
    """read(fd, buffer, count): what the console has, waiting for at least a byte; 0 at its end"""
    fd, buffer, count = call.arguments[:3]
    if fd != 0:
        return errno.EBADF
    if count < 0:
        return errno.EINVAL
    paging.check(call.process, buffer, count, "w")
    count = min(count, READ_MOST)
    # The pages come first: what has been taken from the console must find room.
    yield from paging.populate(kernel.world, call.process, buffer, count)
    try:
        data = kernel.console.read(count)
    except InterruptedError:
        return errno.EINTR
    except OSError:
        return errno.EIO
    yield Input(tid=call.thread.tid, pid=call.process.pid, fd=fd, data=data)
    yield from paging.copy_out(kernel.world, call.process, call.thread.tid, buffer, data)
    return len(data)
