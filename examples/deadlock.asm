# deadlock.asm - two threads take two mutexes in opposite order, and both wait forever.
#
# Shows:  the smallest deadlock. Each thread holds one lock for a millisecond and then wants the
#         other's. simrec ends the run with exit status 3 and says who waits for what, held by whom.
# Try:    simrec run examples/deadlock.asm
#         simrec replay --at N            at the last event: held and awaited locks
#         Cure it: let both threads take first_lock before second_lock.

        .equ    HOLD_NANOSECONDS, 1000000

        .data
        .align  3
first_lock:
        .word   0, 0
second_lock:
        .word   0, 0
hold_time:                              # a timespec: seconds, nanoseconds
        .dword  0, HOLD_NANOSECONDS
handles:
        .zero   16
has_one_lock:
        .asciz  "has one lock, wants the other\n"
no_deadlock:
        .asciz  "no deadlock this time\n"

        .text

# forward - takes first_lock, then second_lock.
forward:
        la      a0, first_lock
        la      a1, second_lock
        j       take_both

# backward - takes second_lock, then first_lock.
backward:
        la      a0, second_lock
        la      a1, first_lock

# take_both - takes the lock in a0, waits a while, takes the one in a1, releases both.
take_both:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        mv      s0, a0
        mv      s1, a1
        call    mutex_lock

        la      a0, has_one_lock
        call    print_str
        la      a0, hold_time           # long enough for the other thread to take its first
        li      a1, 0
        li      a7, 101                 # nanosleep
        ecall

        mv      a0, s1
        call    mutex_lock              # both threads stop here
        mv      a0, s1
        call    mutex_unlock
        mv      a0, s0
        call    mutex_unlock
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret

        .globl  main
main:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        la      s0, handles

        la      a0, forward
        li      a1, 0
        call    thread_create
        sd      a0, 0(s0)
        la      a0, backward
        li      a1, 0
        call    thread_create
        sd      a0, 8(s0)

        ld      a0, 0(s0)
        call    thread_join             # main waits for the two, so nobody is left to help
        ld      a0, 8(s0)
        call    thread_join

        la      a0, no_deadlock
        call    print_str
        li      a0, 0
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret
