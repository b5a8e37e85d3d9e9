# semaphore_ping_pong.asm - two threads take turns 500 times, each waking the other: a lost wake-up
# would hang it, a wrong count would break the order.
# expect: turns = 1000, out of order = 0
# status: 0
        .equ    ROUNDS, 500
        .data
        .align  3
ping:   .word   1, 0                    # main's turn first
pong:   .word   0, 0
turns:  .dword  0                       # whoever's turn it is may write it; main's are even
turns_are:
        .asciz  "turns = "
wrong:  .asciz  ", out of order = "
        .text

# play - waits for the semaphore in a0, takes a turn, posts the one in a1; ROUNDS times.
#
# In:       a2 = parity its turns have. Result: a0 = turns out of order.
play:
        addi    sp, sp, -48
        sd      ra, 40(sp)
        sd      s0, 32(sp)
        sd      s1, 24(sp)
        sd      s2, 16(sp)
        sd      s3, 8(sp)
        sd      s4, 0(sp)
        mv      s0, a0
        mv      s1, a1
        mv      s2, a2
        li      s3, ROUNDS
        li      s4, 0
1:      mv      a0, s0
        call    sem_wait
        la      t0, turns
        ld      t1, 0(t0)
        andi    t2, t1, 1
        xor     t2, t2, s2
        add     s4, s4, t2
        addi    t1, t1, 1
        sd      t1, 0(t0)
        mv      a0, s1
        call    sem_post
        addi    s3, s3, -1
        bnez    s3, 1b
        mv      a0, s4
        ld      ra, 40(sp)
        ld      s0, 32(sp)
        ld      s1, 24(sp)
        ld      s2, 16(sp)
        ld      s3, 8(sp)
        ld      s4, 0(sp)
        addi    sp, sp, 48
        ret

opponent:
        la      a0, pong
        la      a1, ping
        li      a2, 1
        j       play

        .globl  main
main:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        la      a0, opponent
        li      a1, 0
        call    thread_create
        mv      s0, a0
        la      a0, ping
        la      a1, pong
        li      a2, 0
        call    play
        mv      s1, a0
        mv      a0, s0
        call    thread_join
        add     s1, s1, a0
        la      a0, turns_are
        call    print_str
        ld      a0, turns
        call    print_int
        la      a0, wrong
        call    print_str
        mv      a0, s1
        call    print_int
        call    print_newline
        li      a0, 0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret
