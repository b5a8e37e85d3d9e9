"""D: double-precision floating point (unprivileged manual, "D" extension)."""

from sim.isa.arithmetic import MASK32, sext32
from sim.isa.memory import load64, store64
from sim.isa.registers import FCSR
from sim.isa.softfloat.comparisons import classify, equal, inject_sign, less, less_or_equal, maximum, minimum
from sim.isa.softfloat.conversions import (
    INT32,
    INT64,
    convert,
    from_signed,
    from_unsigned,
    to_signed,
    to_unsigned,
)
from sim.isa.softfloat.formats import F32, F64, box, rounding_mode, unbox
from sim.isa.softfloat.operations import add, multiply, multiply_add, opposite, quotient, square_root
from sim.isa.table import insn


@insn("fld fd,imm(rs1)", "imm[11:0] rs1 011 fd 0000111", load=8)
def fld(x, mem, at, fd):
    x[fd] = load64(mem, at)


@insn("fsd fs2,imm(rs1)", "imm[11:5] fs2 rs1 011 imm[4:0] 0100111", store=8)
def fsd(x, mem, at, fs2):
    store64(mem, at, x[fs2])


@insn("fadd.d fd,fs1,fs2,rm", "0000001 fs2 fs1 rm fd 1010011", cost="float_double")
def fadd_d(x, fd, fs1, fs2, rm):
    x[fd], raised = add(x[fs1], x[fs2], rounding_mode(rm, x[FCSR]), F64)
    x[FCSR] = x[FCSR] | raised


@insn("fsub.d fd,fs1,fs2,rm", "0000101 fs2 fs1 rm fd 1010011", cost="float_double")
def fsub_d(x, fd, fs1, fs2, rm):
    x[fd], raised = add(x[fs1], opposite(x[fs2], F64), rounding_mode(rm, x[FCSR]), F64)
    x[FCSR] = x[FCSR] | raised


@insn("fmul.d fd,fs1,fs2,rm", "0001001 fs2 fs1 rm fd 1010011", cost="float_double")
def fmul_d(x, fd, fs1, fs2, rm):
    x[fd], raised = multiply(x[fs1], x[fs2], rounding_mode(rm, x[FCSR]), F64)
    x[FCSR] = x[FCSR] | raised


@insn("fdiv.d fd,fs1,fs2,rm", "0001101 fs2 fs1 rm fd 1010011", cost="float_divide_double")
def fdiv_d(x, fd, fs1, fs2, rm):
    x[fd], raised = quotient(x[fs1], x[fs2], rounding_mode(rm, x[FCSR]), F64)
    x[FCSR] = x[FCSR] | raised


@insn("fsqrt.d fd,fs1,rm", "0101101 00000 fs1 rm fd 1010011", cost="float_divide_double")
def fsqrt_d(x, fd, fs1, rm):
    x[fd], raised = square_root(x[fs1], rounding_mode(rm, x[FCSR]), F64)
    x[FCSR] = x[FCSR] | raised


@insn("fmadd.d fd,fs1,fs2,fs3,rm", "fs3 01 fs2 fs1 rm fd 1000011", cost="float_double")
def fmadd_d(x, fd, fs1, fs2, fs3, rm):
    x[fd], raised = multiply_add(x[fs1], x[fs2], x[fs3], rounding_mode(rm, x[FCSR]), F64)
    x[FCSR] = x[FCSR] | raised


@insn("fmsub.d fd,fs1,fs2,fs3,rm", "fs3 01 fs2 fs1 rm fd 1000111", cost="float_double")
def fmsub_d(x, fd, fs1, fs2, fs3, rm):
    x[fd], raised = multiply_add(x[fs1], x[fs2], opposite(x[fs3], F64), rounding_mode(rm, x[FCSR]), F64)
    x[FCSR] = x[FCSR] | raised


@insn("fnmsub.d fd,fs1,fs2,fs3,rm", "fs3 01 fs2 fs1 rm fd 1001011", cost="float_double")
def fnmsub_d(x, fd, fs1, fs2, fs3, rm):
    x[fd], raised = multiply_add(opposite(x[fs1], F64), x[fs2], x[fs3], rounding_mode(rm, x[FCSR]), F64)
    x[FCSR] = x[FCSR] | raised


@insn("fnmadd.d fd,fs1,fs2,fs3,rm", "fs3 01 fs2 fs1 rm fd 1001111", cost="float_double")
def fnmadd_d(x, fd, fs1, fs2, fs3, rm):
    x[fd], raised = multiply_add(
        opposite(x[fs1], F64), x[fs2], opposite(x[fs3], F64), rounding_mode(rm, x[FCSR]), F64
    )
    x[FCSR] = x[FCSR] | raised


@insn("fsgnj.d fd,fs1,fs2", "0010001 fs2 fs1 000 fd 1010011", cost="float_short")
def fsgnj_d(x, fd, fs1, fs2):
    x[fd] = inject_sign(x[fs1], int(x[fs2] < 0), F64)


@insn("fsgnjn.d fd,fs1,fs2", "0010001 fs2 fs1 001 fd 1010011", cost="float_short")
def fsgnjn_d(x, fd, fs1, fs2):
    x[fd] = inject_sign(x[fs1], int(x[fs2] >= 0), F64)


@insn("fsgnjx.d fd,fs1,fs2", "0010001 fs2 fs1 010 fd 1010011", cost="float_short")
def fsgnjx_d(x, fd, fs1, fs2):
    x[fd] = inject_sign(x[fs1], int((x[fs1] ^ x[fs2]) < 0), F64)


@insn("fmin.d fd,fs1,fs2", "0010101 fs2 fs1 000 fd 1010011", cost="float_short")
def fmin_d(x, fd, fs1, fs2):
    x[fd], raised = minimum(x[fs1], x[fs2], F64)
    x[FCSR] = x[FCSR] | raised


@insn("fmax.d fd,fs1,fs2", "0010101 fs2 fs1 001 fd 1010011", cost="float_short")
def fmax_d(x, fd, fs1, fs2):
    x[fd], raised = maximum(x[fs1], x[fs2], F64)
    x[FCSR] = x[FCSR] | raised


@insn("feq.d rd,fs1,fs2", "1010001 fs2 fs1 010 rd 1010011", cost="float_short")
def feq_d(x, rd, fs1, fs2):
    x[rd], raised = equal(x[fs1], x[fs2], F64)
    x[FCSR] = x[FCSR] | raised


@insn("flt.d rd,fs1,fs2", "1010001 fs2 fs1 001 rd 1010011", cost="float_short")
def flt_d(x, rd, fs1, fs2):
    x[rd], raised = less(x[fs1], x[fs2], F64)
    x[FCSR] = x[FCSR] | raised


@insn("fle.d rd,fs1,fs2", "1010001 fs2 fs1 000 rd 1010011", cost="float_short")
def fle_d(x, rd, fs1, fs2):
    x[rd], raised = less_or_equal(x[fs1], x[fs2], F64)
    x[FCSR] = x[FCSR] | raised


@insn("fclass.d rd,fs1", "1110001 00000 fs1 001 rd 1010011", cost="float_short")
def fclass_d(x, rd, fs1):
    x[rd] = classify(x[fs1], F64)


@insn("fcvt.w.d rd,fs1,rm", "1100001 00000 fs1 rm rd 1010011", cost="float_short")
def fcvt_w_d(x, rd, fs1, rm):
    x[rd], raised = to_signed(x[fs1], rounding_mode(rm, x[FCSR]), F64, INT32)
    x[FCSR] = x[FCSR] | raised


@insn("fcvt.wu.d rd,fs1,rm", "1100001 00001 fs1 rm rd 1010011", cost="float_short")
def fcvt_wu_d(x, rd, fs1, rm):
    x[rd], raised = to_unsigned(x[fs1], rounding_mode(rm, x[FCSR]), F64, INT32)
    x[FCSR] = x[FCSR] | raised


@insn("fcvt.l.d rd,fs1,rm", "1100001 00010 fs1 rm rd 1010011", cost="float_short")
def fcvt_l_d(x, rd, fs1, rm):
    x[rd], raised = to_signed(x[fs1], rounding_mode(rm, x[FCSR]), F64, INT64)
    x[FCSR] = x[FCSR] | raised


@insn("fcvt.lu.d rd,fs1,rm", "1100001 00011 fs1 rm rd 1010011", cost="float_short")
def fcvt_lu_d(x, rd, fs1, rm):
    x[rd], raised = to_unsigned(x[fs1], rounding_mode(rm, x[FCSR]), F64, INT64)
    x[FCSR] = x[FCSR] | raised


@insn("fcvt.d.w fd,rs1,rm", "1101001 00000 rs1 rm fd 1010011", cost="float_short")
def fcvt_d_w(x, fd, rs1, rm):
    x[fd], raised = from_signed(sext32(x[rs1]), rounding_mode(rm, x[FCSR]), F64)
    x[FCSR] = x[FCSR] | raised


@insn("fcvt.d.wu fd,rs1,rm", "1101001 00001 rs1 rm fd 1010011", cost="float_short")
def fcvt_d_wu(x, fd, rs1, rm):
    x[fd], raised = from_unsigned(x[rs1] & MASK32, rounding_mode(rm, x[FCSR]), F64)
    x[FCSR] = x[FCSR] | raised


@insn("fcvt.d.l fd,rs1,rm", "1101001 00010 rs1 rm fd 1010011", cost="float_short")
def fcvt_d_l(x, fd, rs1, rm):
    x[fd], raised = from_signed(x[rs1], rounding_mode(rm, x[FCSR]), F64)
    x[FCSR] = x[FCSR] | raised


@insn("fcvt.d.lu fd,rs1,rm", "1101001 00011 rs1 rm fd 1010011", cost="float_short")
def fcvt_d_lu(x, fd, rs1, rm):
    x[fd], raised = from_unsigned(x[rs1], rounding_mode(rm, x[FCSR]), F64)
    x[FCSR] = x[FCSR] | raised


@insn("fmv.x.d rd,fs1", "1110001 00000 fs1 000 rd 1010011", cost="float_short")
def fmv_x_d(x, rd, fs1):
    x[rd] = x[fs1]


@insn("fmv.d.x fd,rs1", "1111001 00000 rs1 000 fd 1010011", cost="float_short")
def fmv_d_x(x, fd, rs1):
    x[fd] = x[rs1]


@insn("fcvt.s.d fd,fs1,rm", "0100000 00001 fs1 rm fd 1010011", cost="float_short")
def fcvt_s_d(x, fd, fs1, rm):
    bits, raised = convert(x[fs1], rounding_mode(rm, x[FCSR]), F64, F32)
    x[fd] = box(bits)
    x[FCSR] = x[FCSR] | raised


@insn("fcvt.d.s fd,fs1,rm", "0100001 00000 fs1 rm fd 1010011", cost="float_short")
def fcvt_d_s(x, fd, fs1, rm):
    x[fd], raised = convert(unbox(x[fs1]), rounding_mode(rm, x[FCSR]), F32, F64)
    x[FCSR] = x[FCSR] | raised
