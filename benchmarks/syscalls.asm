# System calls as fast as they go: the argument is how many getpid calls.
        .text
        .globl main
main:
        ld      a0, 8(a1)
        li      s0, 0
        li      t2, 10
digit:
        lbu     t1, 0(a0)
        beqz    t1, parsed
        addi    t1, t1, -'0'
        mul     s0, s0, t2
        add     s0, s0, t1
        addi    a0, a0, 1
        j       digit
parsed:
        li      a7, 172
again:
        ecall
        addi    s0, s0, -1
        bnez    s0, again
        li      a0, 0
        ret
