// The environment of riscv-tests for a Linux user process: exit status 0 is a pass, N says that test
// number N failed. It stands where env/p/riscv_test.h does, by the order of -I.
#ifndef SIMREC_RISCV_TEST_H
#define SIMREC_RISCV_TEST_H

#define TESTNUM gp

// What the tests are for. A process begins with its floating-point unit on and fcsr 0.
#define RVTEST_RV32U
#define RVTEST_RV32UF
#define RVTEST_RV64U
#define RVTEST_RV64UF
#define RVTEST_FP_ENABLE csrwi fcsr, 0

#define RVTEST_CODE_BEGIN                                                       \
        .text;                                                                  \
        .globl _start;                                                          \
_start: li TESTNUM, 0;

#define RVTEST_CODE_END                                                         \
        unimp

#define RVTEST_PASS                                                             \
        fence;                                                                  \
        li a0, 0;                                                               \
        li a7, 93;                                                              \
        ecall

// An exit status has 8 bits, and 0 is taken: test 0 (none had begun), 256, 512, ... become 255. No labels:
// tests jump over this to their own.
#define RVTEST_FAIL                                                             \
        fence;                                                                  \
        andi a0, TESTNUM, 255;                                                  \
        seqz a1, a0;                                                            \
        neg a1, a1;                                                             \
        or a0, a0, a1;                                                          \
        andi a0, a0, 255;                                                       \
        li a7, 93;                                                              \
        ecall

#define EXTRA_DATA

#define RVTEST_DATA_BEGIN                                                       \
        EXTRA_DATA                                                              \
        .align 4;                                                               \
        .globl begin_signature;                                                 \
begin_signature:

#define RVTEST_DATA_END                                                         \
        .align 4;                                                               \
        .globl end_signature;                                                   \
end_signature:

#endif
