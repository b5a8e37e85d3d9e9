# Two threads that give each other the hart: the argument is how often each of them yields.
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
        mv      t0, a0
        li      a7, 124                 # sched_yield
again:
        ecall
        addi    t0, t0, -1
        bnez    t0, again
        li      a0, 0
        ret
