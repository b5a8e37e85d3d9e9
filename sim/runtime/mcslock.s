# mcslock.s - a lock that busy-waits, is fair, and where each waiter spins on a word of its own
# (Mellor-Crummey and Scott, "Algorithms for Scalable Synchronization on Shared-Memory
# Multiprocessors", 1991).
#
# A lock is one aligned 64-bit word: the node of the last one in line, or 0 when it is free. A node
# is 16 bytes, aligned to 8, and belongs to the caller from mcs_lock to mcs_unlock, on its stack or
# in thread-local storage; for each lock that a thread holds at a time it needs one:
#       0  next    the node behind it in line, or 0
#       8  waits   1 until the one before it hands the lock over
#
# A release writes only to the next one's node, so the other waiters' cache lines stay where they
# are; a ticket lock's release takes the line from all of them. First come, first served.
#
# Protects: the word is changed by atomics only; they also publish the node before anybody can find
# it. Of a node, next is written by the one behind and waits by the one before it; both fence.

        .equ    NODE_NEXT, 0
        .equ    NODE_WAITS, 8
        .equ    ERROR_BUSY, -16

        .text
        .align  2

# mcs_init - makes the word a free lock. A word that is zero (.bss) is one already.
#
# In:       a0 = lock; nobody else may use it yet.
# Result:   none.
# Clobbers: nothing.
        .globl  mcs_init
mcs_init:
        sd      zero, 0(a0)
        ret

# mcs_lock - lines up and spins until the lock is handed over.
#
# In:       a0 = lock, a1 = node; it needs no preparation.
# Result:   none; the caller holds the lock.
# Clobbers: t0, t1.
        .globl  mcs_lock
mcs_lock:
        li      t0, 1
        sd      zero, NODE_NEXT(a1)
        sd      t0, NODE_WAITS(a1)
        amoswap.d.aqrl t0, a1, (a0)     # the one before, or 0; it sees a node that is complete
        beqz    t0, 2f
        sd      a1, NODE_NEXT(t0)
1:      ld      t1, NODE_WAITS(a1)
        bnez    t1, 1b
        fence   r, rw
2:      ret

# mcs_trylock - takes the lock if it is free and nobody waits, without spinning.
#
# In:       a0 = lock, a1 = node; it needs no preparation.
# Result:   a0 = 0: the caller holds it; -16 (EBUSY): somebody else does.
# Clobbers: t0, t1.
        .globl  mcs_trylock
mcs_trylock:
        sd      zero, NODE_NEXT(a1)
1:      lr.d.aq t0, (a0)
        bnez    t0, 2f
        sc.d.rl t1, a1, (a0)
        bnez    t1, 1b
        li      a0, 0
        ret
2:      li      a0, ERROR_BUSY
        ret

# mcs_unlock - hands the lock over to the next in line, or frees it.
#
# In:       a0 = lock, held by the caller; a1 = the node that it was taken with, free afterwards.
# Result:   none.
# Clobbers: t0, t1.
        .globl  mcs_unlock
mcs_unlock:
        ld      t0, NODE_NEXT(a1)
        bnez    t0, 3f
1:      lr.d    t0, (a0)
        bne     t0, a1, 2f
        sc.d.rl t1, zero, (a0)          # still the last in line: free
        bnez    t1, 1b
        ret
2:      ld      t0, NODE_NEXT(a1)       # somebody has lined up and is about to say who
        beqz    t0, 2b
3:      fence   rw, w
        sd      zero, NODE_WAITS(t0)
        ret
