# spinlock.s - a lock that busy-waits: test and test-and-set.
#
# A spinlock is one aligned 32-bit word, 0 free or 1 held. No system call, no fairness; for
# sections of a few instructions whose holder is running on another hart. With more threads than
# harts a preempted holder lets the others burn their whole quantum.
#
# Protects: the word is changed by atomics only (.aq to take, .rl to release).

        .equ    ERROR_BUSY, -16

        .text
        .align  2

# spin_init - makes the word a free spinlock. A word that is zero (.bss) is one already.
#
# In:       a0 = lock; nobody else may use it yet.
# Result:   none.
# Clobbers: nothing.
        .globl  spin_init
spin_init:
        sw      zero, 0(a0)
        ret

# spin_lock - takes the lock, spinning until it is free.
#
# In:       a0 = lock.
# Result:   none; the caller holds the lock.
# Clobbers: t0, t1.
        .globl  spin_lock
spin_lock:
        li      t1, 1
1:      lw      t0, 0(a0)               # waits on a plain load: the cache line stays shared
        bnez    t0, 1b                  # until the holder writes it
        amoswap.w.aq t0, t1, (a0)
        bnez    t0, 1b
        ret

# spin_trylock - takes the lock if it is free, without spinning.
#
# In:       a0 = lock.
# Result:   a0 = 0: the caller holds it; -16 (EBUSY): somebody else does.
# Clobbers: t0, t1.
        .globl  spin_trylock
spin_trylock:
        li      t1, 1
        amoswap.w.aq t0, t1, (a0)
        li      a0, 0
        beqz    t0, 1f
        li      a0, ERROR_BUSY
1:      ret

# spin_unlock - releases the lock.
#
# In:       a0 = lock, held by the caller.
# Result:   none.
# Clobbers: nothing.
        .globl  spin_unlock
spin_unlock:
        amoswap.w.rl zero, zero, (a0)
        ret
