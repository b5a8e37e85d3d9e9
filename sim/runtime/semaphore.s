# semaphore.s - a counting semaphore on a futex.
#
# A semaphore is 8 bytes, aligned to 4:
#       0  count    32 bits: units to be had, never negative; the futex word
#       4  waiters  32 bits: threads in sem_wait's slow path
#
# Protects: both words are changed by atomics only. sem_post adds to count and then looks at
# waiters; sem_wait adds to waiters and then looks at count; all of it sequentially consistent
# (.aqrl), so at least one of the two sees the other, and no wake-up is lost.

        .equ    SEM_WAITERS, 4
        .equ    SYS_FUTEX, 98
        .equ    FUTEX_WAIT, 0
        .equ    FUTEX_WAKE, 1
        .equ    FUTEX_WAIT_BITSET, 9
        .equ    ERROR_AGAIN, -11
        .equ    ERROR_INTERRUPTED, -4

        .text
        .align  2

# sem_init - makes a semaphore with n units.
#
# In:       a0 = semaphore, a1 = n, 0..2^31-1; nobody else may use it yet.
# Result:   none.
# Clobbers: nothing.
        .globl  sem_init
sem_init:
        sw      a1, 0(a0)
        sw      zero, SEM_WAITERS(a0)
        ret

# sem_wait - takes one unit, sleeping until there is one.
#
# In:       a0 = semaphore.
# Result:   none.
# Clobbers: a0-a3, a7, t0-t4.
        .globl  sem_wait
sem_wait:
1:      lr.w.aqrl t0, (a0)
        beqz    t0, 2f
        addi    t1, t0, -1
        sc.w    t2, t1, (a0)
        bnez    t2, 1b
        ret

2:      mv      t3, a0
        addi    t4, a0, SEM_WAITERS
        li      t1, 1
        amoadd.w.aqrl zero, t1, (t4)
3:      lr.w.aqrl t0, (t3)
        beqz    t0, 4f
        addi    t1, t0, -1
        sc.w    t2, t1, (t3)
        bnez    t2, 3b
        li      t1, -1
        amoadd.w.aqrl zero, t1, (t4)
        ret
4:      mv      a0, t3
        li      a1, FUTEX_WAIT
        li      a2, 0                   # sleeps only if the count is still 0
        li      a3, 0                   # no timeout
        li      a7, SYS_FUTEX
        ecall
        j       3b

# sem_trywait - takes one unit if there is one, without waiting.
#
# In:       a0 = semaphore.
# Result:   a0 = 0: taken; -11 (EAGAIN): there was none.
# Clobbers: t0-t2.
        .globl  sem_trywait
sem_trywait:
1:      lr.w.aqrl t0, (a0)
        beqz    t0, 2f
        addi    t1, t0, -1
        sc.w    t2, t1, (a0)
        bnez    t2, 1b
        li      a0, 0
        ret
2:      li      a0, ERROR_AGAIN
        ret

# sem_post - gives one unit back and wakes one waiter if there is one.
#
# In:       a0 = semaphore.
# Result:   none.
# Clobbers: a0-a2, a7, t0, t1.
        .globl  sem_post
sem_post:
        li      t1, 1
        amoadd.w.aqrl zero, t1, (a0)
        addi    t0, a0, SEM_WAITERS
        amoadd.w.aqrl t0, zero, (t0)    # an atomic read
        beqz    t0, 1f
        li      a1, FUTEX_WAKE
        li      a2, 1
        li      a7, SYS_FUTEX
        ecall
1:      ret

# sem_timedwait - takes one unit, sleeping until there is one or time is up.
#
# In:       a0 = semaphore, a1 -> a timespec (64-bit seconds, 64-bit nanoseconds): until when, on
#           CLOCK_MONOTONIC.
# Result:   a0 = 0: taken; not taken: -110 (ETIMEDOUT), or -22 (EINVAL): no such time.
# Clobbers: a1-a5, a7, t0-t5.
        .globl  sem_timedwait
sem_timedwait:
        mv      t3, a0
        mv      t5, a1
        addi    t4, a0, SEM_WAITERS
        li      t1, 1
        amoadd.w.aqrl zero, t1, (t4)
        li      a0, 0
1:      lr.w.aqrl t0, (t3)
        beqz    t0, 2f
        addi    t1, t0, -1
        sc.w    t2, t1, (t3)
        bnez    t2, 1b
        li      a0, 0
        j       3f
2:      beqz    a0, 4f
        li      t0, ERROR_AGAIN         # the count was not 0 just before
        beq     a0, t0, 4f
        li      t0, ERROR_INTERRUPTED
        bne     a0, t0, 3f              # it was waited for in vain
4:      mv      a0, t3
        li      a1, FUTEX_WAIT_BITSET   # the one whose time is a moment, not a duration
        li      a2, 0                   # sleeps only if the count is still 0
        mv      a3, t5
        li      a4, 0
        li      a5, -1                  # any wake-up
        li      a7, SYS_FUTEX
        ecall
        j       1b
3:      li      t1, -1
        amoadd.w.aqrl zero, t1, (t4)
        ret
