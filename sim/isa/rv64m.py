"""M: integer multiplication and division (unprivileged manual, "M" extension)."""

from sim.isa.arithmetic import (
    divide,
    divide32_unsigned,
    divide_unsigned,
    multiply_high,
    multiply_high_mixed,
    multiply_high_unsigned,
    remainder,
    remainder32_unsigned,
    remainder_unsigned,
    sext32,
)
from sim.isa.table import insn


@insn("mul rd,rs1,rs2", "0000001 rs2 rs1 000 rd 0110011", cost="multiply")
def mul(x, rd, rs1, rs2):
    x[rd] = x[rs1] * x[rs2]


@insn("mulh rd,rs1,rs2", "0000001 rs2 rs1 001 rd 0110011", cost="multiply")
def mulh(x, rd, rs1, rs2):
    x[rd] = multiply_high(x[rs1], x[rs2])


@insn("mulhsu rd,rs1,rs2", "0000001 rs2 rs1 010 rd 0110011", cost="multiply")
def mulhsu(x, rd, rs1, rs2):
    x[rd] = multiply_high_mixed(x[rs1], x[rs2])


@insn("mulhu rd,rs1,rs2", "0000001 rs2 rs1 011 rd 0110011", cost="multiply")
def mulhu(x, rd, rs1, rs2):
    x[rd] = multiply_high_unsigned(x[rs1], x[rs2])


@insn("div rd,rs1,rs2", "0000001 rs2 rs1 100 rd 0110011", cost="divide")
def div(x, rd, rs1, rs2):
    x[rd] = divide(x[rs1], x[rs2])


@insn("divu rd,rs1,rs2", "0000001 rs2 rs1 101 rd 0110011", cost="divide")
def divu(x, rd, rs1, rs2):
    x[rd] = divide_unsigned(x[rs1], x[rs2])


@insn("rem rd,rs1,rs2", "0000001 rs2 rs1 110 rd 0110011", cost="divide")
def rem(x, rd, rs1, rs2):
    x[rd] = remainder(x[rs1], x[rs2])


@insn("remu rd,rs1,rs2", "0000001 rs2 rs1 111 rd 0110011", cost="divide")
def remu(x, rd, rs1, rs2):
    x[rd] = remainder_unsigned(x[rs1], x[rs2])


@insn("mulw rd,rs1,rs2", "0000001 rs2 rs1 000 rd 0111011", cost="multiply")
def mulw(x, rd, rs1, rs2):
    x[rd] = sext32(x[rs1] * x[rs2])


@insn("divw rd,rs1,rs2", "0000001 rs2 rs1 100 rd 0111011", cost="divide")
def divw(x, rd, rs1, rs2):
    x[rd] = sext32(divide(sext32(x[rs1]), sext32(x[rs2])))


@insn("divuw rd,rs1,rs2", "0000001 rs2 rs1 101 rd 0111011", cost="divide")
def divuw(x, rd, rs1, rs2):
    x[rd] = divide32_unsigned(x[rs1], x[rs2])


@insn("remw rd,rs1,rs2", "0000001 rs2 rs1 110 rd 0111011", cost="divide")
def remw(x, rd, rs1, rs2):
    x[rd] = sext32(remainder(sext32(x[rs1]), sext32(x[rs2])))


@insn("remuw rd,rs1,rs2", "0000001 rs2 rs1 111 rd 0111011", cost="divide")
def remuw(x, rd, rs1, rs2):
    x[rd] = remainder32_unsigned(x[rs1], x[rs2])
