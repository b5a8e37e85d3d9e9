"""Zicsr: fcsr with its parts fflags and frm (manual, "F" extension), and the counters of Zicntr.

A user program can write fcsr only; an instruction that writes a counter is illegal (privileged manual,
"CSR Address Mapping"), and `sim.isa.decoder` refuses it.
"""

from sim.isa.arithmetic import read_csr, write_csr
from sim.isa.registers import FCSR
from sim.isa.table import insn


@insn("csrrw rd,csr,rs1", "csr[11:0] rs1 001 rd 1110011", cost="csr")
def csrrw(x, tick, retired, rd, rs1, csr):
    old = read_csr(csr, x[FCSR], tick, retired)
    x[FCSR] = write_csr(csr, x[FCSR], x[rs1])
    x[rd] = old


@insn("csrrs rd,csr,rs1", "csr[11:0] rs1 010 rd 1110011", cost="csr")
def csrrs(x, tick, retired, rd, rs1, csr):
    old = read_csr(csr, x[FCSR], tick, retired)
    x[FCSR] = write_csr(csr, x[FCSR], old | x[rs1])
    x[rd] = old


@insn("csrrc rd,csr,rs1", "csr[11:0] rs1 011 rd 1110011", cost="csr")
def csrrc(x, tick, retired, rd, rs1, csr):
    old = read_csr(csr, x[FCSR], tick, retired)
    x[FCSR] = write_csr(csr, x[FCSR], old & ~x[rs1])
    x[rd] = old


@insn("csrrwi rd,csr,zimm", "csr[11:0] zimm[4:0] 101 rd 1110011", cost="csr")
def csrrwi(x, tick, retired, rd, zimm, csr):
    old = read_csr(csr, x[FCSR], tick, retired)
    x[FCSR] = write_csr(csr, x[FCSR], zimm)
    x[rd] = old


@insn("csrrsi rd,csr,zimm", "csr[11:0] zimm[4:0] 110 rd 1110011", cost="csr")
def csrrsi(x, tick, retired, rd, zimm, csr):
    old = read_csr(csr, x[FCSR], tick, retired)
    x[FCSR] = write_csr(csr, x[FCSR], old | zimm)
    x[rd] = old


@insn("csrrci rd,csr,zimm", "csr[11:0] zimm[4:0] 111 rd 1110011", cost="csr")
def csrrci(x, tick, retired, rd, zimm, csr):
    old = read_csr(csr, x[FCSR], tick, retired)
    x[FCSR] = write_csr(csr, x[FCSR], old & ~zimm)
    x[rd] = old
