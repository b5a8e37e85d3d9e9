# rw_counters.asm - two writers keep a counter and its copy equal; three readers never see them differ,
# nor a writer among them, nor the counter go back.
# expect: wrong 0
# expect: counter 200
# status: 0
        .include "common.inc"
        .equ    WRITERS, 2
        .equ    READERS, 3
        .equ    ROUNDS, 100
        .bss
        .align  3
lock:   .zero   16                      # protects counter, copy and writing
counter:
        .zero   8
copy:   .zero   8
writing:
        .zero   8                       # writers inside: 0 or 1
        .text

# worker - a0 = its number; the first ones write. Result: how much was wrong.
worker:
        enter
        li      s0, ROUNDS
        li      s1, 0
        li      s2, 0
        li      t0, WRITERS
        bgeu    a0, t0, reader

writer: la      a0, lock
        call    rw_write_lock
        la      t0, writing
        ld      t1, 0(t0)
        add     s1, s1, t1              # another one?
        addi    t1, t1, 1
        sd      t1, 0(t0)
        la      t0, counter
        ld      t1, 0(t0)
        addi    t1, t1, 1
        sd      t1, 0(t0)
        andi    t2, s0, 7
        bnez    t2, 1f
        call    thread_yield            # half done
1:      la      t0, counter
        ld      t1, 0(t0)
        sd      t1, 8(t0)
        la      t0, writing
        ld      t1, 0(t0)
        addi    t1, t1, -1
        sd      t1, 0(t0)
        la      a0, lock
        call    rw_write_unlock
        addi    s0, s0, -1
        bnez    s0, writer
        j       done

reader: la      a0, lock
        call    rw_read_lock
        ld      t0, writing
        add     s1, s1, t0
        ld      s3, counter
        andi    t2, s0, 7
        bnez    t2, 1f
        call    thread_yield
1:      ld      t0, copy
        sub     t0, t0, s3
        snez    t0, t0
        add     s1, s1, t0
        sltu    t0, s3, s2
        add     s1, s1, t0
        mv      s2, s3
        la      a0, lock
        call    rw_read_unlock
        addi    s0, s0, -1
        bnez    s0, reader
done:   mv      a0, s1
        leave

        .globl  main
main:
        enter
        la      a0, worker
        li      a1, WRITERS + READERS
        call    run_threads
        say     "wrong ", a0
        ld      s0, counter
        say     "counter ", s0
        li      a0, 0
        leave
