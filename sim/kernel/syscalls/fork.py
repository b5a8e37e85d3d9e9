"""fork: a second process that is a copy of the one that calls, by clone without CLONE_VM or CLONE_THREAD.

Nothing is copied but page tables: both processes have the same frames, which neither may write to before it
has one of its own (`sim.kernel.paging.own`).

A child of vfork (CLONE_VM and CLONE_VFORK) gets a copy, too, and not its parent's memory itself: such a child
only calls execve or exit, and what it writes until then is nobody's business but its own. The parent waits
for that, as ever.
"""

import struct
from contextlib import suppress
from typing import TYPE_CHECKING

from sim.events import Process, Thread
from sim.isa.registers import A0, SP, TP
from sim.kernel import errno, paging
from sim.kernel.syscalls.birth import (
    CLONE_CHILD_CLEARTID,
    CLONE_CHILD_SETTID,
    CLONE_FILES,
    CLONE_FS,
    CLONE_PARENT_SETTID,
    CLONE_SETTLS,
    CLONE_SIGHAND,
    CLONE_VFORK,
    CLONE_VM,
    Birth,
)
from sim.kernel.syscalls.table import Call, Deed
from sim.signals import LAST
from sim.thread import pack

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

#: What two processes can't have in common here -> how it is called.
_SHARED = {CLONE_FILES: "CLONE_FILES", CLONE_FS: "CLONE_FS", CLONE_SIGHAND: "CLONE_SIGHAND"}


def fork(kernel: "Kernel", call: Call, birth: Birth) -> Deed:
    """Make the process; returns its number to the parent."""
    world, parent, process = kernel.world, call.thread, call.process
    vfork = bool(birth.flags & CLONE_VFORK)
    refused = [name for flag, name in _SHARED.items() if birth.flags & flag]
    if birth.flags & CLONE_VM and not vfork:
        refused.append("CLONE_VM")
    if refused:
        kernel.refuse(f"clone of a process with {', '.join(refused)}")
        return errno.ENOSYS
    if birth.signal > LAST:
        return errno.EINVAL
    kernel.limits.check_fork(world, process)
    pid = kernel.next_tid()
    number = struct.pack("<i", pid)
    if birth.flags & CLONE_PARENT_SETTID:
        yield from paging.copy_out(world, process, parent.tid, birth.parent_tid, number)
    yield Process(pid=pid, action="forked", parent=process.pid, status=birth.signal, name=process.name)
    kernel.machine.flush()
    kernel.inherit_program(process.pid, pid)
    registers = parent.bank.registers[parent.row].copy()
    registers[A0] = 0
    registers[SP] = birth.stack or registers[SP]
    registers[TP] = birth.tls if birth.flags & CLONE_SETTLS else registers[TP]
    yield Thread(tid=pid, pid=pid, action="created", by=parent.tid, registers=pack(registers))
    kernel.machine.arrays_changed()
    if birth.flags & CLONE_CHILD_SETTID:
        yield from _tell_child(kernel, pid, birth.child_tid, number)
    if birth.flags & CLONE_CHILD_CLEARTID:
        yield Thread(tid=pid, pid=pid, action="tid_address", address=birth.child_tid)
    yield Thread(tid=pid, pid=pid, action="ready", by=parent.tid)
    pages = len(process.space.pages)
    ticks = kernel.costs["process_create"] + kernel.costs["page_share"] * pages
    kernel.pay_for(pid, call.hart, ticks)
    if not vfork:
        return pid
    yield Thread(tid=parent.tid, pid=process.pid, action="blocked", on="vfork", address=pid)
    return None


def _tell_child(kernel: "Kernel", pid: int, address: int, number: bytes) -> Deed:
    """Its number, where it wants it; as Linux, no error of the parent's if it can't be written."""
    with suppress(paging.BadAddress, paging.OutOfMemory):
        yield from paging.copy_out(kernel.world, kernel.world.processes[pid], pid, address, number)
    return None
