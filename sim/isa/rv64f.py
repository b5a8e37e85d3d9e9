"""F: single-precision floating point (unprivileged manual, "F" extension).

An operand that isn't NaN-boxed counts as the canonical NaN; stores and fmv.x.w take the lower half as it is.
"""

from sim.isa.arithmetic import MASK32, sext32
from sim.isa.memory import load32, store32
from sim.isa.registers import FCSR
from sim.isa.softfloat.comparisons import classify, equal, inject_sign, less, less_or_equal, maximum, minimum
from sim.isa.softfloat.conversions import INT32, INT64, from_signed, from_unsigned, to_signed, to_unsigned
from sim.isa.softfloat.formats import F32, box, rounding_mode, unbox
from sim.isa.softfloat.operations import add, multiply, multiply_add, opposite, quotient, square_root
from sim.isa.table import insn


@insn("flw fd,imm(rs1)", "imm[11:0] rs1 010 fd 0000111", load=4)
def flw(x, mem, at, fd):
    x[fd] = box(load32(mem, at))


@insn("fsw fs2,imm(rs1)", "imm[11:5] fs2 rs1 010 imm[4:0] 0100111", store=4)
def fsw(x, mem, at, fs2):
    store32(mem, at, x[fs2])


@insn("fadd.s fd,fs1,fs2,rm", "0000000 fs2 fs1 rm fd 1010011", cost="float_single")
def fadd_s(x, fd, fs1, fs2, rm):
    bits, raised = add(unbox(x[fs1]), unbox(x[fs2]), rounding_mode(rm, x[FCSR]), F32)
    x[fd] = box(bits)
    x[FCSR] = x[FCSR] | raised


@insn("fsub.s fd,fs1,fs2,rm", "0000100 fs2 fs1 rm fd 1010011", cost="float_single")
def fsub_s(x, fd, fs1, fs2, rm):
    bits, raised = add(unbox(x[fs1]), opposite(unbox(x[fs2]), F32), rounding_mode(rm, x[FCSR]), F32)
    x[fd] = box(bits)
    x[FCSR] = x[FCSR] | raised


@insn("fmul.s fd,fs1,fs2,rm", "0001000 fs2 fs1 rm fd 1010011", cost="float_single")
def fmul_s(x, fd, fs1, fs2, rm):
    bits, raised = multiply(unbox(x[fs1]), unbox(x[fs2]), rounding_mode(rm, x[FCSR]), F32)
    x[fd] = box(bits)
    x[FCSR] = x[FCSR] | raised


@insn("fdiv.s fd,fs1,fs2,rm", "0001100 fs2 fs1 rm fd 1010011", cost="float_divide_single")
def fdiv_s(x, fd, fs1, fs2, rm):
    bits, raised = quotient(unbox(x[fs1]), unbox(x[fs2]), rounding_mode(rm, x[FCSR]), F32)
    x[fd] = box(bits)
    x[FCSR] = x[FCSR] | raised


@insn("fsqrt.s fd,fs1,rm", "0101100 00000 fs1 rm fd 1010011", cost="float_divide_single")
def fsqrt_s(x, fd, fs1, rm):
    bits, raised = square_root(unbox(x[fs1]), rounding_mode(rm, x[FCSR]), F32)
    x[fd] = box(bits)
    x[FCSR] = x[FCSR] | raised


@insn("fmadd.s fd,fs1,fs2,fs3,rm", "fs3 00 fs2 fs1 rm fd 1000011", cost="float_single")
def fmadd_s(x, fd, fs1, fs2, fs3, rm):
    bits, raised = multiply_add(unbox(x[fs1]), unbox(x[fs2]), unbox(x[fs3]), rounding_mode(rm, x[FCSR]), F32)
    x[fd] = box(bits)
    x[FCSR] = x[FCSR] | raised


@insn("fmsub.s fd,fs1,fs2,fs3,rm", "fs3 00 fs2 fs1 rm fd 1000111", cost="float_single")
def fmsub_s(x, fd, fs1, fs2, fs3, rm):
    bits, raised = multiply_add(
        unbox(x[fs1]), unbox(x[fs2]), opposite(unbox(x[fs3]), F32), rounding_mode(rm, x[FCSR]), F32
    )
    x[fd] = box(bits)
    x[FCSR] = x[FCSR] | raised


@insn("fnmsub.s fd,fs1,fs2,fs3,rm", "fs3 00 fs2 fs1 rm fd 1001011", cost="float_single")
def fnmsub_s(x, fd, fs1, fs2, fs3, rm):
    bits, raised = multiply_add(
        opposite(unbox(x[fs1]), F32), unbox(x[fs2]), unbox(x[fs3]), rounding_mode(rm, x[FCSR]), F32
    )
    x[fd] = box(bits)
    x[FCSR] = x[FCSR] | raised


@insn("fnmadd.s fd,fs1,fs2,fs3,rm", "fs3 00 fs2 fs1 rm fd 1001111", cost="float_single")
def fnmadd_s(x, fd, fs1, fs2, fs3, rm):
    bits, raised = multiply_add(
        opposite(unbox(x[fs1]), F32),
        unbox(x[fs2]),
        opposite(unbox(x[fs3]), F32),
        rounding_mode(rm, x[FCSR]),
        F32,
    )
    x[fd] = box(bits)
    x[FCSR] = x[FCSR] | raised


@insn("fsgnj.s fd,fs1,fs2", "0010000 fs2 fs1 000 fd 1010011", cost="float_short")
def fsgnj_s(x, fd, fs1, fs2):
    x[fd] = box(inject_sign(unbox(x[fs1]), int(unbox(x[fs2]) < 0), F32))


@insn("fsgnjn.s fd,fs1,fs2", "0010000 fs2 fs1 001 fd 1010011", cost="float_short")
def fsgnjn_s(x, fd, fs1, fs2):
    x[fd] = box(inject_sign(unbox(x[fs1]), int(unbox(x[fs2]) >= 0), F32))


@insn("fsgnjx.s fd,fs1,fs2", "0010000 fs2 fs1 010 fd 1010011", cost="float_short")
def fsgnjx_s(x, fd, fs1, fs2):
    x[fd] = box(inject_sign(unbox(x[fs1]), int((unbox(x[fs1]) ^ unbox(x[fs2])) < 0), F32))


@insn("fmin.s fd,fs1,fs2", "0010100 fs2 fs1 000 fd 1010011", cost="float_short")
def fmin_s(x, fd, fs1, fs2):
    bits, raised = minimum(unbox(x[fs1]), unbox(x[fs2]), F32)
    x[fd] = box(bits)
    x[FCSR] = x[FCSR] | raised


@insn("fmax.s fd,fs1,fs2", "0010100 fs2 fs1 001 fd 1010011", cost="float_short")
def fmax_s(x, fd, fs1, fs2):
    bits, raised = maximum(unbox(x[fs1]), unbox(x[fs2]), F32)
    x[fd] = box(bits)
    x[FCSR] = x[FCSR] | raised


@insn("feq.s rd,fs1,fs2", "1010000 fs2 fs1 010 rd 1010011", cost="float_short")
def feq_s(x, rd, fs1, fs2):
    x[rd], raised = equal(unbox(x[fs1]), unbox(x[fs2]), F32)
    x[FCSR] = x[FCSR] | raised


@insn("flt.s rd,fs1,fs2", "1010000 fs2 fs1 001 rd 1010011", cost="float_short")
def flt_s(x, rd, fs1, fs2):
    x[rd], raised = less(unbox(x[fs1]), unbox(x[fs2]), F32)
    x[FCSR] = x[FCSR] | raised


@insn("fle.s rd,fs1,fs2", "1010000 fs2 fs1 000 rd 1010011", cost="float_short")
def fle_s(x, rd, fs1, fs2):
    x[rd], raised = less_or_equal(unbox(x[fs1]), unbox(x[fs2]), F32)
    x[FCSR] = x[FCSR] | raised


@insn("fclass.s rd,fs1", "1110000 00000 fs1 001 rd 1010011", cost="float_short")
def fclass_s(x, rd, fs1):
    x[rd] = classify(unbox(x[fs1]), F32)


@insn("fcvt.w.s rd,fs1,rm", "1100000 00000 fs1 rm rd 1010011", cost="float_short")
def fcvt_w_s(x, rd, fs1, rm):
    x[rd], raised = to_signed(unbox(x[fs1]), rounding_mode(rm, x[FCSR]), F32, INT32)
    x[FCSR] = x[FCSR] | raised


@insn("fcvt.wu.s rd,fs1,rm", "1100000 00001 fs1 rm rd 1010011", cost="float_short")
def fcvt_wu_s(x, rd, fs1, rm):
    x[rd], raised = to_unsigned(unbox(x[fs1]), rounding_mode(rm, x[FCSR]), F32, INT32)
    x[FCSR] = x[FCSR] | raised


@insn("fcvt.l.s rd,fs1,rm", "1100000 00010 fs1 rm rd 1010011", cost="float_short")
def fcvt_l_s(x, rd, fs1, rm):
    x[rd], raised = to_signed(unbox(x[fs1]), rounding_mode(rm, x[FCSR]), F32, INT64)
    x[FCSR] = x[FCSR] | raised


@insn("fcvt.lu.s rd,fs1,rm", "1100000 00011 fs1 rm rd 1010011", cost="float_short")
def fcvt_lu_s(x, rd, fs1, rm):
    x[rd], raised = to_unsigned(unbox(x[fs1]), rounding_mode(rm, x[FCSR]), F32, INT64)
    x[FCSR] = x[FCSR] | raised


@insn("fcvt.s.w fd,rs1,rm", "1101000 00000 rs1 rm fd 1010011", cost="float_short")
def fcvt_s_w(x, fd, rs1, rm):
    bits, raised = from_signed(sext32(x[rs1]), rounding_mode(rm, x[FCSR]), F32)
    x[fd] = box(bits)
    x[FCSR] = x[FCSR] | raised


@insn("fcvt.s.wu fd,rs1,rm", "1101000 00001 rs1 rm fd 1010011", cost="float_short")
def fcvt_s_wu(x, fd, rs1, rm):
    bits, raised = from_unsigned(x[rs1] & MASK32, rounding_mode(rm, x[FCSR]), F32)
    x[fd] = box(bits)
    x[FCSR] = x[FCSR] | raised


@insn("fcvt.s.l fd,rs1,rm", "1101000 00010 rs1 rm fd 1010011", cost="float_short")
def fcvt_s_l(x, fd, rs1, rm):
    bits, raised = from_signed(x[rs1], rounding_mode(rm, x[FCSR]), F32)
    x[fd] = box(bits)
    x[FCSR] = x[FCSR] | raised


@insn("fcvt.s.lu fd,rs1,rm", "1101000 00011 rs1 rm fd 1010011", cost="float_short")
def fcvt_s_lu(x, fd, rs1, rm):
    bits, raised = from_unsigned(x[rs1], rounding_mode(rm, x[FCSR]), F32)
    x[fd] = box(bits)
    x[FCSR] = x[FCSR] | raised


@insn("fmv.x.w rd,fs1", "1110000 00000 fs1 000 rd 1010011", cost="float_short")
def fmv_x_w(x, rd, fs1):
    x[rd] = sext32(x[fs1])


@insn("fmv.w.x fd,rs1", "1111000 00000 rs1 000 fd 1010011", cost="float_short")
def fmv_w_x(x, fd, rs1):
    x[fd] = box(x[rs1])
