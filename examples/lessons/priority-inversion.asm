# priority-inversion.asm - the most urgent thread waits for one that has nothing to do with it.
#
# Shows:  low holds a lock that high needs; middle needs no lock, is more urgent than low, and keeps the hart from
#         it: so high waits for middle. And how a priority ceiling prevents that.
# Try:    simrec lessons run priority-inversion
#         simrec run --harts 1 --scheduler priority examples/lessons/priority-inversion.asm mutex
#         simrec timeline
#
# Arguments: mutex, or ceiling: low is as urgent as high while it holds the lock.
#
# The first thread is the most urgent of all. It sleeps, brings low at 0, high at HIGH_AT and middle at MIDDLE_AT
# (ticks from the beginning), and waits for their ends.

        .ifndef MIDDLE
        .equ    MIDDLE, 20000           # ticks that middle computes; 0: there is none
        .endif
        .ifndef HOLD
        .equ    HOLD, 4000              # ticks that low computes with the lock in its hand
        .endif
        .ifndef SHORT
        .equ    SHORT, 500              # ticks that high holds the lock
        .endif

        .equ    HIGH_AT, 2000
        .equ    MIDDLE_AT, 4000
        .equ    CLOCK, 1                # CLOCK_MONOTONIC: a tick is a nanosecond
        .equ    ABSOLUTE, 1             # until then, not for so long
        .equ    SCHED_RR, 2
        .equ    SYS_CLOCK_GETTIME, 113
        .equ    SYS_CLOCK_NANOSLEEP, 115
        .equ    SYS_SCHED_SETPARAM, 118
        .equ    SYS_SCHED_SETSCHEDULER, 119

        .data
        .align  3
lock:   .word   0, 0
ceiling:
        .dword  0                       # whether low raises its priority
begin:  .dword  0, 0                    # seconds, ticks
until:  .dword  0, 0
# Priorities, 0 to 99, the most urgent the highest.
main_priority:
        .word   40
high_priority:
        .word   30
middle_priority:
        .word   20
low_priority:
        .word   10
usage:  .asciz  "give mutex or ceiling\n"

        .text

# work - lasts a0 ticks.
        .type   work, @function
work:
        addi    a0, a0, -2
        bgtz    a0, work
        ret

# priority - sets a thread's.  a0 = its tid, 0 for the caller's; a1 = where the priority stands.
        .type   priority, @function
priority:
        li      a7, SYS_SCHED_SETPARAM
        ecall
        ret

        .type   low, @function
low:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        ld      t0, ceiling
        beqz    t0, 1f
        li      a0, 0
        la      a1, high_priority
        call    priority
1:      la      a0, lock
        call    mutex_lock
        li      a0, HOLD
        call    work
        la      a0, lock
        call    mutex_unlock
        ld      t0, ceiling
        beqz    t0, 2f
        li      a0, 0
        la      a1, low_priority
        call    priority
2:      li      a0, SHORT
        call    work
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

        .type   high, @function
high:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        la      a0, lock
        call    mutex_lock
        probe   got, zero
        li      a0, SHORT
        call    work
        la      a0, lock
        call    mutex_unlock
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

        .type   middle, @function
middle:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        li      a0, MIDDLE
        call    work
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

# bring - waits until it is time and starts a thread.  a0 = the function, a1 = where its priority stands, a2 = when;
#         a0 = the thread's handle.
        .type   bring, @function
bring:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        mv      s0, a0
        mv      s1, a1
        ld      t0, begin+8
        add     a2, a2, t0
        sd      a2, until+8, t0
        li      a0, CLOCK
        li      a1, ABSOLUTE
        la      a2, until
        li      a3, 0
        li      a7, SYS_CLOCK_NANOSLEEP
        ecall
        mv      a0, s0
        li      a1, 0
        call    thread_create
        mv      s0, a0
        lw      a0, -64(s0)             # its tid; it has its creator's priority until now
        mv      a1, s1
        call    priority
        mv      a0, s0
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
        lbu     t0, 0(t0)               # m or c
        li      t1, 'm'
        beq     t0, t1, 1f
        li      t1, 'c'
        bne     t0, t1, 3f
        sd      t0, ceiling, t1
1:      li      a0, 0
        li      a1, SCHED_RR
        la      a2, main_priority
        li      a7, SYS_SCHED_SETSCHEDULER
        ecall
        li      a0, CLOCK
        la      a1, begin
        li      a7, SYS_CLOCK_GETTIME
        ecall
        la      a0, low
        la      a1, low_priority
        li      a2, 0
        call    bring
        mv      s0, a0
        la      a0, high
        la      a1, high_priority
        li      a2, HIGH_AT
        call    bring
        mv      s1, a0
        probe   comes, zero
        li      t0, MIDDLE
        beqz    t0, 2f
        la      a0, middle
        la      a1, middle_priority
        li      a2, MIDDLE_AT
        call    bring
        call    thread_join
2:      mv      a0, s0
        call    thread_join
        mv      a0, s1
        call    thread_join
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
