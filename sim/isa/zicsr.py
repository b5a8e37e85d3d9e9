"""Zicsr and Zicntr: reading the counters cycle, time and instret.

All CSRs that a user program can name are read-only here, and an instruction that writes a read-only
CSR is illegal (privileged manual, "CSR Address Mapping"): `sim.isa.decoder` refuses those encodings,
so the meanings below only ever read.
"""

from sim.isa.arithmetic import read_csr
from sim.isa.table import insn


@insn("csrrw rd,csr,rs1", "csr[11:0] rs1 001 rd 1110011", cost="csr")
def csrrw(x, tick, retired, rd, csr):
    x[rd] = read_csr(csr, tick, retired)


@insn("csrrs rd,csr,rs1", "csr[11:0] rs1 010 rd 1110011", cost="csr")
def csrrs(x, tick, retired, rd, csr):
    x[rd] = read_csr(csr, tick, retired)


@insn("csrrc rd,csr,rs1", "csr[11:0] rs1 011 rd 1110011", cost="csr")
def csrrc(x, tick, retired, rd, csr):
    x[rd] = read_csr(csr, tick, retired)


@insn("csrrwi rd,csr,zimm", "csr[11:0] zimm[4:0] 101 rd 1110011", cost="csr")
def csrrwi(x, tick, retired, rd, csr):
    x[rd] = read_csr(csr, tick, retired)


@insn("csrrsi rd,csr,zimm", "csr[11:0] zimm[4:0] 110 rd 1110011", cost="csr")
def csrrsi(x, tick, retired, rd, csr):
    x[rd] = read_csr(csr, tick, retired)


@insn("csrrci rd,csr,zimm", "csr[11:0] zimm[4:0] 111 rd 1110011", cost="csr")
def csrrci(x, tick, retired, rd, csr):
    x[rd] = read_csr(csr, tick, retired)
