"""The run's code table: what stands at each pc, so that a log explains itself without the ISA.

A row is made when an instruction is first decoded, which is when control first comes to it or to what
leads straight to it. ``seq`` is the event from which on the row holds
(code that rewrites itself gives later rows for the same pc).
"""

from dataclasses import dataclass

#: name -> type of the columns, in order; the types are those of `sim.events.Column`.
COLUMNS = {
    "seq": "int64",
    "pid": "int32",
    "pc": "int64",
    "word": "int64",
    "length": "int16",
    "effect": "text",
    "rd": "int16",
    "size": "int16",
    "disassembly": "text",
    "function": "text",
    "file": "text",
    "line": "int32",
}


@dataclass(slots=True)
class CodeRow:
    """One instruction of the program.

    ``effect`` says what an instruction event's ``value`` is: ``register`` (rd's new value), ``store``
    (the low ``size`` bytes are stored), ``branch`` or ``jump`` (the next pc; a jump's rd gets
    ``pc + length``), ``none``. ``rd`` is the slot of the register row that is written (`sim.isa.registers`:
    1..31 for x1..x31, 34..65 for f0..f31), 0 for none; ``size`` the bytes accessed. ``word`` has 16 bits
    where ``length`` is 2.
    ``function`` is ``name`` or ``name+offset``'s name; ``line`` is 0 where the source is unknown.
    """

    seq: int
    pid: int
    pc: int
    word: int
    length: int
    effect: str
    rd: int
    size: int
    disassembly: str
    function: str
    file: str
    line: int
