"""Why the kernel was entered: system calls and faults."""

from typing import TYPE_CHECKING, Annotated

from sim.events.vocabulary import I16, I32, I64, Event, Names, Text, event

if TYPE_CHECKING:
    from sim.world import World


@event("syscall", 9)
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


@event("fault", 19)
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
