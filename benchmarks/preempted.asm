# Two threads that only count down, each from the argument: a small --quantum has them take turns.
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
        addi    sp, sp, -16
        sd      ra, 8(sp)
        la      a0, work
        mv      a1, s0
        call    thread_create
        mv      s1, a0
        mv      a0, s0
        call    work
        mv      a0, s1
        call    thread_join
        ld      ra, 8(sp)
        addi    sp, sp, 16
        li      a0, 0
        ret

work:
        addi    a0, a0, -1
        bnez    a0, work
        ret
