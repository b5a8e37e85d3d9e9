# multitasking-clock.asm - says something, sleeps, and says it again.
#
# Shows:  with multitasking-primes.asm and multitasking-fib.asm: three processes on one hart. This one wants
#         the hart for a moment at a time: while it sleeps it is blocked, and the time is the others'.
#         A slice that has just begun makes it late: it is ready as its sleep ends, and runs when the hart
#         is free.
# Try:    simrec run examples/lessons/multitasking-*.asm --harts 1 --name tasks
#         simrec stats tasks              scheduling latency: how late it was (process 1 is the clock)
#         --quantum 100 and 10000: how late is it now?
#         --harts 2: two programs at a time

        .equ    TIMES, 5
        .equ    NAP, 5000               # nanoseconds; a tick is one
        .equ    SYS_NANOSLEEP, 101

        .data
        .align  3
nap:                                    # struct timespec: seconds, nanoseconds
        .dword  0, NAP
time:
        .asciz  "time "

        .text
        .globl  main
main:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)

        li      s0, 0
again:
        addi    s0, s0, 1
        la      a0, time
        call    print_str
        mv      a0, s0
        call    print_int
        call    print_newline
        la      a0, nap
        li      a1, 0                   # nobody asks for the time left
        li      a7, SYS_NANOSLEEP
        ecall
        li      t0, TIMES
        blt     s0, t0, again

        li      a0, 0
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret
