# Two threads that wake each other by futex and sleep in turns: the argument is the number of rounds, each
# of two wakes, two waits and two context switches on one hart.
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
        la      a0, pong
        mv      a1, s0
        call    thread_create
        mv      s1, a0
        la      s2, turn
        li      s3, 0                   # its turn is when the word is 0
        call    play
        mv      a0, s1
        call    thread_join
        ld      ra, 8(sp)
        addi    sp, sp, 16
        li      a0, 0
        ret

pong:
        mv      s0, a0
        la      s2, turn
        li      s3, 1
play:
        lw      t0, 0(s2)
        beq     t0, s3, mine
        mv      a0, s2
        li      a1, 0                   # FUTEX_WAIT while it is the other's turn
        mv      a2, t0
        li      a3, 0
        li      a7, 98
        ecall
        j       play
mine:
        xori    t0, s3, 1
        sw      t0, 0(s2)
        mv      a0, s2
        li      a1, 1                   # FUTEX_WAKE
        li      a2, 1
        li      a7, 98
        ecall
        addi    s0, s0, -1
        bnez    s0, play
        li      a0, 0
        ret

        .data
        .align  2
turn:   .word   0
