"""RV64I: the base integer instructions (unprivileged manual, "RV32I" and "RV64I"), and the probe."""

from sim.isa.arithmetic import less_unsigned, sext32, srl
from sim.isa.memory import load8, load16, load32, load64, store8, store16, store32, store64
from sim.isa.registers import PC, SINK
from sim.isa.table import insn


@insn("lui rd,imm20", "imm[31:12] rd 0110111")
def lui(x, rd, imm):
    x[rd] = imm


@insn("auipc rd,imm20", "imm[31:12] rd 0010111")
def auipc(x, pc, rd, imm):
    x[rd] = pc + imm


@insn("jal rd,offset", "offset[20|10:1|11|19:12] rd 1101111", cost="jump")
def jal(x, pc, link, rd, offset):
    x[rd] = link
    x[PC] = pc + offset


@insn("jalr rd,imm(rs1)", "imm[11:0] rs1 000 rd 1100111", cost="jump")
def jalr(x, link, rd, rs1, imm):
    target = (x[rs1] + imm) & -2
    x[rd] = link
    x[PC] = target


@insn("beq rs1,rs2,offset", "offset[12|10:5] rs2 rs1 000 offset[4:1|11] 1100011", cost="branch")
def beq(x, pc, rs1, rs2, offset):
    if x[rs1] == x[rs2]:
        x[PC] = pc + offset


@insn("bne rs1,rs2,offset", "offset[12|10:5] rs2 rs1 001 offset[4:1|11] 1100011", cost="branch")
def bne(x, pc, rs1, rs2, offset):
    if x[rs1] != x[rs2]:
        x[PC] = pc + offset


@insn("blt rs1,rs2,offset", "offset[12|10:5] rs2 rs1 100 offset[4:1|11] 1100011", cost="branch")
def blt(x, pc, rs1, rs2, offset):
    if x[rs1] < x[rs2]:
        x[PC] = pc + offset


@insn("bge rs1,rs2,offset", "offset[12|10:5] rs2 rs1 101 offset[4:1|11] 1100011", cost="branch")
def bge(x, pc, rs1, rs2, offset):
    if x[rs1] >= x[rs2]:
        x[PC] = pc + offset


@insn("bltu rs1,rs2,offset", "offset[12|10:5] rs2 rs1 110 offset[4:1|11] 1100011", cost="branch")
def bltu(x, pc, rs1, rs2, offset):
    if less_unsigned(x[rs1], x[rs2]):
        x[PC] = pc + offset


@insn("bgeu rs1,rs2,offset", "offset[12|10:5] rs2 rs1 111 offset[4:1|11] 1100011", cost="branch")
def bgeu(x, pc, rs1, rs2, offset):
    if not less_unsigned(x[rs1], x[rs2]):
        x[PC] = pc + offset


@insn("lb rd,imm(rs1)", "imm[11:0] rs1 000 rd 0000011", load=1)
def lb(x, mem, at, rd):
    x[rd] = (load8(mem, at) ^ 0x80) - 0x80


@insn("lh rd,imm(rs1)", "imm[11:0] rs1 001 rd 0000011", load=2)
def lh(x, mem, at, rd):
    x[rd] = (load16(mem, at) ^ 0x8000) - 0x8000


@insn("lw rd,imm(rs1)", "imm[11:0] rs1 010 rd 0000011", load=4)
def lw(x, mem, at, rd):
    x[rd] = sext32(load32(mem, at))


@insn("ld rd,imm(rs1)", "imm[11:0] rs1 011 rd 0000011", load=8)
def ld(x, mem, at, rd):
    x[rd] = load64(mem, at)


@insn("lbu rd,imm(rs1)", "imm[11:0] rs1 100 rd 0000011", load=1)
def lbu(x, mem, at, rd):
    x[rd] = load8(mem, at)


@insn("lhu rd,imm(rs1)", "imm[11:0] rs1 101 rd 0000011", load=2)
def lhu(x, mem, at, rd):
    x[rd] = load16(mem, at)


@insn("lwu rd,imm(rs1)", "imm[11:0] rs1 110 rd 0000011", load=4)
def lwu(x, mem, at, rd):
    x[rd] = load32(mem, at)


@insn("sb rs2,imm(rs1)", "imm[11:5] rs2 rs1 000 imm[4:0] 0100011", store=1)
def sb(x, mem, at, rs2):
    store8(mem, at, x[rs2])


@insn("sh rs2,imm(rs1)", "imm[11:5] rs2 rs1 001 imm[4:0] 0100011", store=2)
def sh(x, mem, at, rs2):
    store16(mem, at, x[rs2])


@insn("sw rs2,imm(rs1)", "imm[11:5] rs2 rs1 010 imm[4:0] 0100011", store=4)
def sw(x, mem, at, rs2):
    store32(mem, at, x[rs2])


@insn("sd rs2,imm(rs1)", "imm[11:5] rs2 rs1 011 imm[4:0] 0100011", store=8)
def sd(x, mem, at, rs2):
    store64(mem, at, x[rs2])


@insn("addi rd,rs1,imm", "imm[11:0] rs1 000 rd 0010011")
def addi(x, rd, rs1, imm):
    x[rd] = x[rs1] + imm


@insn("slti rd,rs1,imm", "imm[11:0] rs1 010 rd 0010011")
def slti(x, rd, rs1, imm):
    x[rd] = int(x[rs1] < imm)


# slti with rd = x0 is a HINT left to custom use: hardware runs it as a nop, simrec records it.
@insn("probe imm,rs1", "imm[11:0] rs1 010 00000 0010011", event="probe")
def probe(x, rs1):
    x[SINK] = x[rs1]


@insn("sltiu rd,rs1,imm", "imm[11:0] rs1 011 rd 0010011")
def sltiu(x, rd, rs1, imm):
    x[rd] = less_unsigned(x[rs1], imm)


@insn("xori rd,rs1,imm", "imm[11:0] rs1 100 rd 0010011")
def xori(x, rd, rs1, imm):
    x[rd] = x[rs1] ^ imm


@insn("ori rd,rs1,imm", "imm[11:0] rs1 110 rd 0010011")
def ori(x, rd, rs1, imm):
    x[rd] = x[rs1] | imm


@insn("andi rd,rs1,imm", "imm[11:0] rs1 111 rd 0010011")
def andi(x, rd, rs1, imm):
    x[rd] = x[rs1] & imm


@insn("slli rd,rs1,shamt", "000000 shamt[5:0] rs1 001 rd 0010011")
def slli(x, rd, rs1, shamt):
    x[rd] = x[rs1] << shamt


@insn("srli rd,rs1,shamt", "000000 shamt[5:0] rs1 101 rd 0010011")
def srli(x, rd, rs1, shamt):
    x[rd] = srl(x[rs1], shamt)


@insn("srai rd,rs1,shamt", "010000 shamt[5:0] rs1 101 rd 0010011")
def srai(x, rd, rs1, shamt):
    x[rd] = x[rs1] >> shamt


@insn("add rd,rs1,rs2", "0000000 rs2 rs1 000 rd 0110011")
def add(x, rd, rs1, rs2):
    x[rd] = x[rs1] + x[rs2]


@insn("sub rd,rs1,rs2", "0100000 rs2 rs1 000 rd 0110011")
def sub(x, rd, rs1, rs2):
    x[rd] = x[rs1] - x[rs2]


@insn("sll rd,rs1,rs2", "0000000 rs2 rs1 001 rd 0110011")
def sll(x, rd, rs1, rs2):
    x[rd] = x[rs1] << (x[rs2] & 63)


@insn("slt rd,rs1,rs2", "0000000 rs2 rs1 010 rd 0110011")
def slt(x, rd, rs1, rs2):
    x[rd] = int(x[rs1] < x[rs2])


@insn("sltu rd,rs1,rs2", "0000000 rs2 rs1 011 rd 0110011")
def sltu(x, rd, rs1, rs2):
    x[rd] = less_unsigned(x[rs1], x[rs2])


@insn("xor rd,rs1,rs2", "0000000 rs2 rs1 100 rd 0110011")
def xor(x, rd, rs1, rs2):
    x[rd] = x[rs1] ^ x[rs2]


@insn("srl rd,rs1,rs2", "0000000 rs2 rs1 101 rd 0110011")
def srl_(x, rd, rs1, rs2):
    x[rd] = srl(x[rs1], x[rs2] & 63)


@insn("sra rd,rs1,rs2", "0100000 rs2 rs1 101 rd 0110011")
def sra(x, rd, rs1, rs2):
    x[rd] = x[rs1] >> (x[rs2] & 63)


@insn("or rd,rs1,rs2", "0000000 rs2 rs1 110 rd 0110011")
def or_(x, rd, rs1, rs2):
    x[rd] = x[rs1] | x[rs2]


@insn("and rd,rs1,rs2", "0000000 rs2 rs1 111 rd 0110011")
def and_(x, rd, rs1, rs2):
    x[rd] = x[rs1] & x[rs2]


@insn("addiw rd,rs1,imm", "imm[11:0] rs1 000 rd 0011011")
def addiw(x, rd, rs1, imm):
    x[rd] = sext32(x[rs1] + imm)


@insn("slliw rd,rs1,shamt", "0000000 shamt[4:0] rs1 001 rd 0011011")
def slliw(x, rd, rs1, shamt):
    x[rd] = sext32(x[rs1] << shamt)


@insn("srliw rd,rs1,shamt", "0000000 shamt[4:0] rs1 101 rd 0011011")
def srliw(x, rd, rs1, shamt):
    x[rd] = sext32((x[rs1] & 0xFFFF_FFFF) >> shamt)


@insn("sraiw rd,rs1,shamt", "0100000 shamt[4:0] rs1 101 rd 0011011")
def sraiw(x, rd, rs1, shamt):
    x[rd] = sext32(x[rs1]) >> shamt


@insn("addw rd,rs1,rs2", "0000000 rs2 rs1 000 rd 0111011")
def addw(x, rd, rs1, rs2):
    x[rd] = sext32(x[rs1] + x[rs2])


@insn("subw rd,rs1,rs2", "0100000 rs2 rs1 000 rd 0111011")
def subw(x, rd, rs1, rs2):
    x[rd] = sext32(x[rs1] - x[rs2])


@insn("sllw rd,rs1,rs2", "0000000 rs2 rs1 001 rd 0111011")
def sllw(x, rd, rs1, rs2):
    x[rd] = sext32(x[rs1] << (x[rs2] & 31))


@insn("srlw rd,rs1,rs2", "0000000 rs2 rs1 101 rd 0111011")
def srlw(x, rd, rs1, rs2):
    x[rd] = sext32((x[rs1] & 0xFFFF_FFFF) >> (x[rs2] & 31))


@insn("sraw rd,rs1,rs2", "0100000 rs2 rs1 101 rd 0111011")
def sraw(x, rd, rs1, rs2):
    x[rd] = sext32(x[rs1]) >> (x[rs2] & 31)


@insn("fence pred,succ", "0000 pred[3:0] succ[3:0] 00000 000 00000 0001111", cost="fence")
def fence():
    pass


@insn("fence.tso", "1000 0011 0011 00000 000 00000 0001111", cost="fence")
def fence_tso():
    pass


@insn("ecall", "000000000000 00000 000 00000 1110011", trap="ecall")
def ecall():
    pass


@insn("ebreak", "000000000001 00000 000 00000 1110011", trap="ebreak")
def ebreak():
    pass


@insn("fence.i", "000000000000 00000 001 00000 0001111", extension="Zifencei", trap="fence_i", cost="fence")
def fence_i():
    pass
