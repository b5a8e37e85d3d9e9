# mutex_sleep.asm - threads that find the mutex held for a long time sleep, and all are woken.
# expect: asleep while held: 0
# expect: after: 3
# status: 0
        .equ    THREADS, 3
        .data
hold_time:                              # a timespec: 20 ms
        .dword  0, 20000000
asleep: .asciz  "asleep while held: "
after:  .asciz  "after: "
        .bss
        .align  3
gate:   .zero   8
passed: .zero   8                       # gate protects it
handles:
        .zero   8 * THREADS
        .text
worker:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        la      a0, gate
        call    mutex_lock
        la      t0, passed
        ld      t1, 0(t0)
        addi    t1, t1, 1
        sd      t1, 0(t0)
        la      a0, gate
        call    mutex_unlock
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

        .globl  main
main:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        la      a0, gate
        call    mutex_lock
        la      s0, handles
        li      s1, THREADS
1:      la      a0, worker
        li      a1, 0
        call    thread_create
        sd      a0, 0(s0)
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 1b
        la      a0, hold_time
        li      a1, 0
        li      a7, 101                 # nanosleep
        ecall
        la      a0, asleep
        call    print_str
        ld      a0, passed
        call    print_int
        call    print_newline
        la      a0, gate
        call    mutex_unlock
        la      s0, handles
        li      s1, THREADS
2:      ld      a0, 0(s0)
        call    thread_join
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 2b
        la      a0, after
        call    print_str
        ld      a0, passed
        call    print_int
        call    print_newline
        li      a0, 0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret
