# taslock.s - a lock that busy-waits: plain test-and-set, the simplest there is.
#
# A lock is one aligned 32-bit word, 0 free or 1 held. Every turn of the waiting loop is an atomic
# write, which takes the cache line away from whoever has it, the holder too: what test-and-set
# costs more than spin_lock (spinlock.s), which waits on a plain load. No system call, no fairness.
# With more threads than harts a preempted holder lets the others burn their whole quantum.
#
# Protects: the word is changed by atomics only (.aq to take, .rl to release).

        .equ    ERROR_BUSY, -16

        .text
        .align  2

# tas_init - makes the word a free lock. A word that is zero (.bss) is one already.
#
# In:       a0 = lock; nobody else may use it yet.
# Result:   none.
# Clobbers: nothing.
        .globl  tas_init
tas_init:
        sw      zero, 0(a0)
        ret

# tas_lock - takes the lock, spinning until it is free.
#
# In:       a0 = lock.
# Result:   none; the caller holds the lock.
# Clobbers: t0, t1.
        .globl  tas_lock
tas_lock:
        li      t1, 1
1:      amoswap.w.aq t0, t1, (a0)
        bnez    t0, 1b
        ret

# tas_trylock - takes the lock if it is free, without spinning.
#
# In:       a0 = lock.
# Result:   a0 = 0: the caller holds it; -16 (EBUSY): somebody else does.
# Clobbers: t0, t1.
        .globl  tas_trylock
tas_trylock:
        li      t1, 1
        amoswap.w.aq t0, t1, (a0)
        li      a0, 0
        beqz    t0, 1f
        li      a0, ERROR_BUSY
1:      ret

# tas_unlock - releases the lock.
#
# In:       a0 = lock, held by the caller.
# Result:   none.
# Clobbers: nothing.
        .globl  tas_unlock
tas_unlock:
        amoswap.w.rl zero, zero, (a0)
        ret
