# Reads a byte, counts for more events than a segment has, writes the byte; and so on to the end of its input.
        .globl main
main:
        li      a0, 0
        la      a1, byte
        li      a2, 1
        li      a7, 63
        ecall
        blez    a0, 2f
        li      t0, 600000
1:      addi    t0, t0, -1
        bnez    t0, 1b
        li      a0, 1
        la      a1, byte
        li      a2, 1
        li      a7, 64
        ecall
        j       main
2:      li      a0, 0
        ret

        .data
byte:   .byte   0
