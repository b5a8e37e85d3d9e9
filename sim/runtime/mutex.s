# mutex.s - a mutual exclusion lock that sleeps: Drepper's three-state futex mutex
# ("Futexes Are Tricky", mutex2).
#
# A mutex is one aligned 32-bit word:
#       0  free
#       1  held, nobody waits
#       2  held, somebody may be waiting in the kernel
# Taking a free one and releasing one that nobody waits for are user-space atomics only; the
# kernel is called when there is contention. It is not recursive: locking it twice in one thread
# deadlocks. The futex calls are not FUTEX_PRIVATE, so that a mutex in memory shared between
# processes works.
#
# Protects: the word is changed by atomics only. Acquiring is .aq and releasing .rl, so what one
# holder wrote is seen by the next.

        .equ    MUTEX_FREE, 0
        .equ    MUTEX_HELD, 1
        .equ    MUTEX_CONTENDED, 2
        .equ    SYS_FUTEX, 98
        .equ    FUTEX_WAIT, 0
        .equ    FUTEX_WAKE, 1
        .equ    ERROR_BUSY, -16

        .text
        .align  2

# mutex_init - makes the word a free mutex. A word that is zero (.bss) is one already.
#
# In:       a0 = lock; nobody else may use it yet.
# Result:   none.
# Clobbers: nothing.
        .globl  mutex_init
mutex_init:
        sw      zero, 0(a0)
        ret

# mutex_lock - takes the mutex, sleeping until it is free.
#
# In:       a0 = lock.
# Result:   none; the caller holds the mutex.
# Clobbers: a0-a3, a7, t0-t3.
        .globl  mutex_lock
mutex_lock:
        li      t1, MUTEX_HELD
1:      lr.w.aq t0, (a0)
        bnez    t0, 2f
        sc.w    t2, t1, (a0)
        bnez    t2, 1b
        ret

# From here on the thread stores 2, never 1: it cannot know whether others sleep too, so its own
# unlock has to wake one. At worst that is one wake-up call too many.
2:      mv      t3, a0
        li      t1, MUTEX_CONTENDED
3:      amoswap.w.aq t0, t1, (t3)
        beqz    t0, 4f                  # it was free: now it is ours
        mv      a0, t3
        li      a1, FUTEX_WAIT
        li      a2, MUTEX_CONTENDED     # sleeps only if the word is still 2, so no wake-up is lost
        li      a3, 0                   # no timeout
        li      a7, SYS_FUTEX
        ecall
        j       3b
4:      ret

# mutex_lock_contended - takes the mutex as one that others may be asleep on: its release wakes one.
#
# For a waiter for a condition that a broadcast may have moved here, with others (condition.s).
#
# In:       a0 = lock.
# Result:   none; the caller holds the mutex.
# Clobbers: a0-a3, a7, t0, t1, t3.
        .globl  mutex_lock_contended
mutex_lock_contended:
        mv      t3, a0
        li      t1, MUTEX_CONTENDED
        j       3b

# mutex_trylock - takes the mutex if it is free, without waiting.
#
# In:       a0 = lock.
# Result:   a0 = 0: the caller holds it; -16 (EBUSY): somebody else does.
# Clobbers: t0-t2.
        .globl  mutex_trylock
mutex_trylock:
        li      t1, MUTEX_HELD
1:      lr.w.aq t0, (a0)
        bnez    t0, 2f
        sc.w    t2, t1, (a0)
        bnez    t2, 1b
        li      a0, 0
        ret
2:      li      a0, ERROR_BUSY
        ret

# mutex_unlock - releases the mutex and wakes one waiter if there may be one.
#
# In:       a0 = lock, held by the caller.
# Result:   none.
# Clobbers: a0-a2, a7, t0, t1.
        .globl  mutex_unlock
mutex_unlock:
        amoswap.w.rl t0, zero, (a0)
        li      t1, MUTEX_CONTENDED
        bne     t0, t1, 1f
        li      a1, FUTEX_WAKE
        li      a2, 1                   # one waiter: only one could take it
        li      a7, SYS_FUTEX
        ecall
1:      ret
