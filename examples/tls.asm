# tls.asm - four threads count in a thread-local variable: no lock, no race, the sum is always 4000.
#
# Shows:  one name, a variable for each thread. `hits` is in .tbss, so every thread has a copy behind its
#         tp, and %tprel_hi/%tprel_lo say how far; a copy of .tdata starts with its value. Only the sum
#         is shared, and added to once a thread.
# Try:    simrec run examples/tls.asm
#         simrec events --thread 3 --all       its hits are at another address than thread 2's
#         count in `sum` itself, without an atomic, and look at `simrec races`
# Compare: counter_race.asm, counter_mutex.asm

        .equ    THREADS, 4
        .equ    ROUNDS, 1000

        .section .tdata
        .align  3
step:   .dword  1                       # every thread's own, and 1 at first

        .section .tbss
        .align  3
hits:   .zero   8                       # every thread's own, and 0 at first

        .data
        .align  3
sum:    .dword  0
handles:
        .zero   8 * THREADS

sum_is: .asciz  "sum = "
expected:
        .asciz  ", expected 4000\n"
mains_own:
        .asciz  "main's own hits = "

        .text

# worker - adds step to hits, ROUNDS times, and hits to sum.
worker:
        li      t0, ROUNDS
        lui     t1, %tprel_hi(hits)
        add     t1, t1, tp, %tprel_add(hits)
        addi    t1, t1, %tprel_lo(hits) # the address of this thread's hits
        ld      t2, %tprel_lo(step)(tp) # short, for what is within 2 KiB
add_step:
        ld      t3, 0(t1)
        add     t3, t3, t2
        sd      t3, 0(t1)
        addi    t0, t0, -1
        bnez    t0, add_step
        la      t0, sum
        amoadd.d zero, t3, (t0)
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

        la      a0, sum_is
        call    print_str
        ld      a0, sum
        call    print_int
        la      a0, expected
        call    print_str
        la      a0, mains_own
        call    print_str
        ld      a0, %tprel_lo(hits)(tp)
        call    print_int
        call    print_newline

        li      a0, 0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret
