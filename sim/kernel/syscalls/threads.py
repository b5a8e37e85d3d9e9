"""Threads and processes: clone, exit, who am I, giving up the hart."""

import struct
from typing import TYPE_CHECKING

from sim.events import Thread
from sim.isa.registers import A0, SP, TP
from sim.kernel import errno, paging
from sim.kernel.syscalls.table import Call, Deed, syscall
from sim.thread import pack

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

# Flags of clone (linux/sched.h).
CLONE_VM, CLONE_THREAD, CLONE_SETTLS = 0x100, 0x10000, 0x80000
CLONE_PARENT_SETTID, CLONE_CHILD_CLEARTID, CLONE_CHILD_SETTID = 0x100000, 0x200000, 0x1000000


@syscall(220, "clone")
def clone(kernel: "Kernel", call: Call) -> Deed:
    """clone(flags, stack, parent_tid, tls, child_tid): a thread of the same process"""
    flags, stack, parent_tid, tls, child_tid = call.arguments[:5]
    if not flags & CLONE_VM or not flags & CLONE_THREAD:
        kernel.refuse("clone without CLONE_VM and CLONE_THREAD (fork)")
        return errno.ENOSYS
    world, process, parent = kernel.world, call.process, call.thread
    tid = kernel.next_tid()
    if flags & CLONE_PARENT_SETTID:
        yield from paging.copy_out(world, process, parent.tid, parent_tid, struct.pack("<i", tid))
    if flags & CLONE_CHILD_SETTID:
        yield from paging.copy_out(world, process, parent.tid, child_tid, struct.pack("<i", tid))
    registers = parent.bank.registers[parent.row].copy()
    registers[A0] = 0
    registers[SP] = stack or registers[SP]
    registers[TP] = tls if flags & CLONE_SETTLS else registers[TP]
    yield Thread(tid=tid, pid=process.pid, action="created", by=parent.tid, registers=pack(registers))
    kernel.machine.arrays_changed()
    if flags & CLONE_CHILD_CLEARTID:
        yield Thread(tid=tid, pid=process.pid, action="tid_address", address=child_tid)
    yield Thread(tid=tid, pid=process.pid, action="ready", by=parent.tid)
    kernel.machine.charge(call.hart, kernel.costs["thread_create"])
    return tid


@syscall(96, "set_tid_address")
def set_tid_address(kernel: "Kernel", call: Call) -> Deed:
    """set_tid_address(address): the word to clear and wake when this thread exits"""
    thread = call.thread
    yield Thread(tid=thread.tid, pid=thread.pid, action="tid_address", address=call.arguments[0])
    return thread.tid


@syscall(93, "exit")
def exit_(kernel: "Kernel", call: Call) -> Deed:
    """exit(status): ends the thread; the process too if it is the last"""
    yield from kernel.end_thread(call.thread, call.arguments[0] & 0xFF)
    return None


@syscall(94, "exit_group")
def exit_group(kernel: "Kernel", call: Call) -> Deed:
    """exit_group(status): ends all threads of the process"""
    yield from kernel.end_process(call.process, "exited", call.arguments[0] & 0xFF)
    return None


@syscall(124, "sched_yield")
def sched_yield(kernel: "Kernel", call: Call) -> Deed:
    """sched_yield(): to the end of the run queue, if anyone is in it"""
    if kernel.world.run_queue:
        yield Thread(tid=call.thread.tid, pid=call.thread.pid, action="ready")
    return 0


@syscall(178, "gettid")
def gettid(kernel: "Kernel", call: Call) -> int:
    """gettid()"""
    return call.thread.tid


@syscall(172, "getpid")
def getpid(kernel: "Kernel", call: Call) -> int:
    """getpid()"""
    return call.process.pid
