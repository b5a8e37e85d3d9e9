# pool_shutdown.asm - a pool that is shut down at once runs all it was given; tasks may submit tasks; an
# impossible number of threads is refused.
# expect: no threads -22
# expect: too many -22
# expect: ran 21
# expect: counted 21
# expect: later result 7
# status: 0
        .include "common.inc"
        .bss
        .align  3
pool:   .zero   8
count:  .zero   8                       # atomic
        .text

leaf:
        la      t0, count
        li      t1, 1
        amoadd.d.aqrl zero, t1, (t0)
        li      a0, 7
        ret

# parent - a task that submits two.
parent:
        enter
        ld      a0, pool
        la      a1, leaf
        call    pool_run
        ld      a0, pool
        la      a1, leaf
        call    pool_run
        call    leaf
        leave

        .globl  main
main:
        enter
        li      a0, 0
        call    pool_create
        say     "no threads ", a0
        li      a0, 65537
        call    pool_create
        say     "too many ", a0
        li      a0, 2
        li      a1, 32
        call    pool_create_sized
        la      t0, pool
        sd      a0, 0(t0)
        li      s1, 6
1:      ld      a0, pool
        la      a1, parent
        call    pool_run
        addi    s1, s1, -1
        bnez    s1, 1b
        ld      a0, pool
        call    pool_wait
        li      s1, 2
2:      ld      a0, pool
        la      a1, leaf
        call    pool_run
        addi    s1, s1, -1
        bnez    s1, 2b
        ld      a0, pool
        la      a1, leaf
        call    pool_submit
        mv      s2, a0
        ld      a0, pool
        call    pool_shutdown
        say     "ran ", a0
        ld      s0, count
        say     "counted ", s0
        mv      a0, s2
        call    task_wait
        say     "later result ", a0
        li      a0, 0
        leave
