# pool.asm - how many threads are enough? It depends on how long each task waits.
#
# Shows:  a pool of POOL threads does TASKS tasks: CPU ticks on a hart, then IO ticks asleep, as for a
#         database or another machine. Tasks that only compute are done fastest by as many threads as
#         there are harts; more only switch. A task that waits leaves its hart to others, so that about
#         HARTS * (1 + wait / compute) threads keep all harts busy.
# Try:    simrec sweep examples/lessons/pool.asm --vary POOL=1..32 --vary HARTS=1,2,4 -o sweep.html
#         simrec sweep examples/lessons/pool.asm --vary POOL=1..8 --vary HARTS=1,2,4 --define IO=0
#         simrec lessons run how-many-threads

        .ifndef POOL                    # threads
        .equ    POOL, 4
        .endif
        .ifndef TASKS
        .equ    TASKS, 240
        .endif
        .ifndef CPU                     # ticks of computing
        .equ    CPU, 2000
        .endif
        .ifndef IO                      # ticks of waiting, which are nanoseconds here; 0: none
        .equ    IO, 10000
        .endif

        .equ    SYS_NANOSLEEP, 101

        .data
        .align  3
nap:                                    # struct timespec
        .dword  0, IO
tasks_done:
        .asciz  " tasks done\n"

        .text

# task - computes, waits, and marks its end.
#
# In:       a0 = its number.
task:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        mv      s0, a0
        li      a0, CPU
        call    work
        .if     IO > 0
        la      a0, nap
        li      a1, 0
        li      a7, SYS_NANOSLEEP
        ecall
        .endif
        probe   task_done, s0
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

        li      a0, POOL
        li      a1, TASKS               # room for all: who submits never waits
        call    pool_create_sized
        bltz    a0, failed
        mv      s0, a0
        li      s1, TASKS
submit:
        mv      a0, s0
        la      a1, task
        mv      a2, s1
        call    pool_run
        bltz    a0, failed
        addi    s1, s1, -1
        bnez    s1, submit

        mv      a0, s0
        call    pool_shutdown           # when all tasks are done
        call    print_int
        la      a0, tasks_done
        call    print_str
        li      a0, 0
        j       leave
failed:
        neg     a0, a0                  # the exit status is the errno
leave:
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret
