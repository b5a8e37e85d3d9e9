# jobs.asm - a long job, a short one, and one that computes a little and sleeps a little: food for schedulers.
#
# Shows:  what `--scheduler` makes of the same three threads: turnaround, response and waiting. The short job
#         and the interactive one have lower nice values than the long one, for schedulers that care.
# Try:    simrec run examples/jobs.asm --harts 1 --scheduler fifo
#         simrec schedule                 the convoy: who waits for the long job?
#         simrec timeline                 the Gantt chart
#         the same with rr, priority, mlfq, fair and lottery; with `--scheduler mlfq:levels=2,boost=20000`;
#         with --quantum 200 and 10000

        .equ    LONG, 60000             # ticks of the long job
        .equ    SHORT, 6000
        .equ    BURST, 500              # ticks that the interactive job computes, BURSTS times
        .equ    BURSTS, 10
        .equ    SYS_SETPRIORITY, 140
        .equ    SYS_NANOSLEEP, 101

        .data
        .align  3
pause:                                  # seconds, nanoseconds: 4000 ticks
        .dword  0, 4000
handles:
        .zero   8 * 3
jobs_done:
        .asciz  "3 jobs done\n"

        .text

# set_nice - the caller's nice value, -20 (gets most) to 19 (least).
#
# In:       a0 = it.
set_nice:
        mv      a2, a0
        li      a0, 0                   # a thread's own:
        li      a1, 0                   # this one's
        li      a7, SYS_SETPRIORITY
        ecall
        ret

# compute - runs for about a0 ticks.
compute:
        srli    a0, a0, 1               # a round is two instructions
compute_round:
        addi    a0, a0, -1
        bnez    a0, compute_round
        ret

long_job:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        li      a0, LONG
        call    compute
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

short_job:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        li      a0, -2
        call    set_nice
        li      a0, SHORT
        call    compute
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

interactive_job:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        li      a0, -5
        call    set_nice
        li      s0, BURSTS
interactive_burst:
        li      a0, BURST
        call    compute
        la      a0, pause
        li      a1, 0
        li      a7, SYS_NANOSLEEP
        ecall
        addi    s0, s0, -1
        bnez    s0, interactive_burst
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
        la      a0, long_job
        call    thread_create
        sd      a0, 0(s0)
        la      a0, short_job
        call    thread_create
        sd      a0, 8(s0)
        la      a0, interactive_job
        call    thread_create
        sd      a0, 16(s0)

        li      s1, 3
join_next:
        ld      a0, 0(s0)
        call    thread_join
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, join_next

        la      a0, jobs_done
        call    print_str
        li      a0, 0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret
