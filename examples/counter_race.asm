# counter_race.asm - four threads count together without a lock, and lose updates.
#
# Shows:  `counter = counter + 1` is three instructions. When two threads load the same old value,
#         one of the two additions is lost, so the sum is anything up to 4000.
# Try:    simrec run examples/counter_race.asm --harts 2
#         simrec run examples/counter_race.asm --seed 7; simrec diff RUN_A RUN_B
#         simrec run examples/counter_race.asm --harts 1 --quantum 100000    no overlap, no loss
# Fixed:  counter_mutex.asm, counter_spin.asm, counter_atomic.asm

        .equ    THREADS, 4
        .equ    ROUNDS, 1000

        .data
        .align  3
counter:
        .dword  0

handles:
        .zero   8 * THREADS

counter_is:
        .asciz  "counter = "
expected:
        .asciz  ", expected 4000\n"

        .text

# worker - adds 1 to the counter, ROUNDS times.
worker:
        la      t0, counter
        li      t1, ROUNDS
add_one:
        ld      t2, 0(t0)               # two threads may both load the same value here
        addi    t2, t2, 1
        sd      t2, 0(t0)               # and the later store hides the earlier one
        addi    t1, t1, -1
        bnez    t1, add_one
        li      a0, 0
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
