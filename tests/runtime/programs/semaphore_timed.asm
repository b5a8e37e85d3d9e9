# semaphore_timed.asm - a unit that is there is taken at once, one that isn't is waited for until the time,
# and had if it comes before.
# expect: there 0
# expect: past -110
# expect: future -110
# expect: bad time -22
# expect: posted 0
# status: 0
        .include "common.inc"
        .equ    SYS_CLOCK_GETTIME, 113
        .equ    CLOCK_MONOTONIC, 1
        .data
        .align  3
bad:    .dword  0, -1
never:  .dword  1000000000, 0
start:  .dword  0, 1
        .bss
        .align  3
units:  .zero   8
until:  .zero   16
        .text
poster:
        enter
        call    thread_yield
        la      a0, units
        call    sem_post
        leave

        .globl  main
main:
        enter
        la      a0, units
        li      a1, 1
        call    sem_init
        la      a0, units
        la      a1, start
        call    sem_timedwait
        say     "there ", a0
        la      a0, units
        la      a1, start
        call    sem_timedwait
        say     "past ", a0
        li      a0, CLOCK_MONOTONIC
        la      a1, until
        li      a7, SYS_CLOCK_GETTIME
        ecall
        la      t0, until
        ld      t1, 8(t0)
        li      t2, 20000               # 20 us
        add     t1, t1, t2
        li      t2, 1000000000
        bltu    t1, t2, 1f
        sub     t1, t1, t2
        ld      t2, 0(t0)
        addi    t2, t2, 1
        sd      t2, 0(t0)
1:      sd      t1, 8(t0)
        la      a0, units
        la      a1, until
        call    sem_timedwait
        say     "future ", a0
        la      a0, units
        la      a1, bad
        call    sem_timedwait
        say     "bad time ", a0
        la      a0, poster
        call    thread_create
        mv      s0, a0
        la      a0, units
        la      a1, never
        call    sem_timedwait
        say     "posted ", a0
        mv      a0, s0
        call    thread_join
        li      a0, 0
        leave
