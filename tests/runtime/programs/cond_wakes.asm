# cond_wakes.asm - a signal lets one of five waiters go, a broadcast all others; without waiters both
# do nothing that a later waiter could notice.
# expect: before 0
# expect: signalled 1
# expect: broadcast 5
# status: 0
        .include "common.inc"
        .equ    THREADS, 5
        .bss
        .align  3
lock:   .zero   8                       # protects waiting, open and passed
gate:   .zero   16
waiting:
        .zero   8
open:   .zero   8                       # how many may pass
passed: .zero   8
handles:
        .zero   8 * THREADS
        .text

# worker - waits until one may pass.
worker:
        enter
        la      a0, lock
        call    mutex_lock
        la      t0, waiting
        ld      t1, 0(t0)
        addi    t1, t1, 1
        sd      t1, 0(t0)
1:      ld      t0, open
        bnez    t0, 2f
        la      a0, gate
        la      a1, lock
        call    cond_wait
        j       1b
2:      la      t1, open
        addi    t0, t0, -1
        sd      t0, 0(t1)
        la      t0, passed
        ld      t1, 0(t0)
        addi    t1, t1, 1
        sd      t1, 0(t0)
        la      a0, lock
        call    mutex_unlock
        leave

# allow - a0 = how many more may pass, under the mutex.
allow:
        enter
        mv      s0, a0
        la      a0, lock
        call    mutex_lock
        la      t0, open
        ld      t1, 0(t0)
        add     t1, t1, s0
        sd      t1, 0(t0)
        la      a0, lock
        call    mutex_unlock
        leave

# await - yields until the number at a0, which the mutex protects, is a1.
await:
        enter
        mv      s0, a0
        mv      s1, a1
1:      la      a0, lock
        call    mutex_lock
        ld      s2, 0(s0)
        la      a0, lock
        call    mutex_unlock
        beq     s2, s1, 2f
        call    thread_yield
        j       1b
2:      leave

        .globl  main
main:
        enter
        la      a0, gate
        call    cond_signal
        la      a0, gate
        call    cond_broadcast
        la      s0, handles
        li      s1, THREADS
1:      la      a0, worker
        li      a1, 0
        call    thread_create
        sd      a0, 0(s0)
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 1b
        la      a0, waiting             # all of them have given the mutex up in cond_wait
        li      a1, THREADS
        call    await
        ld      s0, passed
        say     "before ", s0

        li      a0, 1
        call    allow
        la      a0, gate
        call    cond_signal
        la      a0, passed
        li      a1, 1
        call    await
        ld      s0, passed
        say     "signalled ", s0

        li      a0, THREADS - 1
        call    allow
        la      a0, gate
        call    cond_broadcast
        la      s0, handles
        li      s1, THREADS
2:      ld      a0, 0(s0)
        call    thread_join
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 2b
        ld      s0, passed
        say     "broadcast ", s0
        li      a0, 0
        leave
