"""The frame that a handler finds on its stack, laid out as Linux does for riscv64.

struct rt_sigframe: a siginfo of 128 bytes and a ucontext, whose machine context holds pc, x1..x31, then the
f registers and fcsr in the space that the Q extension would need (arch/riscv/include/uapi/asm: ucontext.h,
sigcontext.h, ptrace.h). Offsets are from the frame's start.
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.isa.registers import FCSR, PC, WIDTH, F
from sim.signals import SIGBUS, SIGCHLD, SIGFPE, SIGILL, SIGSEGV, SIGTRAP, AlternateStack, Sent

IntArray = NDArray[np.int64]

SIGINFO = 128
UCONTEXT = SIGINFO
#: The stack pointer stays a multiple of 16, so that the frame's size is one too.
SIZE = 1088
_STACK = UCONTEXT + 16
_MASK = UCONTEXT + 40
_PC = UCONTEXT + 176
_FLOATS = _PC + 8 * 32
_FCSR = _FLOATS + 8 * 32

#: Bytes of a set of signals, which calls tell.
SIGSET = 8
#: stack_t: base, flags, size.
STACK = struct.Struct("<qi4xq")

# si_code (asm-generic/siginfo.h).
SI_USER, SI_QUEUE, SI_TKILL, SI_KERNEL = 0, -1, -6, 0x80
CLD_EXITED, CLD_KILLED = 1, 2
ILL_ILLOPC, TRAP_BRKPT, BUS_ADRALN, SEGV_MAPERR, SEGV_ACCERR = 1, 1, 1, 1, 2
#: Signals whose si_addr tells where the fault was, if the kernel sent them.
FAULTS = (SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV)


@dataclass(frozen=True)
class Context:
    """What a thread goes back to: its register row, its mask, its alternate stack."""

    registers: IntArray
    mask: int
    stack: AlternateStack


def child_info(code: int, pid: int, status: int, number: int = SIGCHLD) -> bytes:
    """The siginfo_t that tells of a child's end: an exit status or a signal's number."""
    return struct.pack("<iii4xiii", number, 0, code, pid, 0, status).ljust(SIGINFO, b"\0")


def siginfo(sent: Sent, uid: int) -> bytes:
    """The siginfo_t of a signal; ``uid``: the sending user."""
    if sent.code > 0 and sent.sender:
        return child_info(sent.code, sent.sender, sent.value, sent.number)
    head = struct.pack("<iii4x", sent.number, 0, sent.code)
    if sent.code > 0:
        body = struct.pack("<q", sent.value) if sent.number in FAULTS else b""
    else:
        body = struct.pack("<iiq", sent.sender, uid, sent.value)
    return (head + body).ljust(SIGINFO, b"\0")


def pack(sent: Sent, uid: int, context: Context) -> bytes:
    """The frame."""
    data = bytearray(SIZE)
    registers = context.registers
    data[:SIGINFO] = siginfo(sent, uid)
    data[_STACK : _STACK + STACK.size] = pack_stack(context.stack)
    struct.pack_into("<q", data, _MASK, context.mask)
    struct.pack_into("<32q", data, _PC, registers[PC], *registers[1:32].tolist())
    struct.pack_into("<32qI", data, _FLOATS, *registers[F : F + 32].tolist(), int(registers[FCSR]))
    return bytes(data)


def unpack(data: bytes) -> Context:
    """What stands in a frame, which its handler may have changed."""
    registers = np.zeros(WIDTH, np.int64)
    registers[PC], *registers[1:32] = struct.unpack_from("<32q", data, _PC)
    registers[PC] &= -2
    registers[F : F + 32] = struct.unpack_from("<32q", data, _FLOATS)
    registers[FCSR] = data[_FCSR]
    (mask,) = struct.unpack_from("<q", data, _MASK)
    return Context(registers, mask, unpack_stack(data[_STACK : _STACK + STACK.size]))


def pack_stack(stack: AlternateStack) -> bytes:
    """A stack_t."""
    return STACK.pack(stack.base, _int32(stack.flags), stack.size)


def unpack_stack(data: bytes) -> AlternateStack:
    """What a stack_t says."""
    base, flags, size = STACK.unpack(data)
    return AlternateStack(base, size, flags)


def _int32(number: int) -> int:
    return (number + (1 << 31)) % (1 << 32) - (1 << 31)
