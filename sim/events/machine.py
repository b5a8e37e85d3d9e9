"""What the machine's loop does: instructions, their accesses and probes, and what else changes registers."""

from typing import TYPE_CHECKING, Annotated

from sim.events.vocabulary import I16, I32, I64, Bool, Event, Names, event
from sim.isa.registers import FCSR

if TYPE_CHECKING:
    from sim.world import World


@event("instruction", 0)
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


@event("atomic", 1)
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


@event("stack", 2)
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


@event("probe", 3)
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


@event("csr", 4)
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


@event("register", 5)
class Register(Event):
    """A system call gave thread ``tid`` a ``value`` in a register beside a0: ``slot`` 0 to 31 are x0 to x31,
    34 to 65 f0 to f31. Linux's don't; RARS's return floats in fa0 and times in a1."""

    tid: I32
    slot: I16
    value: I64

    def fold(self, world: "World") -> None:
        world.threads[self.tid].set_register(self.slot, self.value)
