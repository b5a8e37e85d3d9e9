# condition.s - a condition variable on a futex: wait for a state that a mutex protects.
#
# A condition is 16 bytes, aligned to 8:
#        0  sequence  32 bits: counts signals and broadcasts; the futex word
#        4  waiters   32 bits: threads in cond_wait, before they take the mutex again
#        8  mutex     of the waiters, all with the same one (mutex.s)
#
# A wait may end without a signal, and what was signalled may be gone when the mutex is had again;
# so wait in a loop, with the state tested under the mutex:
#
#       1:      (test the state)        # mutex held
#               bnez    t0, 2f
#               la      a0, condition
#               la      a1, mutex
#               call    cond_wait
#               j       1b
#
# Change the state under the mutex, too; signalling may come after the unlock.
#
# Protects: sequence and waiters are changed by atomics only (.aqrl). A waiter adds itself, then
# reads sequence, then releases the mutex; a signal adds to sequence and then looks at waiters. So a
# signal that comes after the mutex was released either finds a waiter to wake or has changed what
# the waiter's futex call compares: no wake-up is lost. mutex is written by waiters under the mutex.

        .equ    COND_WAITERS, 4
        .equ    COND_MUTEX, 8

        .equ    SYS_FUTEX, 98
        .equ    FUTEX_WAIT, 0
        .equ    FUTEX_WAKE, 1
        .equ    FUTEX_CMP_REQUEUE, 4
        .equ    ALL, 0x7fffffff

        .text
        .align  2

# cond_init - makes a condition that nobody waits for. Zeros (.bss) are one already.
#
# In:       a0 = condition; nobody else may use it yet.
# Result:   none.
# Clobbers: nothing.
        .globl  cond_init
cond_init:
        sd      zero, 0(a0)
        sd      zero, COND_MUTEX(a0)
        ret

# cond_wait - releases the mutex, sleeps until signalled, and takes the mutex again.
#
# In:       a0 = condition, a1 = mutex, held by the caller, and no other one than other waiters'.
# Result:   none; the caller holds the mutex. It may have been woken for nothing.
# Clobbers: a0-a3, a7, t0-t3.
        .globl  cond_wait
cond_wait:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        mv      s0, a0
        sd      a1, COND_MUTEX(a0)
        addi    t0, a0, COND_WAITERS
        li      t1, 1
        amoadd.w.aqrl zero, t1, (t0)
        lw      s1, 0(a0)
        mv      a0, a1
        call    mutex_unlock            # its release comes after the read of sequence
        mv      a0, s0
        li      a1, FUTEX_WAIT
        mv      a2, s1                  # sleeps only if nobody has signalled since
        li      a3, 0                   # no timeout
        li      a7, SYS_FUTEX
        ecall
        addi    t0, s0, COND_WAITERS
        li      t1, -1
        amoadd.w.aqrl zero, t1, (t0)
        ld      a0, COND_MUTEX(s0)
        call    mutex_lock_contended    # others may sleep on the mutex: a broadcast moves them there
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret

# cond_signal - wakes one waiter, if there is one.
#
# In:       a0 = condition. The caller may hold the mutex.
# Result:   none.
# Clobbers: a0-a2, a7, t0.
        .globl  cond_signal
cond_signal:
        li      t0, 1
        amoadd.w.aqrl zero, t0, (a0)
        lw      t0, COND_WAITERS(a0)
        beqz    t0, 1f
        li      a1, FUTEX_WAKE
        li      a2, 1
        li      a7, SYS_FUTEX
        ecall
1:      ret

# cond_broadcast - lets all waiters go on, one after the other as the mutex becomes free.
#
# One is woken, the others are moved to the mutex: no herd that wakes only to sleep again there.
#
# In:       a0 = condition. The caller may hold the mutex.
# Result:   none.
# Clobbers: a0-a5, a7, t0.
        .globl  cond_broadcast
cond_broadcast:
        li      t0, 1
        amoadd.w.aqrl a5, t0, (a0)
        lw      t0, COND_WAITERS(a0)
        beqz    t0, 2f
        addiw   a5, a5, 1
        li      a1, FUTEX_CMP_REQUEUE
        li      a2, 1                   # to wake
        li      a3, ALL                 # to move
        ld      a4, COND_MUTEX(a0)
        li      a7, SYS_FUTEX
        mv      t0, a0
        ecall
        bgez    a0, 2f                  # EAGAIN: another signal came between, and took its one:
        mv      a0, t0                  # all that are left are woken by hand
        li      a1, FUTEX_WAKE
        li      a2, ALL
        ecall
2:      ret
