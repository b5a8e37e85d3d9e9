# counter_spin.asm - four threads count together under a spinlock: the sum is always 4000.
#
# Shows:  waiting without sleeping. There is no futex in this log; a thread that finds the lock held
#         burns its own ticks, and with more threads than harts it burns them while the holder is
#         preempted and cannot let go.
# Try:    simrec run examples/counter_spin.asm --harts 4
#         simrec run examples/counter_spin.asm --harts 2 --quantum 500
#         simrec stats                    ticks spent in spin_lock
# Compare: counter_mutex.asm

        .equ    THREADS, 4
        .equ    ROUNDS, 1000

        .data
        .align  3
counter:
        .dword  0
counter_lock:
        .word   0                       # 0 free, 1 held (spinlock.s)
        .word   0
handles:
        .zero   8 * THREADS

counter_is:
        .asciz  "counter = "
expected:
        .asciz  ", expected 4000\n"

        .text

# worker - adds 1 to the counter, ROUNDS times.
worker:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        li      s0, ROUNDS
add_one:
        la      a0, counter_lock
        call    spin_lock
        la      t0, counter             # the critical section: one thread at a time
        ld      t1, 0(t0)
        addi    t1, t1, 1
        sd      t1, 0(t0)
        la      a0, counter_lock
        call    spin_unlock
        addi    s0, s0, -1
        bnez    s0, add_one
        li      a0, 0
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret

        .globl  main
main:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)

        la      s0, handles
        li      s1, THREADS
create_threads:
        la      a0, worker
        li      a1, 0
        call    thread_create
        sd      a0, 0(s0)
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, create_threads

        la      s0, handles
        li      s1, THREADS
join_threads:
        ld      a0, 0(s0)
        call    thread_join
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, join_threads

        la      a0, counter_is
        call    print_str
        la      t0, counter
        ld      a0, 0(t0)
        call    print_int
        la      a0, expected
        call    print_str

        li      a0, 0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret
