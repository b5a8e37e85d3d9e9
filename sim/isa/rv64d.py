"""D: double-precision floating point (unprivileged manual, "D" extension)."""

from sim.isa.memory import load64, store64
from sim.isa.table import insn


@insn("fld fd,imm(rs1)", "imm[11:0] rs1 011 fd 0000111", load=8)
def fld(x, mem, at, fd):
    x[fd] = load64(mem, at)


@insn("fsd fs2,imm(rs1)", "imm[11:5] fs2 rs1 011 imm[4:0] 0100111", store=8)
def fsd(x, mem, at, fs2):
    store64(mem, at, x[fs2])
