# poolthread.s - what the threads of a pool (pool.s) do. Where they wait for tasks is a place of its own
# in lock statistics: everything else in this library waits on behalf of whoever calls it.
#
# Protects: no state of its own; the words of pools and tasks are as pool.s says. A task is the
# thread's from queue_get until state says that it is done.

        .equ    TASK_DETACHED, 4
        .equ    TASK_FUNCTION, 8
        .equ    TASK_ARGUMENT, 16
        .equ    TASK_DONE, 1
        .equ    TASK_AWAITED, 2

        .equ    SYS_FUTEX, 98
        .equ    FUTEX_WAKE, 1
        .equ    ALL, 0x7fffffff

        .text
        .align  2

# pool_thread - a thread of the pool: runs tasks until the queue is closed and empty.
#
# In:       a0 = pool.
# Result:   a0 = how many it has run.
# Clobbers: a1-a7, t0-t6, as the tasks may.
        .globl  pool_thread
pool_thread:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        sd      s2, 0(sp)
        mv      s0, a0
        li      s2, 0
1:      mv      a0, s0
        call    queue_get
        bltz    a1, 5f
        mv      s1, a0
        ld      a0, TASK_ARGUMENT(s1)
        ld      t0, TASK_FUNCTION(s1)
        jalr    t0
        addi    s2, s2, 1
        lw      t0, TASK_DETACHED(s1)
        beqz    t0, 2f
        mv      a0, s1
        call    free
        j       3f

2:      sd      a0, TASK_ARGUMENT(s1)
        li      t0, TASK_DONE
        amoswap.w.aqrl t0, t0, (s1)     # from here on the task may be gone
        li      t1, TASK_AWAITED
        bne     t0, t1, 3f
        mv      a0, s1                  # its address is still good to wake who slept on it
        li      a1, FUTEX_WAKE
        li      a2, ALL
        li      a7, SYS_FUTEX
        ecall

3:      mv      a0, s0
        call    pool_ended
        j       1b

5:      mv      a0, s2
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        ld      s2, 0(sp)
        addi    sp, sp, 32
        ret
