# barrier.s - a place where threads wait until all of them have come; it can be used again at once.
#
# A barrier is 12 bytes, aligned to 4:
#       0  threads     32 bits: how many have to come; never changes
#       4  arrived     32 bits: how many have, this time
#       8  generation  32 bits: counts the meetings; the futex word
#
# Protects: arrived is changed by an atomic addition, and put back to 0 by the last to come, before
# it changes generation: nobody comes again before that. Arriving and leaving are .aqrl and a fence,
# so what any thread did before the barrier is seen by all behind it.

        .equ    BARRIER_ARRIVED, 4
        .equ    BARRIER_GENERATION, 8

        .equ    SYS_FUTEX, 98
        .equ    FUTEX_WAIT, 0
        .equ    FUTEX_WAKE, 1
        .equ    ALL, 0x7fffffff

        .text
        .align  2

# barrier_init - makes a barrier for n threads.
#
# In:       a0 = barrier, a1 = n, at least 1; nobody else may use it yet.
# Result:   none.
# Clobbers: nothing.
        .globl  barrier_init
barrier_init:
        sw      a1, 0(a0)
        sw      zero, BARRIER_ARRIVED(a0)
        sw      zero, BARRIER_GENERATION(a0)
        ret

# barrier_wait - sleeps until all n threads have called it.
#
# In:       a0 = barrier; by n threads, no more: which of n + 1 would meet is not defined.
# Result:   a0 = 1 for the last to come, 0 for the others.
# Clobbers: a1-a3, a7, t0-t3.
        .globl  barrier_wait
barrier_wait:
        lw      a2, BARRIER_GENERATION(a0) # stays until this thread has come
        addi    t0, a0, BARRIER_ARRIVED
        li      t1, 1
        amoadd.w.aqrl t1, t1, (t0)
        addi    t1, t1, 1
        lw      t2, 0(a0)
        addi    t3, a0, BARRIER_GENERATION
        beq     t1, t2, 3f

1:      lw      t0, 0(t3)
        bne     t0, a2, 2f
        mv      a0, t3
        li      a1, FUTEX_WAIT          # sleeps only while it is still this generation
        li      a3, 0                   # no timeout
        li      a7, SYS_FUTEX
        ecall
        j       1b
2:      fence   r, rw
        li      a0, 0
        ret

3:      sw      zero, 0(t0)
        li      t1, 1
        amoadd.w.aqrl zero, t1, (t3)
        mv      a0, t3
        li      a1, FUTEX_WAKE
        li      a2, ALL
        li      a7, SYS_FUTEX
        ecall
        li      a0, 1
        ret
