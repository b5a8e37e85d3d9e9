"""Threads: who runs where and waits for what, what the scheduler chose, and coroutines."""

from typing import TYPE_CHECKING, Annotated

from sim.events.vocabulary import I16, I32, I64, Blob, Event, Names, event

if TYPE_CHECKING:
    from sim.world import World


@event("context_switch", 6)
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


@event("thread", 7)
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


@event("futex", 10)
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


@event("coroutine", 12)
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


@event("choice", 16)
class Choice(Event):
    """An oracle decided: ``schedule`` picked thread ``chosen`` out of ``options`` ready ones for ``hart``,
    ``slice`` set the length of its time slice in ticks, ``random`` drew ``chosen`` bytes for getrandom.
    Choices with one option are not recorded."""

    hart: I16
    oracle: Annotated[str, Names("schedule", "slice", "random")]
    options: I32
    chosen: I64


@event("scheduling", 24)
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
