"""The vocabulary of the log: every kind of event, declared once.

An event class is a dataclass: its docstring is its reference page, its annotated fields are the columns
of its table (Arrow schema, SQL table, buffers and docs/reference/events.md derive from them), and its
`fold` is its whole effect on the state. The kernel applies the same fold live (`World.apply`) that a
replay applies from the log, so the two can't drift.

Instructions, atomics, stack movements, probes and CSR changes are written by the machine's loop as rows of
integers (`sim.machine.buffers`); their classes here give those rows their names, and their folds define
what `replay.fold` computes in bulk.
"""

from typing import TYPE_CHECKING, Annotated

from sim import operations, requests, signals
from sim.isa.registers import FCSR
from sim.vocabulary import (
    I16,
    I32,
    I64,
    KINDS,  # noqa: F401  (as the other terms of the vocabulary, asked for here)
    Blob,
    Bool,
    Column,  # noqa: F401
    Event,
    Names,
    Text,
    columns,  # noqa: F401
    event,
    from_row,  # noqa: F401
)

if TYPE_CHECKING:
    from sim.world import World

#: The version of this vocabulary. A recorded event never changes: older logs are upcast on reading
#: (`recorder.upcast`). New kinds, and new names behind those of a column, need no upcaster; new columns do.
VERSION = 2


@event("instruction")
class Instruction(Event):
    """An instruction retired on ``hart`` for thread ``tid``.

    ``value`` is the one thing it produced: the register result (of an f register its 64 bits), the stored
    value, or the next pc of a branch or jump; which one, the run's code table says for the pc. ``address``
    is the virtual address that a load, store or atomic touched, else 0.
    """

    hart: I16
    tid: I32
    pc: I64
    value: I64
    address: I64

    def fold(self, world: "World") -> None:
        world.retire(self)


@event("atomic")
class Atomic(Event):
    """What an LR, SC or AMO did to memory, right behind its ``instruction`` event: the ``size`` bytes at
    ``address`` held ``old`` and now hold ``new``. ``success`` is false only for an SC that stored nothing.
    """

    hart: I16
    tid: I32
    pc: I64
    action: Annotated[str, Names("lr", "sc", "amo")]
    address: I64
    size: I16
    old: I64
    new: I64
    success: Bool

    def fold(self, world: "World") -> None:
        if self.action != "lr" and self.success:
            world.store(self.tid, self.address, self.new, self.size)


@event("stack")
class Stack(Event):
    """The stack pointer moved (``push``: down, ``pop``: up), or a function was entered (``call``) or left
    (``return``).

    ``sp`` and ``old_sp`` are the stack pointer behind and before the instruction (equal for most calls
    and returns); ``target`` is where a call or return goes; ``link`` is a call's return address; ``a0``
    is the first argument of a call, the result of a return.
    """

    hart: I16
    tid: I32
    pc: I64
    action: Annotated[str, Names("push", "pop", "call", "return")]
    sp: I64
    old_sp: I64
    target: I64
    link: I64
    a0: I64

    def fold(self, world: "World") -> None:
        if self.action == "call":
            world.threads[self.tid].calls.enter(self.target, self.link, self.sp)
        elif self.action == "return":
            world.threads[self.tid].calls.leave(self.sp)


@event("probe")
class Probe(Event):
    """A probe instruction (``slti x0, rs1, number``: a nop on hardware) ran with ``value`` in rs1.

    Numbers 0..2047 are the program's own; negative ones are the runtime library's marks, which also
    give rise to `coroutine` events.
    """

    hart: I16
    tid: I32
    pc: I64
    number: I16
    value: I64


@event("csr")
class Csr(Event):
    """A control and status register has a new ``value``: today always fcsr (``number`` 3), by a
    floating-point instruction that raised a flag for the first time or by one of csrrw's kind."""

    hart: I16
    tid: I32
    pc: I64
    number: I16
    value: I64

    def fold(self, world: "World") -> None:
        world.threads[self.tid].set_register(FCSR, self.value)


@event("register")
class Register(Event):
    """A system call gave thread ``tid`` a ``value`` in a register beside a0: ``slot`` 0 to 31 are x0 to x31,
    34 to 65 f0 to f31. Linux's don't; RARS's return floats in fa0 and times in a1."""

    tid: I32
    slot: I16
    value: I64

    def fold(self, world: "World") -> None:
        world.threads[self.tid].set_register(self.slot, self.value)


@event("context_switch")
class ContextSwitch(Event):
    """A hart went from thread ``prev`` to thread ``next`` (0: idle).

    ``runnable`` counts the ready threads left waiting after the choice; ``cost`` is in ticks, during
    which the hart retires nothing.
    """

    hart: I16
    prev: I32
    next: I32
    reason: Annotated[str, Names("preempted", "blocked", "yielded", "exited", "woken")]
    runnable: I32
    cost: I64

    def fold(self, world: "World") -> None:
        hart = world.harts[self.hart]
        hart.tid = self.next
        if self.next:
            world.threads[self.next].hart = self.hart


@event("thread")
class Thread(Event):
    """A thread changed state.

    ``created`` carries the initial registers (x0..x31 and pc, then f0..f31 and fcsr unless all are zero, as
    little-endian 64-bit words); ``ready``
    entered the run queue; ``running`` left it for ``hart``; ``blocked`` waits on the object ``on`` (and its
    ``address``; ``until`` is the tick of a timeout, -1 for none); ``exited`` has ``status``; ``tid_address``
    sets the word that the kernel clears, and wakes, when the thread exits, ``robust_list`` where the list of
    locks is that it then gives up; ``loaded`` carries the registers with which another program begins
    (execve). ``by`` is the thread that caused it (creator, waker), 0 for none; a new thread blocks the
    signals that its creator blocks, and the first one of a forked process is in its creator's calls. The
    ``address`` of a ``pipe`` or an ``event`` (an eventfd) is its
    number; ``poll`` is the wait for any of several; ``signal`` for a signal; ``child`` for the end of process
    ``address`` (-1: of any child); ``vfork`` until process ``address`` runs a program of its own or ends; the
    ``address`` of a ``device`` is the number of the open file that is read.
    """

    tid: I32
    pid: I32
    action: Annotated[
        str,
        Names(
            *("created", "ready", "running", "blocked", "exited", "tid_address", "loaded", "robust_list"),
        ),
    ]
    hart: I16 = -1
    on: Annotated[
        str,
        Names("", "futex", "sleep", "pipe", "poll", "event", "signal", "child", "vfork", "device"),
    ] = ""
    address: I64 = 0
    until: I64 = -1
    by: I32 = 0
    status: I32 = 0
    registers: Blob = b""

    def fold(self, world: "World") -> None:
        if self.action == "running":
            world.thread_running(self)
        elif self.action == "ready":
            world.thread_ready(self)
        else:
            getattr(world, f"thread_{self.action}")(self)


@event("process")
class Process(Event):
    """A process was ``created`` (``name``: its program), ``exited`` with ``status``, or was ``signalled``
    to death by signal number ``status``; ``exec``: program ``name`` takes its place, with none of its
    memory and without the descriptors that are closed on exec.

    ``forked``: it is a copy of process ``parent`` with all of its memory, files and answers to signals, whose
    end will send the parent signal ``status`` (0: none). Pages are shared until one of the two writes
    (`memory_map`, ``copied``). Who has ended is kept until it is ``reaped``: its parent has learnt its
    status, or never will. The children of a process that ends have parent 0 from then on; those of them that
    have ended are gone with it."""

    pid: I32
    action: Annotated[str, Names("created", "exited", "signalled", "exec", "forked", "reaped")]
    parent: I32 = 0
    status: I32 = 0
    name: Text = ""

    def fold(self, world: "World") -> None:
        world.process_event(self)


@event("syscall")
class Syscall(Event):
    """A system call, ``enter`` (number and arguments a0..a5) and ``exit`` (``result``, which is also the
    thread's new a0). A call that blocks exits when the thread has been woken; exit calls never do."""

    hart: I16
    tid: I32
    pc: I64
    action: Annotated[str, Names("enter", "exit")]
    number: I32
    name: Text
    a0: I64 = 0
    a1: I64 = 0
    a2: I64 = 0
    a3: I64 = 0
    a4: I64 = 0
    a5: I64 = 0
    result: I64 = 0

    def fold(self, world: "World") -> None:
        thread = world.threads[self.tid]
        if self.action == "enter":
            thread.syscall = self.number
        else:
            thread.syscall = -1
            thread.moved = 0
            thread.set_register(10, self.result)


@event("futex")
class Futex(Event):
    """A futex operation on ``address``: ``wait`` by ``tid`` (the word still held ``value``; a wake must share
    a bit with its ``bitset``), ``wake`` of ``count`` waiters, ``requeue`` of ``count`` waiters to ``target``,
    ``timeout`` of a wait, or its end by a signal (``interrupted``)."""

    tid: I32
    pid: I32
    action: Annotated[str, Names("wait", "wake", "timeout", "requeue", "interrupted")]
    address: I64
    value: I64 = 0
    count: I32 = 0
    bitset: I64 = 0xFFFF_FFFF
    target: I64 = 0

    def fold(self, world: "World") -> None:
        world.futex_event(self)


@event("signal")
class Signal(Event):
    """Signal ``number`` and process ``pid``.

    The process's answer to it, its ``disposition``, became ``address`` (0: the default, 1: ignore, else a
    handler's) with SA_ ``flags``, blocking ``mask``. Thread ``tid`` blocks the signals of ``mask``, for good
    (``mask``) or until one comes (``suspended``); waits for one of ``mask`` (``awaited``);
    has its alternate stack at ``address``, ``size`` bytes (``stack``).

    It was ``sent`` to thread ``tid`` (0: to the process) by thread ``by`` of process ``sender`` (0: the
    kernel), with si_code ``code`` and ``value`` (of sigqueue, or the address of a fault); was ``ignored``, as
    the process does or since the same one is pending already; was ``discarded`` before it was taken;
    ``accepted`` by a thread that awaited it; or ``delivered``: the thread goes on in the handler at
    ``address`` with ``mask`` blocked. The handler ``returned``: the thread goes on where it was, blocking
    ``mask``. ``registers`` are those that it goes on with (as in `thread`).

    Sets of signals have bit n - 1 for signal n.
    """

    tid: I32
    pid: I32
    action: Annotated[
        str,
        Names(
            *("disposition", "mask", "suspended", "awaited", "stack", "sent", "ignored", "discarded"),
            *("accepted", "delivered", "returned"),
        ),
    ]
    number: I16 = 0
    code: I32 = 0
    by: I32 = 0
    sender: I32 = 0
    value: I64 = 0
    address: I64 = 0
    size: I64 = 0
    flags: I64 = 0
    mask: I64 = 0
    registers: Blob = b""

    def fold(self, world: "World") -> None:
        signals.fold(world, self)


@event("coroutine")
class Coroutine(Event):
    """A coroutine's frame on the heap at ``frame`` was ``created``, ``saved`` (it yielded), ``resumed``,
    ``finished`` or ``destroyed``. ``size`` is the frame's bytes in use, ``pc`` where it resumes.

    ``function`` is 0 for the runtime library's. For one of compiled C++ it is the address of the function
    that resumes it, and events follow what the compiler's functions do: ``created`` when its ramp makes the
    frame, ``saved`` at each suspension, also the first, in the ramp; ``finished`` at the final one;
    ``destroyed`` when its destruction begins, or it ended without a final suspension. ``pc`` is then the
    resumption's address where Clang's debug information has it, else where the suspended code stored which
    suspension it is (GCC), else ``function``; ``size`` is 0 where neither debug information nor an
    allocation tells.
    """

    hart: I16
    tid: I32
    pid: I32
    action: Annotated[str, Names("created", "saved", "resumed", "finished", "destroyed")]
    frame: I64
    size: I64
    pc: I64
    function: I64 = 0

    def fold(self, world: "World") -> None:
        world.coroutine_event(self)


@event("memory_map")
class MemoryMap(Event):
    """A process's address space changed over [``address``, ``address + length``).

    ``mapped`` and ``protected`` give the region its ``permissions`` ("rwx", "-" for none) and name;
    ``unmapped`` removes it; ``grown`` moves the end of the heap to ``address + length``; ``paged_in``
    backs the one page at ``address`` with physical ``frame``, zeroed; ``copied`` gives a page that several
    processes have had a ``frame`` of its own, with the same contents, as one of them is about to write to it;
    ``dropped`` takes the pages away and leaves the region. Permissions that end in "s" map memory that forked
    processes go on sharing.
    """

    pid: I32
    action: Annotated[str, Names("mapped", "unmapped", "protected", "grown", "paged_in", "dropped", "copied")]
    address: I64
    length: I64
    permissions: Annotated[
        str,
        Names(
            *("---", "r--", "rw-", "r-x", "rwx", "-w-", "--x", "-wx"),
            *("---s", "r--s", "rw-s", "r-xs", "rwxs", "-w-s", "--xs", "-wxs"),
        ),
    ] = "---"
    frame: I64 = -1
    name: Text = ""

    def fold(self, world: "World") -> None:
        world.memory_event(self)


@event("tlb")
class Tlb(Event):
    """``hart``, on which thread ``tid`` runs, had no translation for an ``access`` to the page at
    ``address``: the kernel found its physical ``frame`` in the page table and filled the TLB, in ``cost``
    ticks. A hart forgets its translations when it goes to another address space, all do when a page table
    loses any."""

    hart: I16
    tid: I32
    pid: I32
    access: Annotated[str, Names("fetch", "load", "store")]
    address: I64
    frame: I64
    cost: I64


@event("kernel_write")
class KernelWrite(Event):
    """The kernel wrote ``data`` into user memory at ``address`` (loading, argv, results of calls)."""

    pid: I32
    tid: I32
    address: I64
    data: Blob

    def fold(self, world: "World") -> None:
        world.processes[self.pid].space.write(world, self.address, self.data)


@event("choice")
class Choice(Event):
    """An oracle decided: ``schedule`` picked thread ``chosen`` out of ``options`` ready ones for ``hart``,
    ``slice`` set the length of its time slice in ticks, ``random`` drew ``chosen`` bytes for getrandom.
    Choices with one option are not recorded."""

    hart: I16
    oracle: Annotated[str, Names("schedule", "slice", "random")]
    options: I32
    chosen: I64


@event("output")
class Output(Event):
    """A thread wrote ``data`` to file descriptor ``fd``."""

    tid: I32
    pid: I32
    fd: I32
    data: Blob

    def fold(self, world: "World") -> None:
        world.write_output(self.fd, self.data)


@event("input")
class Input(Event):
    """``data`` arrived from outside through file descriptor ``fd`` (empty: the end of the file). Recorded,
    so that a replay needs no input; the bytes reach memory by a ``kernel_write``."""

    tid: I32
    pid: I32
    fd: I32
    data: Blob


@event("fault")
class Fault(Event):
    """Thread ``tid`` did at ``pc`` what can't be done; ``address`` is the access or target. It gets
    ``signal``, which ends the process unless a handler takes it; without an operating system there is none
    (0), and the machine stops."""

    hart: I16
    tid: I32
    pid: I32
    pc: I64
    cause: Annotated[
        str,
        Names(
            "illegal_instruction",
            "breakpoint",
            "fetch",
            "load",
            "store",
            "misaligned_atomic",
            "misaligned_fetch",
            "stack_overflow",
            "out_of_memory",
            "ecall",
        ),
    ]
    address: I64
    signal: I16


@event("run")
class Run(Event):
    """The run ``started`` (``options``: every option that shaped it, as JSON) or ``ended`` (``reason``, exit
    ``status``). A machine without an operating system is ``halted`` by an ebreak or ``stopped`` by a
    fault."""

    action: Annotated[str, Names("started", "ended")]
    options: Text = ""
    reason: Annotated[
        str,
        Names(
            *("", "exited", "signalled", "deadlock", "max_events", "interrupted", "halted", "stopped"),
        ),
    ] = ""
    status: I32 = 0

    def fold(self, world: "World") -> None:
        world.run_event(self)


@event("memory_move")
class MemoryMove(Event):
    """The pages of [``source``, ``source + length``) went to ``address``, where a region was mapped for them
    just before (mremap). The region that they left is unmapped by the next event."""

    pid: I32
    source: I64
    address: I64
    length: I64

    def fold(self, world: "World") -> None:
        world.processes[self.pid].space.move_pages(self.source, self.address, self.length)


@event("file")
class File(Event):
    """A descriptor, an open file or a pipe changed.

    ``opened``: ``fd`` refers to the new open file number ``file`` (``form``, ``path``; ``flags`` as those of
    openat; ``pipe``: the number of the pipe that it is an end of, which holds ``count`` bytes).
    ``duplicated``: ``fd`` refers to ``file`` too. ``closed``: ``fd`` is free. ``descriptor``: O_CLOEXEC in
    ``flags`` says whether an execve closes ``fd``. ``status``: the open file's ``flags``. ``moved``: it
    stands at ``position``: a byte, for a directory an entry, for an eventfd its counter. ``written``:
    ``data`` went to the host's file, from ``position`` on. ``filled``: ``data`` went into the ``pipe``;
    ``drained``: ``count`` bytes came out. ``directory``: the process works in ``path``. ``umask``: it is
    ``flags``.
    """

    tid: I32
    pid: I32
    action: Annotated[
        str,
        Names(
            "opened",
            "duplicated",
            "closed",
            "descriptor",
            "status",
            "moved",
            "written",
            "filled",
            "drained",
            "directory",
            "umask",
        ),
    ]
    fd: I32 = -1
    file: I32 = 0
    pipe: I32 = 0
    form: Annotated[str, Names("", "console", "file", "directory", "device", "text", "pipe", "event")] = ""
    flags: I32 = 0
    position: I64 = 0
    count: I64 = 0
    path: Text = ""
    data: Blob = b""

    def fold(self, world: "World") -> None:
        world.file_event(self)


@event("host")
class Host(Event):
    """What the host's file system answered about ``path`` of a mounted directory, the door through which all
    but the bytes of files (`input`) comes in.

    ``result`` is 0 or a negative errno. ``looked_up``: the file's ``mode`` and ``size`` (-1: not even the way
    to it is there); ``data`` is a symbolic link's target. ``listed``: ``data`` are the names in a directory,
    each behind a letter for its form (f, d, l, o) and ended by a zero byte. The others say how a change of
    the file system went, or how opening or reading a file, or the console, failed; ``data`` is a renamed
    file's new path.
    """

    tid: I32
    pid: I32
    action: Annotated[
        str,
        Names(
            "looked_up",
            "listed",
            "opened",
            "read",
            "written",
            "made",
            "removed",
            "renamed",
            "truncated",
            "synced",
        ),
    ]
    path: Text
    result: I32 = 0
    mode: I32 = 0
    size: I64 = 0
    data: Blob = b""


@event("scheduling")
class Scheduling(Event):
    """What the scheduler goes by for thread ``tid`` became ``value``: its ``policy`` (Linux's SCHED_ number),
    its static ``priority`` (0 to 99, the more the sooner), its ``nice`` value (-20 to 19, the less the
    sooner), its ``tickets`` (0: as its nice value says), or its ``affinity`` (bit n: it may run on hart n).
    A new thread has its creator's. Or the scheduler itself put it on a ``level``: mlfq's queues, 0 the
    topmost; pct's priorities, the more the sooner.
    """

    tid: I32
    pid: I32
    action: Annotated[str, Names("policy", "priority", "nice", "tickets", "affinity", "level")]
    value: I64

    def fold(self, world: "World") -> None:
        setattr(world.threads[self.tid], self.action, self.value)


@event("io")
class Io(Event):
    """Operation ``number`` of the I/O device (/dev/io), counted over the run, on open file ``file``.

    ``submitted`` by thread ``tid`` with its ``tag``; it will take ``ticks`` of service. ``started``: in
    service from now on, ``ticks`` after it was submitted; ``completed``: so many after that. ``read``: thread
    ``tid`` took the ``count`` oldest completions of the file. ``in_service`` and ``queued`` are how many
    operations the device has after the event, of all files.
    """

    tid: I32
    pid: I32
    action: Annotated[str, Names("submitted", "started", "completed", "read")]
    file: I32
    number: I64 = 0
    tag: I64 = 0
    ticks: I64 = 0
    count: I32 = 0
    in_service: I32 = 0
    queued: I32 = 0

    def fold(self, world: "World") -> None:
        operations.fold(world.operations, self)


@event("request")
class Request(Event):
    """Request ``number``, counted from 1, of the generator (/dev/requests).

    It ``arrived``, and asks for ``cpu`` ticks of work and ``io`` ticks of I/O; it was ``taken`` by thread
    ``tid``, ``ticks`` after it arrived; it was ``done``, as thread ``tid`` says, ``ticks`` after it arrived.
    ``backlog`` and ``in_service`` are how many have arrived and are not taken, are taken and not done, after
    the event.
    """

    tid: I32
    pid: I32
    action: Annotated[str, Names("arrived", "taken", "done")]
    number: I64
    cpu: I64 = 0
    io: I64 = 0
    ticks: I64 = 0
    backlog: I32 = 0
    in_service: I32 = 0

    def fold(self, world: "World") -> None:
        requests.fold(world.requests, self)
