# A program of about 1,000 instructions, to measure what starting costs.
        .text
        .globl main
main:
        li      t0, 480
count:
        addi    t0, t0, -1
        bnez    t0, count
        li      a0, 0
        ret
