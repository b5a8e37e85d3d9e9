// The model of riscv-arch-test for a Linux user process. At its end it writes the signature to standard
// output, so that any simulator of Linux programs gives it, and exits with 0.
#ifndef SIMREC_MODEL_TEST_H
#define SIMREC_MODEL_TEST_H

#define RVMODEL_BOOT                                                            \
        .globl _start;                                                          \
_start:

#define RVMODEL_HALT                                                            \
        li a0, 1;                                                               \
        la a1, begin_signature;                                                 \
        la a2, end_signature;                                                   \
        sub a2, a2, a1;                                                         \
        li a7, 64;                                                              \
        ecall;                                                                  \
        li a0, 0;                                                               \
        li a7, 93;                                                              \
        ecall

#define RVMODEL_DATA_BEGIN                                                      \
        .align 4;                                                               \
        .globl begin_signature;                                                 \
begin_signature:

#define RVMODEL_DATA_END                                                        \
        .align 4;                                                               \
        .globl end_signature;                                                   \
end_signature:

#define RVMODEL_IO_INIT
#define RVMODEL_IO_WRITE_STR(register, string)
#define RVMODEL_IO_CHECK()
#define RVMODEL_IO_ASSERT_GPR_EQ(pointer, register, value)
#define RVMODEL_IO_ASSERT_SFPR_EQ(register, pointer, value)
#define RVMODEL_IO_ASSERT_DFPR_EQ(register, pointer, value)

#define RVMODEL_SET_MSW_INT
#define RVMODEL_CLEAR_MSW_INT
#define RVMODEL_CLEAR_MTIMER_INT
#define RVMODEL_CLEAR_MEXT_INT

// A process has its floating-point unit on: what the suite does to mstatus for it goes.
.macro csrs csr:req, bits:req
        .ifc \csr, mstatus
        .else
        .ifc \csr, 0x300
        .else
        csrrs x0, \csr, \bits
        .endif
        .endif
.endm

#endif
