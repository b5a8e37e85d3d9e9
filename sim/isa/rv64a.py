"""A: atomic memory operations (unprivileged manual, "A" extension).

Memory is sequentially consistent, so ``aq`` and ``rl`` change nothing. The reservation set of LR is
the 64-byte line; `sim.machine.loop` drops a hart's reservation when another hart writes the line.
"""

from sim.isa.arithmetic import maximum_unsigned, minimum_unsigned, sext32
from sim.isa.memory import load32, load64, store32, store64
from sim.isa.table import insn


@insn("lr.w rd,(rs1)", "00010 aq rl 00000 rs1 010 rd 0101111", atomic=4)
def lr_w(x, mem, at, h, reserve, rd):
    x[rd] = sext32(load32(mem, at))
    reserve[h] = at >> 6


@insn("sc.w rd,rs2,(rs1)", "00011 aq rl rs2 rs1 010 rd 0101111", atomic=4)
def sc_w(x, mem, at, h, reserve, rd, rs2):
    if reserve[h] == at >> 6:
        store32(mem, at, x[rs2])
        x[rd] = 0
    else:
        x[rd] = 1
    reserve[h] = -1


@insn("lr.d rd,(rs1)", "00010 aq rl 00000 rs1 011 rd 0101111", atomic=8)
def lr_d(x, mem, at, h, reserve, rd):
    x[rd] = load64(mem, at)
    reserve[h] = at >> 6


@insn("sc.d rd,rs2,(rs1)", "00011 aq rl rs2 rs1 011 rd 0101111", atomic=8)
def sc_d(x, mem, at, h, reserve, rd, rs2):
    if reserve[h] == at >> 6:
        store64(mem, at, x[rs2])
        x[rd] = 0
    else:
        x[rd] = 1
    reserve[h] = -1


@insn("amoswap.w rd,rs2,(rs1)", "00001 aq rl rs2 rs1 010 rd 0101111", atomic=4)
def amoswap_w(x, mem, at, rd, rs2):
    old = sext32(load32(mem, at))
    store32(mem, at, x[rs2])
    x[rd] = old


@insn("amoswap.d rd,rs2,(rs1)", "00001 aq rl rs2 rs1 011 rd 0101111", atomic=8)
def amoswap_d(x, mem, at, rd, rs2):
    old = load64(mem, at)
    store64(mem, at, x[rs2])
    x[rd] = old


@insn("amoadd.w rd,rs2,(rs1)", "00000 aq rl rs2 rs1 010 rd 0101111", atomic=4)
def amoadd_w(x, mem, at, rd, rs2):
    old = sext32(load32(mem, at))
    store32(mem, at, old + x[rs2])
    x[rd] = old


@insn("amoadd.d rd,rs2,(rs1)", "00000 aq rl rs2 rs1 011 rd 0101111", atomic=8)
def amoadd_d(x, mem, at, rd, rs2):
    old = load64(mem, at)
    store64(mem, at, old + x[rs2])
    x[rd] = old


@insn("amoxor.w rd,rs2,(rs1)", "00100 aq rl rs2 rs1 010 rd 0101111", atomic=4)
def amoxor_w(x, mem, at, rd, rs2):
    old = sext32(load32(mem, at))
    store32(mem, at, old ^ x[rs2])
    x[rd] = old


@insn("amoxor.d rd,rs2,(rs1)", "00100 aq rl rs2 rs1 011 rd 0101111", atomic=8)
def amoxor_d(x, mem, at, rd, rs2):
    old = load64(mem, at)
    store64(mem, at, old ^ x[rs2])
    x[rd] = old


@insn("amoand.w rd,rs2,(rs1)", "01100 aq rl rs2 rs1 010 rd 0101111", atomic=4)
def amoand_w(x, mem, at, rd, rs2):
    old = sext32(load32(mem, at))
    store32(mem, at, old & x[rs2])
    x[rd] = old


@insn("amoand.d rd,rs2,(rs1)", "01100 aq rl rs2 rs1 011 rd 0101111", atomic=8)
def amoand_d(x, mem, at, rd, rs2):
    old = load64(mem, at)
    store64(mem, at, old & x[rs2])
    x[rd] = old


@insn("amoor.w rd,rs2,(rs1)", "01000 aq rl rs2 rs1 010 rd 0101111", atomic=4)
def amoor_w(x, mem, at, rd, rs2):
    old = sext32(load32(mem, at))
    store32(mem, at, old | x[rs2])
    x[rd] = old


@insn("amoor.d rd,rs2,(rs1)", "01000 aq rl rs2 rs1 011 rd 0101111", atomic=8)
def amoor_d(x, mem, at, rd, rs2):
    old = load64(mem, at)
    store64(mem, at, old | x[rs2])
    x[rd] = old


@insn("amomin.w rd,rs2,(rs1)", "10000 aq rl rs2 rs1 010 rd 0101111", atomic=4)
def amomin_w(x, mem, at, rd, rs2):
    old = sext32(load32(mem, at))
    store32(mem, at, min(old, sext32(x[rs2])))
    x[rd] = old


@insn("amomin.d rd,rs2,(rs1)", "10000 aq rl rs2 rs1 011 rd 0101111", atomic=8)
def amomin_d(x, mem, at, rd, rs2):
    old = load64(mem, at)
    store64(mem, at, min(old, x[rs2]))
    x[rd] = old


@insn("amomax.w rd,rs2,(rs1)", "10100 aq rl rs2 rs1 010 rd 0101111", atomic=4)
def amomax_w(x, mem, at, rd, rs2):
    old = sext32(load32(mem, at))
    store32(mem, at, max(old, sext32(x[rs2])))
    x[rd] = old


@insn("amomax.d rd,rs2,(rs1)", "10100 aq rl rs2 rs1 011 rd 0101111", atomic=8)
def amomax_d(x, mem, at, rd, rs2):
    old = load64(mem, at)
    store64(mem, at, max(old, x[rs2]))
    x[rd] = old


@insn("amominu.w rd,rs2,(rs1)", "11000 aq rl rs2 rs1 010 rd 0101111", atomic=4)
def amominu_w(x, mem, at, rd, rs2):
    old = sext32(load32(mem, at))
    store32(mem, at, minimum_unsigned(old, sext32(x[rs2])))
    x[rd] = old


@insn("amominu.d rd,rs2,(rs1)", "11000 aq rl rs2 rs1 011 rd 0101111", atomic=8)
def amominu_d(x, mem, at, rd, rs2):
    old = load64(mem, at)
    store64(mem, at, minimum_unsigned(old, x[rs2]))
    x[rd] = old


@insn("amomaxu.w rd,rs2,(rs1)", "11100 aq rl rs2 rs1 010 rd 0101111", atomic=4)
def amomaxu_w(x, mem, at, rd, rs2):
    old = sext32(load32(mem, at))
    store32(mem, at, maximum_unsigned(old, sext32(x[rs2])))
    x[rd] = old


@insn("amomaxu.d rd,rs2,(rs1)", "11100 aq rl rs2 rs1 011 rd 0101111", atomic=8)
def amomaxu_d(x, mem, at, rd, rs2):
    old = load64(mem, at)
    store64(mem, at, maximum_unsigned(old, x[rs2]))
    x[rd] = old
