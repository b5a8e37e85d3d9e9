# cond_turns.asm - three threads take turns for thirty rounds: each waits for its own, then passes it on.
# expect: out of turn 0
# expect: turns 90
# status: 0
        .include "common.inc"
        .equ    THREADS, 3
        .equ    ROUNDS, 30
        .bss
        .align  3
lock:   .zero   8                       # protects turn and taken
changed:
        .zero   16
turn:   .zero   8
taken:  .zero   8
        .text

# worker - a0 = its number; result: how often it had the mutex when it wasn't its turn.
worker:
        enter
        mv      s0, a0
        li      s1, ROUNDS
        li      s2, 0
1:      la      a0, lock
        call    mutex_lock
2:      ld      t0, turn
        beq     t0, s0, 3f
        la      a0, changed
        la      a1, lock
        call    cond_wait
        j       2b
3:      call    thread_yield            # the others would notice if the mutex weren't held
        ld      t0, turn
        beq     t0, s0, 4f
        addi    s2, s2, 1
4:      la      t0, taken
        ld      t1, 0(t0)
        addi    t1, t1, 1
        sd      t1, 0(t0)
        addi    t1, s0, 1
        li      t2, THREADS
        bne     t1, t2, 5f
        li      t1, 0
5:      la      t0, turn
        sd      t1, 0(t0)
        la      a0, lock
        call    mutex_unlock
        la      a0, changed
        call    cond_broadcast
        addi    s1, s1, -1
        bnez    s1, 1b
        mv      a0, s2
        leave

        .globl  main
main:
        enter
        la      a0, changed
        call    cond_init
        la      a0, worker
        li      a1, THREADS
        call    run_threads
        say     "out of turn ", a0
        ld      s0, taken
        say     "turns ", s0
        li      a0, 0
        leave
