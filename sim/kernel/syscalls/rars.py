"""RARS's environment calls: what its teaching programs put into a7 (``--abi rars``).

Numbers, meanings and output are those of RARS in its 64-bit mode. Random numbers come from numbered
streams: one that the program seeds gives what RARS gives, the others begin with the run's seed. Calls on
files are Linux's (`sim.kernel.syscalls.files`), -1 being their only error. What ends a program in RARS,
such as text where a number is to be read, ends it here with a message and status 1.
"""

import struct
from collections.abc import Callable, Generator
from functools import wraps
from typing import TYPE_CHECKING

from sim.events import Choice, Event, Input, MemoryMap, Output, Register, Thread
from sim.files import O_APPEND, O_CREAT, O_TRUNC, O_WRONLY
from sim.isa.registers import A0, F
from sim.kernel import errno, paging
from sim.kernel.javanumbers import JavaRandom, double_text, float_text, parse_float
from sim.kernel.syscalls.table import LINUX, Abi, Call, Deed, Handler, int32
from sim.space import PAGE

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

A1, A7, FA0 = A0 + 1, A0 + 7, F + 10
MILLISECOND = 1_000_000
#: The most bytes of a line of input, and of a string to print.
LONGEST = 1 << 20
#: RARS's flags of Open -> Linux's: to read, to write anew, to append.
OPEN_FLAGS = {0: 0, 1: O_WRONLY | O_CREAT | O_TRUNC, 9: O_WRONLY | O_CREAT | O_APPEND}
AT_FDCWD = -100
DIALOGS = {
    50: "ConfirmDialog",
    51: "InputDialogInt",
    52: "InputDialogFloat",
    53: "InputDialogDouble",
    54: "InputDialogString",
    55: "MessageDialog",
    56: "MessageDialogInt",
    58: "MessageDialogDouble",
    59: "MessageDialogString",
    60: "MessageDialogFloat",
}
SOUNDS = {31: "MidiOut", 33: "MidiOutSync"}


class Misused(Exception):
    """The program asked for what RARS ends a program for; the text is what it says then."""


def _absent(kernel: "Kernel", call: Call) -> int:
    """A call that there isn't."""
    number = call.thread.registers[A7]
    if number not in RARS.names:
        raise Misused(f"invalid or unimplemented syscall service: {number}")
    raise Misused(f"{RARS.names[number]} (syscall {number}) needs a screen or a loudspeaker; there is none")


def _ending(handler: Handler) -> Handler:
    """The handler, its errors ending the program with a message."""

    @wraps(handler)
    def handle(kernel: "Kernel", call: Call) -> Deed:
        try:
            result = handler(kernel, call)
            return (yield from result) if isinstance(result, Generator) else result
        except Misused as bad:
            said = str(bad)
        except paging.BadAddress:
            said = "address out of range"
        pc = call.thread.pc - 4
        place = kernel.program_of(call.process.pid).locate(pc)
        where = f"{place.file} line {place.line}" if place.line else call.process.name
        data = f"Error in {where}: Runtime exception at 0x{pc:08x}: {said}\n".encode()
        yield Output(tid=call.thread.tid, pid=call.process.pid, fd=2, data=data)
        kernel.console.write(2, data)
        yield from kernel.end_process(call.process, "exited", 1)
        return None

    return handle


RARS = Abi(names=DIALOGS | SOUNDS, unknown=_ending(_absent), keeps=True)


def _rars(number: int, name: str) -> Callable[[Handler], Handler]:
    """Declare a call, which ends the program if it is misused."""

    def declare(handler: Handler) -> Handler:
        RARS.handlers[number] = _ending(handler)
        RARS.names[number] = name
        return handler

    return declare


# Printing.


def _print(kernel: "Kernel", call: Call, data: bytes) -> Generator[Event, None, int]:
    """Write to the console; a0 stays as it is."""
    if data:
        yield Output(tid=call.thread.tid, pid=call.process.pid, fd=1, data=data)
        kernel.console.write(1, data)
    return call.arguments[0]


def _float_argument(call: Call) -> int:
    """The bits in fa0."""
    return call.thread.floats[FA0 - F]


@_rars(1, "PrintInt")
def print_int(kernel: "Kernel", call: Call) -> Deed:
    """PrintInt(a0): decimal"""
    return (yield from _print(kernel, call, str(call.arguments[0]).encode()))


@_rars(2, "PrintFloat")
def print_float(kernel: "Kernel", call: Call) -> Deed:
    """PrintFloat(fa0)"""
    return (yield from _print(kernel, call, float_text(_float_argument(call)).encode()))


@_rars(3, "PrintDouble")
def print_double(kernel: "Kernel", call: Call) -> Deed:
    """PrintDouble(fa0)"""
    return (yield from _print(kernel, call, double_text(_float_argument(call)).encode()))


@_rars(4, "PrintString")
def print_string(kernel: "Kernel", call: Call) -> Deed:
    """PrintString(a0: its address)"""
    text = paging.copy_string(kernel.world, call.process, call.arguments[0], LONGEST)
    if text is None:
        raise Misused(f"the string at {call.arguments[0]:#x} has no end within {LONGEST} bytes")
    return (yield from _print(kernel, call, text))


@_rars(11, "PrintChar")
def print_char(kernel: "Kernel", call: Call) -> Deed:
    """PrintChar(a0): the character whose code is its lowest byte"""
    return (yield from _print(kernel, call, chr(call.arguments[0] & 0xFF).encode()))


@_rars(34, "PrintIntHex")
def print_hex(kernel: "Kernel", call: Call) -> Deed:
    """PrintIntHex(a0): 16 digits"""
    return (yield from _print(kernel, call, f"0x{_unsigned(call):016x}".encode()))


@_rars(35, "PrintIntBinary")
def print_binary(kernel: "Kernel", call: Call) -> Deed:
    """PrintIntBinary(a0): 64 digits"""
    return (yield from _print(kernel, call, f"{_unsigned(call):064b}".encode()))


@_rars(36, "PrintIntUnsigned")
def print_unsigned(kernel: "Kernel", call: Call) -> Deed:
    """PrintIntUnsigned(a0): decimal"""
    return (yield from _print(kernel, call, str(_unsigned(call)).encode()))


def _unsigned(call: Call) -> int:
    return call.arguments[0] % (1 << 64)


# Reading.


def _line(kernel: "Kernel", call: Call) -> Generator[Event, None, bytes]:
    """A line of the console's input without its end; empty at the end of the input."""
    data = yield from _input(kernel, call, lambda data: data.endswith(b"\n"))
    return data.removesuffix(b"\n").removesuffix(b"\r")


def _input(kernel: "Kernel", call: Call, is_whole: Callable[[bytes], bool]) -> Generator[Event, None, bytes]:
    """What the console has until it is whole, or ends."""
    data = b""
    while not data or (len(data) < LONGEST and not is_whole(data)):
        try:
            byte = kernel.console.read(1)
        except OSError:
            break
        if not byte:
            break
        data += byte
    if data:
        yield Input(tid=call.thread.tid, pid=call.process.pid, fd=0, data=data)
    return data


@_rars(5, "ReadInt")
def read_int(kernel: "Kernel", call: Call) -> Deed:
    """ReadInt(): 32 bits, in a0"""
    text = (yield from _line(kernel, call)).strip().decode(errors="replace")
    digits = text.removeprefix("-") if text.startswith("-") else text.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()) or not -(1 << 31) <= int(text) < 1 << 31:
        raise Misused("invalid integer input (syscall 5)")
    return int(text)


@_rars(6, "ReadFloat")
def read_float(kernel: "Kernel", call: Call) -> Deed:
    """ReadFloat(): in fa0"""
    bits = parse_float((yield from _line(kernel, call)).decode(errors="replace"), 4)
    if bits is None:
        raise Misused("invalid float input (syscall 6)")
    yield _give(call, FA0, bits | -1 << 32)
    return call.arguments[0]


@_rars(7, "ReadDouble")
def read_double(kernel: "Kernel", call: Call) -> Deed:
    """ReadDouble(): in fa0"""
    bits = parse_float((yield from _line(kernel, call)).decode(errors="replace"), 8)
    if bits is None:
        raise Misused("invalid double input (syscall 7)")
    yield _give(call, FA0, bits)
    return call.arguments[0]


@_rars(8, "ReadString")
def read_string(kernel: "Kernel", call: Call) -> Deed:
    """ReadString(buffer, size): as C's fgets, but a line that ends with the input gets a newline too"""
    buffer, size = call.arguments[0], int32(call.arguments[1])
    text = (yield from _line(kernel, call)) + b"\n"
    if size > 0:
        data = text[: size - 1] + b"\0"
        yield from paging.copy_out(kernel.world, call.process, call.thread.tid, buffer, data)
    return call.arguments[0]


@_rars(12, "ReadChar")
def read_char(kernel: "Kernel", call: Call) -> Deed:
    """ReadChar(): the next character, in a0; -1 at the end of the input"""
    data = yield from _input(kernel, call, _is_character)
    return ord(data.decode(errors="replace")[0]) if data else -1


def _is_character(data: bytes) -> bool:
    """Whether the bytes are a character in UTF-8, or can't become one."""
    lead = data[0]
    return len(data) >= (1 if lead < 0xC0 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4)


def _give(call: Call, slot: int, value: int) -> Register:
    return Register(tid=call.thread.tid, slot=slot, value=value)


# Memory, time, the end.


@_rars(9, "Sbrk")
def sbrk(kernel: "Kernel", call: Call) -> Deed:
    """Sbrk(bytes): returns where they begin, at a multiple of 8"""
    count, space = int32(call.arguments[0]), call.process.space
    if count < 0:
        raise Misused(f"request ({count}) is negative heap amount (syscall 9)")
    start = (space.heap_end + 7) & -8
    top = (start + count + PAGE - 1) & -PAGE
    mapped = (max(space.heap_end, space.heap_start + 1) + PAGE - 1) & -PAGE
    if top > mapped and not space.is_free(mapped, top):
        raise Misused(f"request ({count}) exceeds available heap storage (syscall 9)")
    length = start + count - space.heap_start
    yield MemoryMap(
        pid=call.process.pid, action="grown", address=space.heap_start, length=length, name="heap"
    )
    return start


@_rars(30, "Time")
def time(kernel: "Kernel", call: Call) -> Deed:
    """Time(): milliseconds since the start of the run, the low 32 bits in a0, the high in a1"""
    now = kernel.machine.tick // MILLISECOND
    yield _give(call, A1, int32(now >> 32))
    return int32(now)


@_rars(32, "Sleep")
def sleep(kernel: "Kernel", call: Call) -> Deed:
    """Sleep(milliseconds)"""
    duration = max(int32(call.arguments[0]), 0) * MILLISECOND
    thread = call.thread
    yield Thread(
        tid=thread.tid, pid=thread.pid, action="blocked", on="sleep", until=kernel.machine.tick + duration
    )
    return None


@_rars(10, "Exit")
def exit_(kernel: "Kernel", call: Call) -> Deed:
    """Exit(): with status 0"""
    yield from kernel.end_process(call.process, "exited", 0)
    return None


@_rars(93, "Exit2")
def exit2(kernel: "Kernel", call: Call) -> Deed:
    """Exit2(status)"""
    yield from kernel.end_process(call.process, "exited", call.arguments[0] & 0xFF)
    return None


# Random numbers.


def _stream(kernel: "Kernel", call: Call, count: int) -> Generator[Event, None, JavaRandom]:
    """The stream that a0 numbers, about to give ``count`` bytes."""
    number = int32(call.arguments[0])
    stream = kernel.streams.get(number)
    if stream is None:
        stream = kernel.streams[number] = JavaRandom(kernel.random.getrandbits(48))
    yield Choice(hart=call.hart, oracle="random", options=0, chosen=count)
    return stream


@_rars(40, "RandSeed")
def rand_seed(kernel: "Kernel", call: Call) -> int:
    """RandSeed(stream, seed)"""
    kernel.streams[int32(call.arguments[0])] = JavaRandom(int32(call.arguments[1]))
    return call.arguments[0]


@_rars(41, "RandInt")
def rand_int(kernel: "Kernel", call: Call) -> Deed:
    """RandInt(stream): 32 bits"""
    return (yield from _stream(kernel, call, 4)).bits(32)


@_rars(42, "RandIntRange")
def rand_int_range(kernel: "Kernel", call: Call) -> Deed:
    """RandIntRange(stream, bound): from 0 to below the bound"""
    bound = int32(call.arguments[1])
    if bound <= 0:
        raise Misused("Upper bound of range cannot be negative (syscall 42)")
    return (yield from _stream(kernel, call, 4)).below(bound)


@_rars(43, "RandFloat")
def rand_float(kernel: "Kernel", call: Call) -> Deed:
    """RandFloat(stream): from 0 to below 1, in fa0"""
    value = (yield from _stream(kernel, call, 4)).single()
    (bits,) = struct.unpack("<i", struct.pack("<f", value))
    yield _give(call, FA0, bits | -1 << 32)
    return call.arguments[0]


@_rars(44, "RandDouble")
def rand_double(kernel: "Kernel", call: Call) -> Deed:
    """RandDouble(stream): from 0 to below 1, in fa0"""
    value = (yield from _stream(kernel, call, 8)).double()
    (bits,) = struct.unpack("<q", struct.pack("<d", value))
    yield _give(call, FA0, bits)
    return call.arguments[0]


# Files: Linux's calls under RARS's names.


def _delegate(kernel: "Kernel", call: Call, number: int, arguments: list[int]) -> Deed:
    """A Linux call; -1 for any error."""
    try:
        result = LINUX.handlers[number](kernel, Call(call.hart, call.thread, call.process, arguments))
        outcome = (yield from result) if isinstance(result, Generator) else result
    except errno.Failure:
        return -1
    return outcome if outcome is None else max(outcome, -1)


@_rars(17, "GetCWD")
def getcwd(kernel: "Kernel", call: Call) -> Deed:
    """GetCWD(buffer, size): -1 if it doesn't fit"""
    result = yield from _delegate(kernel, call, 17, call.arguments)
    return -1 if result == -1 else call.arguments[0]


@_rars(57, "Close")
def close(kernel: "Kernel", call: Call) -> Deed:
    """Close(fd)"""
    yield from _delegate(kernel, call, 57, call.arguments)
    return call.arguments[0]


@_rars(62, "LSeek")
def lseek(kernel: "Kernel", call: Call) -> Deed:
    """LSeek(fd, offset, whence)"""
    return (yield from _delegate(kernel, call, 62, call.arguments))


@_rars(63, "Read")
def read(kernel: "Kernel", call: Call) -> Deed:
    """Read(fd, buffer, count)"""
    return (yield from _delegate(kernel, call, 63, call.arguments))


@_rars(64, "Write")
def write(kernel: "Kernel", call: Call) -> Deed:
    """Write(fd, buffer, count)"""
    return (yield from _delegate(kernel, call, 64, call.arguments))


@_rars(1024, "Open")
def open_(kernel: "Kernel", call: Call) -> Deed:
    """Open(path, flags): 0 to read, 1 to write anew, 9 to append; -1 if that can't be"""
    path, flags = call.arguments[0], OPEN_FLAGS.get(int32(call.arguments[1]))
    if flags is None:
        return -1
    return (yield from _delegate(kernel, call, 56, [AT_FDCWD, path, flags, 0o666, 0, 0]))
