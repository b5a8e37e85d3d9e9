"""Zbb: basic bit manipulation (unprivileged manual, "Zbb" extension)."""

from sim.isa.arithmetic import (
    MASK32,
    leading_zeros,
    maximum_unsigned,
    minimum_unsigned,
    or_combined_bytes,
    population,
    reversed_bytes,
    rotate_right,
    rotate_right32,
    trailing_zeros,
)
from sim.isa.table import insn


@insn("andn rd,rs1,rs2", "0100000 rs2 rs1 111 rd 0110011")
def andn(x, rd, rs1, rs2):
    x[rd] = x[rs1] & ~x[rs2]


@insn("orn rd,rs1,rs2", "0100000 rs2 rs1 110 rd 0110011")
def orn(x, rd, rs1, rs2):
    x[rd] = x[rs1] | ~x[rs2]


@insn("xnor rd,rs1,rs2", "0100000 rs2 rs1 100 rd 0110011")
def xnor(x, rd, rs1, rs2):
    x[rd] = ~(x[rs1] ^ x[rs2])


@insn("clz rd,rs1", "0110000 00000 rs1 001 rd 0010011")
def clz(x, rd, rs1):
    x[rd] = leading_zeros(x[rs1])


@insn("clzw rd,rs1", "0110000 00000 rs1 001 rd 0011011")
def clzw(x, rd, rs1):
    x[rd] = leading_zeros(x[rs1] & MASK32) - 32


@insn("ctz rd,rs1", "0110000 00001 rs1 001 rd 0010011")
def ctz(x, rd, rs1):
    x[rd] = trailing_zeros(x[rs1])


@insn("ctzw rd,rs1", "0110000 00001 rs1 001 rd 0011011")
def ctzw(x, rd, rs1):
    x[rd] = trailing_zeros(x[rs1] | 1 << 32)


@insn("cpop rd,rs1", "0110000 00010 rs1 001 rd 0010011")
def cpop(x, rd, rs1):
    x[rd] = population(x[rs1])


@insn("cpopw rd,rs1", "0110000 00010 rs1 001 rd 0011011")
def cpopw(x, rd, rs1):
    x[rd] = population(x[rs1] & MASK32)


@insn("sext.b rd,rs1", "0110000 00100 rs1 001 rd 0010011")
def sext_b(x, rd, rs1):
    x[rd] = ((x[rs1] & 0xFF) ^ 0x80) - 0x80


@insn("sext.h rd,rs1", "0110000 00101 rs1 001 rd 0010011")
def sext_h(x, rd, rs1):
    x[rd] = ((x[rs1] & 0xFFFF) ^ 0x8000) - 0x8000


@insn("zext.h rd,rs1", "0000100 00000 rs1 100 rd 0111011")
def zext_h(x, rd, rs1):
    x[rd] = x[rs1] & 0xFFFF


@insn("max rd,rs1,rs2", "0000101 rs2 rs1 110 rd 0110011")
def max_(x, rd, rs1, rs2):
    x[rd] = max(x[rs1], x[rs2])


@insn("maxu rd,rs1,rs2", "0000101 rs2 rs1 111 rd 0110011")
def maxu(x, rd, rs1, rs2):
    x[rd] = maximum_unsigned(x[rs1], x[rs2])


@insn("min rd,rs1,rs2", "0000101 rs2 rs1 100 rd 0110011")
def min_(x, rd, rs1, rs2):
    x[rd] = min(x[rs1], x[rs2])


@insn("minu rd,rs1,rs2", "0000101 rs2 rs1 101 rd 0110011")
def minu(x, rd, rs1, rs2):
    x[rd] = minimum_unsigned(x[rs1], x[rs2])


@insn("rol rd,rs1,rs2", "0110000 rs2 rs1 001 rd 0110011")
def rol(x, rd, rs1, rs2):
    x[rd] = rotate_right(x[rs1], 64 - (x[rs2] & 63) & 63)


@insn("rolw rd,rs1,rs2", "0110000 rs2 rs1 001 rd 0111011")
def rolw(x, rd, rs1, rs2):
    x[rd] = rotate_right32(x[rs1], 32 - (x[rs2] & 31) & 31)


@insn("ror rd,rs1,rs2", "0110000 rs2 rs1 101 rd 0110011")
def ror(x, rd, rs1, rs2):
    x[rd] = rotate_right(x[rs1], x[rs2] & 63)


@insn("rori rd,rs1,shamt", "011000 shamt[5:0] rs1 101 rd 0010011")
def rori(x, rd, rs1, shamt):
    x[rd] = rotate_right(x[rs1], shamt)


@insn("rorw rd,rs1,rs2", "0110000 rs2 rs1 101 rd 0111011")
def rorw(x, rd, rs1, rs2):
    x[rd] = rotate_right32(x[rs1], x[rs2] & 31)


@insn("roriw rd,rs1,shamt", "0110000 shamt[4:0] rs1 101 rd 0011011")
def roriw(x, rd, rs1, shamt):
    x[rd] = rotate_right32(x[rs1], shamt)


@insn("orc.b rd,rs1", "0010100 00111 rs1 101 rd 0010011")
def orc_b(x, rd, rs1):
    x[rd] = or_combined_bytes(x[rs1])


@insn("rev8 rd,rs1", "0110101 11000 rs1 101 rd 0010011")
def rev8(x, rd, rs1):
    x[rd] = reversed_bytes(x[rs1])
