# schedulers.asm - three jobs come to one hart one after the other: the textbook's workloads for schedulers.
#
# Shows:  what each scheduler makes of the same jobs: turnaround, response, waiting, and who waits for whom.
# Try:    simrec lessons run schedulers
#         simrec run --harts 2 --quantum 2000 --scheduler rr examples/lessons/schedulers.asm convoy
#         simrec schedule --without 1
#
# Arguments: convoy (a long job, then a shorter one, then a short one) or interactive (two that compute, and
#            one that computes a little and sleeps a little).
#
# The first thread stays on hart 1 and brings the jobs, threads 2, 3 and 4, to hart 0. So hart 0 is the textbook's
# machine, and the jobs have it for themselves. The shorter a job the higher its priority, which only
# `--scheduler priority` goes by.

        .ifndef UNIT
        .equ    UNIT, 1000              # ticks of the textbook's unit of time
        .endif
        .ifndef LONG
        .equ    LONG, 12                # units that job A computes, in both workloads
        .endif
        .ifndef MIDDLE
        .equ    MIDDLE, 4               # job B of the convoy
        .endif
        .ifndef SHORT
        .equ    SHORT, 2                # job C of the convoy
        .endif
        .ifndef BURSTS
        .equ    BURSTS, 6               # how often the interactive job computes
        .endif

        .equ    REST, 40                # ticks of a job that are for what isn't its loop, at most
        .equ    SLACK, 20               # ... and of each further burst
        .equ    CLOCK, 1                # CLOCK_MONOTONIC: ticks as nanoseconds
        .equ    ABSOLUTE, 1             # until then, not for so long
        .equ    SCHED_RR, 2
        .equ    SYS_NANOSLEEP, 101
        .equ    SYS_CLOCK_NANOSLEEP, 115
        .equ    SYS_SCHED_SETSCHEDULER, 119
        .equ    SYS_SCHED_SETAFFINITY, 122

# A job: when it comes (seconds, ticks), priority, how often it computes, ticks of each time, ticks of its first,
# and its sleep in between (seconds, ticks).
        .equ    JOB_PRIORITY, 16
        .equ    JOB_BURSTS, 24
        .equ    JOB_TICKS, 32
        .equ    JOB_FIRST, 40
        .equ    JOB_SLEEP, 48
        .equ    JOB_SIZE, 64
        .macro  job arrival, priority, work
        .dword  0, UNIT + (\arrival) * UNIT, \priority, 1, 0, (\work) * UNIT - REST, 0, 0
        .endm

        .data
        .align  3
convoy: job     0, 1, LONG
        job     1, 2, MIDDLE
        job     3, 3, SHORT
interactive:
        job     0, 1, LONG
        job     1, 1, LONG
        .dword  0, UNIT + 3 * UNIT, 3, BURSTS, UNIT / 2 - SLACK, UNIT / 2 - REST, 0, UNIT * 3 / 2
hart0:  .dword  1                       # as masks
hart1:  .dword  2
handles:
        .zero   8 * 3
usage:  .asciz  "give convoy or interactive\n"

        .text

# run_job - computes and sleeps as the job says.  a0 = the job.
        .type   run_job, @function
run_job:
        mv      s0, a0                  # the entry function of a thread owes nobody its registers
        mv      s1, ra
        ld      s2, JOB_BURSTS(s0)
        ld      t0, JOB_FIRST(s0)
1:      addi    t0, t0, -2
        bgtz    t0, 1b
        addi    s2, s2, -1
        beqz    s2, 2f
        addi    a0, s0, JOB_SLEEP
        li      a1, 0
        li      a7, SYS_NANOSLEEP
        ecall
        ld      t0, JOB_TICKS(s0)
        j       1b
2:      jr      s1

# bring - waits until a job is to come, and brings it to hart 0.  a0 = the job; a0 = the thread's handle.
        .type   bring, @function
bring:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        mv      s0, a0
        li      a0, 0                   # the job's priority: a new thread has its creator's
        li      a1, SCHED_RR
        addi    a2, s0, JOB_PRIORITY
        li      a7, SYS_SCHED_SETSCHEDULER
        ecall
        li      a0, CLOCK
        li      a1, ABSOLUTE
        mv      a2, s0
        li      a3, 0
        li      a7, SYS_CLOCK_NANOSLEEP
        ecall
        la      a0, run_job
        mv      a1, s0
        call    thread_create
        mv      s1, a0
        lw      a0, -64(s1)             # its tid; it has its creator's affinity, too
        li      a1, 8
        la      a2, hart0
        li      a7, SYS_SCHED_SETAFFINITY
        ecall
        mv      a0, s1
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret

        .globl  main
main:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        sd      s2, 0(sp)
        li      t0, 2
        bne     a0, t0, 3f
        ld      t0, 8(a1)
        lbu     t0, 0(t0)               # c or i
        la      s0, convoy
        li      t1, 'c'
        beq     t0, t1, 1f
        la      s0, interactive
        li      t1, 'i'
        bne     t0, t1, 3f
1:      li      a0, 0
        li      a1, 8
        la      a2, hart1
        li      a7, SYS_SCHED_SETAFFINITY
        ecall
        la      s1, handles
        li      s2, 3
2:      mv      a0, s0
        call    bring
        sd      a0, 0(s1)
        addi    s0, s0, JOB_SIZE
        addi    s1, s1, 8
        addi    s2, s2, -1
        bnez    s2, 2b
        la      s1, handles
        li      s2, 3
2:      ld      a0, 0(s1)
        call    thread_join
        addi    s1, s1, 8
        addi    s2, s2, -1
        bnez    s2, 2b
        li      a0, 0
        j       4f
3:      la      a0, usage
        call    print_str
        li      a0, 2
4:      ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        ld      s2, 0(sp)
        addi    sp, sp, 32
        ret
