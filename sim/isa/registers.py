"""Register names and the layout of one thread's register row.

A thread's registers are one row of ``WIDTH`` int64 slots (`sim.world.World.registers`): x0..x31, then
the pc, then a slot that swallows writes to x0, so that no instruction needs a special case for it.
"""

PC = 32
#: Where a write to x0 goes: the decoder replaces the destination x0 by this slot.
SINK = 33
WIDTH = 34

ABI_NAMES = (
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2",
    "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5",
    "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7",
    "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
)  # fmt: skip

#: Every spelling an assembler accepts -> x number ("x5", "t0", "fp", ...).
REGISTER_NUMBERS: dict[str, int] = (
    {name: number for number, name in enumerate(ABI_NAMES)}
    | {f"x{number}": number for number in range(32)}
    | {"fp": 8}
)

RA, SP, TP, T0, A0 = 1, 2, 4, 5, 10
