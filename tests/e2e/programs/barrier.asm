# barrier.asm - three threads meet twice at a barrier made of a mutex, a counter and a futex.
        .equ    THREADS, 3
        .equ    SYS_FUTEX, 98
        .data
        .align  3
lock:   .word   0, 0
arrived:
        .word   0
round:  .word   0                       # counts the meetings; the futex that early ones sleep on
handles:
        .zero   8 * THREADS
all_met:
        .asciz  " meetings\n"
        .text

# barrier_wait - returns when THREADS threads have called it.
        .globl  barrier_wait
barrier_wait:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        la      a0, lock
        call    mutex_lock
        lw      s0, round
        la      t0, arrived
        lw      t1, 0(t0)
        addi    t1, t1, 1
        sw      t1, 0(t0)
        li      t2, THREADS
        bne     t1, t2, 1f
        sw      zero, 0(t0)             # the last one opens the barrier
        la      t0, round
        addi    t1, s0, 1
        sw      t1, 0(t0)
        la      a0, lock
        call    mutex_unlock
        la      a0, round
        li      a1, 1
        li      a2, THREADS
        li      a7, SYS_FUTEX
        ecall
        j       3f
1:      la      a0, lock
        call    mutex_unlock
2:      lw      t0, round
        bne     t0, s0, 3f
        la      a0, round
        li      a1, 0
        mv      a2, s0
        li      a3, 0
        li      a7, SYS_FUTEX
        ecall
        j       2b
3:      ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret

worker: push    ra
        call    barrier_wait
        call    barrier_wait
        li      a0, 0
        pop     ra
        ret

        .globl  main
main:   addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        la      s0, handles
        li      s1, THREADS
1:      la      a0, worker
        li      a1, 0
        call    thread_create
        sd      a0, 0(s0)
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 1b
        la      s0, handles
        li      s1, THREADS
2:      ld      a0, 0(s0)
        call    thread_join
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 2b
        lw      a0, round
        call    print_int
        la      a0, all_met
        call    print_str
        li      a0, 0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret
