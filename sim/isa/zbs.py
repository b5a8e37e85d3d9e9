"""Zbs: single bits (unprivileged manual, "Zbs" extension)."""

from sim.isa.table import insn


@insn("bclr rd,rs1,rs2", "0100100 rs2 rs1 001 rd 0110011")
def bclr(x, rd, rs1, rs2):
    x[rd] = x[rs1] & ~(1 << (x[rs2] & 63))


@insn("bclri rd,rs1,shamt", "010010 shamt[5:0] rs1 001 rd 0010011")
def bclri(x, rd, rs1, shamt):
    x[rd] = x[rs1] & ~(1 << shamt)


@insn("bext rd,rs1,rs2", "0100100 rs2 rs1 101 rd 0110011")
def bext(x, rd, rs1, rs2):
    x[rd] = x[rs1] >> (x[rs2] & 63) & 1


@insn("bexti rd,rs1,shamt", "010010 shamt[5:0] rs1 101 rd 0010011")
def bexti(x, rd, rs1, shamt):
    x[rd] = x[rs1] >> shamt & 1


@insn("binv rd,rs1,rs2", "0110100 rs2 rs1 001 rd 0110011")
def binv(x, rd, rs1, rs2):
    x[rd] = x[rs1] ^ 1 << (x[rs2] & 63)


@insn("binvi rd,rs1,shamt", "011010 shamt[5:0] rs1 001 rd 0010011")
def binvi(x, rd, rs1, shamt):
    x[rd] = x[rs1] ^ 1 << shamt


@insn("bset rd,rs1,rs2", "0010100 rs2 rs1 001 rd 0110011")
def bset(x, rd, rs1, rs2):
    x[rd] = x[rs1] | 1 << (x[rs2] & 63)


@insn("bseti rd,rs1,shamt", "001010 shamt[5:0] rs1 001 rd 0010011")
def bseti(x, rd, rs1, shamt):
    x[rd] = x[rs1] | 1 << shamt
