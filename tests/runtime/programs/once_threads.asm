# once_threads.asm - four threads call for the same function at once: it runs once, with one of their
# arguments, and when any call returns it has ended.
# expect: ran 1
# expect: saw it ended 4
# expect: and later 1
# status: 0
        .include "common.inc"
        .equ    THREADS, 4
        .bss
        .align  3
flag:   .zero   8
begun:  .zero   8
ended:  .zero   8
        .text

# slow - lets everybody come, and then some.
slow:
        enter
        la      t0, begun
        li      t1, 1
        amoadd.d.aqrl zero, t1, (t0)
        li      s0, 20
1:      call    thread_yield
        addi    s0, s0, -1
        bnez    s0, 1b
        la      t0, ended
        li      t1, 1
        sd      t1, 0(t0)
        leave

worker:
        enter
        mv      a2, a0
        la      a0, flag
        la      a1, slow
        call    call_once
        ld      a0, ended
        leave

        .globl  main
main:
        enter
        la      a0, worker
        li      a1, THREADS
        call    run_threads
        mv      s0, a0
        ld      s1, begun
        say     "ran ", s1
        say     "saw it ended ", s0
        call    worker
        ld      s1, begun
        say     "and later ", s1
        li      a0, 0
        leave
