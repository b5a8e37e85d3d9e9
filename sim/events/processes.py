"""Processes, the signals that they get, and the run that they are all of."""

from typing import TYPE_CHECKING, Annotated

from sim import signals
from sim.events.vocabulary import I16, I32, I64, Blob, Event, Names, Text, event

if TYPE_CHECKING:
    from sim.world import World


@event("process", 8)
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


@event("signal", 11)
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


@event("run", 20)
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
