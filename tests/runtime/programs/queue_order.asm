# queue_order.asm - what one thread puts into a queue of three, another gets in the same order; after
# the queue was closed it gets the rest, and then EPIPE.
# expect: out of order 0
# expect: got 100
# expect: then -32
# expect: put -32
# status: 0
        .include "common.inc"
        .equ    ITEMS, 100
        .equ    CAPACITY, 3
        .bss
        .align  3
queue:  .zero   80
        .text

producer:
        enter
        li      s0, 0
1:      la      a0, queue
        mv      a1, s0
        call    queue_put
        addi    s0, s0, 1
        li      t0, ITEMS
        bne     s0, t0, 1b
        la      a0, queue
        call    queue_close
        leave

        .globl  main
main:
        enter
        la      a0, queue
        li      a1, CAPACITY
        call    queue_init
        bnez    a0, failed
        la      a0, producer
        call    thread_create
        mv      s0, a0
        li      s1, 0                   # items
        li      s2, 0                   # out of order
1:      la      a0, queue
        call    queue_get
        bnez    a1, 2f
        sub     a0, a0, s1
        snez    a0, a0
        add     s2, s2, a0
        addi    s1, s1, 1
        j       1b
2:      mv      s3, a1
        say     "out of order ", s2
        say     "got ", s1
        say     "then ", s3
        la      a0, queue
        call    queue_put
        say     "put ", a0
        mv      a0, s0
        call    thread_join
        la      a0, queue
        call    queue_destroy
        li      a0, 0
failed: leave
