"""Threads: clone and clone3, exit, what a thread is told and tells about itself."""

import struct
from typing import TYPE_CHECKING

from sim.events import Thread
from sim.isa.registers import A0, SP, TP
from sim.kernel import errno, paging
from sim.kernel.syscalls.birth import (
    CLONE_CHILD_CLEARTID,
    CLONE_CHILD_SETTID,
    CLONE_INTO_CGROUP,
    CLONE_PARENT_SETTID,
    CLONE_PIDFD,
    CLONE_SETTLS,
    CLONE_SIGHAND,
    CLONE_THREAD,
    CLONE_VM,
    CSIGNAL,
    Birth,
)
from sim.kernel.syscalls.fork import fork
from sim.kernel.syscalls.table import Call, Deed, int32, syscall
from sim.thread import pack

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

#: struct clone_args: flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls; then set_tid,
#: set_tid_size, cgroup, which a caller may leave out.
CLONE_ARGS = struct.Struct("<11q")
CLONE_ARGS_LEAST = 64
PAGE = 4096


@syscall(220, "clone")
def clone(kernel: "Kernel", call: Call) -> Deed:
    """clone(flags, stack, parent_tid, tls, child_tid): a thread of the same process, or another process"""
    flags, stack, parent_tid, tls, child_tid = call.arguments[:5]
    birth = Birth(flags & ~CSIGNAL, stack, tls, parent_tid, child_tid, flags & CSIGNAL)
    return (yield from _clone(kernel, call, birth))


@syscall(435, "clone3")
def clone3(kernel: "Kernel", call: Call) -> Deed:
    """clone3(arguments, size): a thread of the same process, or another process"""
    address, size = call.arguments[:2]
    if not 0 <= size <= PAGE:
        return errno.E2BIG
    if size < CLONE_ARGS_LEAST:
        return errno.EINVAL
    data = paging.copy_in(kernel.world, call.process, address, size)
    if any(data[CLONE_ARGS.size :]):
        return errno.E2BIG
    fields = CLONE_ARGS.unpack(data[: CLONE_ARGS.size].ljust(CLONE_ARGS.size, b"\0"))
    flags, _, child_tid, parent_tid, signal, stack, stack_size, tls, set_tid, set_tid_size, _ = fields
    if flags & CSIGNAL or (stack == 0) != (stack_size == 0) or (set_tid == 0) != (set_tid_size == 0):
        return errno.EINVAL
    if flags & CLONE_THREAD and signal:
        return errno.EINVAL
    if set_tid_size:
        return errno.EPERM
    birth = Birth(flags, stack + stack_size, tls, parent_tid, child_tid, signal)
    return (yield from _clone(kernel, call, birth))


def _clone(kernel: "Kernel", call: Call, birth: Birth) -> Deed:
    flags = birth.flags
    if (flags & CLONE_THREAD and not flags & CLONE_SIGHAND) or (
        flags & CLONE_SIGHAND and not flags & CLONE_VM
    ):
        return errno.EINVAL
    if flags & (CLONE_PIDFD | CLONE_INTO_CGROUP):
        kernel.refuse("clone with a pidfd or into a cgroup")
        return errno.EINVAL
    if not flags & CLONE_THREAD:
        return (yield from fork(kernel, call, birth))
    kernel.limits.check_thread(kernel.world)
    world, process, parent = kernel.world, call.process, call.thread
    tid = kernel.next_tid()
    number = struct.pack("<i", tid)
    if flags & CLONE_PARENT_SETTID:
        yield from paging.copy_out(world, process, parent.tid, birth.parent_tid, number)
    if flags & CLONE_CHILD_SETTID:
        yield from paging.copy_out(world, process, parent.tid, birth.child_tid, number)
    registers = parent.bank.registers[parent.row].copy()
    registers[A0] = 0
    registers[SP] = birth.stack or registers[SP]
    registers[TP] = birth.tls if flags & CLONE_SETTLS else registers[TP]
    yield Thread(tid=tid, pid=process.pid, action="created", by=parent.tid, registers=pack(registers))
    kernel.machine.arrays_changed()
    if flags & CLONE_CHILD_CLEARTID:
        yield Thread(tid=tid, pid=process.pid, action="tid_address", address=birth.child_tid)
    yield Thread(tid=tid, pid=process.pid, action="ready", by=parent.tid)
    kernel.pay_for(tid, call.hart, kernel.costs["thread_create"])
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


@syscall(178, "gettid")
def gettid(kernel: "Kernel", call: Call) -> int:
    """gettid()"""
    return call.thread.tid


# Thread-related calls that every start of a C program makes.

PR_SET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_DUMPABLE, PR_SET_NAME, PR_GET_NAME = 1, 3, 4, 15, 16
PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS, PR_SET_VMA = 38, 39, 0x53564D41
#: Bytes of a thread's name, with the zero at its end.
NAME_BYTES = 16


@syscall(293, "rseq")
def rseq(kernel: "Kernel", call: Call) -> int:
    """rseq(): restartable sequences aren't there; C libraries ask for them and do without"""
    return errno.ENOSYS


@syscall(258, "riscv_hwprobe")
def riscv_hwprobe(kernel: "Kernel", call: Call) -> int:
    """riscv_hwprobe(): programs that ask then take AT_HWCAP"""
    return errno.ENOSYS


@syscall(259, "riscv_flush_icache")
def riscv_flush_icache(kernel: "Kernel", call: Call) -> int:
    """riscv_flush_icache(start, end, flags): as fence.i on every hart"""
    if call.arguments[2] & ~1:
        return errno.EINVAL
    kernel.machine.forget_written_code()
    return 0


@syscall(167, "prctl")
def prctl(kernel: "Kernel", call: Call) -> Deed:
    """prctl(option, ...): names are taken note of nowhere; the rest that is known changes nothing here"""
    option, argument = int32(call.arguments[0]), call.arguments[1]
    if option == PR_SET_NAME:
        paging.check(call.process, argument, 1, "r")
        return 0
    if option == PR_GET_NAME:
        name = call.process.name.rsplit("/", 1)[-1].encode()[: NAME_BYTES - 1].ljust(NAME_BYTES, b"\0")
        yield from paging.copy_out(kernel.world, call.process, call.thread.tid, argument, name)
        return 0
    if option in (PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS):
        return 0
    if option in (PR_GET_DUMPABLE, PR_GET_NO_NEW_PRIVS):
        return int(option == PR_GET_DUMPABLE)
    return errno.EINVAL


#: GLOBAL, GLOBAL_EXPEDITED and its registration, PRIVATE_EXPEDITED and its registration.
MEMBARRIERS = (1, 2, 4, 8, 16)


@syscall(283, "membarrier")
def membarrier(kernel: "Kernel", call: Call) -> int:
    """membarrier(command, flags): memory is sequentially consistent, so there is nothing left to do"""
    command, flags = int32(call.arguments[0]), call.arguments[1]
    if flags or command not in (0, *MEMBARRIERS):
        return errno.EINVAL
    return 0 if command else sum(MEMBARRIERS)
