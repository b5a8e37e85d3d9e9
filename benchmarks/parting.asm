# Two runs of it are equal until near their end: nested loops as many times as the argument says, then a byte
# from standard input, then a little more.
        .text
        .globl main
main:
        addi    sp, sp, -16
        ld      a0, 8(a1)               # argv[1]
        li      s0, 0
digit:
        lbu     t1, 0(a0)
        beqz    t1, parsed
        li      t2, 10
        mul     s0, s0, t2
        add     s0, s0, t1
        addi    s0, s0, -'0'
        addi    a0, a0, 1
        j       digit
parsed:
        la      s1, cell
again:
        ld      t0, 0(s1)
        addi    t0, t0, 1
        xor     t1, t0, s0
        sd      t0, 0(s1)
        addi    s0, s0, -1
        bnez    s0, again
        li      a0, 0
        mv      a1, sp
        li      a2, 1
        li      a7, 63                  # read
        ecall
        lbu     s0, 0(sp)
        li      t1, 1000
more:
        add     s0, s0, t1
        addi    t1, t1, -1
        bnez    t1, more
        li      a0, 0
        addi    sp, sp, 16
        ret

        .data
        .align  3
cell:   .dword  0
