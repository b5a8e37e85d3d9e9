# pool_tasks.asm - three threads run forty tasks, each exactly once; results come to whoever submitted.
# expect: tasks run once 40
# expect: sum of squares 2470
# expect: after waiting 40
# expect: threads ran 60
# status: 0
        .include "common.inc"
        .equ    THREADS, 3
        .equ    TASKS, 40
        .equ    SQUARES, 20
        .bss
        .align  3
ran:    .zero   8 * TASKS               # atomic: how often each has run
tasks:  .zero   8 * SQUARES
        .text

# mark - a task: counts itself.
mark:
        slli    a0, a0, 3
        la      t0, ran
        add     t0, t0, a0
        li      t1, 1
        amoadd.d.aqrl zero, t1, (t0)
        ret

# square - a task with a result, and time for others between.
square:
        enter
        mul     s0, a0, a0
        call    thread_yield
        mv      a0, s0
        leave

# ran_once - how many have run exactly once.
ran_once:
        la      t0, ran
        li      t1, TASKS
        li      a0, 0
1:      ld      t2, 0(t0)
        addi    t2, t2, -1
        seqz    t2, t2
        add     a0, a0, t2
        addi    t0, t0, 8
        addi    t1, t1, -1
        bnez    t1, 1b
        ret

        .globl  main
main:
        enter
        li      a0, THREADS
        call    pool_create
        bltz    a0, failed
        mv      s0, a0
        li      s1, 0
1:      mv      a0, s0
        la      a1, mark
        mv      a2, s1
        call    pool_run
        bnez    a0, failed
        addi    s1, s1, 1
        li      t0, TASKS
        bne     s1, t0, 1b
        mv      a0, s0
        call    pool_wait
        call    ran_once
        say     "tasks run once ", a0

        la      s2, tasks
        li      s1, 0
2:      mv      a0, s0
        la      a1, square
        mv      a2, s1
        call    pool_submit
        bltz    a0, failed
        sd      a0, 0(s2)
        addi    s2, s2, 8
        addi    s1, s1, 1
        li      t0, SQUARES
        bne     s1, t0, 2b
        li      s3, 0
3:      addi    s2, s2, -8
        ld      a0, 0(s2)
        call    task_wait
        add     s3, s3, a0
        addi    s1, s1, -1
        bnez    s1, 3b
        say     "sum of squares ", s3
        call    ran_once
        say     "after waiting ", a0
        mv      a0, s0
        call    pool_shutdown
        say     "threads ran ", a0
        li      a0, 0
        leave
failed: li      a0, 1
        leave
