# rw_together.asm - three readers are inside at the same time: each waits there for the others.
# expect: together 3
# status: 0
        .include "common.inc"
        .equ    THREADS, 3
        .bss
        .align  3
lock:   .zero   16
inside: .zero   8
        .text
reader:
        enter
        la      a0, lock
        call    rw_read_lock
        la      s0, inside
        li      t0, 1
        amoadd.d.aqrl zero, t0, (s0)
        li      s1, THREADS
1:      ld      t0, 0(s0)
        beq     t0, s1, 2f
        call    thread_yield
        j       1b
2:      la      a0, lock
        call    rw_read_unlock
        li      a0, 1
        leave

        .globl  main
main:
        enter
        la      a0, reader
        li      a1, THREADS
        call    run_threads
        say     "together ", a0
        li      a0, 0
        leave
