# ticketlock.s - a lock that busy-waits and is fair: first come, first served.
#
# A ticket lock is 8 bytes, aligned to 4:
#       0  next     32 bits: the ticket that the next comer draws
#       4  serving  32 bits: the ticket whose holder has the lock; equal to next: free
#
# Taking it is one atomic addition, so the order of arrival is the order of service, whatever harts
# and schedulers do. That is its price too: with more threads than harts the lock goes to a thread
# that isn't running, and all others spin until that one is. Both words wrap around together.
#
# Protects: next is changed by atomics only. serving is read by anybody, and changed by the holder
# alone, with release order; a waiter that sees its ticket there fences, so what one holder wrote
# is seen by the next.

        .equ    TICKET_SERVING, 4
        .equ    ERROR_BUSY, -16

        .text
        .align  2

# ticket_init - makes a free ticket lock. Zeros (.bss) are one already.
#
# In:       a0 = lock; nobody else may use it yet.
# Result:   none.
# Clobbers: nothing.
        .globl  ticket_init
ticket_init:
        sw      zero, 0(a0)
        sw      zero, TICKET_SERVING(a0)
        ret

# ticket_lock - draws a ticket and spins until it is served.
#
# In:       a0 = lock.
# Result:   none; the caller holds the lock.
# Clobbers: t0, t1.
        .globl  ticket_lock
ticket_lock:
        li      t0, 1
        amoadd.w t0, t0, (a0)           # no order needed: the lock isn't ours yet
1:      lw      t1, TICKET_SERVING(a0)
        bne     t0, t1, 1b
        fence   r, rw
        ret

# ticket_trylock - takes the lock if it is free and nobody waits, without spinning.
#
# In:       a0 = lock.
# Result:   a0 = 0: the caller holds it; -16 (EBUSY): somebody else does.
# Clobbers: t0-t2.
        .globl  ticket_trylock
ticket_trylock:
1:      lr.w.aq t0, (a0)
        lw      t1, TICKET_SERVING(a0)  # equal now, and still if nobody draws before the sc
        bne     t0, t1, 2f
        addi    t1, t0, 1
        sc.w    t2, t1, (a0)
        bnez    t2, 1b
        fence   r, rw
        li      a0, 0
        ret
2:      li      a0, ERROR_BUSY
        ret

# ticket_unlock - releases the lock to the holder of the next ticket.
#
# In:       a0 = lock, held by the caller.
# Result:   none.
# Clobbers: t0.
        .globl  ticket_unlock
ticket_unlock:
        lw      t0, TICKET_SERVING(a0)
        addi    t0, t0, 1
        fence   rw, w
        sw      t0, TICKET_SERVING(a0)  # only the holder writes it: a plain store is enough
        ret
