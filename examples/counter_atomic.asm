# counter_atomic.asm - four threads count together with one atomic instruction each time.
#
# Shows:  amoadd.d loads, adds and stores as one step that no other hart can come between. No lock,
#         no waiting, no system call; the harts still take turns at the cache line.
# Try:    simrec run examples/counter_atomic.asm
#         simrec events --kind atomic     old and new value of every addition
#         compare the ticks with counter_mutex.asm and counter_spin.asm

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
        li      t2, 1
add_one:
        amoadd.d zero, t2, (t0)         # rd = zero: the old value is not needed
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
