# cpu_or_io.asm - how many threads are enough? It depends on how long each waits.
#
# Shows:  THREADS threads do UNITS units of work each: COMPUTE ticks on a hart, then WAIT ticks asleep, as for
#         a disk or a network. Work that only computes is done fastest by as many threads as there are
#         harts; more only switch. Work that waits leaves its hart to others, so that about
#         HARTS * (1 + WAIT / COMPUTE) threads keep all harts busy.
# Try:    simrec sweep examples/lessons/cpu_or_io.asm --vary THREADS=1..64*2 --vary WAIT=0,4500 -o sweep.html
#         simrec sweep examples/lessons/cpu_or_io.asm --vary THREADS=1..12 --vary HARTS=1,2,4 --define WAIT=0

        .ifndef THREADS
        .equ    THREADS, 4
        .endif
        .ifndef UNITS                   # of each thread
        .equ    UNITS, 40
        .endif
        .ifndef COMPUTE                 # ticks
        .equ    COMPUTE, 500
        .endif
        .ifndef WAIT                    # ticks, which are nanoseconds here; 0: none
        .equ    WAIT, 4500
        .endif

        .equ    SYS_NANOSLEEP, 101

        .data
        .align  3
nap:                                    # struct timespec
        .dword  0, WAIT
handles:
        .zero   8 * THREADS

        .text

# worker - does UNITS units of work, and marks the end of each.
worker:
        li      t1, UNITS
next_unit:
        li      t0, COMPUTE / 2
compute:                                # two ticks a round
        addi    t0, t0, -1
        bnez    t0, compute
        .if     WAIT > 0
        la      a0, nap
        li      a1, 0
        li      a7, SYS_NANOSLEEP
        ecall
        .endif
        probe   unit_done, t1
        addi    t1, t1, -1
        bnez    t1, next_unit
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

        li      a0, 0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret
