"""Events in words: one short line for each, with names in place of addresses.

``@describes(events.Kind)`` declares how a kind reads; a kind without one is told by its fields.
"""

import struct
from collections.abc import Callable
from typing import Any, TypeVar

from replay.names import Names
from replay.recording import Recording
from sim import events
from sim.code import CodeRow
from sim.isa.registers import A0, PC, SLOT_NAMES, SP, F
from sim.isa.table import ROUNDING_MODES
from sim.signals import SIG_DFL, SIG_IGN, members, name_of
from sim.text import printable
from sim.thread import EVERY_HART, unpack

E = TypeVar("E", bound=events.Event)

ROUNDING_NAMES = {mode: name for name, mode in ROUNDING_MODES.items() if name != "dyn"}
#: Bytes of input and output that are quoted.
EXCERPT = 60

_DESCRIBERS: dict[str, Callable[[Names, Any], str]] = {}


def describes(cls: type[E]) -> Callable[[Callable[[Names, E], str]], Callable[[Names, E], str]]:
    """Declare the words for a kind of event."""

    def declare(describer: Callable[[Names, E], str]) -> Callable[[Names, E], str]:
        _DESCRIBERS[cls.kind] = describer
        return describer

    return declare


def describe(recording: Recording, event: events.Event) -> str:
    """What the event did."""
    describer = _DESCRIBERS.get(event.kind)
    if describer is not None:
        return describer(recording.names_of(event), event)
    names = [column.name for column in events.columns(event.kind)[2:]]
    return " ".join(f"{name}={getattr(event, name)}" for name in names)


def instruction_effect(names: Names, event: events.Instruction, row: CodeRow | None) -> str:
    """What an instruction did to registers, memory or control."""
    # A value may not be stored (`recorder.detail`).
    if row is None or event.value is None:
        return ""
    place = names.address_name(event.address) if event.address else ""
    if row.effect == "store":
        return f"[{place}] = {names.pointer(_low(event.value, row.size))}"
    if row.effect == "register":
        shown = float_text(event.value) if row.rd >= F else names.pointer(event.value)
        text = f"{SLOT_NAMES[row.rd]} = {shown}" if row.rd else ""
        return f"{text} <- [{place}]" if place else text
    if row.effect == "branch":
        taken = event.value != event.pc + row.length
        return f"-> {names.address_name(event.value)}" if taken else "not taken"
    if row.effect == "jump":
        return f"-> {names.address_name(event.value)}"
    return ""


def float_text(bits: int) -> str:
    """The number in an f register: a double, or a single if its upper half is all ones."""
    if bits >> 32 == -1:
        (single,) = struct.unpack("<f", struct.pack("<I", bits & 0xFFFF_FFFF))
        return f"{single:.9g}f"
    (double,) = struct.unpack("<d", struct.pack("<q", bits))
    return f"{double!r}"


def fcsr_text(fcsr: int) -> str:
    """The flags and the rounding mode in words."""
    flags = [name for bit, name in enumerate(("NX", "UF", "OF", "DZ", "NV")) if fcsr >> bit & 1]
    mode = ROUNDING_NAMES.get(fcsr >> 5, "reserved")
    return f"{fcsr:#x} (flags {' '.join(flags) or 'none'}, rounding {mode})"


def _low(value: int, size: int) -> int:
    """The signed value of the low ``size`` bytes."""
    bits = 8 * size
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


@describes(events.Instruction)
def _instruction(names: Names, event: events.Instruction) -> str:
    return instruction_effect(names, event, names.code_at(event.pc, event.seq))


@describes(events.Atomic)
def _atomic(names: Names, event: events.Atomic) -> str:
    place = names.address_name(event.address)
    if event.action == "lr":
        return f"lr [{place}] reserved, holds {names.number(event.old)}"
    if not event.success:
        return f"sc [{place}] failed, still {names.number(event.old)}"
    return f"{event.action} [{place}] {names.number(event.old)} -> {names.number(event.new)}"


@describes(events.Stack)
def _stack(names: Names, event: events.Stack) -> str:
    if event.action == "call":
        return f"call {names.address_name(event.target)}, a0 = {names.pointer(event.a0)}"
    if event.action == "return":
        return f"return to {names.address_name(event.target)}, a0 = {names.pointer(event.a0)}"
    return f"{event.action} {abs(event.sp - event.old_sp)} bytes, sp = {event.sp:#x}"


@describes(events.Probe)
def _probe(names: Names, event: events.Probe) -> str:
    return f"{names.program.probes.get(event.number, event.number)} = {names.number(event.value)}"


@describes(events.Csr)
def _csr(names: Names, event: events.Csr) -> str:
    return f"fcsr = {fcsr_text(event.value)}"


@describes(events.Register)
def _register(names: Names, event: events.Register) -> str:
    shown = float_text(event.value) if event.slot >= F else str(event.value)
    return f"{SLOT_NAMES[event.slot]} = {shown}"


@describes(events.ContextSwitch)
def _context_switch(names: Names, event: events.ContextSwitch) -> str:
    if names.bare:
        return f"hart {event.hart} runs thread {event.next}, and nothing else"
    prev, after = (names.thread(tid) if tid else "idle" for tid in (event.prev, event.next))
    detail = f"{event.reason}, {event.runnable} more ready, cost {event.cost}"
    return f"{prev} -> {after} ({detail})"


@describes(events.Thread)
def _thread(names: Names, event: events.Thread) -> str:
    text = f"thread {event.tid} {event.action}"
    if event.action == "created" and names.bare:
        registers = unpack(event.registers).tolist()
        at = names.address_name(registers[PC])
        text += f": pc {at}, sp {registers[SP]:#x}, a0 {registers[A0]}"
    elif event.action == "blocked":
        what = waited_for(event.on, event.address) or f"{event.on} {names.address_name(event.address)}"
        text += f" on {what}" + (f" until tick {event.until}" if event.until >= 0 else "")
    elif event.action == "running":
        text += f" on hart {event.hart}"
    elif event.action == "exited":
        text += f" with status {event.status}"
    elif event.action == "loaded":
        text = f"thread {event.tid} has the registers of a new program"
    elif event.action == "tid_address":
        text = f"thread {event.tid} clears {names.address_name(event.address)} at its exit"
    elif event.action == "robust_list":
        text = f"thread {event.tid} has its list of robust locks at {names.address_name(event.address)}"
    return text + (f" by thread {event.by}" if event.by else "")


def waited_for(on: str, number: int) -> str:
    """What a blocked thread waits for, if that isn't at an address."""
    return {
        "sleep": "sleep",
        "signal": "a signal",
        "pipe": f"pipe {number}",
        "event": f"eventfd, open file {number}",
        "poll": "any of several files (poll)",
        "child": "a child's end" if number == -1 else f"the end of process {number}",
        "vfork": f"process {number} to run a program or end (vfork)",
        "device": f"a device, open file {number}",
    }.get(on, "")


@describes(events.Process)
def _process(names: Names, event: events.Process) -> str:
    detail = {
        "created": event.name,
        "exited": f"with status {event.status}",
        "signalled": f"by signal {event.status}",
        "exec": event.name,
        "forked": f"from process {event.parent}",
        "reaped": f"(its status was {event.status})",
    }
    return f"process {event.pid} {event.action} {detail[event.action]}"


#: Arguments that each system call takes; six of any other.
_ARGUMENTS = {
    "read": 3, "write": 3, "exit": 1, "exit_group": 1, "set_tid_address": 1, "futex": 4, "nanosleep": 2,
    "clock_gettime": 2, "sched_yield": 0, "getpid": 0, "gettid": 0, "brk": 1, "munmap": 2, "clone": 5,
    "mmap": 6, "mprotect": 3, "getrandom": 3, "readv": 3, "writev": 3, "pread64": 4, "pwrite64": 4,
    "openat": 4, "close": 1, "lseek": 3, "fstat": 2, "newfstatat": 4, "statx": 5, "faccessat": 3,
    "readlinkat": 4, "getcwd": 2, "chdir": 1, "fchdir": 1, "umask": 1, "getdents64": 3, "mkdirat": 3,
    "unlinkat": 3, "renameat2": 5, "truncate": 2, "ftruncate": 2, "fsync": 1, "fdatasync": 1, "dup": 1,
    "dup3": 3, "fcntl": 3, "ioctl": 3, "pipe2": 2, "eventfd2": 2, "ppoll": 5, "mremap": 5, "madvise": 3,
    "mincore": 3, "msync": 3, "uname": 1, "sysinfo": 1, "getuid": 0, "geteuid": 0, "getgid": 0, "getegid": 0,
    "getgroups": 2, "prlimit64": 4, "getrlimit": 2, "setrlimit": 2, "execve": 3, "clone3": 2,
    "rt_sigaction": 4, "rt_sigprocmask": 4, "rt_sigpending": 2, "rt_sigsuspend": 2, "rt_sigtimedwait": 4,
    "sigaltstack": 2, "rt_sigreturn": 0, "kill": 2, "tkill": 2, "tgkill": 3, "rt_sigqueueinfo": 3,
    "rt_tgsigqueueinfo": 4, "set_robust_list": 2, "get_robust_list": 3, "clock_nanosleep": 4,
    "clock_getres": 2, "gettimeofday": 2, "times": 1, "getrusage": 2, "rseq": 4, "riscv_hwprobe": 5,
    "riscv_flush_icache": 3, "prctl": 5, "membarrier": 3, "getcpu": 2, "sched_getaffinity": 3,
    "sched_setaffinity": 3, "sched_getscheduler": 1, "sched_setscheduler": 3, "sched_getparam": 2,
    "sched_setparam": 2, "sched_get_priority_max": 1, "sched_get_priority_min": 1, "getpriority": 2,
    "setpriority": 3, "sched_rr_get_interval": 2, "sched_setattr": 3, "sched_getattr": 4,
    "getppid": 0, "getpgid": 1, "getsid": 1, "setpgid": 2, "setsid": 0, "wait4": 4, "waitid": 5,
}  # fmt: skip

#: Linux's errors, as far as the kernel answers with them (sim/kernel/errno.py).
_ERRORS = {
    -1: "EPERM", -2: "ENOENT", -3: "ESRCH", -4: "EINTR", -5: "EIO", -6: "ENXIO", -7: "E2BIG", -8: "ENOEXEC",
    -9: "EBADF", -10: "ECHILD", -11: "EAGAIN", -12: "ENOMEM", -13: "EACCES", -14: "EFAULT", -16: "EBUSY",
    -17: "EEXIST", -18: "EXDEV", -19: "ENODEV", -20: "ENOTDIR", -21: "EISDIR", -22: "EINVAL", -23: "ENFILE",
    -24: "EMFILE", -25: "ENOTTY", -26: "ETXTBSY", -27: "EFBIG", -28: "ENOSPC", -29: "ESPIPE", -30: "EROFS",
    -31: "EMLINK", -32: "EPIPE", -34: "ERANGE", -36: "ENAMETOOLONG", -38: "ENOSYS", -39: "ENOTEMPTY",
    -40: "ELOOP", -84: "EILSEQ", -95: "EOPNOTSUPP", -110: "ETIMEDOUT", -122: "EDQUOT",
    -512: "ERESTARTSYS: made again behind the handler",
}  # fmt: skip


@describes(events.Syscall)
def _syscall(names: Names, event: events.Syscall) -> str:
    if event.action == "exit":
        error = _ERRORS.get(event.result)
        return f"{event.name} = {names.pointer(event.result)}" + (f" ({error})" if error else "")
    values = (event.a0, event.a1, event.a2, event.a3, event.a4, event.a5)
    shown = values[: _ARGUMENTS.get(event.name, 6)]
    return f"{event.name}({', '.join(names.pointer(value) for value in shown)})"


@describes(events.Futex)
def _futex(names: Names, event: events.Futex) -> str:
    place = names.address_name(event.address)
    if event.action == "wait":
        return f"thread {event.tid} waits on {place} (= {names.number(event.value)})"
    if event.action == "wake":
        return f"thread {event.tid} wakes {event.count} of {place}"
    if event.action == "requeue":
        target = names.address_name(event.target)
        return f"thread {event.tid} moves {event.count} waiters of {place} to {target}"
    if event.action == "interrupted":
        return f"thread {event.tid} stops waiting on {place}: a signal"
    return f"thread {event.tid} timed out on {place}"


@describes(events.Signal)
def _signal(names: Names, event: events.Signal) -> str:
    whom = f"thread {event.tid}" if event.tid else f"process {event.pid}"
    if event.action == "mask":
        return f"{whom} blocks {signal_names(event.mask)}"
    if event.action == "suspended":
        return f"{whom} waits for a signal, blocking {signal_names(event.mask)}"
    if event.action == "awaited":
        return f"{whom} waits for {signal_names(event.mask)}"
    if event.action == "stack":
        span = f"{event.address:#x}..{event.address + event.size:#x}"
        return f"{whom} has {f'its alternate stack at {span}' if event.size else 'no alternate stack'}"
    if event.action == "returned":
        return f"{whom} goes back from a handler, blocking {signal_names(event.mask)}"
    name = name_of(event.number)
    if event.action == "disposition":
        does = {SIG_DFL: "takes the default for", SIG_IGN: "ignores"}.get(event.address)
        return f"{whom} {does} {name}" if does else f"{whom} handles {name}: {_handler(names, event)}"
    if event.action == "delivered":
        return f"{whom} handles {name}: goes on in {_handler(names, event)}"
    by = f" by thread {event.by}" if event.by else ""
    detail = {
        "sent": f"{name} sent to {whom}{by}",
        "ignored": f"{name} to {whom}{by} is ignored",
        "discarded": f"{name} to {whom} is forgotten",
        "accepted": f"{whom} takes {name}",
    }
    return detail[event.action]


def signal_names(mask: int) -> str:
    """A set of signals; of one that lacks only a few, these."""
    inside, outside = members(mask), members(~mask)
    if len(outside) < len(inside):
        names = ", ".join(map(name_of, outside))
        return f"all signals but {names}" if names else "all signals"
    return ", ".join(map(name_of, inside)) or "no signals"


def _handler(names: Names, event: events.Signal) -> str:
    return names.address_name(event.address)


@describes(events.Coroutine)
def _coroutine(names: Names, event: events.Coroutine) -> str:
    resume = f", resumes at {names.address_name(event.pc)}" if event.pc else ""
    if event.function:
        file, line = names.resumption(event.function, event.pc)
        resume = f", resumes at {file}:{line}" if line and event.action in ("saved", "resumed") else ""
        name = names.coroutine_name(event.function)
        return f"coroutine {event.frame:#x} {name} {event.action} ({event.size} bytes{resume})"
    return f"coroutine {event.frame:#x} {event.action} ({event.size} bytes{resume})"


@describes(events.MemoryMap)
def _memory_map(names: Names, event: events.MemoryMap) -> str:
    span = f"{event.address:#x}..{event.address + event.length:#x}"
    if event.action == "paged_in" and names.bare:
        return f"ram {span} is used for the first time"
    if event.action == "paged_in":
        return f"page {event.address:#x} in physical frame {event.frame}"
    if event.action == "copied":
        return f"page {event.address:#x} copied to physical frame {event.frame}, its own from now on"
    return " ".join(
        part
        for part in (event.action, event.name, span, event.permissions.strip("-") and event.permissions)
        if part
    )


@describes(events.Tlb)
def _tlb(names: Names, event: events.Tlb) -> str:
    return f"{event.access} of page {event.address:#x}: frame {event.frame}, cost {event.cost}"


@describes(events.MemoryMove)
def _memory_move(names: Names, event: events.MemoryMove) -> str:
    return f"pages of {event.source:#x}..{event.source + event.length:#x} move to {event.address:#x}"


def readable_size(count: int) -> str:
    """Bytes in the largest unit of which there is at least one, to a tenth."""
    for unit, shift in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if count >= 1 << shift:
            return f"{count / (1 << shift):,.1f}".removesuffix(".0") + f" {unit}"
    return f"{count} bytes"


#: Access modes as fopen has them.
_MODES = {0: "r", 1: "w", 2: "rw"}


@describes(events.File)
def _file(names: Names, event: events.File) -> str:
    number, path = f"open file {event.file}", printable(event.path)
    told = {
        "opened": f"fd {event.fd} is {number}: {event.form} {path} ({_MODES.get(event.flags & 3, '')})",
        "duplicated": f"fd {event.fd} is {number} too",
        "closed": f"fd {event.fd} closed",
        "descriptor": f"fd {event.fd} {'closes' if event.flags else 'stays open'} on exec",
        "status": f"{number} has flags {event.flags:#o}",
        "moved": f"{number} stands at {event.position:,}",
        "written": f"{number} from {event.position:,}: {_excerpt(event.data)}",
        "filled": f"pipe {event.pipe} gets {_excerpt(event.data)}",
        "drained": f"pipe {event.pipe} gives {event.count:,} bytes",
        "directory": f"process {event.pid} works in {path}",
        "umask": f"process {event.pid} makes files without {event.flags:03o}",
    }
    return told[event.action]


@describes(events.Host)
def _host(names: Names, event: events.Host) -> str:
    text = f"{printable(event.path)} {event.action.replace('_', ' ')}"
    data = printable(event.data.decode(errors="replace")) if event.action != "read" else ""
    if event.result:
        return f"{text}: {_ERRORS.get(event.result, event.result)}"
    if event.action == "looked_up":
        target = f" -> {data}" if data else ""
        return f"{text}: mode {event.mode:o}, {event.size:,} bytes{target}"
    if event.action == "listed":
        return f"{text}: {event.data.count(0):,} names"
    return (
        f"{text} to {printable(event.data.decode(errors='replace'))}" if event.action == "renamed" else text
    )


@describes(events.Io)
def _io(names: Names, event: events.Io) -> str:
    counts = f"({event.in_service} in service, {event.queued} queued)"
    if event.action == "read":
        completions = "1 completion" if event.count == 1 else f"{event.count:,} completions"
        return f"thread {event.tid} reads {completions} of open file {event.file}"
    whose = f"operation {event.number} of thread {event.tid} (tag {event.tag})"
    told = {
        "submitted": f"submitted, to take {event.ticks:,} ticks",
        "started": f"in service after {event.ticks:,} ticks",
        "completed": f"completed after {event.ticks:,} ticks",
    }
    return f"{whose} {told[event.action]} {counts}"


@describes(events.Request)
def _request(names: Names, event: events.Request) -> str:
    told = {
        "arrived": f"arrived: {event.cpu:,} ticks of work, {event.io:,} of I/O",
        "taken": f"taken by thread {event.tid} after {event.ticks:,} ticks",
        "done": f"done by thread {event.tid}, {event.ticks:,} ticks after its arrival",
    }
    counts = f"({event.backlog} in the backlog, {event.in_service} in service)"
    return f"request {event.number} {told[event.action]} {counts}"


@describes(events.KernelWrite)
def _kernel_write(names: Names, event: events.KernelWrite) -> str:
    what = f"{len(event.data)} bytes at {names.address_name(event.address)}"
    return f"the program's {what}" if names.bare else f"kernel writes {what}"


@describes(events.Choice)
def _choice(names: Names, event: events.Choice) -> str:
    if event.oracle == "schedule":
        return f"scheduler picks {names.thread(event.chosen)} of {event.options} for hart {event.hart}"
    if event.oracle == "slice":
        return f"slice of {event.chosen} ticks on hart {event.hart}"
    return f"{event.chosen} random bytes"


@describes(events.Scheduling)
def _scheduling(names: Names, event: events.Scheduling) -> str:
    if event.action == "affinity":
        return f"thread {event.tid} may run on {hart_names(event.value)}"
    return f"thread {event.tid} has {event.action} {event.value}"


def hart_names(affinity: int) -> str:
    """``every hart`` or ``harts 0, 2``."""
    if affinity == EVERY_HART:
        return "every hart"
    harts = [str(hart) for hart in range(64) if affinity >> hart & 1]
    return f"hart{'s' if len(harts) > 1 else ''} {', '.join(harts)}"


@describes(events.Output)
def _output(names: Names, event: events.Output) -> str:
    return f"fd {event.fd}: {_excerpt(event.data)}"


@describes(events.Input)
def _input(names: Names, event: events.Input) -> str:
    return f"fd {event.fd}: {_excerpt(event.data)}" if event.data else f"fd {event.fd}: end of input"


def _excerpt(data: bytes) -> str:
    """The first EXCERPT bytes, quoted; as text where they are UTF-8."""
    head = data[:EXCERPT]
    try:
        text = repr(head.decode())
    except UnicodeDecodeError:
        text = repr(head)[1:]
    return f"{text} ... {len(data):,} bytes" if len(data) > EXCERPT else text


@describes(events.Fault)
def _fault(names: Names, event: events.Fault) -> str:
    signal = f", signal {event.signal}" if event.signal else ""
    return f"{event.cause.replace('_', ' ')} at {event.address:#x}{signal}"


@describes(events.Run)
def _run(names: Names, event: events.Run) -> str:
    return "run started" if event.action == "started" else f"run ended: {event.reason}, status {event.status}"
