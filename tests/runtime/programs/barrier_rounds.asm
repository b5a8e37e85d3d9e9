# barrier_rounds.asm - four threads meet twenty times; behind the barrier each finds that all have done
# their part of the round, and none that of the next but one. One of them was the last, each time.
# expect: early 0
# expect: last 20
# expect: generation 20
# status: 0
        .include "common.inc"
        .equ    THREADS, 4
        .equ    ROUNDS, 20
        .bss
        .align  3
meeting:
        .zero   16
early:  .zero   8                       # atomic: how often somebody had not come
rounds: .zero   8 * THREADS             # of each thread
        .text

# worker - a0 = its number; result: how often it was the last.
worker:
        enter
        slli    a0, a0, 3
        la      s0, rounds
        add     s0, s0, a0
        li      s1, 0
        li      s2, 0
1:      addi    s1, s1, 1
        sd      s1, 0(s0)
        la      a0, meeting
        call    barrier_wait
        add     s2, s2, a0
        la      t0, rounds
        li      t1, THREADS
2:      ld      t2, 0(t0)
        sub     t2, t2, s1              # 0, or 1 if it has begun the next round
        sltiu   t2, t2, 2
        bnez    t2, 3f
        la      t3, early
        li      t4, 1
        amoadd.d.aqrl zero, t4, (t3)
3:      addi    t0, t0, 8
        addi    t1, t1, -1
        bnez    t1, 2b
        li      t0, ROUNDS
        bne     s1, t0, 1b
        mv      a0, s2
        leave

        .globl  main
main:
        enter
        la      a0, meeting
        li      a1, THREADS
        call    barrier_init
        la      a0, worker
        li      a1, THREADS
        call    run_threads
        mv      s0, a0
        ld      s1, early
        say     "early ", s1
        say     "last ", s0
        la      t0, meeting
        lw      s0, 8(t0)
        say     "generation ", s0
        li      a0, 0
        leave
