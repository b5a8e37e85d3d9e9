"""Zba: addresses of array elements (unprivileged manual, "Zba" extension)."""

from sim.isa.arithmetic import MASK32
from sim.isa.table import insn


@insn("add.uw rd,rs1,rs2", "0000100 rs2 rs1 000 rd 0111011")
def add_uw(x, rd, rs1, rs2):
    x[rd] = (x[rs1] & MASK32) + x[rs2]


@insn("sh1add rd,rs1,rs2", "0010000 rs2 rs1 010 rd 0110011")
def sh1add(x, rd, rs1, rs2):
    x[rd] = (x[rs1] << 1) + x[rs2]


@insn("sh2add rd,rs1,rs2", "0010000 rs2 rs1 100 rd 0110011")
def sh2add(x, rd, rs1, rs2):
    x[rd] = (x[rs1] << 2) + x[rs2]


@insn("sh3add rd,rs1,rs2", "0010000 rs2 rs1 110 rd 0110011")
def sh3add(x, rd, rs1, rs2):
    x[rd] = (x[rs1] << 3) + x[rs2]


@insn("sh1add.uw rd,rs1,rs2", "0010000 rs2 rs1 010 rd 0111011")
def sh1add_uw(x, rd, rs1, rs2):
    x[rd] = ((x[rs1] & MASK32) << 1) + x[rs2]


@insn("sh2add.uw rd,rs1,rs2", "0010000 rs2 rs1 100 rd 0111011")
def sh2add_uw(x, rd, rs1, rs2):
    x[rd] = ((x[rs1] & MASK32) << 2) + x[rs2]


@insn("sh3add.uw rd,rs1,rs2", "0010000 rs2 rs1 110 rd 0111011")
def sh3add_uw(x, rd, rs1, rs2):
    x[rd] = ((x[rs1] & MASK32) << 3) + x[rs2]


@insn("slli.uw rd,rs1,shamt", "000010 shamt[5:0] rs1 001 rd 0011011")
def slli_uw(x, rd, rs1, shamt):
    x[rd] = (x[rs1] & MASK32) << shamt
