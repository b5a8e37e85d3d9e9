"""Robust locks: what a thread held when it ended is marked so, and one waiter woken (linux/futex.h).

struct robust_list_head: the first entry (entries end by pointing back to it), where each entry's futex word
is relative to it, and the entry that the thread was taking or giving back. Bit 0 of an entry's address
marks a priority-inheriting lock, which only gets marked.
"""

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sim.events import Event
from sim.kernel import paging
from sim.thread import Thread as ThreadState
from sim.world import Process as ProcessState

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

HEAD = struct.Struct("<qqq")
#: A longer list is taken for a circle.
LONGEST = 2048
FUTEX_WAITERS, FUTEX_OWNER_DIED, FUTEX_TID_MASK = 0x8000_0000, 0x4000_0000, 0x3FFF_FFFF


def give_up(kernel: "Kernel", process: ProcessState, thread: ThreadState) -> Iterator[Event]:
    """Mark the locks of a thread that ends; where its list can't be followed, that is the end of it."""
    try:
        head = thread.robust_list
        entry, offset, pending = HEAD.unpack(paging.copy_in(kernel.world, process, head, HEAD.size))
        for _ in range(LONGEST):
            if entry & -2 == head:
                break
            following = paging.copy_in(kernel.world, process, entry & -2, 8)
            if entry & -2 != pending & -2:
                yield from _mark(kernel, process, thread, entry, offset)
            entry = int.from_bytes(following, "little", signed=True)
        if pending:
            yield from _mark(kernel, process, thread, pending, offset)
    except (paging.BadAddress, paging.OutOfMemory):
        return


def _mark(
    kernel: "Kernel", process: ProcessState, thread: ThreadState, entry: int, offset: int
) -> Iterator[Event]:
    """If the thread holds the entry's lock: the owner died; the next one may have it."""
    address = (entry & -2) + offset
    word = int.from_bytes(paging.copy_in(kernel.world, process, address, 4), "little")
    if address % 4 or word & FUTEX_TID_MASK != thread.tid:
        return
    marked = word & FUTEX_WAITERS | FUTEX_OWNER_DIED
    data = marked.to_bytes(4, "little")
    yield from paging.copy_out(kernel.world, process, thread.tid, address, data)
    if word & FUTEX_WAITERS and not entry & 1:
        yield from kernel.wake(process, address, 1, thread.tid)
