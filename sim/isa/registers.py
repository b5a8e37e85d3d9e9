"""Register names and the layout of one thread's register row.

A thread's registers are one row of ``WIDTH`` int64 slots (`sim.thread.Bank.registers`): x0..x31, then
the pc, then a slot that swallows writes to x0, so that no instruction needs a special case for it, then
f0..f31 (a single is NaN-boxed: its upper 32 bits are ones) and fcsr.
"""

PC = 32
#: Where a write to x0 goes: the decoder replaces the destination x0 by this slot.
SINK = 33
#: The slot of f0.
F = 34
#: fflags in bits 4:0, frm in bits 7:5.
FCSR = 66
WIDTH = 67

ABI_NAMES = (
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2",
    "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5",
    "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7",
    "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
)  # fmt: skip

FLOAT_NAMES = (
    "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7",
    "fs0", "fs1", "fa0", "fa1", "fa2", "fa3", "fa4", "fa5",
    "fa6", "fa7", "fs2", "fs3", "fs4", "fs5", "fs6", "fs7",
    "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11",
)  # fmt: skip

#: The name of a slot that an instruction may write.
SLOT_NAMES = dict(enumerate(ABI_NAMES)) | {F + n: name for n, name in enumerate(FLOAT_NAMES)} | {FCSR: "fcsr"}

#: Every spelling an assembler accepts -> x number ("x5", "t0", "fp", ...).
REGISTER_NUMBERS: dict[str, int] = (
    {name: number for number, name in enumerate(ABI_NAMES)}
    | {f"x{number}": number for number in range(32)}
    | {"fp": 8}
)

#: Every spelling of a register -> its slot.
REGISTER_SLOTS: dict[str, int] = (
    REGISTER_NUMBERS
    | {name: F + number for number, name in enumerate(FLOAT_NAMES)}
    | {f"f{number}": F + number for number in range(32)}
)

RA, SP, TP, T0, A0 = 1, 2, 4, 5, 10
