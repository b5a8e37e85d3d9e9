"""F: single-precision floating point (unprivileged manual, "F" extension)."""

from sim.isa.memory import load32, store32
from sim.isa.table import insn


@insn("flw fd,imm(rs1)", "imm[11:0] rs1 010 fd 0000111", load=4)
def flw(x, mem, at, fd):
    x[fd] = load32(mem, at) | -4294967296


@insn("fsw fs2,imm(rs1)", "imm[11:5] fs2 rs1 010 imm[4:0] 0100111", store=4)
def fsw(x, mem, at, fs2):
    store32(mem, at, x[fs2])
